"""Orders, distinct and group columns.

In: a table. Out: `BlogPostOrderBy` (a list of objects with one key each is an order) and `BlogPostColumn`.
"""

from __future__ import annotations

from apps.graphql_api.schema.bindings import ColumnField, ToOne
from apps.graphql_api.schema.graphene_classes import Fields, GrapheneType
from apps.graphql_api.schema.registry import Registry
from kapok.model.types import Table
from kapok.query.families import is_comparable

#: Postgres puts nulls last in ascending and first in descending order, unless told otherwise.
DIRECTIONS = {
    "ASC": "Ascending, nulls last.",
    "DESC": "Descending, nulls first.",
    "ASC_NULLS_FIRST": None,
    "ASC_NULLS_LAST": None,
    "DESC_NULLS_FIRST": None,
    "DESC_NULLS_LAST": None,
}


def direction(registry: Registry) -> GrapheneType:
    """`OrderDirection`."""
    return registry.structural_enum("OrderDirection", lambda: DIRECTIONS, "Which way to sort.")


def order_by(registry: Registry, table: Table) -> GrapheneType | None:
    """`BlogPostOrderBy`, or None where no column can be compared."""
    if not registry.surface.columns_by_enum[table.name]:
        return None
    return registry.input(
        registry.surface.types[table.name].order_by,
        lambda: _order_fields(registry, table),
        "One key of an order: a column, or a column of a row this one refers to.",
        one_of=True,
    )


def _order_fields(registry: Registry, table: Table) -> Fields:
    fields: Fields = {}
    for name, binding in registry.surface.rows[registry.surface.types[table.name].row].items():
        match binding:
            case ColumnField(column) if is_comparable(column.type):
                fields[name] = registry.input_field(direction(registry))
            case ToOne(target):
                related = order_by(registry, target)
                if related is not None:
                    fields[name] = registry.input_field(related)
    return fields


def column_enum(registry: Registry, table: Table) -> GrapheneType | None:
    """`BlogPostColumn`, or None where no column can be compared."""
    columns = registry.surface.columns_by_enum[table.name]
    if not columns:
        return None
    return registry.structural_enum(
        registry.surface.types[table.name].column,
        lambda: {name: column.comment for name, column in columns.items()},
        "Columns to tell rows apart by.",
    )
