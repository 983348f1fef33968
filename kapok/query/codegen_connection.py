"""Connections to SQL.

In: a ConnectionRead and the alias of the parent's row. Out: a `select` giving one JSON object. Three layers: the page
(rows beyond the cursor, in order, one more than asked when a fact about more rows is wanted, numbered), the lists and
facts aggregated from it, and the object. Backwards, the page is read in the reverse order and turned round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kapok.query.aliases import Aliases
from kapok.query.body import Body, body_of, where
from kapok.query.comparison import INT8
from kapok.query.cursor import cursor
from kapok.query.fragments import Parameter, Sql, join, literal, sql
from kapok.query.keyset import beyond
from kapok.query.objects import Entry, object_value, select_objects
from kapok.query.order import order_by
from kapok.query.plan import (
    ConnectionRead,
    Cursor,
    EdgesRead,
    NodeRead,
    NodesRead,
    PageFact,
    PageInfoRead,
    RowFields,
    TotalCount,
    TypeName,
)

ReadRow = Callable[[RowFields, str, Aliases], list[Entry]]


def connection_select(read: ConnectionRead, parent: str | None, aliases: Aliases, read_row: ReadRow) -> Sql:
    """The select of one connection."""
    outer = aliases.new()
    page = _Page(read, parent, aliases, read_row)
    entries = [(entry.key, page.read(entry.read)) for entry in read.fields]
    return select_objects(outer, entries, page.source())


@dataclass
class _Page:
    """Collects what the layers must hold while the fields are read."""

    connection: ConnectionRead
    parent: str | None
    aliases: Aliases
    read_row: ReadRow
    #: expressions over a row -> their names in the page
    columns: dict[Sql, str] = field(default_factory=dict)
    #: expressions over the page -> their names among the aggregates
    aggregates: dict[Sql, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.totals, self.page = self.aliases.new(), self.aliases.new()
        self.body: Body = body_of(self.connection.rows, self.parent, self.aliases)
        infos = [entry.read for entry in self.connection.fields if isinstance(entry.read, PageInfoRead)]
        facts = {entry.read for info in infos for entry in info.fields}
        # Whether one row more than asked is read.
        self.one_more = (PageFact.HAS_PREVIOUS if self.connection.backward else PageFact.HAS_NEXT) in facts
        self.numbered = self.connection.backward or self.one_more or bool(facts & {PageFact.START, PageFact.END})

    # --- the fields -------------------------------------------------------------------------------------------------

    def read(self, read: EdgesRead | NodesRead | PageInfoRead | TotalCount | TypeName) -> Sql:
        """A field of the connection, as an expression over the aggregates."""
        match read:
            case TypeName():
                return _type_name(read)
            case EdgesRead():
                return self._list(object_value([(e.key, self._edge(e.read)) for e in read.fields], self.aliases))
            case NodesRead():
                return self._list(self._node(read.fields))
            case PageInfoRead():
                return object_value([(entry.key, self._fact(entry.read)) for entry in read.fields], self.aliases)
            case TotalCount():
                return self._total()

    def _edge(self, read: Cursor | NodeRead | TypeName) -> Sql:
        match read:
            case TypeName():
                return _type_name(read)
            case Cursor():
                return self._cursor()
            case NodeRead():
                return self._node(read.fields)

    def _node(self, fields: RowFields) -> Sql:
        entries = self.read_row(fields, self.body.row, self.aliases)
        return object_value([(key, self._column(value)) for key, value in entries], self.aliases)

    def _cursor(self) -> Sql:
        return self._column(cursor(self.connection.order_id, [key.value for key in self.body.keys]))

    def _fact(self, read: PageFact | TypeName) -> Sql:
        backward = self.connection.backward
        match read:
            case TypeName():
                return _type_name(read)
            case PageFact.HAS_NEXT:
                return self._beyond_page(backward=True) if backward else self._has_more()
            case PageFact.HAS_PREVIOUS:
                return self._has_more() if backward else self._beyond_page(backward=False)
            case PageFact.START:
                return self._last_cursor() if backward else self._first_cursor()
            case PageFact.END:
                return self._first_cursor() if backward else self._last_cursor()

    # --- over the page ----------------------------------------------------------------------------------------------

    def _column(self, value: Sql) -> Sql:
        name = self.columns.setdefault(value, f"f{len(self.columns)}")
        return sql(f"{self.page}.{name}")

    def _aggregate(self, value: Sql) -> Sql:
        name = self.aggregates.setdefault(value, f"a{len(self.aggregates)}")
        return sql(f"{self.totals}.{name}")

    def _within(self) -> Sql:
        """`filter` that leaves out the row that was read to know of more."""
        if not self.one_more:
            return sql()
        return sql(f" filter (where {self.page}.n <= ", self._limit(), ")")

    def _list(self, item: Sql) -> Sql:
        order = f" order by {self.page}.n desc" if self.connection.backward else ""
        return self._aggregate(sql("coalesce(json_agg(", item, order, ")", self._within(), ", '[]')"))

    def _has_more(self) -> Sql:
        return self._aggregate(sql("count(*) > ", self._limit()))

    def _first_cursor(self) -> Sql:
        return self._aggregate(sql("min(", self._cursor(), f") filter (where {self.page}.n = 1)"))

    def _last_cursor(self) -> Sql:
        every = sql("array_agg(", self._cursor(), f" order by {self.page}.n desc)", self._within())
        return self._aggregate(sql("(", every, ")[1]"))

    # --- beside the page --------------------------------------------------------------------------------------------

    def _beyond_page(self, *, backward: bool) -> Sql:
        """Whether there are rows on the other side of the cursor the page starts from."""
        values = self.connection.before if backward else self.connection.after
        if not values:
            return sql("false")
        body = body_of(self.connection.rows, self.parent, self.aliases)
        outside = sql("(", beyond(body.keys, values, reverse=backward), ") is not true")
        return sql("exists (select from ", body.tables, where(*body.conditions, outside), ")")

    def _total(self) -> Sql:
        body = body_of(self.connection.rows, self.parent, self.aliases)
        return sql("(select count(*)", body.rest(), ")")

    def _limit(self) -> Parameter:
        rows_limit = self.connection.rows.limit
        assert rows_limit is not None  # a connection always has a page size
        return Parameter(rows_limit, INT8)

    # --- the layers -------------------------------------------------------------------------------------------------

    def source(self) -> Sql:
        """` from (aggregates of the page)`; nothing when no field needs the page."""
        if not self.aggregates:
            return sql()
        values = join(", ", (sql(value, f" as {name}") for value, name in self.aggregates.items()))
        return sql(" from (select ", values, " from (", self._numbered_rows(), f") {self.page}) {self.totals}")

    def _numbered_rows(self) -> Sql:
        connection, body = self.connection, self.body
        conditions = list(body.conditions)
        if connection.after:
            conditions.append(beyond(body.keys, connection.after))
        if connection.before:
            conditions.append(beyond(body.keys, connection.before, reverse=True))
        columns = join(", ", (sql(value, f" as {name}") for value, name in self.columns.items()))
        most = sql(" limit ", self._limit(), " + 1" if self.one_more else "")
        order = order_by(body.keys, reverse=connection.backward)
        rows = sql("select ", columns, " from ", body.tables, where(*conditions), order, most)
        if not self.numbered:
            return rows
        # Numbered outside of the limit: inside, the window would keep Postgres from a top-N sort.
        row = self.aliases.new()
        return sql("select ", row, ".*, row_number() over () as n from (", rows, ") ", row)


def _type_name(read: TypeName) -> Sql:
    return sql(literal(read.name), "::text")
