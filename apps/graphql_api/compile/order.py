"""Orders: `orderBy`, `distinctOn` and the total order of a connection.

In: Inputs of a field. Out: order terms and columns of a plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from apps.graphql_api.compile.arguments import Input
from apps.graphql_api.compile.context import Context, Selected, refuse
from apps.graphql_api.schema.bindings import ColumnField, ToOne
from kapok.model.types import Column, Table
from kapok.query.families import is_comparable
from kapok.query.plan import OrderTerm, ToOneStep

#: Terms of one order; Postgres needs an expression and a comparison for each.
MAX_TERMS = 32


def order_of(context: Context, selected: Selected, table: Table) -> tuple[OrderTerm, ...]:
    """The orderBy argument. A column that was named before changes nothing and is dropped. Raises BAD_USER_INPUT."""
    given = selected.arguments.get("orderBy")
    if given is None or given.is_null:
        return ()
    terms: dict[tuple[object, ...], OrderTerm] = {}
    for index, item in enumerate(given.items()):
        term = _term(context, selected, table, item, f"orderBy.{index}", ())
        terms.setdefault((term.path, term.column), term)
    if len(terms) > MAX_TERMS:
        refuse(selected, "orderBy", f"must not have more than {MAX_TERMS} terms")
    return tuple(terms.values())


def _term(
    context: Context, selected: Selected, table: Table, given: Input, name: str, path: tuple[ToOneStep, ...]
) -> OrderTerm:
    entries = {} if given.is_null else given.entries()
    if len(entries) != 1:
        refuse(
            selected, name, "must have exactly one key", hint="Write [{a: ASC}, {b: DESC}] for an order by two keys."
        )
    ((key, value),) = entries.items()
    if value.is_null:
        refuse(selected, f"{name}.{key}", "must not be null")
    if len(path) >= MAX_TERMS:
        refuse(selected, name, "is nested too deep")
    binding = context.row_fields(table)[key]
    if isinstance(binding, ToOne):
        step = ToOneStep(binding.relation, binding.table)
        return _term(context, selected, binding.table, value, f"{name}.{key}", (*path, step))
    assert isinstance(binding, ColumnField)  # the schema offers nothing else
    direction = str(value.structure())
    descending = direction.startswith("DESC")
    nulls_first = descending if direction in ("ASC", "DESC") else direction.endswith("NULLS_FIRST")
    return OrderTerm(binding.column, descending, nulls_first, path)


def columns_of(context: Context, selected: Selected, table: Table, argument: str) -> tuple[Column, ...]:
    """The columns of distinctOn or groupBy, each once."""
    given = selected.arguments.get(argument)
    if given is None or given.is_null:
        return ()
    by_name = context.surface.columns_by_enum[table.name]
    return tuple(dict.fromkeys(by_name[item.structure()] for item in given.items()))


def distinct_order(order: Sequence[OrderTerm], distinct: Sequence[Column]) -> tuple[OrderTerm, ...]:
    """The order of a list with distinctOn: Postgres wants the distinct columns first, in any order."""
    leading = order[: len(distinct)]
    if {(term.column, term.path) for term in leading} == {(column, ()) for column in distinct}:
        return tuple(order)
    first = tuple(
        next((term for term in order if term.column == column and not term.path), OrderTerm(column))
        for column in distinct
    )
    return (*first, *[term for term in order if term not in first])


def total_order(order: Sequence[OrderTerm], table: Table) -> tuple[OrderTerm, ...]:
    """The order, ended by a key so that no two rows are equal in it.

    Without a key to be seen (a view), by all columns that can be compared: rows equal in all of them are then one place
    in the order, and a page break between them loses the rest.
    """
    own = {term.column.name for term in order if not term.path}
    keys = [_visible(table, key.columns) for key in (table.primary_key, *table.unique_keys) if key is not None]
    usable = [key for key in keys if key and not any(column.nullable for column in key)]
    if any(own.issuperset(column.name for column in key) for key in usable):
        return tuple(order)
    ending = usable[0] if usable else [column for column in table.columns if is_comparable(column.type)]
    # In the direction of the terms before it, so that one index can serve the whole order.
    descending = bool(order) and all(term.descending for term in order)
    added = [OrderTerm(c, descending, nulls_first=descending) for c in ending if c.name not in own]
    return (*order, *added)


def _visible(table: Table, columns: Sequence[str]) -> list[Column]:
    """The columns of a key; none where one of them is not to be seen."""
    by_name = {column.name: column for column in table.columns}
    return [by_name[name] for name in columns] if by_name.keys() >= set(columns) else []


def order_id(order: Sequence[OrderTerm], table: Table) -> str:
    """What cursors of an order start with: equal orders of one table have equal ids."""
    words = [table.name]
    for term in order:
        steps = [step.relation.constraint for step in term.path]
        words.append(repr((steps, term.column.name, term.descending, term.nulls_first)))
    return hashlib.blake2s("\n".join(words).encode(), digest_size=6).hexdigest()
