"""What a mutation gives back: rows read in the statement that writes them, or afterwards by their keys.

In: what is read of the rows. Out: SQL for the JSON text of a root field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kapok.model.types import Table, TableKind
from kapok.query.codegen_rows import select
from kapok.query.draft import WRITTEN, Draft, Script
from kapok.query.fragments import Sql, sql
from kapok.query.guard import GuardedTable
from kapok.query.kept import Kept, whole_of
from kapok.query.mentions import is_related
from kapok.query.plan import (
    ColumnRead,
    Drawn,
    GlobalIdRead,
    ListRead,
    OneRead,
    OrderTerm,
    RowFields,
    Rows,
    TypeName,
    VersionRead,
)
from kapok.query.refusals import Refusal
from kapok.query.values import RowLimit
from kapok.query.write_operation import Origin, Result

#: What stands for the version of a row among the columns of w.
VERSION = "xmin"
_W = Drawn(sql(WRITTEN))


def readable_at_once(table: Table, fields: RowFields | None) -> bool:
    """Whether all of it can be read of the row as it was written: its own columns, under rules that look at no other
    rows."""
    own = all(isinstance(f.read, TypeName | ColumnRead | GlobalIdRead | VersionRead) for f in fields or ())
    grants = table.select if isinstance(table, GuardedTable) else ()
    if fields and table.kind is TableKind.PARTITIONED and (grants or any(f.read == VersionRead() for f in fields)):
        return False  # Postgres may not know the system columns of a row it has passed on to a partition
    return own and not any(is_related(grant.where) for grant in grants)


def columns_read(table: Table, fields: RowFields | None) -> Iterator[str]:
    """The columns of w that reading it at once needs."""
    if fields is None:
        return
    if isinstance(table, GuardedTable) or not readable_at_once(table, fields):
        yield from (column.name for column in whole_of(table).columns)
        if any(field.read == VersionRead() for field in fields):
            yield VERSION
        return
    for field in fields:
        match field.read:
            case ColumnRead():
                yield field.read.column.name
            case GlobalIdRead():
                yield from (column.name for column in field.read.key)
            case VersionRead():
                yield VERSION


def read_one(draft: Draft, table: Table, fields: RowFields | None) -> Sql:
    """The row of w as an object, null where there is none or the role does not see it; without fields whether there is
    one."""
    if fields is None:
        return sql(f"(exists (select from {WRITTEN}))::text")
    return sql("(", select(OneRead(Rows(table, drawn=_W), fields), None, draft.aliases), ")")


def read_list(draft: Draft, table: Table, fields: RowFields | None, *, ordered: bool = False) -> Sql:
    """The rows of w as a list; without fields their number. ordered: by their key as far as the role sees it, and no
    more than the row cap."""
    if fields is None:
        return sql("(select count(*)::text from ", WRITTEN, ")")
    rows = Rows(table, drawn=_W)
    if ordered:
        rows = replace(rows, order=_by_key(table), limit=RowLimit(None, table_cap=table.row_limit))
    return sql("(", select(ListRead(rows, fields), None, draft.aliases), ")")


def _by_key(table: Table) -> tuple[OrderTerm, ...]:
    return tuple(OrderTerm(table.column(name)) for name in table.primary_key.columns) if table.primary_key else ()


def read_back(
    script: Script,
    kept: Kept,
    table: Table,
    fields: RowFields | None,
    origin: Origin,
    *,
    one: bool,
    required: bool = False,
    capped: bool = False,
) -> Result:
    """Read kept rows in a statement of its own. capped: no more than the row cap."""
    draft = Draft(origin)
    result = draft.result(_kept_json(draft, kept, table, fields, one=one, required=required, capped=capped))
    return Result(script.add(draft), draft.column(result))


def _kept_json(
    draft: Draft, kept: Kept, table: Table, fields: RowFields | None, *, one: bool, required: bool, capped: bool
) -> Sql:
    if fields is None:
        entry = draft.aliases.new()
        counted = sql("(select ", "count(*) > 0" if one else "count(*)", " from ", kept.rows(), f" {entry})::text")
        return counted
    rows = Rows(table, kept=kept)
    if not one:
        rows = replace(rows, limit=RowLimit(None, table_cap=table.row_limit)) if capped else rows
        return sql("(", select(ListRead(rows, fields), None, draft.aliases), ")")
    return shown(draft, sql("(", select(OneRead(rows, fields), None, draft.aliases), ")"), required=required)


def shown(draft: Draft, value: Sql, *, required: bool) -> Sql:
    """A row's object, or a refusal where it is required."""
    return sql("coalesce(", value, ", ", draft.refusal(Refusal.HIDDEN, sql("1")), ")") if required else value
