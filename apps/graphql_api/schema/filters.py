"""Filters: one input for each type of value, shared by all tables, and one for each table.

In: a table. Out: `BlogPostFilter`, with the operators of `families.OPERATORS` for each column, the filters of related
tables, and `and`, `or`, `not`.
"""

from __future__ import annotations

import graphene

from apps.graphql_api.schema.bindings import ColumnField, RowList, ToOne
from apps.graphql_api.schema.graphene_classes import Fields, GrapheneType
from apps.graphql_api.schema.registry import Registry
from apps.graphql_api.schema.values import column_input, element_type, input_type, is_id, range_input
from kapok.model.types import Column, PgType, Table
from kapok.query.families import INTEGER, OPERATORS, ArgumentKind, Family, base_type, family_of


def table_filter(registry: Registry, table: Table) -> GrapheneType:
    """`BlogPostFilter`. Its keys are the names of the row's fields."""
    return registry.input(
        registry.surface.types[table.name].filter,
        lambda: _table_fields(registry, table),
        "All that is said must hold; a filter that says nothing matches every row.",
    )


def _table_fields(registry: Registry, table: Table) -> Fields:
    names = registry.surface.types[table.name]
    fields: Fields = {}
    for name, binding in registry.surface.rows[names.row].items():
        match binding:
            case ColumnField(column):
                fields[name] = registry.input_field(_column_filter(registry, column))
            case ToOne(target):
                fields[name] = registry.input_field(table_filter(registry, target))
            case RowList(target):
                fields[name] = registry.input_field(_related_filter(registry, target))
    own = table_filter(registry, table)
    fields["and"] = registry.input_field(registry.list_of(own), "All of these.")
    fields["or"] = registry.input_field(registry.list_of(own), "At least one of these.")
    fields["not"] = registry.input_field(own, "None of this.")
    return fields


def _related_filter(registry: Registry, target: Table) -> GrapheneType:
    """`CommentListFilter`: what must hold for the related rows."""
    own = table_filter(registry, target)
    return registry.input(
        registry.helper_name(registry.surface.types[target.name].row + "ListFilter"),
        lambda: {
            "some": registry.input_field(own, "At least one related row matches."),
            "none": registry.input_field(own, "No related row matches."),
            "every": registry.input_field(own, "No related row fails to match."),
        },
    )


def _column_filter(registry: Registry, column: Column) -> GrapheneType:
    if not is_id(column):
        return value_filter(registry, column.type)
    family = family_of(column.type)
    name = "StringIDFilter" if family is Family.TEXT else "IDFilter"
    return _operators_input(registry, name, family, column_input(registry, column), column.type)


def value_filter(registry: Registry, type_: PgType) -> GrapheneType:
    """The filter of a type's values: StringFilter, StringListFilter, PostStatusFilter, AddressFilter ..."""
    base, family = base_type(type_), family_of(type_)
    if family is Family.COMPOSITE:
        return _composite_filter(registry, base)
    return _operators_input(registry, _filter_name(registry, base, family), family, input_type(registry, base), base)


def _filter_name(registry: Registry, base: PgType, family: Family) -> str:
    match family:
        case Family.OPAQUE_ARRAY:  # json[] and jsonb[] are both lists of JSON, but can do different things.
            return "OpaqueListFilter"
        case Family.ARRAY:
            element = base_type(element_type(base))
            return _filter_name(registry, element, family_of(element)).removesuffix("Filter") + "ListFilter"
        case Family.MULTIRANGE:
            return registry.surface.type_names[base.scalar] + "MultiFilter"
    return registry.surface.type_names.get(base.scalar, base.scalar) + "Filter"


def _operators_input(registry: Registry, name: str, family: Family, value: GrapheneType, type_: PgType) -> GrapheneType:
    """An input with an operator's argument under each operator's name. value: what an operator compares with."""
    return registry.input(
        registry.helper_name(name),
        lambda: {
            operator: registry.input_field(_argument(registry, kind, value, type_))
            for operator, kind in OPERATORS[family].items()
        },
    )


def _argument(registry: Registry, kind: ArgumentKind, value: GrapheneType, type_: PgType) -> GrapheneType:
    match kind:
        case ArgumentKind.VALUE:
            return value
        case ArgumentKind.VALUES:
            return registry.list_of(value)
        case ArgumentKind.ELEMENT:
            return input_type(registry, element_type(type_))
        case ArgumentKind.RANGE:
            return range_input(registry, base_type(type_))
        case ArgumentKind.BOOLEAN:
            return graphene.Boolean
        case ArgumentKind.STRING:
            return graphene.String
        case ArgumentKind.STRINGS:
            return registry.list_of(graphene.String)
        case ArgumentKind.INT_FILTER:
            return value_filter(registry, INTEGER)


def _composite_filter(registry: Registry, type_: PgType) -> GrapheneType:
    """`AddressFilter`: a filter for each attribute. An attribute called isNull cannot be filtered."""
    return registry.input(
        registry.helper_name(registry.surface.type_names[type_.scalar] + "Filter"),
        lambda: {
            **{a.api_name: registry.input_field(value_filter(registry, a.type)) for a in type_.shown},
            "isNull": registry.input_field(graphene.Boolean),
        },
    )
