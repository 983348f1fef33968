"""From a surface to the API's GraphQL schema, built with Graphene.

In: a `Surface`. Out: `ApiSchema`. The types serve validation, introspection and IDEs; nothing resolves through them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import graphene
from graphql import GraphQLSchema

from apps.graphql_api.schema.aggregates import aggregate_type
from apps.graphql_api.schema.bindings import (
    Aggregate,
    ByKey,
    ColumnField,
    Connection,
    FunctionField,
    GlobalId,
    MutationBinding,
    NodeById,
    RootBinding,
    RowBinding,
    RowList,
    RowVersion,
    Surface,
    ToOne,
)
from apps.graphql_api.schema.coerce import Coercion
from apps.graphql_api.schema.connections import (
    Arguments,
    aggregate_arguments,
    connection_arguments,
    connection_type,
    list_arguments,
)
from apps.graphql_api.schema.graphene_classes import Fields, GrapheneType
from apps.graphql_api.schema.mutation_types import mutation_field
from apps.graphql_api.schema.registry import Registry
from apps.graphql_api.schema.surface import GLOBAL_ID
from apps.graphql_api.schema.type_map import Schema
from apps.graphql_api.schema.values import column_input, column_output, input_type, output_type
from kapok.model.types import Function, Relation, Table, Volatility

MUTATION = "What can be written. The fields of one document run in their order, in one transaction: all or none."


@dataclass(frozen=True, slots=True)
class ApiSchema:
    """What one role sees of one shape, as a GraphQL schema.

    structural: what decides over the SQL: the values of these enums (OrderDirection, BlogPostColumn ...), the Booleans
    of these input objects (`disconnect`). leaves: input objects that are one value to Postgres (ranges, composites):
    coerced they are its text. coercion: of the values of variables.
    """

    surface: Surface
    graphql: GraphQLSchema
    structural: frozenset[str]
    leaves: frozenset[str]
    coercion: Coercion


def build_schema(surface: Surface) -> ApiSchema:
    """The schema of a surface."""
    registry = Registry(surface)
    query = registry.object("Query", lambda: _fields(registry, surface.query), "What can be read.")
    mutation = None
    if surface.mutation:
        mutation = registry.object("Mutation", lambda: _mutations(registry, surface.mutation), MUTATION)
    registry.finish()
    structural, leaves = frozenset(registry.structural), frozenset(registry.leaves)
    graphql = Schema(query, mutation).graphql_schema
    rows = frozenset(names.create_input for names in surface.types.values())
    return ApiSchema(surface, graphql, structural, leaves, Coercion(structural, leaves, rows))


def _fields(registry: Registry, bindings: Mapping[str, RootBinding] | Mapping[str, RowBinding]) -> Fields:
    return {name: _field(registry, binding) for name, binding in bindings.items()}


def _mutations(registry: Registry, bindings: Mapping[str, MutationBinding]) -> Fields:
    return {
        name: _function_field(registry, binding.function, binding.table)
        if isinstance(binding, FunctionField)
        else mutation_field(registry, binding, row_type)
        for name, binding in bindings.items()
    }


def _field(registry: Registry, binding: RootBinding | RowBinding) -> object:
    match binding:
        case ColumnField(column):
            return registry.field(column_output(registry, column), column.comment)
        case ToOne(table, relation):
            row = row_type(registry, table)
            return registry.field(row if relation.nullable else registry.required(row), relation.comment)
        case RowList(table, relation):
            return registry.field(
                registry.rows(row_type(registry, table)), _comment(relation), list_arguments(registry, table)
            )
        case Connection(table, relation):
            type_ = registry.required(connection_type(registry, table, row_type))
            return registry.field(type_, _comment(relation), connection_arguments(registry, table))
        case Aggregate(table, relation):
            type_ = registry.rows(aggregate_type(registry, table))
            return registry.field(type_, _comment(relation), aggregate_arguments(registry, table))
        case ByKey(table, key):
            return registry.field(row_type(registry, table), None, _key_arguments(registry, table, key.columns))
        case FunctionField(function, table):
            return _function_field(registry, function, table)
        case GlobalId():
            return _global_id(registry)
        case RowVersion():
            return registry.field(registry.required(graphene.String), "Another one after each change, for `ifVersion`.")
        case NodeById():
            arguments = registry.arguments("node", lambda: {"id": registry.argument(registry.required(graphene.ID))})
            return registry.field(_node(registry), f"The row with this `{GLOBAL_ID}`.", arguments)


def _comment(relation: Relation | None) -> str | None:
    return None if relation is None else relation.comment


def row_type(registry: Registry, table: Table) -> GrapheneType:
    """`BlogPost`."""
    name = registry.surface.types[table.name].row
    bindings = registry.surface.rows[name]
    is_node = isinstance(bindings.get(GLOBAL_ID), GlobalId)
    return registry.object(
        name,
        lambda: _fields(registry, bindings),
        table.comment,
        (_node(registry),) if is_node else (),
    )


def _node(registry: Registry) -> GrapheneType:
    return registry.interface("Node", lambda: {GLOBAL_ID: _global_id(registry)}, "A row that has a key.")


def _global_id(registry: Registry) -> object:
    return registry.field(registry.required(graphene.ID), "Names the row among all tables, for `node(id)`.")


def _key_arguments(registry: Registry, table: Table, columns: tuple[str, ...]) -> Arguments:
    def make() -> Arguments:
        found = [table.column(name) for name in columns]
        return {c.api_name: registry.argument(registry.required(column_input(registry, c)), c.comment) for c in found}

    return registry.arguments(("key", table.name, columns), make)


def _function_field(registry: Registry, function: Function, table: Table | None) -> object:
    arguments = {
        argument.api_name: registry.argument(
            input_type(registry, argument.type)
            if argument.has_default
            else registry.required(input_type(registry, argument.type))
        )
        for argument in function.arguments
    }
    if table is not None and function.returns_set:
        if function.volatility is not Volatility.VOLATILE:
            arguments = {**list_arguments(registry, table), **arguments}
        type_ = registry.rows(row_type(registry, table))
    elif table is not None:
        type_ = row_type(registry, table)
    else:
        type_ = _returned(registry, function)
    return registry.field(type_, function.comment, arguments)


def _returned(registry: Registry, function: Function) -> GrapheneType:
    if function.returns is None:  # void
        return registry.required(graphene.Boolean)
    type_ = output_type(registry, function.returns)
    # A function may return null, and so may each row of a set.
    return registry.required(registry.list_of_nullable(type_)) if function.returns_set else type_
