"""Rows to SQL: single rows, lists, function values, and the fields of a row.

In: what is read (a plan) and the alias of the parent's row. Out: a `select` giving one JSON text.
"""

from __future__ import annotations

from kapok.query.aliases import Aliases
from kapok.query.body import body_of, distinct_on, ordered
from kapok.query.codegen_aggregate import aggregate_select
from kapok.query.codegen_connection import connection_select
from kapok.query.comparison import INT8
from kapok.query.cursor import global_id
from kapok.query.fragments import Parameter, Sql, column, sql
from kapok.query.json_text import Json, Layer, list_of, nullable, object_of, present, quoted
from kapok.query.plan import (
    AggregateRead,
    ColumnRead,
    ConnectionRead,
    GlobalIdRead,
    ListRead,
    OneRead,
    RowFields,
    RowRead,
    TypeName,
    ValueRead,
    VersionRead,
)
from kapok.query.row_keys import marked
from kapok.query.source import call_sql
from kapok.query.wire import json_value, type_name

#: PostgreSQL manual, appendix K: at most 1,664 columns in a result. More are put together where the rows are read.
_MAX_COLUMNS = 1600


def row_object(fields: RowFields, row: str, layer: Layer | None, aliases: Aliases) -> Json:
    """The row of this alias. layer: the sub-select it is read in, if it is put together outside."""
    if layer is not None and len(fields) > _MAX_COLUMNS:
        return present(layer.column(row_object(fields, row, None, aliases).text()))
    return object_of((field.key, _read(field.read, row, layer, aliases)) for field in fields)


def _read(read: RowRead, row: str, layer: Layer | None, aliases: Aliases) -> Json:
    def outside(value: Sql) -> Sql:
        return value if layer is None else layer.column(value)

    match read:
        case TypeName():
            return type_name(read)
        case ColumnRead():
            value = outside(column(row, read.column.name))
            return nullable(json_value(value, read.column.type, read.shape, aliases, as_id=read.column.is_id))
        case GlobalIdRead():
            key = [outside(column(row, key.name)) for key in read.key]
            return quoted(global_id(read.type_name, key))
        case VersionRead():
            return quoted(sql(outside(aliases.version(row)), "::text"))
        case OneRead() | ValueRead():
            return nullable(outside(sql("(", select(read, row, aliases), ")")))
        case _:
            return present(outside(sql("(", select(read, row, aliases), ")")))


def select(
    read: OneRead | ListRead | ValueRead | ConnectionRead | AggregateRead, parent: str | None, aliases: Aliases
) -> Sql:
    """The `select` of anything that has rows of its own. Lists, connections and aggregates always give one."""
    match read:
        case ListRead():
            return _list(read, parent, aliases)
        case OneRead():
            return _one(read, parent, aliases)
        case ValueRead():
            return _value(read, parent, aliases)
        case ConnectionRead():
            return connection_select(read, parent, aliases, row_object)
        case AggregateRead():
            return aggregate_select(read, parent, aliases)


def _one(read: OneRead, parent: str | None, aliases: Aliases) -> Sql:
    body = body_of(read.rows, parent, aliases, read.fields)
    # A function that returns null gives one row of nulls.
    present = [sql("not (", aliases.whole(body.row), " is null)")] if read.rows.call is not None else []
    item = marked(row_object(read.fields, body.row, None, aliases), read.rows.table, body.row, None, aliases)
    return sql("select ", item.text(), body.rest(*present), "" if read.unique else " limit 1")


def _list(read: ListRead, parent: str | None, aliases: Aliases) -> Sql:
    layer = Layer(aliases.new())
    body = body_of(read.rows, parent, aliases, read.fields)
    item = marked(row_object(read.fields, body.row, layer, aliases), read.rows.table, body.row, layer, aliases)
    rows = sql("select ", distinct_on(body, read.rows), layer.select_list(), ordered(body, read.rows))
    return sql("select ", list_of(item), " from (", rows, ") ", layer.alias)


def _value(read: ValueRead, parent: str | None, aliases: Aliases) -> Sql:
    """The value is computed once, in a sub-select that cannot be pulled up, and written as JSON outside of it."""
    alias = aliases.new()
    gate = None if parent is None else aliases.view(parent).gates.get(read.call.function.name)
    met = sql() if gate is None else sql(" where ", gate)
    most = sql(" offset 0") if read.limit is None else sql(" limit ", Parameter(read.limit, INT8))
    source = sql(" from (select ", call_sql(read.call, parent, aliases), " as v", met, most, ") ", alias)
    value = json_value(sql(alias, ".v"), read.type, read.shape, aliases)
    item = value if read.limit is None else list_of(nullable(value))
    return sql("select ", item, source)
