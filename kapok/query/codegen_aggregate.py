"""Aggregates to SQL.

In: an AggregateRead and the alias of the parent's row. Out: a `select` giving one JSON list with an object for each
group (one object without groups). Two layers: the grouped select, and the objects made of its columns.
"""

from __future__ import annotations

from kapok.model.types import Column
from kapok.query.aliases import Aliases
from kapok.query.body import Body, body_of, limit
from kapok.query.comparison import comparable
from kapok.query.fragments import Sql, column, join, sql
from kapok.query.json_text import Json, Layer, constant, list_of, nullable, object_of, present
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
from kapok.query.wire import json_value, type_name

_COUNT = sql("count(*)")


def aggregate_select(read: AggregateRead, parent: str | None, aliases: Aliases) -> Sql:
    """The select of the aggregates of some rows."""
    grouped = _Grouped(read, parent, aliases)
    entries: list[tuple[str, Json]] = []
    for item in read.fields:
        if isinstance(item.read, AggregateObject):
            inner = object_of((entry.key, grouped.read(entry.read)) for entry in item.read.fields)
            entries.append((item.key, inner))
        else:
            entries.append((item.key, grouped.read(item.read)))
    return sql("select ", list_of(object_of(entries)), grouped.source())


class _Grouped:
    """The grouped select: collects its columns while the fields are read."""

    def __init__(self, read: AggregateRead, parent: str | None, aliases: Aliases) -> None:
        self._plan = read
        self._aliases = aliases
        self._layer = Layer(aliases.new())
        self._body: Body = body_of(read.rows, parent, aliases)
        if not read.group_by:  # there is one object, even if nothing is counted in it
            self._layer.column(_COUNT)

    def read(self, read: ColumnAggregate | GroupKey | CountRead | NullRead | TypeName) -> Json:
        """A value, as JSON over the grouped select."""
        match read:
            case TypeName():
                return type_name(read)
            case NullRead():
                return constant("null")
            case CountRead():
                return present(sql(self._layer.column(_COUNT), "::text"))
            case GroupKey():
                return self._own_type(read.column, self._comparable(read.column), read.shape)
            case ColumnAggregate():
                return self._aggregate(read)

    def _aggregate(self, read: ColumnAggregate) -> Json:
        function = read.function
        match function:
            case AggregateFunction.COUNT_DISTINCT:
                number = self._layer.column(sql("count(distinct ", self._comparable(read.column), ")"))
                return present(sql(number, "::text"))
            case AggregateFunction.MIN | AggregateFunction.MAX:
                extreme = sql(function.value, "(", self._comparable(read.column), ")")
                return self._own_type(read.column, extreme, None)
            case AggregateFunction.SUM | AggregateFunction.AVG:
                value = column(self._body.row, read.column.name)
                number = self._layer.column(sql(function.value, "(", value, ")"))
                return nullable(sql("to_json(", number, "::text" if read.as_text else "", ")::text"))

    def source(self) -> Sql:
        """` from (the grouped select)`."""
        keys = join(", ", (self._comparable(key) for key in self._plan.group_by))
        groups = sql(" group by ", keys, " order by ", keys) if self._plan.group_by else sql()
        values = self._layer.select_list()
        grouped = sql("select ", values, self._body.rest(), groups, limit(self._plan.rows))
        return sql(" from (", grouped, ") ", self._layer.alias)

    def _comparable(self, key: Column) -> Sql:
        return comparable(key.type).of(column(self._body.row, key.name))

    def _own_type(self, of: Column, inner: Sql, shape: Shape) -> Json:
        """A value of a column's own type in wire form. One that had to be cast to be compared is text already."""
        value = self._layer.column(inner)
        if comparable(of.type).as_text:
            return nullable(sql("to_json(", value, ")::text"))
        return nullable(json_value(value, of.type, shape, self._aliases, as_id=of.is_id))
