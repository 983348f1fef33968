"""Values of a plan: what becomes a bound parameter, and how it is found and encoded when an operation runs.

In: where a value comes from (a constant, a variable, the row cap). Out: `reader()`, a closure from (coerced variables,
row cap, the principal's claims) to text-format bytes, or None for NULL. Values are hashable: equal ones share one
parameter. What rules take from claims is in kapok.query.claims.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Protocol

from kapok.errors import KapokError
from kapok.model.scalar_values import NotAValue
from kapok.query.encoding import Encoder, encode

Variables = Mapping[str, Any]
Claims = Mapping[str, Any]
Reader = Callable[[Variables, int, Claims], bytes | None]


class Value(Protocol):
    """Anything a parameter can be bound to."""

    def reader(self) -> Reader:
        """The closure that finds and encodes the value. It raises KapokError BAD_USER_INPUT or BAD_CURSOR."""
        ...

    def __hash__(self) -> int: ...


class Source(Protocol):
    """Where a caller's value comes from, before it is encoded."""

    def getter(self) -> Callable[[Variables], Any]:
        """The closure that finds the coerced value."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the document. `data` is hashable: a str, number, bool or None."""

    data: Any

    def getter(self) -> Callable[[Variables], Any]:
        data = self.data
        return lambda variables: data


@dataclass(frozen=True, slots=True)
class Variable:
    """A value inside the variables: the name, then keys and indexes."""

    path: tuple[str | int, ...]

    def getter(self) -> Callable[[Variables], Any]:
        if len(self.path) == 1:
            return itemgetter(self.path[0])
        path = self.path

        def walk(variables: Variables) -> Any:
            found: Any = variables
            for step in path:
                found = found[step]
            return found

        return walk


@dataclass(frozen=True, slots=True)
class Computed:
    """A value put together from several, as a list with a variable in it."""

    find: Callable[[Variables], Any]

    def getter(self) -> Callable[[Variables], Any]:
        return self.find


@dataclass(frozen=True, slots=True)
class Given:
    """A caller's value of one type."""

    source: Source
    encode: Encoder = encode

    def reader(self) -> Reader:
        encode = self.encode
        if isinstance(self.source, Literal):
            data = None if self.source.data is None else encode(self.source.data)
            return lambda variables, row_cap, claims: data
        find = self.source.getter()

        def read(variables: Variables, row_cap: int, claims: Claims) -> bytes | None:
            found = find(variables)
            return None if found is None else encode(found)

        return read


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of `like`. One that ends in the middle of an escape is refused here: Postgres would fail on the rows
    that match the rest of it, and so tell of rows the caller does not see."""

    value: Value

    def reader(self) -> Reader:
        """The value's own, with the check."""
        read = self.value.reader()

        def checked(variables: Variables, row_cap: int, claims: Claims) -> bytes | None:
            found = read(variables, row_cap, claims)
            if found is not None and (len(found) - len(found.rstrip(b"\\"))) % 2:
                raise KapokError("BAD_USER_INPUT", "A pattern must not end with a single backslash.")
            return found

        return checked


#: A string of a jsonpath, or a variable: `$` and a name, quoted or not. `$` alone, or before `.` or `[`, is the value.
_IN_JSON_PATH = re.compile(rb'"(?:[^"\\]|\\.)*"|(\$["\\\w\x80-\xff])', re.DOTALL)


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A jsonpath. One with variables is refused here: nothing gives them values, so Postgres would fail on the rows in
    which it comes to them."""

    value: Value

    def reader(self) -> Reader:
        """The value's own, with the check."""
        read = self.value.reader()

        def checked(variables: Variables, row_cap: int, claims: Claims) -> bytes | None:
            found = read(variables, row_cap, claims)
            if found is not None and any(match[1] for match in _IN_JSON_PATH.finditer(found)):
                raise KapokError("BAD_USER_INPUT", "A JSON path has no variables: write their values into it.")
            return found

        return checked


@dataclass(frozen=True, slots=True)
class RowLimit:
    """How many rows a list gives: what the caller asked for, else the row cap.

    argument: its name in the API. path: the response path of the field. table_cap: a lower cap of this table.
    """

    source: Source | None
    argument: str = field(default="limit", compare=False)
    path: tuple[str, ...] = field(default=(), compare=False)
    table_cap: int | None = None

    def reader(self) -> Reader:
        count = self.counter()
        return lambda variables, row_cap, claims: b"%d" % count(variables, row_cap)

    def counter(self) -> Callable[[Variables, int], int]:
        """The closure that gives the number of rows."""
        table_cap = self.table_cap
        if self.source is None:
            if table_cap is None:
                return lambda variables, row_cap: row_cap
            return lambda variables, row_cap: min(row_cap, table_cap)
        find = self.source.getter()

        def count(variables: Variables, row_cap: int) -> int:
            asked: int = find(variables)
            most = row_cap if table_cap is None else min(row_cap, table_cap)
            if 0 <= asked <= most:
                return asked
            raise refused(self.path, self.argument, f"must be between 0 and {most}")

        return count


@dataclass(frozen=True, slots=True)
class Offset:
    """How many rows a list skips."""

    source: Source
    path: tuple[str, ...] = field(default=(), compare=False)

    def reader(self) -> Reader:
        find = self.source.getter()

        def read(variables: Variables, row_cap: int, claims: Claims) -> bytes:
            asked: int = find(variables)
            if asked < 0:
                raise refused(self.path, "offset", "must not be negative")
            return b"%d" % asked

        return read


def checked_reader(source: Source, check: Encoder, path: tuple[str, ...], argument: str) -> Reader:
    """A reader that refuses with BAD_USER_INPUT what the encoder calls NotAValue."""
    find = source.getter()

    def read(variables: Variables, row_cap: int, claims: Claims) -> bytes | None:
        found = find(variables)
        try:
            return None if found is None else check(found)
        except NotAValue as exc:
            raise refused(path, argument, str(exc)) from exc

    return read


def refused(path: tuple[str, ...], argument: str, problem: str, *, hint: str | None = None) -> KapokError:
    """BAD_USER_INPUT for an argument. `details.path` is the response path of its field."""
    return KapokError(
        "BAD_USER_INPUT", f"{argument} {problem}.", details={"path": list(path), "argument": argument}, hint=hint
    )
