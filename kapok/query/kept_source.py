"""Where the rows come from that a mutation reads back.

In: a table as the role sees it, and rows kept by their primary key or written by a CTE. Out: a FROM clause.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from kapok.model.types import Table
from kapok.query.aliases import Aliases
from kapok.query.comparison import INT4, Comparable
from kapok.query.fragments import Sql, column, join, sql
from kapok.query.kept import Kept
from kapok.query.order import OrderKey
from kapok.query.source import NOTHING_BESIDE, Beside, Source, table_source


def kept_source(
    kept: Kept, table: Table, aliases: Aliases, beside: Beside = NOTHING_BESIDE
) -> tuple[Source, list[Sql], tuple[OrderKey, ...]]:
    """The kept rows that are still there and that the role sees, the conditions on them and their order."""
    assert kept.table.primary_key is not None  # what is not kept by a key is read where it is written
    key = kept.table.primary_key.columns
    if not kept.many:
        only = {name: kept.only(name) for name in key}
        source = table_source(table, aliases, within=partial(_equal, values=only), beside=beside)
        return source, [] if source.condition is None else [source.condition], ()
    entry = aliases.new()
    within = partial(_equal, values={name: kept.of(entry, name) for name in key})
    source = table_source(table, aliases, within=within, beside=beside)
    if source.condition is None:
        tables = sql(kept.rows(), f" {entry}(v) cross join lateral ", source.tables)
    else:
        tables = sql(kept.rows(), f" {entry}(v) join ", source.tables, " on ", source.condition)
    order = OrderKey(kept.position(entry), Comparable(INT4), descending=False, nulls_first=False, nullable=False)
    return Source(source.alias, tables), [], (order,)


def _equal(row: str, values: Mapping[str, Sql]) -> Sql:
    return join(" and ", (sql(column(row, name), " = ", value) for name, value in values.items()))
