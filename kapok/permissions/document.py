"""A YAML document read strictly: bounded size and depth, no aliases, no key twice, every error with line and path.

In: text. Out: `Node`s, read as what the caller expects. Raises KapokError PROJECT_INVALID.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection
from typing import Any, NoReturn

import yaml

from kapok.errors import KapokError

_MAX_BYTES = 256 * 1024
_MAX_DEPTH = 32
_FILE = "permissions.yaml"
# As JSON writes them (RFC 8259, 6).
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,30})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def did_you_mean(name: str, known: Collection[str]) -> str:
    """` Did you mean x?`, or nothing when no known name is like it."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {close[0]}?" if close else ""


def load_document(text: str, file: str = _FILE) -> Node:
    """The root of a document; an empty one is an empty mapping. file: what messages call it."""
    try:
        if len(text.encode()) > _MAX_BYTES:
            raise _invalid("the file is larger than 256 KiB.", file=file)
        _check_structure(text, file)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise _invalid(f"not valid YAML: {exc.problem or 'it cannot be parsed'}.", line, file=file) from exc
    except (yaml.YAMLError, UnicodeEncodeError) as exc:
        raise _invalid("not valid YAML.", file=file) from exc
    return Node(root or yaml.MappingNode("tag:yaml.org,2002:map", []), "", file)


def _check_structure(text: str, file: str) -> None:
    """Before anything recursive sees the document: depth, aliases, one document, characters. Scanning is iterative."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent):
            raise _invalid("aliases (*name) are not supported.", line, file=file)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise _invalid("nested too deeply.", line, file=file)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _invalid("only one document is expected.", line, file=file)
        elif isinstance(event, yaml.ScalarEvent) and "\x00" in event.value:
            raise _invalid("a NUL character (\\0) can be stored nowhere.", line, file=file)


def _invalid(problem: str, line: int | None = None, path: str = "", file: str = _FILE) -> KapokError:
    where = "".join([file, f", line {line}" if line else "", f", {path}" if path else ""])
    return KapokError("PROJECT_INVALID", f"{where}: {problem}", details={"file": file, "line": line, "path": path})


class Node:
    """One place of the document. path: `tables.posts.anon`, for messages."""

    def __init__(self, node: yaml.Node, path: str, file: str = _FILE) -> None:
        self._node = node
        self.path = path
        self._file = file

    @property
    def line(self) -> int | None:
        """Where it begins, from 1."""
        mark = self._node.start_mark
        return mark.line + 1 if mark else None

    def fail(self, problem: str) -> NoReturn:
        """Refuse the document here."""
        raise _invalid(problem, self.line, self.path, self._file)

    def mapping(self, allowed: Collection[str] | None = None) -> dict[str, Node]:
        """The members of a mapping (none for null). Refuses keys twice, and keys that are not among those allowed."""
        if self._is_null():
            return {}
        if not isinstance(self._node, yaml.MappingNode):
            self.fail("`name: value` pairs are expected.")
        members: dict[str, Node] = {}
        for key, value in self._node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.fail("a name is expected before the colon.")
            member = Node(value, f"{self.path}.{key.value}".lstrip("."), self._file)
            if key.value in members:
                member.fail("it is given twice.")
            if allowed is not None and key.value not in allowed:
                hint = did_you_mean(key.value, allowed)
                member.fail(f"`{key.value}` is not supported.{hint} Supported: {', '.join(sorted(allowed))}.")
            members[key.value] = member
        return members

    def names(self) -> tuple[str, ...]:
        """A list of names, each once and not empty."""
        if not isinstance(self._node, yaml.SequenceNode):
            self.fail("a list of names is expected.")
        names: list[str] = []
        for place, item in enumerate(self._node.value):
            node = Node(item, f"{self.path}[{place}]", self._file)
            name = node.text()
            if name in names:
                node.fail(f"`{name}` is given twice.")
            names.append(name)
        return tuple(names)

    def text(self) -> str:
        """A scalar as it is written; refuses null and the empty text."""
        if not isinstance(self._node, yaml.ScalarNode) or self._is_null() or not self._node.value:
            self.fail("a name is expected.")
        return str(self._node.value)

    def is_text(self) -> bool:
        """Whether this is one scalar, not a list or mapping."""
        return isinstance(self._node, yaml.ScalarNode)

    def boolean(self) -> bool:
        """true or false."""
        value = self._node.value if isinstance(self._node, yaml.ScalarNode) else None
        if value not in ("true", "false"):
            self.fail("true or false is expected.")
        return bool(value == "true")

    def positive(self) -> int:
        """A whole number from 1."""
        value = self._node.value if isinstance(self._node, yaml.ScalarNode) else ""
        if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) > 0):
            self.fail("a whole number from 1 is expected.")
        return int(value)

    def data(self) -> Any:
        """What is written here as JSON's values: texts, numbers, true, false, null, lists, objects."""
        return self.mapped(lambda node: None)

    def mapped(self, meet: Callable[[Node], None]) -> Any:
        """As `data`; meet: called with every place on the way, outer ones first."""
        meet(self)
        if isinstance(self._node, yaml.SequenceNode):
            return [
                Node(item, f"{self.path}.{place}", self._file).mapped(meet)
                for place, item in enumerate(self._node.value)
            ]
        if isinstance(self._node, yaml.MappingNode):
            return {name: member.mapped(meet) for name, member in self.mapping().items()}
        return self._scalar()

    def _scalar(self) -> Any:
        """Only what JSON calls so is a number or a truth value: `no`, 0x1F and 12:30 are texts."""
        text = str(self._node.value)
        if getattr(self._node, "style", None) in ("'", '"', "|", ">"):
            return text
        if text in ("true", "false"):
            return text == "true"
        if text in ("", "null", "~"):
            return None
        if _INTEGER.fullmatch(text):
            return int(text)
        if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        return text

    def is_null(self) -> bool:
        """Whether nothing is written here."""
        return self._is_null()

    def _is_null(self) -> bool:
        return self._node.tag == "tag:yaml.org,2002:null"
