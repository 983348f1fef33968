"""A large audit log, written by SQL, and searches in it, for bench/measures/audit_search.py.

In: a tenant of the bench's control plane. Out: rows of its log, all of them searchable; milliseconds of pages.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg
from django.conf import settings

from apps.audit.browse import Filter, find_entries, history_of_row
from apps.audit.logs import LogRef, log_of
from apps.audit.sealing_rows import table_of
from apps.audit.sealing_state import Session
from apps.audit.search_index import index_all
from apps.audit.search_terms import FACET_COLUMNS, TERMS
from apps.tenants.models import Tenant
from kapok.identifiers import quote_identifier
from kapok.ledger.entries import CHANGE, EVENT

TABLES, ROWS, ACTORS = 40, 200_000, 5000
#: So many entries are made searchable batch by batch, the others at once. Positions of rows begin after FIRST.
BATCHED, FIRST = 100_000, 1_000_000

# Every twentieth entry is an event. Every tenth change is of row 7 of its table; a third is by one of all actors.
_CHANGES = """
    insert into {schema}.kapok_change
        (position, xid, at, table_name, op, key, before, after, actor, session_id, request_id, source)
    overriding system value
    select 1000000 + n, pg_current_xact_id(), %(since)s::timestamptz + n * %(step)s::interval,
        'table_' || n %% %(tables)s,
        (array['insert', 'update', 'update', 'update', 'delete'])[1 + n / 7 %% 5],
        jsonb_build_object('id', row), jsonb_build_object('id', row, 'name', 'Guest ' || n, 'price', 10.50),
        jsonb_build_object('id', row, 'name', 'Guest ' || n + 1, 'price', 10.50),
        'end_user:' || case when n %% 3 = 0 then 0 else (n::bigint * 7919) %% %(actors)s end, 'session ' || n / 100,
        'request ' || n / 3, (array['api', 'api', 'api', 'owner'])[1 + n / 11 %% 4]
    from (
        select n, case when n / %(tables)s %% 10 = 0 then 7 else (n::bigint * 104729) %% %(rows)s end as row
        from generate_series(1, %(entries)s) n where n %% 20 <> 0
    ) n
"""
_EVENTS = """
    insert into {schema}.kapok_event (position, xid, at, action, outcome, actor, target, request_id, address, details)
    overriding system value
    select 1000000 + n, pg_current_xact_id(), %(since)s::timestamptz + n * %(step)s::interval,
        (array[621, 622, 631, 632, 801, 811, 203, 204, 912, 301])[1 + n / 20 %% 10],
        case when n / 20 %% 10 in (1, 5) then 'refused' else 'ok' end, 'operator:' || n %% 50,
        'user:' || (n::bigint * 31) %% 10000, 'request ' || n / 3, '192.0.2.1', '{}'
    from generate_series(20, %(entries)s, 20) n
"""
_ENTRIES = """
    insert into {schema}.kapok_entry (index, kind, position, xid, at, leaf_hash, seed)
    select n - 1, case when n %% 20 = 0 then 'event' else 'change' end, 1000000 + n, pg_current_xact_id(),
        %(since)s::timestamptz + n * %(step)s::interval, sha256(n::text::bytea), sha256(('s' || n)::bytea)
    from generate_series(1, %(entries)s) n
"""
_LOG = """
    insert into {schema}.kapok_log (id, origin, horizon, size, last_problem)
    values (1, 'bench', pg_current_xact_id()::text::bigint::text::xid8, %(entries)s, '')
    on conflict (id) do update set size = %(entries)s
"""
# As apps/audit/search_index.py, but for all at once: entries are numbered as their rows are.
_FACETS: LiteralString = """
    insert into {schema}.kapok_facet (kind, table_name, op, source, action, outcome)
    select distinct {facet} from {schema}.{table} r where r.position > %s and r.position <= %s
