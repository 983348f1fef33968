"""A mutation to SQL: total, pure and deterministic.

In: the root fields of a mutation, in order. Out: a `WriteOperation`: statements that run in one transaction, and which
column of which of them is the JSON of each root field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kapok.model.types import Model
from kapok.query.cost import cost_of
from kapok.query.draft import Script
from kapok.query.operation import CostOf
from kapok.query.plan import Call, OneRead, RootRead, RowFields, Rows, TypeName
from kapok.query.write_operation import Result, WriteOperation
from kapok.query.write_roots import root
from kapok.query.writes import (
    CallWrite,
    Change,
    CreateMany,
    CreateOne,
    DeleteOne,
    DeleteWhere,
    Nested,
    NestedToOne,
    NewRow,
    NewRows,
    RootWrite,
    UpdateMany,
    UpdateOne,
    UpdateWhere,
    Upsert,
    Write,
)


def write_operation(roots: Sequence[RootWrite], segments: Sequence[bytes | int], model: Model) -> WriteOperation:
    """The operation of a mutation. segments: the `data` object, with the number of a root where its result goes. model:
    the role's. Raises FORBIDDEN where no grant of the role covers what is written."""
    script = Script(model)
    results = [root(script, item) for item in roots]
    parts: list[bytes | Result] = [part if isinstance(part, bytes) else results[part] for part in segments]
    return WriteOperation(tuple(script.statements), _cost(roots), tuple(parts), model, _read_back(roots))


def _read_back(roots: Sequence[RootWrite]) -> frozenset[str]:
    """The tables of which something is given back: their rows may be read where they are written."""
    reads = [_read(item.write) for item in roots]
    given = [read for read in reads if isinstance(read, OneRead) and _tells(read.fields)]
    return frozenset([read.rows.table.name for read in given])


def _tells(fields: RowFields) -> bool:
    return not all(isinstance(field.read, TypeName) for field in fields)


def _cost(roots: Sequence[RootWrite]) -> CostOf:
    """A point for each row that is named, and what reading it back costs."""
    reads = [(count, cost_of([read])) for item in roots if (read := _read(item.write)) for count in [_rows(item.write)]]
    fixed = sum(_written(item.write) for item in roots)

    def cost(variables: Mapping[str, Any], row_cap: int) -> int:
        return fixed + sum(count * read(variables, row_cap) for count, read in reads)

    return cost


def _read(write: Write) -> RootRead | None:
    match write:
        case CallWrite():
            return None if isinstance(write.read, Call) else write.read
        case DeleteOne() | DeleteWhere():
            return None
        case _:
            return None if write.fields is None else OneRead(Rows(write.table), write.fields)


def _rows(write: Write) -> int:
    match write:
        case CreateMany() | UpdateMany() | Upsert() if not isinstance(write.rows, NewRows):
            return len(write.rows)
        case _:
            return 1


def _written(write: Write) -> int:
    match write:
        case CreateOne():
            return _tree(write.row)
        case CreateMany() | Upsert():
            return 1 if isinstance(write.rows, NewRows) else sum(map(_tree, write.rows))
        case UpdateOne():
            return _tree(write.row.change)
        case UpdateMany():
            return sum(_tree(row.change) for row in write.rows)
        case UpdateWhere():
            return _tree(write.change)
        case _:
            return 1


def _tree(row: NewRow | Change) -> int:
    return 1 + sum(map(_nested, row.nested))


def _nested(nested: Nested) -> int:
    if isinstance(nested, NestedToOne):
        return sum(_tree(row) for row in (nested.create, nested.update) if row is not None) or 1
    below = sum(map(_tree, nested.create)) + sum(_tree(row.change) for row in nested.update)
    return below + len(nested.connect) + len(nested.disconnect) + len(nested.delete)
