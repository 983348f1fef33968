"""The fields of Mutation as Graphene fields.

In: a binding. Out: the field with its arguments and what it gives: the rows as the role may read them, or, where it may
not, `true` for one row and a count for several.
"""

from __future__ import annotations

from typing import Any

import graphene

from apps.graphql_api.schema.connections import RowType
from apps.graphql_api.schema.filters import table_filter
from apps.graphql_api.schema.graphene_classes import GrapheneType
from apps.graphql_api.schema.registry import Registry
from apps.graphql_api.schema.rights import rights_of
from apps.graphql_api.schema.values import column_input
from apps.graphql_api.schema.write_bindings import (
    CreateField,
    DeleteField,
    DeleteWhereField,
    UpdateByKeyField,
    UpdateField,
    UpdateWhereField,
    UpsertField,
    WriteBinding,
    key_arguments,
)
from apps.graphql_api.schema.write_types import (
    IF_VERSION,
    conflict_enum,
    create_input,
    update_by_key,
    update_column_enum,
    update_input,
)
from kapok.model.types import Table, UniqueKey

Arguments = dict[str, Any]


def mutation_field(registry: Registry, binding: WriteBinding, row_type: RowType) -> object:
    """The field of a binding."""
    match binding:
        case CreateField(table, many):
            what = "Creates rows, all or none." if many else "Creates a row."
            type_ = _rows(registry, table, row_type) if many else _row(registry, table, row_type)
            return registry.field(type_, what, {"input": _input(registry, create_input(registry, table), many=many)})
        case UpsertField(table, many):
            what = "Creates {}; where there is one with the same key, it is changed instead."
            type_ = _rows(registry, table, row_type) if many else _row(registry, table, row_type)
            return registry.field(
                type_, what.format("rows" if many else "a row"), _upsert_arguments(registry, table, many=many)
            )
        case UpdateField(table, key):
            type_ = row_type(registry, table) if is_read_back(table) else registry.required(graphene.Boolean)
            arguments = _key_arguments(registry, table, key)
            arguments["input"] = _input(registry, update_input(registry, table))
            arguments["ifVersion"] = registry.argument(graphene.String, IF_VERSION)
            return registry.field(type_, "Changes a row; null where there is none.", arguments)
        case UpdateWhereField(table):
            arguments = {
                "filter": registry.argument(registry.required(table_filter(registry, table))),
                "input": _input(registry, update_input(registry, table)),
            }
            return registry.field(_rows(registry, table, row_type), "Changes all rows that match.", arguments)
        case UpdateByKeyField(table):
            arguments = {"updates": _input(registry, update_by_key(registry, table), many=True)}
            what = "Changes rows, each in its own way, all or none. Rows that are not there are left out."
            return registry.field(_rows(registry, table, row_type), what, arguments)
        case DeleteField(table, key):
            arguments = _key_arguments(registry, table, key)
            arguments["ifVersion"] = registry.argument(graphene.String, IF_VERSION)
            what = "Deletes a row; false where there is none."
            return registry.field(registry.required(graphene.Boolean), what, arguments)
        case DeleteWhereField(table):
            arguments = {"filter": registry.argument(registry.required(table_filter(registry, table)))}
            what = "Deletes all rows that match; gives their number."
            return registry.field(registry.required(graphene.Int), what, arguments)


def is_read_back(table: Table) -> bool:
    """Whether what was written is read back: the role may read some of it."""
    return bool(table.columns)


def is_certain(table: Table) -> bool:
    """Whether a row that was written can always be read back."""
    return not rights_of(table).hides


def _row(registry: Registry, table: Table, row_type: RowType) -> GrapheneType:
    if not is_read_back(table):
        return registry.required(graphene.Boolean)
    row = row_type(registry, table)
    return registry.required(row) if is_certain(table) else row


def _rows(registry: Registry, table: Table, row_type: RowType) -> GrapheneType:
    return registry.rows(row_type(registry, table)) if is_read_back(table) else registry.required(graphene.Int)


def _input(registry: Registry, type_: GrapheneType, *, many: bool = False) -> Any:
    return registry.argument(registry.rows(type_) if many else registry.required(type_))


def _upsert_arguments(registry: Registry, table: Table, *, many: bool) -> Arguments:
    arguments = {
        "input": _input(registry, create_input(registry, table), many=many),
        "onConflict": registry.argument(registry.required(conflict_enum(registry, table))),
    }
    columns = update_column_enum(registry, table)
    if columns is not None:
        arguments["update"] = registry.argument(
            registry.list_of(columns),
            "What changes of a row that is there: every column given unless said otherwise; `[]` for nothing.",
        )
    return arguments


def _key_arguments(registry: Registry, table: Table, key: UniqueKey) -> Arguments:
    return {
        name: registry.argument(registry.required(column_input(registry, column)), column.comment)
        for name, column in key_arguments(table, key).items()
    }
