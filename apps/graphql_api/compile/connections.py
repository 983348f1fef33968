"""Connections to plans. In: a connection field. Out: a ConnectionRead. Raises BAD_USER_INPUT."""

from __future__ import annotations

from collections.abc import Callable

from apps.graphql_api.compile.context import TYPENAME, Context, Selected, refuse
from apps.graphql_api.compile.filters import where_of
from apps.graphql_api.compile.order import order_id, order_of, total_order
from kapok.model.types import Relation, Table
from kapok.query.cursor import CursorValue
from kapok.query.plan import (
    ConnectionRead,
    Cursor,
    EdgesRead,
    Field,
    NodeRead,
    NodesRead,
    PageFact,
    PageInfoRead,
    RowFields,
    Rows,
    TotalCount,
    TypeName,
)
from kapok.query.values import RowLimit, Value

#: Reads the fields selected of a table's row.
ReadRow = Callable[[Context, Selected, Table], RowFields]


def connection_read(
    context: Context, selected: Selected, table: Table, relation: Relation | None, read_row: ReadRow
) -> ConnectionRead:
    """A connection over a table's rows, or over related rows."""
    order = total_order(order_of(context, selected, table), table)
    backward = _given(selected, "last")
    if backward and _given(selected, "first"):
        refuse(selected, "last", "must not be given together with first")
    identity = order_id(order, table)

    def cursor(argument: str) -> tuple[Value, ...]:
        if not _given(selected, argument):
            return ()
        source = selected.arguments[argument].source()
        places = range(len(order))
        return tuple(CursorValue(source, identity, place, len(order), selected.path) for place in places)

    rows = Rows(
        table,
        relation,
        where=where_of(context, selected, table),
        order=order,
        limit=_page_size(selected, "last" if backward else "first", table),
    )
    fields = tuple(_field(context, inner, table, read_row) for inner in context.selected(selected))
    return ConnectionRead(rows, fields, identity, backward, cursor("after"), cursor("before"))


def _given(selected: Selected, argument: str) -> bool:
    given = selected.arguments.get(argument)
    return given is not None and not given.is_null


def _page_size(selected: Selected, argument: str, table: Table) -> RowLimit:
    source = selected.arguments[argument].source() if _given(selected, argument) else None
    return RowLimit(source, argument, selected.path, table.row_limit)


def _field(
    context: Context, selected: Selected, table: Table, read_row: ReadRow
) -> Field[EdgesRead | NodesRead | PageInfoRead | TotalCount | TypeName]:
    match selected.name:
        case "edges":
            return Field(selected.key, _edges(context, selected, table, read_row))
        case "nodes":
            return Field(selected.key, NodesRead(read_row(context, selected, table)))
        case "pageInfo":
            return Field(selected.key, _page_info(context, selected))
        case "totalCount":
            return Field(selected.key, TotalCount())
        case _:
            return Field(selected.key, TypeName(context.surface.types[table.name].connection))


def _edges(context: Context, selected: Selected, table: Table, read_row: ReadRow) -> EdgesRead:
    fields: list[Field[Cursor | NodeRead | TypeName]] = []
    for inner in context.selected(selected):
        match inner.name:
            case "node":
                fields.append(Field(inner.key, NodeRead(read_row(context, inner, table))))
            case "cursor":
                fields.append(Field(inner.key, Cursor()))
            case _:
                fields.append(Field(inner.key, TypeName(context.surface.types[table.name].edge)))
    return EdgesRead(tuple(fields))


def _page_info(context: Context, selected: Selected) -> PageInfoRead:
    return PageInfoRead(
        tuple(
            Field(inner.key, TypeName(selected.type_name) if inner.name == TYPENAME else PageFact(inner.name))
            for inner in context.selected(selected)
        )
    )
