"""Aggregates.

In: a table. Out: `BlogPostAggregate`: the group's columns, count, and an object each for countDistinct, sum, avg, min
and max with the columns that have one.
"""

from __future__ import annotations

from collections.abc import Callable

import graphene

from apps.graphql_api.schema.graphene_classes import Fields, GrapheneType
from apps.graphql_api.schema.registry import Registry
from apps.graphql_api.schema.values import is_id, output_type
from kapok.model.types import Column, Table
from kapok.query.families import avg_scalar, has_extremes, is_comparable, sum_scalar

#: The type of an aggregate over one column, None where there is none.
ColumnType = Callable[[Registry, Column], GrapheneType | None]


def aggregate_type(registry: Registry, table: Table) -> GrapheneType:
    """`BlogPostAggregate`."""
    names = registry.surface.types[table.name]

    def fields() -> Fields:
        found: Fields = {}
        group = _columns_object(registry, table, names.group, _comparable)
        if group is not None:
            found["group"] = registry.field(group, "The columns of groupBy; the others are null.")
        found["count"] = registry.field(registry.required(graphene.Int), "The number of rows.")
        for key, name, column_type in (
            ("countDistinct", names.count_distinct, _count),
            ("sum", names.sum, _sum),
            ("avg", names.avg, _avg),
            ("min", names.min, _extreme),
            ("max", names.max, _extreme),
        ):
            object_ = _columns_object(registry, table, name, column_type)
            if object_ is not None:
                found[key] = registry.field(registry.required(object_))
        return found

    return registry.object(names.aggregate, fields)


def _columns_object(registry: Registry, table: Table, name: str, column_type: ColumnType) -> GrapheneType | None:
    found = {column.api_name: column_type(registry, column) for column in table.columns}
    fields = {key: registry.field(type_) for key, type_ in found.items() if type_ is not None}
    return registry.object(name, lambda: fields) if fields else None


def _value(registry: Registry, column: Column) -> GrapheneType:
    return graphene.ID if is_id(column) else output_type(registry, column.type)


def _comparable(registry: Registry, column: Column) -> GrapheneType | None:
    return _value(registry, column) if is_comparable(column.type) else None


def _count(registry: Registry, column: Column) -> GrapheneType | None:
    return registry.required(graphene.Int) if is_comparable(column.type) else None


def _sum(registry: Registry, column: Column) -> GrapheneType | None:
    scalar = sum_scalar(column)
    return None if scalar is None else registry.scalar(scalar)


def _avg(registry: Registry, column: Column) -> GrapheneType | None:
    scalar = avg_scalar(column)
    return None if scalar is None else registry.scalar(scalar)


def _extreme(registry: Registry, column: Column) -> GrapheneType | None:
    return _value(registry, column) if has_extremes(column) else None
