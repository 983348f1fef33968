"""Makes sealed entries searchable: rows of kapok_search, a batch at a time, behind the sealing and never before it.

In: a connection in autocommit mode and a log. Out: rows, and kapok_log.indexed_size in the same transaction: killed at
any point, a batch is there whole or not at all. All of it can be thrown away and made again (`index_anew`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from django.db import transaction

from apps.audit.logs import LogRef
from apps.audit.sealing_rows import kinds_of, table_of
from apps.audit.sealing_state import Session
from apps.audit.search_terms import FACET_COLUMNS, TERMS

#: Entries of one transaction: a twentieth of a second. Who seals or erases waits as long.
BATCH = 2000

_LOCK = "select indexed_size, size from {schema}.kapok_log for update skip locked"
_ADVANCE = "update {schema}.kapok_log set indexed_size = %s"
_BEGIN_ANEW = "update {schema}.kapok_log set indexed_size = 0"
_INDEXED = "select indexed_size from {schema}.kapok_log"
_EMPTY = "truncate {schema}.kapok_search, {schema}.kapok_facet restart identity"
_PLAN = "select set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)"
# offset 0: each entry's row by its key; other plans would read whole tables.
_INDEX: LiteralString = """
    with found as materialized (
        select e.index, r.at, {facet}, {terms}
        from {schema}.kapok_entry e cross join lateral (
            select * from {schema}.{table} r
            where r.xid = e.xid and r.position = e.position and r.at = e.at offset 0
        ) r
        where e.kind = '{kind}' and e.index >= %(first)s and e.index < %(end)s
    ), fresh as (
        insert into {schema}.kapok_facet (kind, table_name, op, source, action, outcome)
        select distinct kind, table_name, op, source, action, outcome from found n
        where not exists (
            select from {schema}.kapok_facet f
            where (f.kind, f.action, f.outcome, f.table_name, f.op, f.source)
                = (n.kind, n.action, n.outcome, n.table_name, n.op, n.source)
        )
        returning id, kind, table_name, op, source, action, outcome
    )
    insert into {schema}.kapok_search (index, at, who, object, moved_to, request, facet)
    select n.index, n.at, n.who, n.object, n.moved_to, n.request, f.id
    from found n join (
        select * from fresh
        union all select id, kind, table_name, op, source, action, outcome from {schema}.kapok_facet
    ) f using (kind, action, outcome, table_name, op, source)
"""
#: Nulls the hashes of values that are erased; `forgotten` makes its parameters.
FORGET = """
    update {schema}.kapok_search set who = case when not %(who)s then who end,
        object = case when not %(object)s then object end, moved_to = case when not %(moved_to)s then moved_to end
    where index = %(index)s
"""
# Nobody makes rows of a facet meanwhile: who does has the same lock.
_WAIT = "select from {schema}.kapok_log for update"
_UNUSED = """
    delete from {schema}.kapok_facet f
    where not exists (select from {schema}.kapok_search s where s.facet = f.id)
"""
_EXPIRED = """
    delete from {schema}.kapok_search where index in (
        select s.index from {schema}.kapok_facet f cross join lateral (
            select index from {schema}.kapok_search s
            where s.facet = f.id and s.at < %(before)s limit %(limit)s
        ) s
        where f.kind = 'change' limit %(limit)s
    )
"""


def index_batch(session: Session, log: LogRef, limit: int = BATCH) -> bool:
    """Index the next entries. Out: whether there are more; False also while another process has the log, and for a log
    of an older Kapok. Raises psycopg.Error."""
    try:
        with session.transaction():
            row = session.execute(log.sql(_LOCK)).fetchone()
            if row is None or row[0] >= row[1]:
                return False
            first, end = row[0], min(row[0] + limit, row[1])
            session.execute(_PLAN)
            for kind in kinds_of(session, log):
                session.execute(_named(log, kind), {"first": first, "end": end})
            session.execute(log.sql(_ADVANCE), [end])
            return bool(end < row[1])
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName):
        return False


def index_all(session: Session, log: LogRef) -> None:
    """Index until nothing is left, or another process has the log. Raises psycopg.Error."""
    while index_batch(session, log):
        pass


def index_anew(session: Session, log: LogRef) -> int:
    """Throw the search table away and make it again; a running sealer helps. Out: how many entries are searchable.
    Raises psycopg.Error."""
    with session.transaction():
        session.execute(log.sql(_BEGIN_ANEW))
        session.execute(log.sql(_EMPTY))
    index_all(session, log)
    row = session.execute(log.sql(_INDEXED)).fetchone()
    return int(row[0]) if row else 0


def forgotten(index: int, erased: Collection[str], private: Collection[str]) -> dict[str, int | bool]:
    """Which hashes of an entry go with the erased paths. private: all paths that had a value."""
    keys = [path.removeprefix("key.") for path in private if path.startswith("key.")]
    has_lost_key = any(path.startswith("key.") for path in erased)
    return {
        "index": index,
        "who": "actor" in erased,
        "object": "target" in erased or has_lost_key,
        "moved_to": has_lost_key or any(f"after.{column}" in erased for column in keys),
    }


def forget_expired(cursor: Any, log: LogRef, before: datetime, limit: int = BATCH) -> bool:
    """Find changes from before a time no more, at most `limit` of them. cursor: Django's. Out: whether there may be
    more."""
    cursor.execute(log.sql(_EXPIRED), {"before": before, "limit": limit})
    return bool(cursor.rowcount == limit)


@transaction.atomic
def forget_facets(cursor: Any, log: LogRef) -> None:
    """Forget what no entry has in common any more. cursor: Django's."""
    cursor.execute(log.sql(_WAIT))
    cursor.execute(log.sql(_UNUSED))


def _named(log: LogRef, kind: str) -> str:
    marks = {"{facet}": FACET_COLUMNS[kind], "{terms}": TERMS[kind], "{table}": table_of(kind), "{kind}": kind}
    statement = _INDEX
    for mark, text in marks.items():
        statement = statement.replace(mark, text)
    return log.sql(statement)
