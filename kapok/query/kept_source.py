"""Where the rows come from that a mutation reads back.

In: a table as the role sees it, and rows kept by their primary key or written by a CTE. Out: a FROM clause.
"""

from __future__ import annotations

from kapok.model.types import Table
from kapok.query.aliases import Aliases
from kapok.query.comparison import INT4, Comparable
from kapok.query.fragments import Sql, column, join, sql
from kapok.query.kept import Kept
from kapok.query.order import OrderKey
from kapok.query.source import Source, table_source


def kept_source(kept: Kept, table: Table, aliases: Aliases) -> tuple[Source, list[Sql], tuple[OrderKey, ...]]:
    """The kept rows that are still there and that the role sees, the conditions on them and their order."""
    assert kept.table.primary_key is not None  # what is not kept by a key is read where it is written
    key = kept.table.primary_key.columns
    source = table_source(table, aliases)
    if not kept.many:
        return source, [sql(column(source.alias, name), " = ", kept.only(name)) for name in key], ()
    entry = aliases.new()
    meets = join(" and ", (sql(column(source.alias, name), " = ", kept.of(entry, name)) for name in key))
    tables = sql(kept.rows(), f" {entry}(v) join ", source.tables, " on ", meets)
    order = OrderKey(kept.position(entry), Comparable(INT4), descending=False, nulls_first=False, nullable=False)
    return Source(source.alias, tables), [], (order,)
