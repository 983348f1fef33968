"""The input types of mutations.

In: a table of the surface. Out: `CreateBlogPostInput`, `UpdateBlogPostInput` with the inputs of its relations,
`BlogPostKeyInput`, `UpdateBlogPostByKeyInput`, `BlogPostConflict` and `BlogPostUpdateColumn`.
"""

from __future__ import annotations

from collections.abc import Mapping

import graphene

from apps.graphql_api.schema.graphene_classes import Fields, GrapheneType
from apps.graphql_api.schema.registry import Registry
from apps.graphql_api.schema.values import column_input
from apps.graphql_api.schema.write_bindings import ColumnInput, InputBinding, RelationInput, Verb
from kapok.model.types import RelationKind, Table, UniqueKey

IF_VERSION = "Only if the row still has this `rowVersion`; otherwise CONFLICT."
_VERBS = {
    Verb.CREATE: "Creates it and ties it to this row.",
    Verb.CONNECT: "Ties a row that is there already to this row.",
    Verb.DISCONNECT: "Unties it from this row; it stays.",
    Verb.UPDATE: "Changes it; it must be tied to this row.",
    Verb.DELETE: "Deletes it; it must be tied to this row.",
}
_CREATE = "A new row. What is left out gets its default."
_UPDATE = "What changes of a row. What is left out stays as it is."


def create_input(registry: Registry, table: Table) -> GrapheneType:
    """`CreateBlogPostInput`."""
    fields = registry.surface.inputs[table.name].create
    return registry.input(
        registry.surface.types[table.name].create_input, lambda: _fields(registry, table, fields, "Create"), _CREATE
    )


def update_input(registry: Registry, table: Table) -> GrapheneType:
    """`UpdateBlogPostInput`."""
    fields = registry.surface.inputs[table.name].update
    return registry.input(
        registry.surface.types[table.name].update_input, lambda: _fields(registry, table, fields, "Update"), _UPDATE
    )


def update_by_key(registry: Registry, table: Table) -> GrapheneType:
    """`UpdateBlogPostByKeyInput`: a row and what changes of it."""
    return registry.input(
        registry.surface.types[table.name].update_by_key,
        lambda: {
            "key": registry.input_field(registry.required(key_input(registry, table)), "The row."),
            "input": registry.input_field(registry.required(update_input(registry, table)), "What changes of it."),
            "ifVersion": registry.input_field(graphene.String, IF_VERSION),
        },
        "A row and what changes of it.",
    )


def key_input(registry: Registry, table: Table) -> GrapheneType:
    """`BlogPostKeyInput`: names one row by the columns of one of its keys."""
    keys = registry.surface.inputs[table.name].keys

    def fields() -> Fields:
        columns = dict.fromkeys(name for key in keys for name in key.columns)
        found: Fields = {}
        for column in [table.column(name) for name in columns]:
            type_ = column_input(registry, column)
            type_ = registry.required(type_) if len(keys) == 1 else type_
            found[column.api_name] = registry.input_field(type_, column.comment)
        return found

    ways = " or ".join(f"`{_api_names(table, key)}`" for key in keys)
    description = f"Names one row: by {ways}."
    return registry.input(registry.surface.types[table.name].key_input, fields, description)


def conflict_enum(registry: Registry, table: Table) -> GrapheneType:
    """`BlogPostConflict`: the keys an upsert can meet a row by."""
    conflicts = registry.surface.inputs[table.name].conflicts
    return registry.structural_enum(
        registry.surface.types[table.name].conflict,
        lambda: {name: f"The row with the same {_api_names(table, key)}." for name, key in conflicts.items()},
        "By what a row counts as there already.",
    )


def update_column_enum(registry: Registry, table: Table) -> GrapheneType | None:
    """`BlogPostUpdateColumn`: what an upsert can change; None where that is nothing."""
    columns = registry.surface.inputs[table.name].update_columns
    if not columns:
        return None
    return registry.structural_enum(
        registry.surface.types[table.name].update_column,
        lambda: {name: column.comment for name, column in columns.items()},
        "Columns an upsert changes where the row is there already.",
    )


def _api_names(table: Table, key: UniqueKey) -> str:
    return ", ".join(table.column(name).api_name for name in key.columns)


def _fields(registry: Registry, table: Table, bindings: Mapping[str, InputBinding], form: str) -> Fields:
    found: Fields = {}
    for name, binding in bindings.items():
        match binding:
            case ColumnInput(column, required):
                type_ = column_input(registry, column)
                type_ = registry.required(type_) if required else type_
                found[name] = registry.input_field(type_, column.comment)
            case RelationInput():
                found[name] = registry.input_field(
                    _relation_input(registry, table, binding, form), binding.relation.comment
                )
    return found


def _relation_input(registry: Registry, table: Table, binding: RelationInput, form: str) -> GrapheneType:
    """`BlogPostCommentsCreateInput`: what becomes of the related rows."""
    relation = binding.relation
    wanted = f"{registry.surface.types[table.name].row}{relation.api_name[0].upper()}{relation.api_name[1:]}{form}Input"
    name = registry.own_name((table.name, relation.api_name, form), wanted)
    registry.structural.add(name)
    return registry.input(
        name,
        lambda: {
            verb.value: registry.input_field(_verb_input(registry, binding, verb), _VERBS[verb])
            for verb in binding.verbs
        },
        "What becomes of the related rows." if relation.kind is not RelationKind.TO_ONE else "The related row.",
    )


def _verb_input(registry: Registry, binding: RelationInput, verb: Verb) -> GrapheneType:
    target, many = binding.target, binding.relation.kind is not RelationKind.TO_ONE
    match verb:
        case Verb.CREATE:
            type_ = create_input(registry, target)
        case Verb.UPDATE:
            type_ = update_by_key(registry, target) if many else update_input(registry, target)
        case Verb.DISCONNECT | Verb.DELETE if not many:
            return graphene.Boolean
        case _:
            type_ = key_input(registry, target)
    return registry.list_of(type_) if many else type_
