"""Rows: the fields of a row, lists, functions, connections and aggregates to plans.

In: the bindings of the selected fields. Out: reads of kapok.query.plan. Raises BAD_USER_INPUT and QUERY_TOO_COMPLEX.
"""

from __future__ import annotations

from collections.abc import Mapping

from apps.graphql_api.compile.aggregates import aggregate_read
from apps.graphql_api.compile.arguments import Input
from apps.graphql_api.compile.connections import connection_read
from apps.graphql_api.compile.context import TYPENAME, Context, Selected, refuse
from apps.graphql_api.compile.filters import where_of
from apps.graphql_api.compile.order import columns_of, distinct_order, order_of
from apps.graphql_api.compile.shapes import shape_of
from apps.graphql_api.schema.bindings import (
    Aggregate,
    ColumnField,
    Connection,
    FunctionField,
    GlobalId,
    RowBinding,
    RowList,
    RowVersion,
    ToOne,
)
from kapok.model.types import Argument, Function, Relation, Table
from kapok.query.encoding import encoder_of
from kapok.query.order import is_unique
from kapok.query.plan import (
    Call,
    ColumnRead,
    Field,
    GlobalIdRead,
    ListRead,
    OneRead,
    PassedArgument,
    RowFields,
    RowRead,
    Rows,
    TypeName,
    ValueRead,
    VersionRead,
)
from kapok.query.values import Given, Literal, Offset, RowLimit


def row_fields(context: Context, selected: Selected, table: Table) -> RowFields:
    """What is selected of a table's rows."""
    type_name = context.type_of(table)
    bindings = context.row_fields(table)
    return tuple(
        Field(inner.key, _read(context, inner, table, bindings)) for inner in context.selected(selected, type_name)
    )


def _read(context: Context, selected: Selected, table: Table, bindings: Mapping[str, RowBinding]) -> RowRead:
    if selected.name == TYPENAME:
        return TypeName(context.type_of(table))
    match bindings[selected.name]:
        case ColumnField(column):
            return ColumnRead(column, shape_of(context, selected, column.type))
        case GlobalId():
            assert table.primary_key is not None  # what makes the row a Node
            key = tuple(table.column(name) for name in table.primary_key.columns)
            return GlobalIdRead(context.type_of(table), key)
        case RowVersion():
            return VersionRead()
        case ToOne(target, relation):
            unique = is_unique(target, relation.target_columns)
            return OneRead(Rows(target, relation), row_fields(context, selected, target), unique)
        case RowList(target, relation):
            return list_read(context, selected, target, relation)
        case Connection(target, relation):
            return connection_read(context, selected, target, relation, row_fields)
        case Aggregate(target, relation):
            return aggregate_read(context, selected, target, relation)
        case FunctionField() as binding:
            return function_read(context, selected, binding)


def list_read(
    context: Context, selected: Selected, table: Table, relation: Relation | None, call: Call | None = None
) -> ListRead:
    """A list of a table's rows, of related rows, or of the rows a function returns."""
    order = order_of(context, selected, table)
    distinct = columns_of(context, selected, table, "distinctOn")
    rows = Rows(
        table,
        relation,
        call,
        where=where_of(context, selected, table),
        order=distinct_order(order, distinct) if distinct else order,
        distinct=distinct,
        limit=limit_of(selected, "limit", table),
        offset=_offset(selected),
    )
    return ListRead(rows, row_fields(context, selected, table))


def limit_of(selected: Selected, argument: str, table: Table | None) -> RowLimit:
    """How many rows to give: the argument, else the row cap."""
    given = selected.arguments.get(argument)
    source = None if given is None or given.is_null else given.source()
    return RowLimit(source, argument, selected.path, None if table is None else table.row_limit)


def _offset(selected: Selected) -> Offset | None:
    given = selected.arguments.get("offset")
    return None if given is None or given.is_null else Offset(given.source(), selected.path)


def function_read(context: Context, selected: Selected, binding: FunctionField) -> OneRead | ListRead | ValueRead:
    """What a function or a computed field returns."""
    function, table = binding.function, binding.table
    call = call_of(selected, function)
    if table is not None and function.returns_set:
        return list_read(context, selected, table, None, call)
    if table is not None:
        return OneRead(Rows(table, call=call), row_fields(context, selected, table))
    assert function.returns is not None  # the surface shows no function that returns nothing
    limit = RowLimit(None, path=selected.path) if function.returns_set else None
    return ValueRead(call, function.returns, shape_of(context, selected, function.returns), limit)


def call_of(selected: Selected, function: Function) -> Call:
    """The call of a function with the arguments of a field."""
    return Call(function, _passed(selected, function.arguments, positional=function.positional))


def _passed(selected: Selected, declared: tuple[Argument, ...], *, positional: bool) -> tuple[PassedArgument, ...]:
    """The arguments of a call. One that is left out and has a default is not passed."""
    passed: list[PassedArgument] = []
    left_out: str | None = None
    for argument in declared:
        given: Input | None = selected.arguments.get(argument.api_name)
        if given is None and argument.has_default:
            left_out = left_out or argument.api_name
            continue
        if positional and left_out is not None:
            refuse(selected, left_out, "must be given, because a later argument is")
        value = Given(Literal(None) if given is None or given.is_null else given.source(), encoder_of(argument.type))
        passed.append(PassedArgument(None if positional else argument.name, argument.type, value))
    return tuple(passed)
