"""The GraphQL types of values: what a column gives and what an argument takes.

In: a `PgType` or a column. Out: Graphene types: scalars, enums, objects for composites and ranges, lists for arrays.
"""

from __future__ import annotations

from functools import partial

import graphene

from apps.graphql_api.schema.graphene_classes import Fields, GrapheneType, Member
from apps.graphql_api.schema.registry import Registry
from apps.graphql_api.schema.text import range_text, record_text
from kapok.model.types import Column, PgType, TypeKind
from kapok.query.families import base_type


def column_output(registry: Registry, column: Column) -> GrapheneType:
    """The type of a column's field, `!` where it is never null."""
    type_ = graphene.ID if is_id(column) else output_type(registry, column.type)
    return type_ if column.nullable else registry.required(type_)


def column_input(registry: Registry, column: Column) -> GrapheneType:
    """The nullable input type of a column's values."""
    return graphene.ID if is_id(column) else input_type(registry, column.type)


def is_id(column: Column) -> bool:
    """Whether the column is an ID on the wire: a key whose values are single scalars."""
    return column.is_id and base_type(column.type).kind is TypeKind.SCALAR


def output_type(registry: Registry, type_: PgType) -> GrapheneType:
    """The nullable output type."""
    base = base_type(type_)
    match base.kind:
        case TypeKind.ARRAY:
            return registry.list_of(output_type(registry, _element(base)))
        case TypeKind.MULTIRANGE:
            return registry.list_of(_range_output(registry, base))
        case TypeKind.RANGE:
            return _range_output(registry, base)
        case TypeKind.COMPOSITE:
            return _composite_output(registry, base)
        case TypeKind.ENUM:
            return enum_type(registry, base)
    return registry.scalar(base.scalar)


def input_type(registry: Registry, type_: PgType) -> GrapheneType:
    """The nullable input type."""
    base = base_type(type_)
    match base.kind:
        case TypeKind.ARRAY:
            return registry.list_of(input_type(registry, _element(base)))
        case TypeKind.MULTIRANGE:
            return registry.list_of(range_input(registry, base))
        case TypeKind.RANGE:
            return range_input(registry, base)
        case TypeKind.COMPOSITE:
            return _composite_input(registry, base)
        case TypeKind.ENUM:
            return enum_type(registry, base)
    return registry.scalar(base.scalar)


def element_type(type_: PgType) -> PgType:
    """The elements of an array, the subtype of a range or multirange."""
    return _element(base_type(type_))


def _element(type_: PgType) -> PgType:
    if type_.element is None:
        raise ValueError(f"the model has no element type for {type_.name}")
    return type_.element


def enum_type(registry: Registry, type_: PgType) -> GrapheneType:
    """A database enum. Coerced values are the labels."""
    name = registry.surface.type_names[type_.scalar]
    return registry.enum(name, lambda: {v.api_name: Member(v.label) for v in type_.values}, type_.comment)


def _range_output(registry: Registry, type_: PgType) -> GrapheneType:
    return registry.object(
        registry.surface.type_names[type_.scalar],
        lambda: _range_fields(registry, type_),
        "Values from `lower` to `upper`; a bound that is null is none.",
    )


def _range_fields(registry: Registry, type_: PgType) -> Fields:
    bound = output_type(registry, _element(type_))
    flag = registry.required(graphene.Boolean)
    return {
        "lower": registry.field(bound),
        "upper": registry.field(bound),
        "lowerInclusive": registry.field(flag, "Whether `lower` itself belongs to the range."),
        "upperInclusive": registry.field(flag, "Whether `upper` itself belongs to the range."),
        "isEmpty": registry.field(flag, "Whether the range holds no value at all."),
    }


def range_input(registry: Registry, type_: PgType) -> GrapheneType:
    """The input of a range (of a multirange's ranges)."""
    bound = input_type(registry, _element(type_))
    return registry.leaf_input(
        registry.helper_name(registry.surface.type_names[type_.scalar] + "Input"),
        lambda: {
            "lower": registry.input_field(bound),
            "upper": registry.input_field(bound),
            "lowerInclusive": registry.input_field(graphene.Boolean, "True unless said otherwise."),
            "upperInclusive": registry.input_field(graphene.Boolean, "False unless said otherwise."),
            "isEmpty": registry.input_field(graphene.Boolean, "The range that holds no value at all."),
        },
        "Values from `lower` to `upper`; a bound that is null or left out is none.",
        range_text,
    )


def _composite_output(registry: Registry, type_: PgType) -> GrapheneType:
    return registry.object(
        registry.surface.type_names[type_.scalar],
        lambda: {a.api_name: registry.field(output_type(registry, a.type)) for a in type_.shown},
        type_.comment,
    )


def _composite_input(registry: Registry, type_: PgType) -> GrapheneType:
    return registry.leaf_input(
        registry.helper_name(registry.surface.type_names[type_.scalar] + "Input"),
        lambda: {a.api_name: registry.input_field(input_type(registry, a.type)) for a in type_.shown},
        type_.comment or "A composite value; an attribute that is left out is null.",
        partial(record_text, type_.attributes),
    )
