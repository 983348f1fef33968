"""The cost of an operation: how many row reads it may cause, in tens.

In: the root reads of a plan. Out: a function of the variables and the row cap. Each row, list, connection, aggregate
and function that returns a set counts the product of the weights of the lists around it; a list weighs a tenth of the
rows it may give (100 rows where no limit is asked), rounded up. Three nested lists without limits cost 1 + 10 + 100.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kapok.query.operation import CostOf
from kapok.query.plan import (
    AggregateRead,
    ConnectionRead,
    EdgesRead,
    FirstRead,
    ListRead,
    NodeRead,
    NodesRead,
    OneRead,
    RootRead,
    RowRead,
    ValueRead,
)
from kapok.query.values import Literal, RowLimit, Variables

ASSUMED_ROWS = 100
ROWS_A_POINT = 10


@dataclass(frozen=True, slots=True)
class _Node:
    """One read and what is read for each of its rows. limit: of a list. alternatives: only one child counts."""

    limit: RowLimit | None
    children: tuple[_Node, ...]
    alternatives: bool = False

    def cost(self, variables: Variables, row_cap: int) -> int:
        costs = [child.cost(variables, row_cap) for child in self.children]
        if self.alternatives:
            return max(costs, default=1)
        return 1 + (_weight(self.limit, variables, row_cap) * sum(costs) if costs else 0)

    def depends_on_variables(self) -> bool:
        own = self.limit is not None and self.limit.source is not None and not isinstance(self.limit.source, Literal)
        return own or any(child.depends_on_variables() for child in self.children)


def cost_of(roots: Sequence[RootRead]) -> CostOf:
    """The cost function of an operation."""
    nodes = _nodes(roots)
    total = _Node(None, nodes)
    if total.depends_on_variables():
        return lambda variables, row_cap: total.cost(variables, row_cap) - 1
    known: dict[int, int] = {}

    def cost(variables: Variables, row_cap: int) -> int:
        if row_cap not in known:
            known[row_cap] = total.cost({}, row_cap) - 1
        return known[row_cap]

    return cost


def _weight(limit: RowLimit | None, variables: Variables, row_cap: int) -> int:
    if limit is None:
        return 1
    asked = ASSUMED_ROWS if limit.source is None else limit.source.getter()(variables)
    most = row_cap if limit.table_cap is None else min(row_cap, limit.table_cap)
    return -(-max(0, min(asked, most)) // ROWS_A_POINT)


def _node(read: RootRead | RowRead) -> _Node | None:
    match read:
        case OneRead():
            return _Node(None, _nodes(entry.read for entry in read.fields))
        case ListRead():
            return _Node(read.rows.limit, _nodes(entry.read for entry in read.fields))
        case ConnectionRead():
            return _Node(read.rows.limit, _nodes(inner for entry in read.fields for inner in _of_rows(entry.read)))
        case AggregateRead():
            return _Node(None, ())
        case ValueRead() if read.limit is not None:
            return _Node(None, ())
        case FirstRead():
            return _Node(None, _nodes(read.choices), alternatives=True)
        case _:
            return None


def _nodes(reads: Iterable[RootRead | RowRead]) -> tuple[_Node, ...]:
    return tuple(node for node in map(_node, reads) if node is not None)


def _of_rows(read: object) -> list[RowRead]:
    """What one field of a connection reads of each row."""
    match read:
        case NodesRead():
            return [entry.read for entry in read.fields]
        case EdgesRead():
            return [inner.read for e in read.fields if isinstance(e.read, NodeRead) for inner in e.read.fields]
        case _:
            return []
