"""A compiled operation: what the endpoint runs and how it turns the result into a response.

In: coerced variables and claims. Out: bound parameters, and the `data` object as bytes. Immutable and free of any
tenant: the same object serves every tenant of a shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kapok.query.read_record import ReadRecord

#: coerced variables, the tenant's row cap, the principal's claims -> text-format parameters in the order of $1, $2 ...
Binder = Callable[[Mapping[str, Any], int, Mapping[str, Any]], list[bytes | None]]
#: coerced variables, the tenant's row cap -> the operation's cost.
CostOf = Callable[[Mapping[str, Any], int], int]


@dataclass(frozen=True, slots=True)
class Operation:
    """template: SQL with SCHEMA_MARK for the tenant's schema, giving exactly one row with one JSON column for each root
    field that needs the database; "" when none does. segments: the `data` object, as bytes to copy and the numbers of
    result columns to insert (NULL becomes null). record: what is written down of each run; None for most.
    """

    template: str
    bind: Binder
    cost: CostOf
    segments: tuple[bytes | int, ...]
    record: ReadRecord | None = None

    @property
    def weight(self) -> int:
        """Roughly the bytes it takes; 0 where nothing of it needs the database."""
        return len(self.template)

    def data(self, row: Sequence[bytes | None]) -> bytes:
        """The `data` object. row: the result's columns in text format, [] when template is ""."""
        return b"".join([part if isinstance(part, bytes) else (row[part] or b"null") for part in self.segments])
