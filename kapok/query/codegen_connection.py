"""Connections to SQL.

In: a ConnectionRead and the alias of the parent's row. Out: a `select` giving one JSON object. Three layers: the page
(rows beyond the cursor, in order, one more than asked when a fact about more rows is wanted, numbered), the lists and
facts aggregated from it, and the object. Backwards, the page is read in the reverse order and turned round.
"""

from __future__ import annotations

from collections.abc import Callable

from kapok.query.aliases import Aliases
from kapok.query.body import body_of
from kapok.query.comparison import INT8
from kapok.query.cursor import cursor
from kapok.query.fragments import Parameter, Sql, sql
from kapok.query.json_text import Json, Layer, constant, list_of, nullable, object_of, present, quoted
from kapok.query.keyset import beyond
from kapok.query.order import order_by
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
    RowRead,
    TotalCount,
    TypeName,
)
from kapok.query.row_keys import marked
from kapok.query.wire import type_name

#: The JSON of a row: its fields, its alias, the layer it is read in.
RowObject = Callable[[RowFields, str, Layer, Aliases], Json]


def connection_select(read: ConnectionRead, parent: str | None, aliases: Aliases, row_object: RowObject) -> Sql:
    """The select of one connection; it always gives one row."""
    page = _Page(read, parent, aliases, row_object)
    item = object_of((entry.key, page.read(entry.read)) for entry in read.fields)
    return sql("select ", item.text(), page.source())


def _of_each(read: ConnectionRead) -> RowFields:
    """All that is read of each row, wherever it is asked for."""
    found: list[Field[RowRead]] = []
    for item in read.fields:
        if isinstance(item.read, NodesRead):
            found += item.read.fields
        elif isinstance(item.read, EdgesRead):
            found += [
                field for edge in item.read.fields if isinstance(edge.read, NodeRead) for field in edge.read.fields
            ]
    return tuple(found)


class _Page:
    """Collects what the layers must hold while the fields are read."""

    def __init__(self, read: ConnectionRead, parent: str | None, aliases: Aliases, row_object: RowObject) -> None:
        self._plan, self._parent, self._aliases, self._row_object = read, parent, aliases, row_object
        self._facts, self._page = Layer(aliases.new()), Layer(aliases.new())
        self._body = body_of(read.rows, parent, aliases, _of_each(read))
        infos = [entry.read for entry in read.fields if isinstance(entry.read, PageInfoRead)]
        wanted = {entry.read for info in infos for entry in info.fields}
        # Whether one row more than asked is read.
        self._one_more = (PageFact.HAS_PREVIOUS if read.backward else PageFact.HAS_NEXT) in wanted
        self._numbered = read.backward or self._one_more or bool(wanted & {PageFact.START, PageFact.END})

    # --- the fields -------------------------------------------------------------------------------------------------

    def read(self, read: EdgesRead | NodesRead | PageInfoRead | TotalCount | TypeName) -> Json:
        """A field of the connection, as JSON over the facts."""
        match read:
            case TypeName():
                return type_name(read)
            case EdgesRead():
                return self._list(object_of((entry.key, self._edge(entry.read)) for entry in read.fields))
            case NodesRead():
                return self._list(self._node(read.fields))
            case PageInfoRead():
                return object_of((entry.key, self._fact(entry.read)) for entry in read.fields)
            case TotalCount():
                body = body_of(self._plan.rows, self._parent, self._aliases)
                return present(sql("(select count(*)::text", body.rest(), ")"))

    def _edge(self, read: Cursor | NodeRead | TypeName) -> Json:
        match read:
            case TypeName():
                return type_name(read)
            case Cursor():
                return quoted(self._cursor())
            case NodeRead():
                return self._node(read.fields)

    def _node(self, fields: RowFields) -> Json:
        item = self._row_object(fields, self._body.row, self._page, self._aliases)
        return marked(item, self._plan.rows.table, self._body.row, self._page, self._aliases)

    def _cursor(self) -> Sql:
        return cursor(self._plan.order_id, [self._page.column(key.value) for key in self._body.keys])

    def _fact(self, read: PageFact | TypeName) -> Json:
        backward = self._plan.backward
        match read:
            case TypeName():
                return type_name(read)
            case PageFact.HAS_NEXT:
                return self._beyond_page() if backward else self._has_more()
            case PageFact.HAS_PREVIOUS:
                return self._has_more() if backward else self._beyond_page()
            case PageFact.START:
                return self._cursor_at("m" if backward else "1")
            case PageFact.END:
                return self._cursor_at("1" if backward else "m")

    # --- over the page ----------------------------------------------------------------------------------------------

    def _number(self) -> Sql:
        return sql(self._page.alias, ".n")

    def _within(self) -> Sql | None:
        """The condition that leaves out the row that was read to know of more."""
        return sql(self._number(), " <= ", self._limit()) if self._one_more else None

    def _list(self, item: Json) -> Json:
        order = sql(" order by ", self._number(), " desc") if self._plan.backward else None
        return present(self._facts.column(list_of(item, order, self._within())))

    def _has_more(self) -> Json:
        return present(sql(self._facts.column(sql("count(*) > ", self._limit())), "::text"))

    def _cursor_at(self, place: str) -> Json:
        """The cursor of the first row that was read (1) or of the last (m), if it is on the page."""
        number = sql("1" if place == "1" else f"{self._page.alias}.m")
        if self._one_more:
            number = sql("least(", number, ", ", self._limit(), ")")
        found = sql("min(", self._cursor(), ") filter (where ", self._number(), " = ", number, ")")
        return nullable(sql("'\"' || ", self._facts.column(found), " || '\"'"))

    def _limit(self) -> Parameter:
        rows_limit = self._plan.rows.limit
        assert rows_limit is not None  # a connection always has a page size
        return Parameter(rows_limit, INT8)

    def _beyond_page(self) -> Json:
        """Whether there are rows on the other side of the cursor the page starts from."""
        values = self._plan.before if self._plan.backward else self._plan.after
        if not values:
            return constant("false")
        body = body_of(self._plan.rows, self._parent, self._aliases)
        outside = sql("(", beyond(body.keys, values, reverse=self._plan.backward), ") is not true")
        return present(sql("(exists (select", body.rest(outside), "))::text"))

    # --- the layers -------------------------------------------------------------------------------------------------

    def source(self) -> Sql:
        """` from (facts of the page)`; nothing when no field needs the page."""
        if not self._facts:
            return sql()
        facts = sql("select ", self._facts.select_list(), " from (", self._rows(), ") ", self._page.alias)
        return sql(" from (", facts, ") ", self._facts.alias)

    def _rows(self) -> Sql:
        plan, body = self._plan, self._body
        conditions = [beyond(body.keys, plan.after)] if plan.after else []
        if plan.before:
            conditions.append(beyond(body.keys, plan.before, reverse=True))
        most = sql(" limit ", self._limit(), " + 1" if self._one_more else "")
        order = order_by(body.keys, reverse=plan.backward)
        rows = sql("select ", self._page.select_list(), body.rest(*conditions), order, most)
        if not self._numbered:
            return rows
        # Numbered outside of the limit: inside, the window would keep Postgres from a top-N sort.
        row = self._aliases.new()
        return sql("select ", row, ".*, row_number() over () as n, count(*) over () as m from (", rows, ") ", row)
