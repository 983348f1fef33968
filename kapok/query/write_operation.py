"""A compiled mutation: what runs in one transaction and how it turns the results into a response.

In: coerced variables. Out: for each statement its bound parameters, and the `data` object as bytes. Immutable and free
of any tenant: the same object serves every tenant of a shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kapok.model.types import Model
from kapok.query.operation import Binder, CostOf
from kapok.query.writes import Path


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a mutation. template: SQL with SCHEMA_MARK, giving one row of text columns.

    paths: the parts of the input its rows come from, for errors: one, or one for each row of a bulk.
    """

    template: str
    bind: Binder
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """A column of the row a statement gave."""

    statement: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class WriteOperation:
    """statements: run in order, in one transaction. segments: the `data` object, as bytes to copy and results to insert
    (NULL becomes null). model: the role's, to name in errors only what it may see."""

    statements: tuple[Statement, ...]
    cost: CostOf
    segments: tuple[bytes | Result, ...]
    model: Model = field(compare=False, repr=False)

    def data(self, rows: Sequence[Sequence[bytes | None]]) -> bytes:
        """The `data` object. rows: for each statement, its row in text format."""
        return b"".join(
            [
                part if isinstance(part, bytes) else (rows[part.statement][part.column] or b"null")
                for part in self.segments
            ]
        )
