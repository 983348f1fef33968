"""A compiled mutation: what runs in one transaction and how it turns the results into a response.

In: coerced variables. Out: for each statement its bound parameters, and the `data` object as bytes. Immutable and free
of any tenant: the same object serves every tenant of a shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kapok.model.types import Model, UniqueKey
from kapok.query.operation import Binder, CostOf
from kapok.query.read_record import ReadRecord
from kapok.query.writes import Path

#: What a row that is named one by one adds to an operation: its path, the readers of its values.
ROW_BYTES = 2000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from in the input: a path for each, or, when counted, one path they are numbered under."""

    paths: tuple[Path, ...]
    counted: bool = False

    @property
    def single(self) -> bool:
        """Whether it is one row."""
        return not self.counted and len(self.paths) == 1

    def path(self, position: int | None = None) -> Path:
        """The path of the row at a position (from 1); what all rows have in common where that is not known."""
        if self.counted:
            return self.paths[0] if position is None else (*self.paths[0], position - 1)
        if position is not None and 0 < position <= len(self.paths):
            return self.paths[position - 1]
        return _common(self.paths)


def _common(paths: Sequence[Path]) -> Path:
    """What several paths begin with."""
    steps: list[str | int] = []
    for found in zip(*paths, strict=False):
        if any(step != found[0] for step in found):
            break
        steps.append(found[0])
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a mutation. template: SQL with SCHEMA_MARK, giving one row of text columns.

    table: the one it writes to, if any. origin: of the rows it writes. sites: of what it may refuse, by the number in a
    refusal's detail (kapok.query.refusals). deletes: it deletes rows. key: of an upsert, what rows may conflict with.
    """

    template: str
    bind: Binder
    origin: Origin
    table: str | None = None
    sites: tuple[Origin, ...] = ()
    deletes: bool = False
    key: UniqueKey | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A column of the row a statement gave."""

    statement: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class WriteOperation:
    """statements: run in order, in one transaction. segments: the `data` object, as bytes to copy and results to insert
    (NULL becomes null). model: the role's, to name in errors only what it may see. read_back: tables of which rows are
    given back. record: what is written down of each run; None for most."""

    statements: tuple[Statement, ...]
    cost: CostOf
    segments: tuple[bytes | Result, ...]
    model: Model = field(compare=False, repr=False)
    read_back: frozenset[str] = frozenset()
    record: ReadRecord | None = None
    #: Roughly the bytes it takes; 0 where nothing of it needs the database.
    weight: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        weight = sum(len(item.template) + ROW_BYTES * len(item.origin.paths) for item in self.statements)
        object.__setattr__(self, "weight", weight)

    def bind(self, variables: Mapping[str, Any], row_cap: int, claims: Mapping[str, Any]) -> list[list[bytes | None]]:
        """The parameters of each statement."""
        return [statement.bind(variables, row_cap, claims) for statement in self.statements]

    def data(self, rows: Sequence[Sequence[bytes | None]]) -> bytes:
        """The `data` object. rows: for each statement, its row in text format."""
        return b"".join(
            [
                part if isinstance(part, bytes) else (rows[part.statement][part.column] or b"null")
                for part in self.segments
            ]
        )
