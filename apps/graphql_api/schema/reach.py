"""What of a model can be shown at all.

In: a model. Out: the same without what GraphQL has no type for (enums without labels, composites without attributes),
without tables that have no column left (but those that may only be written), and without the relations and functions
that lead to what is left out.
"""

from __future__ import annotations

from dataclasses import replace

from kapok.model.types import Function, Model, PgType, Table, TypeKind, Volatility
from kapok.query.guard import GuardedTable


def only_reachable(model: Model) -> Model:
    """The model of what can be shown."""
    shown = {table.name for table in model.tables if any(has_type(column.type) for column in table.columns)}
    functions = tuple(function for function in model.functions if _is_shown(function, shown))
    tables = tuple(_only_shown(table, shown) for table in model.tables if table.name in shown or _is_written(table))
    return replace(model, tables=tables, functions=functions)


def _is_written(table: Table) -> bool:
    return isinstance(table, GuardedTable) and bool(table.insert)


def has_type(type_: PgType) -> bool:
    """Whether GraphQL can have a type for it."""
    match type_.kind:
        case TypeKind.ENUM:
            return bool(type_.values)
        case TypeKind.COMPOSITE:
            return bool(type_.shown) and all(has_type(attribute.type) for attribute in type_.shown)
        case TypeKind.SCALAR:
            return True
    return type_.element is not None and has_type(type_.element)


def _only_shown(table: Table, shown: set[str]) -> Table:
    return replace(
        table,
        columns=tuple(column for column in table.columns if has_type(column.type)),
        relations=tuple(relation for relation in table.relations if relation.target in shown),
        computed=tuple(function for function in table.computed if _is_shown(function, shown)),
    )


def _is_shown(function: Function, tables: set[str]) -> bool:
    if not all(has_type(argument.type) for argument in function.arguments):
        return False
    if function.returns_table is not None:
        return function.returns_table in tables
    if function.returns is None:  # void: only of use where it writes
        return function.volatility is Volatility.VOLATILE
    return has_type(function.returns)
