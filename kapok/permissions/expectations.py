"""Permission tests as they are written: permissions_tests.yaml to `Expectation`s (docs/permissions-tools.md).

In: a file's text. Out: tests with their line, or KapokError PROJECT_INVALID naming file, line and place. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from kapok.errors import KapokError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STEP = frozenset({"as", "query", "mutation", "variables", "expect"})
_TEST = _STEP | {"name", "setup", "then"}


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. claims: of the token, besides sub and roles."""

    role: str
    sub: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected; what is None is not looked at.

    data: the whole answer. rows: by response key, how many rows. denied: nothing is given and nothing changed.
    error: the code.
    """

    data: Any = None
    rows: Mapping[str, int] | None = None
    denied: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One request and what is expected of it."""

    person: Person
    document: str
    variables: Mapping[str, Any]
    expected: Expected


@dataclass(frozen=True, slots=True)
class Expectation:
    """One test: documents run as service before it, then its steps, in one transaction."""

    name: str
    file: str
    line: int
    setup: tuple[str, ...]
    steps: tuple[Step, ...]


def parse_expectations(text: str, file: str) -> list[Expectation]:
    """The tests of a file. Raises PROJECT_INVALID."""
    return _Reader(file).read(text)


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file
        self._people: dict[str, Person] = {}

    def read(self, text: str) -> list[Expectation]:
        root = self._load(text)
        if root is None:
            return []
        data = self._mapping(root, {"people", "setup", "tests"}, "the file")
        people = self._mapping(data.get("people") or {}, None, "people")
        self._people = {name: self._person(value, f"people.{name}") for name, value in people.items()}
        setup = self._documents(data.get("setup"), "setup")
        tests = data.get("tests") or []
        if not isinstance(tests, list):
            self._refuse("tests", "a list is expected")
        return [self._test(item, f"tests[{number}]", setup) for number, item in enumerate(tests)]

    def _load(self, text: str) -> Any:
        try:
            if len(text.encode()) > MAX_BYTES:
                self._refuse("", "the file is larger than 256 KiB")
            _check_structure(text, self)
            return yaml.load(text, Loader=_LineLoader)
        except yaml.MarkedYAMLError as exc:
            self._refuse(
                "", exc.problem or "not valid YAML", line=exc.problem_mark.line + 1 if exc.problem_mark else None
            )
        except (yaml.YAMLError, UnicodeEncodeError, ValueError):
            self._refuse("", "not valid YAML")

    def _test(self, item: Any, place: str, setup: tuple[str, ...]) -> Expectation:
        test = self._mapping(item, _TEST, place)
        name = test.get("name")
        if not isinstance(name, str) or not name.strip():
            self._refuse(place, "`name` is missing: what the test shows, in words", item)
        then = test.get("then") or []
        if not isinstance(then, list):
            self._refuse(f"{place}.then", "a list is expected", item)
        steps = [self._step(test, place, item)]
        steps += [self._step(self._mapping(more, _STEP, f"{place}.then"), f"{place}.then", more) for more in then]
        own = self._documents(test.get("setup"), f"{place}.setup")
        return Expectation(name, self._file, getattr(item, "line", 0), setup + own, tuple(steps))

    def _step(self, step: Mapping[str, Any], place: str, item: Any) -> Step:
        documents = [step[key] for key in ("query", "mutation") if step.get(key) is not None]
        if len(documents) != 1 or not isinstance(documents[0], str):
            self._refuse(place, "one `query` or one `mutation` is expected, as a text", item)
        if "as" not in step:
            self._refuse(place, "`as` is missing: a role, a name from `people`, or {role, sub, claims}", item)
        variables = self._mapping(step.get("variables") or {}, None, f"{place}.variables")
        expected = self._expected(step.get("expect"), f"{place}.expect", item)
        return Step(self._person(step["as"], f"{place}.as"), documents[0], variables, expected)

    def _expected(self, value: Any, place: str, item: Any) -> Expected:
        expected = self._mapping(value or {}, {"data", "rows", "denied", "error"}, place)
        if not expected:
            self._refuse(place, "one of data, rows, denied, error is expected", item)
        rows = expected.get("rows")
        if isinstance(rows, dict) and not all(type(count) is int for count in rows.values()):
            self._refuse(f"{place}.rows", "numbers by response key are expected", item)
        if rows is not None and not isinstance(rows, dict):
            self._refuse(f"{place}.rows", "numbers by response key are expected: {offers: 2}", item)
        denied, error = expected.get("denied", False), expected.get("error")
        if denied not in (True, False) or (denied and len(expected) > 1):
            self._refuse(f"{place}.denied", "true is expected, and nothing beside it", item)
        if error is not None and not isinstance(error, str):
            self._refuse(f"{place}.error", "an error code is expected", item)
        return Expected(expected.get("data"), rows, bool(denied), error)

    def _person(self, value: Any, place: str) -> Person:
        if isinstance(value, str):
            return self._people.get(value) or Person(value)
        given = self._mapping(value, {"role", "sub", "claims"}, place)
        role, sub = given.get("role"), given.get("sub")
        if not isinstance(role, str) or not (sub is None or isinstance(sub, str)):
            self._refuse(place, "`role` is missing, or `sub` is no text", value)
        return Person(role, sub, self._mapping(given.get("claims") or {}, None, f"{place}.claims"))

    def _documents(self, value: Any, place: str) -> tuple[str, ...]:
        items = [value] if isinstance(value, str) else value or []
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self._refuse(place, "a list of mutations is expected; they run as `service`")
        return tuple(items)

    def _mapping(self, value: Any, known: frozenset[str] | set[str] | None, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._refuse(place, "`name: value` pairs are expected", value)
        unknown = [str(key) for key in value if not isinstance(key, str) or (known is not None and key not in known)]
        if unknown:
            supported = f" Supported: {', '.join(sorted(known))}." if known else ""
            self._refuse(place, f"`{unknown[0]}` is not supported.{supported}", value)
        return value

    def _refuse(self, place: str, problem: str, value: Any = None, line: int | None = None) -> NoReturn:
        line = line if line is not None else getattr(value, "line", None)
        where = ", ".join(part for part in (self._file, f"line {line}" if line else "", place) if part)
        details = {"file": self._file, "line": line, "path": place}
        raise KapokError("PROJECT_INVALID", f"{where}: {problem.removesuffix('.')}.", details=details)

    def refuse_line(self, problem: str, line: int) -> NoReturn:
        """Refuse the file at a line."""
        self._refuse("", problem, line=line)


class _Lined(dict[str, Any]):
    """A mapping that knows its line."""

    line = 0


class _LineLoader(_LOADER):  # type: ignore[misc,valid-type]
    """Safe YAML whose mappings know their lines."""


def _construct(loader: Any, node: yaml.MappingNode) -> _Lined:
    pairs = _Lined(loader.construct_mapping(node, deep=True))
    if len(pairs) != len(node.value):
        raise yaml.MarkedYAMLError(problem="a key is given twice", problem_mark=node.start_mark)
    pairs.line = node.start_mark.line + 1
    return pairs


_LineLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct)
# A date is what it is written as: answers are JSON.
_LineLoader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


def _check_structure(text: str, reader: _Reader) -> None:
    """Before anything recursive sees the document: depth and aliases. Scanning is iterative."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            reader.refuse_line("aliases (*name) are not supported", line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                reader.refuse_line("nested too deeply", line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
