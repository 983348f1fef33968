"""The body of a select over rows: its tables, conditions and order.

In: `Rows` of a plan and the alias of the parent's row. Out: a `Body`, and what follows the select list as SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kapok.identifiers import QualifiedName
from kapok.model.types import Table
from kapok.query.aliases import Aliases
from kapok.query.comparison import INT8, comparable
from kapok.query.fragments import Parameter, Sql, column, join, sql
from kapok.query.kept import whole_of
from kapok.query.kept_source import kept_source
from kapok.query.order import OrderKey, order_by, order_keys
from kapok.query.plan import ListRead, OneRead, RowFields, Rows, ValueRead, VersionRead
from kapok.query.source import Beside, Source, call_source, condition, link, table_source, target_source


@dataclass(frozen=True, slots=True)
class Body:
    """row: the alias of the row. tables: what follows `from`. conditions: all must hold. keys: the order."""

    row: str
    tables: Sql
    conditions: tuple[Sql, ...]
    keys: tuple[OrderKey, ...]

    def rest(self, *more: Sql) -> Sql:
        """` from ... where ...`, without order and limit. more: further conditions."""
        conditions = (*self.conditions, *more)
        return sql(" from ", self.tables, *((" where ", join(" and ", conditions)) if conditions else ()))


def body_of(rows: Rows, parent: str | None, aliases: Aliases, fields: RowFields = ()) -> Body:
    """The rows that are meant, in their order. fields: what is read of each."""
    beside = _beside(fields)
    if rows.kept is not None:
        kept, met, order = kept_source(rows.kept, rows.table, aliases, beside)
        return Body(kept.alias, kept.tables, tuple(met), order)
    elsewhere = rows.call is not None or (rows.drawn is not None and rows.drawn.typed)
    source, conditions = _source(rows, parent, aliases, replace(beside, version=beside.version and not elsewhere))
    if beside.version and elsewhere:
        aliases.note_version(source.alias, _version(rows.table, source.alias, aliases))
    keys, joins = order_keys(rows.order, source.alias, aliases)
    if rows.where is not None:
        conditions.append(condition(rows.where, source.alias, aliases))
    return Body(source.alias, sql(source.tables, joins), tuple(conditions), keys)


def _beside(fields: RowFields) -> Beside:
    reads = [field.read for field in fields]
    calls = [read.rows.call for read in reads if isinstance(read, OneRead | ListRead)]
    return Beside(
        version=any(isinstance(read, VersionRead) for read in reads),
        row=any(isinstance(read, ValueRead) for read in reads) or any(call is not None for call in calls),
    )


def _version(table: Table, row: str, aliases: Aliases) -> Sql:
    """The version of a row that a function gives: that of the table's row with its key, or 0 where there is none."""
    found = aliases.new()
    key = whole_of(table).primary_key
    names = () if key is None else key.columns
    meets = join(" and ", (sql(column(found, name), " = ", column(row, name)) for name in names))
    select = sql("select ", found, ".xmin from ", QualifiedName(None, table.name), f" {found} where ", meets)
    return sql("coalesce((", select, "), '0')")


def _source(rows: Rows, parent: str | None, aliases: Aliases, beside: Beside) -> tuple[Source, list[Sql]]:
    if rows.call is not None:
        source = call_source(rows.call, rows.table, parent, aliases, rows.where)
        return source, [] if source.condition is None else [source.condition]
    if rows.relation is not None and parent is not None:
        source = target_source(rows.relation, rows.table, aliases, rows.where, beside)
        return source, [link(rows.relation, parent, source, aliases)]
    return table_source(rows.table, aliases, rows.drawn, asked=rows.where, beside=beside), []


def ordered(body: Body, rows: Rows) -> Sql:
    """The body with order, limit and offset."""
    return sql(body.rest(), order_by(body.keys), limit(rows))


def distinct_on(body: Body, rows: Rows) -> Sql:
    """`distinct on (...) `, or nothing."""
    if not rows.distinct:
        return sql()
    values = [comparable(c.type).of(column(body.row, c.name)) for c in rows.distinct]
    return sql("distinct on (", join(", ", values), ") ")


def limit(rows: Rows) -> Sql:
    """` limit ... offset ...`, as far as there are any."""
    pieces = []
    if rows.limit is not None:
        pieces.append(sql(" limit ", Parameter(rows.limit, INT8)))
    if rows.offset is not None:
        pieces.append(sql(" offset ", Parameter(rows.offset, INT8)))
    return sql(*pieces)
