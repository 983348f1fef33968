"""Rows to SQL: single rows, lists, function values, and the fields of a row.

In: what is read (a plan) and the alias of the parent's row. Out: a `select` giving one JSON value (or, for a function's
value, an SQL value in wire form).
"""

from __future__ import annotations

from kapok.query.aliases import Aliases
from kapok.query.body import body_of, distinct_on, ordered, where
from kapok.query.codegen_aggregate import aggregate_select
from kapok.query.codegen_connection import connection_select
from kapok.query.comparison import INT8
from kapok.query.cursor import global_id
from kapok.query.fragments import Parameter, Sql, column, literal, sql
from kapok.query.objects import Entry, select_list, select_objects
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
)
from kapok.query.source import call_sql
from kapok.query.wire import read_value


def row_entries(fields: RowFields, row: str, aliases: Aliases) -> list[Entry]:
    """The JSON entries of the row of this alias."""
    return [(field.key, _read(field.read, row, aliases)) for field in fields]


def _read(read: RowRead, row: str, aliases: Aliases) -> Sql:
    match read:
        case ColumnRead():
            value = column(row, read.column.name)
            return read_value(value, read.column.type, read.shape, aliases, as_id=read.column.is_id)
        case TypeName():
            return sql(literal(read.name), "::text")
        case GlobalIdRead():
            return global_id(read.type_name, [column(row, key.name) for key in read.key])
        case _:
            return sql("(", select(read, row, aliases), ")")


def select(
    read: OneRead | ListRead | ValueRead | ConnectionRead | AggregateRead, parent: str | None, aliases: Aliases
) -> Sql:
    """The `select` of anything that has rows of its own."""
    match read:
        case ListRead():
            return _list(read, parent, aliases)
        case OneRead():
            return _one(read, parent, aliases)
        case ValueRead():
            return _value(read, parent, aliases)
        case ConnectionRead():
            return connection_select(read, parent, aliases, row_entries)
        case AggregateRead():
            return aggregate_select(read, parent, aliases)


def _one(read: OneRead, parent: str | None, aliases: Aliases) -> Sql:
    outer = aliases.new()
    body = body_of(read.rows, parent, aliases)
    entries = row_entries(read.fields, body.row, aliases)
    if read.rows.call is not None:  # a function that returns null gives one row of nulls
        return select_objects(outer, entries, sql(body.rest(), where(sql("not (", body.row, " is null)"))))
    return select_objects(outer, entries, sql(body.rest(), "" if read.unique else " limit 1"))


def _list(read: ListRead, parent: str | None, aliases: Aliases) -> Sql:
    outer = aliases.new()
    body = body_of(read.rows, parent, aliases)
    entries = row_entries(read.fields, body.row, aliases)
    return select_list(outer, entries, ordered(body, read.rows), distinct_on(body, read.rows))


def _value(read: ValueRead, parent: str | None, aliases: Aliases) -> Sql:
    """The value is computed once, in a sub-select that cannot be pulled up, and read in wire form from there."""
    outer = aliases.new()
    most = sql(" offset 0") if read.limit is None else sql(" limit ", Parameter(read.limit, INT8))
    source = sql(" from (select ", call_sql(read.call, parent), " as v", most, ") ", outer)
    value = read_value(sql(outer, ".v"), read.type, read.shape, aliases)
    return sql("select ", sql("coalesce(json_agg(", value, "), '[]')") if read.limit else value, source)
