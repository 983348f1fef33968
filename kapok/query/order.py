"""ORDER BY. In: the terms of a plan. Out: expressions over the row and the joins they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kapok.model.types import Table
from kapok.query.aliases import Aliases
from kapok.query.comparison import Comparable, comparable
from kapok.query.fragments import Sql, column, join, sql
from kapok.query.plan import OrderTerm, ToOneStep
from kapok.query.source import link, target_source


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One term as SQL. nullable: whether its value can be null."""

    value: Sql
    form: Comparable
    descending: bool
    nulls_first: bool
    nullable: bool

    def sql(self, *, reverse: bool = False) -> Sql:
        """`value desc nulls last`; the place of nulls is only written where it is not Postgres's default."""
        descending, nulls_first = self.descending != reverse, self.nulls_first != reverse
        nulls = "" if nulls_first == descending else " nulls first" if nulls_first else " nulls last"
        return sql(self.value, " desc" if descending else "", nulls)


def order_keys(terms: Sequence[OrderTerm], alias: str, aliases: Aliases) -> tuple[tuple[OrderKey, ...], Sql]:
    """The keys of an order and the left joins (at most one row each) that bring in related rows."""
    joins: dict[tuple[ToOneStep, ...], str] = {(): alias}
    joined: list[Sql] = []
    keys = []
    for term in terms:
        for depth in range(1, len(term.path) + 1):
            path = term.path[:depth]
            if path not in joins:
                row, piece = _left_join(path[-1], joins[path[:-1]], aliases)
                joins[path] = row
                joined.append(piece)
        form = comparable(term.column.type)
        value = form.of(column(joins[term.path], term.column.name))
        nullable = term.column.nullable or bool(term.path)
        keys.append(OrderKey(value, form, term.descending, term.nulls_first, nullable))
    return tuple(keys), sql(*joined)


def order_by(keys: Sequence[OrderKey], *, reverse: bool = False) -> Sql:
    """` order by ...`, or nothing."""
    return sql(" order by ", join(", ", (key.sql(reverse=reverse) for key in keys))) if keys else sql()


def _left_join(step: ToOneStep, parent: str, aliases: Aliases) -> tuple[str, Sql]:
    target = target_source(step.relation, step.target, aliases)
    meets = link(step.relation, parent, target, aliases)
    if is_unique(step.target, step.relation.target_columns):
        return target.alias, sql(" left join ", target.tables, " on ", meets)
    row = aliases.new()
    first = sql("select ", target.alias, ".* from ", target.tables, " where ", meets, " limit 1")
    return row, sql(" left join lateral (", first, ") ", row, " on true")


def is_unique(table: Table, columns: Sequence[str]) -> bool:
    """Whether at most one row of the table can have given values in these columns."""
    keys = (table.primary_key, *table.unique_keys)
    return any(key is not None and set(key.columns) <= set(columns) for key in keys)
