"""The ways to ask for many rows: arguments of lists, Relay connections.

In: a table. Out: the arguments of a list, a connection and an aggregate (one object each for a table, shared by all
fields), and `BlogPostConnection` with its edges and PageInfo.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import graphene

from apps.graphql_api.schema.filters import table_filter
from apps.graphql_api.schema.graphene_classes import Fields, GrapheneType
from apps.graphql_api.schema.order import column_enum, order_by
from apps.graphql_api.schema.registry import Registry
from kapok.model.types import Table
from kapok.query.families import searchable_columns

Arguments = dict[str, Any]
#: The Graphene type of a table's rows; passed in, because rows hold connections.
RowType = Callable[[Registry, Table], GrapheneType]


def list_arguments(registry: Registry, table: Table) -> Arguments:
    """filter, search, orderBy, limit, offset, distinctOn."""

    def make() -> Arguments:
        arguments = _selecting(registry, table) | _ordering(registry, table)
        arguments["limit"] = registry.argument(graphene.Int, "At most so many rows.")
        arguments["offset"] = registry.argument(graphene.Int, "Rows to skip first.")
        columns = column_enum(registry, table)
        if columns is not None:
            arguments["distinctOn"] = registry.argument(
                registry.list_of(columns), "Of the rows equal in these columns, the first in the order."
            )
        return arguments

    return registry.arguments(("list", table.name), make)


def connection_arguments(registry: Registry, table: Table) -> Arguments:
    """filter, search, orderBy, first, after, last, before."""

    def make() -> Arguments:
        return {
            **_selecting(registry, table),
            **_ordering(registry, table),
            "first": registry.argument(graphene.Int, "The first so many rows."),
            "after": registry.argument(graphene.String, "Only rows after this cursor."),
            "last": registry.argument(graphene.Int, "The last so many rows."),
            "before": registry.argument(graphene.String, "Only rows before this cursor."),
        }

    return registry.arguments(("connection", table.name), make)


def aggregate_arguments(registry: Registry, table: Table) -> Arguments:
    """filter, search, groupBy."""

    def make() -> Arguments:
        arguments = _selecting(registry, table)
        columns = column_enum(registry, table)
        if columns is not None:
            arguments["groupBy"] = registry.argument(registry.list_of(columns), "One result for each of their values.")
        return arguments

    return registry.arguments(("aggregate", table.name), make)


def _selecting(registry: Registry, table: Table) -> Arguments:
    arguments = {"filter": registry.argument(table_filter(registry, table))}
    if searchable_columns(table):
        arguments["search"] = registry.argument(graphene.String, "Full-text search over the text columns.")
    return arguments


def _ordering(registry: Registry, table: Table) -> Arguments:
    order = order_by(registry, table)
    return (
        {} if order is None else {"orderBy": registry.argument(registry.list_of(order), "The first key counts most.")}
    )


def connection_type(registry: Registry, table: Table, row_type: RowType) -> GrapheneType:
    """`BlogPostConnection` (Relay's GraphQL Cursor Connections Specification), with `nodes` and `totalCount`."""
    names = registry.surface.types[table.name]

    def edge_fields() -> Fields:
        return {
            "cursor": registry.field(registry.required(graphene.String)),
            "node": registry.field(registry.required(row_type(registry, table))),
        }

    def fields() -> Fields:
        edge = registry.object(names.edge, edge_fields)
        found = {
            "edges": registry.field(registry.rows(edge)),
            "nodes": registry.field(registry.rows(row_type(registry, table)), "The edges' nodes."),
            "pageInfo": registry.field(registry.required(_page_info(registry))),
        }
        if table.aggregate_allowed:
            found["totalCount"] = registry.field(
                registry.required(graphene.Int), "All rows that match, on whatever page."
            )
        return found

    return registry.object(names.connection, fields)


def _page_info(registry: Registry) -> GrapheneType:
    flag = registry.required(graphene.Boolean)
    return registry.object(
        "PageInfo",
        lambda: {
            "hasNextPage": registry.field(flag),
            "hasPreviousPage": registry.field(flag),
            "startCursor": registry.field(graphene.String),
            "endCursor": registry.field(graphene.String),
        },
        "Where a page of a connection lies.",
    )