"""
_AT_ONCE: LiteralString = """
    insert into {schema}.kapok_search (index, at, who, object, moved_to, request, facet)
    select n.position - 1000001, n.at, n.who, n.object, n.moved_to, n.request, f.id
    from (
        select r.position, r.at, {facet}, {terms} from {schema}.{table} r where r.position > %s and r.position <= %s
    ) n join {schema}.kapok_facet f using (kind, action, outcome, table_name, op, source)
"""
_INDEXES = """
    select indexname, indexdef from pg_indexes
    where schemaname = %s and tablename = 'kapok_search' and indexname not like '%%pkey'
"""


def write_log(tenant: str, entries: int, begin: str) -> float:
    """Replace a tenant's log by so many entries of twenty days from `begin` on. Out: how many entries a second are made
    searchable."""
    log = log_of(Tenant.objects.get(slug=tenant).schema_name)
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as session:
        _write(session, log, entries, begin)
        return _make_searchable(session, log, entries)


def time_pages(tenant: str, searches: list[dict[str, Any]], pages: int) -> list[list[float]]:
    """Milliseconds of each of the first pages that each search of a tenant's log has; a key of one of a table's rows
    alone (`row`) is its history. Out: one list for each search."""
    log = log_of(Tenant.objects.get(slug=tenant).schema_name)
    return [[seconds * 1000 for seconds in _pages(log, dict(search), pages)] for search in searches]


def _pages(log: LogRef, search: dict[str, Any], pages: int) -> Iterator[float]:
    row = search.pop("row", None)
    wanted = Filter(**{name: _value(value) for name, value in search.items()})
    cursor = ""
    for _ in range(pages):
        began = time.perf_counter()
        if row is None:
            page = find_entries(log, wanted, cursor=cursor)
        else:
            page = history_of_row(log, wanted.tables[0], row, cursor=cursor)
        yield time.perf_counter() - began
        cursor = page.cursor
        if not cursor:
            return


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    is_time = isinstance(value, str) and value[:2] == "20" and "T" in value
    return datetime.fromisoformat(value) if is_time else value


def _write(session: Session, log: LogRef, entries: int, begin: str) -> None:
    """Changes, events and entries, all of one transaction."""
    step = timedelta(days=20) / entries
    parameters = {
        "since": begin, "step": step, "entries": entries, "tables": TABLES, "rows": ROWS, "actors": ACTORS
    }  # fmt: skip
    with session.transaction():
        session.execute(log.sql("truncate {schema}.kapok_entry, {schema}.kapok_search, {schema}.kapok_facet").encode())
        for statement in (_CHANGES, _EVENTS, _ENTRIES, _LOG):
            session.execute(log.sql(statement).encode(), parameters)
    for table in ("kapok_change", "kapok_event", "kapok_entry"):
        session.execute(f"vacuum analyze {log.sql('{schema}.')}{table}".encode())


def _make_searchable(session: Session, log: LogRef, entries: int) -> float:
    """Most of the log at once, without indexes; then the rest as the sealer does it. Out: entries a second of that."""
    indexes = session.execute(_INDEXES, [log.schema]).fetchall()
    for name, _ in indexes:
        session.execute(f"drop index {log.sql('{schema}.')}{quote_identifier(name)}".encode())
    with session.transaction():
        for kind in (CHANGE, EVENT):
            for statement in (_FACETS, _AT_ONCE):
                marks = {"{facet}": FACET_COLUMNS[kind], "{terms}": TERMS[kind], "{table}": table_of(kind)}
                for mark, text in marks.items():
                    statement = statement.replace(mark, text)
                session.execute(log.sql(statement).encode(), [FIRST, FIRST + entries - BATCHED])
        session.execute(log.sql("update {schema}.kapok_log set indexed_size = %s").encode(), [entries - BATCHED])
    for _, definition in indexes:
        session.execute(definition.encode())
    session.execute(f"vacuum analyze {log.sql('{schema}.')}kapok_search".encode())
    began = time.perf_counter()
    index_all(session, log)
    return BATCHED / (time.perf_counter() - began)
