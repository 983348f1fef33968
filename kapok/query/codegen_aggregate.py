"""Aggregates to SQL.

In: an AggregateRead and the alias of the parent's row. Out: a `select` giving one JSON list with an object for each
group (one object without groups). Two layers: the grouped select, and the objects made of its columns.
"""

from __future__ import annotations

from kapok.query.aliases import Aliases
from kapok.query.body import body_of, limit
from kapok.query.comparison import comparable
from kapok.query.fragments import Sql, column, join, literal, sql
from kapok.query.objects import Entry, object_value, select_list
from kapok.query.order import order_by
from kapok.query.plan import (
    AggregateFunction,
    AggregateObject,
    AggregateRead,
    ColumnAggregate,
    CountRead,
    GroupKey,
    TypeName,
)
from kapok.query.wire import read_value


def aggregate_select(read: AggregateRead, parent: str | None, aliases: Aliases) -> Sql:
    """The select of the aggregates of some rows."""
    outer, group = aliases.new(), aliases.new()
    body = body_of(read.rows, parent, aliases)
    names: dict[Sql, str] = {}

    def named(value: Sql) -> Sql:
        return sql(f"{group}.{names.setdefault(value, f'a{len(names)}')}")

    def entry(value: ColumnAggregate | GroupKey | CountRead | TypeName) -> Sql:
        match value:
            case TypeName():
                return sql(literal(value.name), "::text")
            case CountRead():
                return named(sql("count(*)::text" if value.as_text else "count(*)"))
            case ColumnAggregate():
                return _in_wire_form(value, named(_aggregate(value, body.row)), aliases)
            case GroupKey():
                key = named(column(body.row, value.column.name))
                return read_value(key, value.column.type, value.shape, aliases, as_id=value.column.is_id)

    entries: list[Entry] = []
    for item in read.fields:
        if isinstance(item.read, AggregateObject):
            inner = [(f.key, entry(f.read)) for f in item.read.fields]
            entries.append((item.key, object_value(inner, aliases)))
        else:
            entries.append((item.key, entry(item.read)))
    values = join(", ", (sql(value, f" as {name}") for value, name in names.items()))
    grouped = sql("select ", values, body.rest(), _group_by(read, body.row), order_by(body.keys), limit(read.rows))
    return select_list(outer, entries, sql(" from (", grouped, f") {group}"))


def _group_by(read: AggregateRead, row: str) -> Sql:
    if not read.group_by:
        return sql()
    return sql(" group by ", join(", ", (column(row, c.name) for c in read.group_by)))


def _aggregate(read: ColumnAggregate, row: str) -> Sql:
    value = column(row, read.column.name)
    match read.function:
        case AggregateFunction.COUNT_DISTINCT:
            return sql("count(distinct ", comparable(read.column.type).of(value), ")")
        case AggregateFunction.SUM | AggregateFunction.AVG:
            return sql(f"{read.function}(", value, ")")
        case AggregateFunction.MIN | AggregateFunction.MAX:
            return sql(f"{read.function}(", comparable(read.column.type).of(value), ")")


def _in_wire_form(read: ColumnAggregate, value: Sql, aliases: Aliases) -> Sql:
    if read.function in (AggregateFunction.MIN, AggregateFunction.MAX):
        form = comparable(read.column.type)
        return value if form.cast else read_value(value, read.column.type, None, aliases, as_id=read.column.is_id)
    return sql(value, "::text") if read.as_text else value
