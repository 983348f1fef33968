"""Aggregates to SQL.

In: an AggregateRead and the alias of the parent's row. Out: a `select` giving one JSON list with an object for each
group (one object without groups). Two layers: the grouped select, and the objects made of its columns.
"""

from __future__ import annotations

from kapok.model.types import Column
from kapok.query.aliases import Aliases
from kapok.query.body import Body, body_of, limit
from kapok.query.comparison import comparable
from kapok.query.fragments import Sql, column, join, literal, sql
from kapok.query.objects import Entry, object_value, select_list
from kapok.query.plan import (
    AggregateFunction,
    AggregateObject,
    AggregateRead,
    ColumnAggregate,
    CountRead,
    GroupKey,
    NullRead,
    Shape,
    TypeName,
)
from kapok.query.wire import read_value

_COUNT = sql("count(*)")


def aggregate_select(read: AggregateRead, parent: str | None, aliases: Aliases) -> Sql:
    """The select of the aggregates of some rows."""
    outer = aliases.new()
    grouped = _Grouped(read, parent, aliases)
    entries: list[Entry] = []
    for item in read.fields:
        if isinstance(item.read, AggregateObject):
            inner = [(entry.key, grouped.read(entry.read)) for entry in item.read.fields]
            entries.append((item.key, object_value(inner, aliases)))
        else:
            entries.append((item.key, grouped.read(item.read)))
    return select_list(outer, entries, grouped.source())


class _Grouped:
    """The grouped select: collects its columns while the fields are read."""

    def __init__(self, read: AggregateRead, parent: str | None, aliases: Aliases) -> None:
        self._plan = read
        self._aliases = aliases
        self._group = aliases.new()
        self._body: Body = body_of(read.rows, parent, aliases)
        # Without a group there is one object, even if nothing is counted in it.
        self._columns: dict[Sql, str] = {} if read.group_by else {_COUNT: "a0"}

    def read(self, read: ColumnAggregate | GroupKey | CountRead | NullRead | TypeName) -> Sql:
        """A value, as an expression over the grouped select."""
        match read:
            case TypeName():
                return sql(literal(read.name), "::text")
            case NullRead():
                return sql("null")
            case CountRead():
                return self._column(_COUNT)
            case GroupKey():
                return self._own_type(read.column, self._column(self._comparable(read.column)), read.shape)
            case ColumnAggregate():
                return self._aggregate(read)

    def _aggregate(self, read: ColumnAggregate) -> Sql:
        value = column(self._body.row, read.column.name)
        match read.function:
            case AggregateFunction.COUNT_DISTINCT:
                return self._column(sql("count(distinct ", self._comparable(read.column), ")"))
            case AggregateFunction.MIN | AggregateFunction.MAX:
                extreme = self._column(sql(read.function.value, "(", self._comparable(read.column), ")"))
                return self._own_type(read.column, extreme, None)
            case AggregateFunction.SUM | AggregateFunction.AVG:
                number = self._column(sql(read.function.value, "(", value, ")"))
                return sql(number, "::text") if read.as_text else number

    def source(self) -> Sql:
        """` from (the grouped select)`."""
        values = join(", ", (sql(value, f" as {name}") for value, name in self._columns.items()))
        keys = join(", ", (self._comparable(key) for key in self._plan.group_by))
        groups = sql(" group by ", keys, " order by ", keys) if self._plan.group_by else sql()
        grouped = sql("select ", values, self._body.rest(), groups, limit(self._plan.rows))
        return sql(" from (", grouped, ") ", self._group)

    def _column(self, value: Sql) -> Sql:
        return sql(self._group, ".", self._columns.setdefault(value, f"a{len(self._columns)}"))

    def _comparable(self, key: Column) -> Sql:
        return comparable(key.type).of(column(self._body.row, key.name))

    def _own_type(self, of: Column, value: Sql, shape: Shape) -> Sql:
        """A value of a column's own type in wire form. One that had to be cast to be compared is text already."""
        if comparable(of.type).cast:
            return value
        return read_value(value, of.type, shape, self._aliases, as_id=of.is_id)
