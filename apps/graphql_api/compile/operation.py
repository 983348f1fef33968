"""An operation of a valid document to an `Operation`: plan, SQL, binder, cost and the bytes around the results.

In: the schema of a role, a document that is valid for it, coerced variables: only what their signature tells apart is
looked at. Raises BAD_USER_INPUT and QUERY_TOO_COMPLEX.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import OperationDefinitionNode, OperationType

from apps.graphql_api.compile.aggregates import aggregate_read
from apps.graphql_api.compile.connections import connection_read
from apps.graphql_api.compile.context import TYPENAME, Context, Selected, too_many_rows
from apps.graphql_api.compile.mutations import write_of
from apps.graphql_api.compile.rows import function_read, list_read, row_fields
from apps.graphql_api.document import Document
from apps.graphql_api.introspect import answer_introspection
from apps.graphql_api.schema.bindings import Aggregate, ByKey, Connection, FunctionField, NodeById, RootBinding, RowList
from apps.graphql_api.schema.graphene_types import ApiSchema
from kapok.query.binding import binder_of
from kapok.query.codegen import statement
from kapok.query.codegen_writes import write_operation
from kapok.query.cost import cost_of
from kapok.query.cursor import KeyValue
from kapok.query.encoding import encoder_of
from kapok.query.expressions import Compared, Operand, all_of
from kapok.query.ids import given_id
from kapok.query.operation import CostOf, Operation
from kapok.query.operators import Operator
from kapok.query.plan import FirstRead, OneRead, RootRead, Rows
from kapok.query.values import Given, Value
from kapok.query.write_operation import WriteOperation
from kapok.query.writes import CreateMany, RootWrite, UpdateMany, Upsert

_INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class WritePlan:
    """A mutation before it is SQL. segments: the `data` object, as bytes and numbers of roots. rows: how many rows the
    inputs name."""

    roots: tuple[RootWrite, ...]
    segments: tuple[bytes | int, ...]
    rows: int


def compile_operation(
    schema: ApiSchema,
    document: Document,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    keyed: frozenset[str] = frozenset(),
) -> Operation | WriteOperation:
    """The operation, good for all variables of this structure. keyed: tables of whose rows a query tells the keys to
    the record of the read."""
    if operation.operation is OperationType.MUTATION:
        plan = write_plan(schema, document, operation, variables)
        compiled = write_operation(plan.roots, plan.segments, schema.surface.model)
        return replace(compiled, cost=_bounded(compiled.cost, plan.rows))
    context = Context(schema.surface, schema.graphql, document.fragments, variables)
    roots: list[RootRead] = []
    segments: list[bytes | int] = []
    for selected in context.root_fields(operation):
        segments.append(b'%s"%s":' % (b"," if segments else b"{", selected.key.encode()))
        if selected.name == TYPENAME:
            segments.append(b'"Query"')
        elif selected.name in _INTROSPECTION:
            segments.append(answer_introspection(schema, document, operation, variables, *selected.nodes))
        else:
            segments.append(len(roots))
            roots.append(_root(context, selected, schema.surface.query[selected.name]))
    template, parameters = statement(roots, keyed)
    return Operation(template, binder_of(parameters), cost_of(roots), (*_joined(segments or [b"{"]), b"}"))


def _bounded(cost_of_writes: CostOf, rows: int) -> CostOf:
    """The cost, where no more rows are named than a request may write."""

    def cost(variables: Mapping[str, Any], row_cap: int) -> int:
        if rows > row_cap:
            raise too_many_rows((), row_cap)
        return cost_of_writes(variables, row_cap)

    return cost


def write_plan(
    schema: ApiSchema, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> WritePlan:
    """What a mutation writes."""
    context = Context(schema.surface, schema.graphql, document.fragments, variables)
    roots: list[RootWrite] = []
    segments: list[bytes | int] = []
    for selected in context.root_fields(operation):
        segments.append(b'%s"%s":' % (b"," if segments else b"{", selected.key.encode()))
        if selected.name == TYPENAME:
            segments.append(b'"Mutation"')
            continue
        write = write_of(context, selected, schema.surface.mutation[selected.name])
        if isinstance(write, CreateMany | UpdateMany | Upsert) and write.rows == ():
            segments.append(b"0" if write.fields is None else b"[]")
            continue
        segments.append(len(roots))
        roots.append(RootWrite(selected.key, write))
    return WritePlan(tuple(roots), (*_joined(segments or [b"{"]), b"}"), context.rows)


def _joined(segments: list[bytes | int]) -> list[bytes | int]:
    """Neighbouring bytes in one piece."""
    joined: list[bytes | int] = []
    for segment in segments:
        if joined and isinstance(segment, bytes) and isinstance(joined[-1], bytes):
            joined[-1] += segment
        else:
            joined.append(segment)
    return joined


def _root(context: Context, selected: Selected, binding: RootBinding) -> RootRead:
    match binding:
        case ByKey():
            return _by_key(context, selected, binding)
        case RowList(table):
            return list_read(context, selected, table, None)
        case Connection(table):
            return connection_read(context, selected, table, None, row_fields)
        case Aggregate(table):
            return aggregate_read(context, selected, table, None)
        case NodeById():
            return _by_id(context, selected)
        case FunctionField():
            return function_read(context, selected, binding)


def _by_key(context: Context, selected: Selected, binding: ByKey) -> OneRead:
    columns = [binding.table.column(name) for name in binding.key.columns]
    values = [
        given_id(selected.arguments[column.api_name].source(), column.type, selected.path, column.api_name)
        if column.is_id
        else Given(selected.arguments[column.api_name].source(), encoder_of(column.type))
        for column in columns
    ]
    conditions = [Compared(Operand(c, c.type), Operator.EQ, value) for c, value in zip(columns, values, strict=True)]
    rows = Rows(binding.table, where=all_of(*conditions))
    return OneRead(rows, row_fields(context, selected, binding.table))


def _by_id(context: Context, selected: Selected) -> FirstRead:
    """A read for each table with a global id: which one it is, is only known when the operation runs."""
    source = selected.arguments["id"].source()
    choices = []
    for type_name, table in context.nodes():
        assert table.primary_key is not None  # what makes it a Node
        key = [table.column(name) for name in table.primary_key.columns]
        values: list[Value] = [
            KeyValue(source, type_name, key[place].type, place, len(key)) for place in range(len(key))
        ]
        where = all_of(*[Compared(Operand(c, c.type), Operator.EQ, v) for c, v in zip(key, values, strict=True)])
        choices.append(OneRead(Rows(table, where=where), row_fields(context, selected, table)))
    return FirstRead(tuple(choices))
