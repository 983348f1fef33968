"""Events whose time is over leave a log; their leaf hashes stay, and an event of the log says what went.

In: a log and a time. Out: how many went. In batches, each a transaction that says what it removed, so that a bundle
made after any of them verifies: what is gone was signed by then, and nothing else from before is there
(kapok/ledger/gone_check.py). Killed anywhere, the next call goes on.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

from django.db import connection, transaction

from apps.audit.actions import ACTIONS
from apps.audit.logs import LogRef
from apps.audit.record import record
from apps.audit.search_index import forget_facets
from kapok.ledger import expiry, rotation

#: Events of one transaction, which is half a second. Each leaves an event that stays.
BATCH = 20_000
#: How long one call goes on, in seconds.
SECONDS = 60.0
#: How long it waits for those who write events; they wait as long for it.
LOCK_TIMEOUT = "1s"
#: Events that stay: what proves which key followed which, and which rows were too old to be there.
STAYING = [ACTIONS[rotation.NAME].number, ACTIONS[expiry.NAME].number]

_OLD: LiteralString = "v.at < %(before)s and v.action <> all (%(staying)s::int[])"
_FIRST: LiteralString = "select v.at from {schema}.kapok_event v where {old} order by v.at offset %(offset)s limit 1"
# Whoever has written an event and has not committed it is waited for. What is written later is no older than now.
_SETTLE = "lock table {schema}.kapok_event in share mode"
# Entries below it are under the first checkpoint that was signed at this time or later.
_SIZE = """
    select coalesce(
        (select c.size from {schema}.kapok_checkpoint c where c.at >= %s order by c.at, c.size limit 1),
        (select max(c.size) from {schema}.kapok_checkpoint c), 0
    )
"""
_LATE: LiteralString = """
    select min(v.at) from {schema}.kapok_event v
    left join {schema}.kapok_entry e on e.kind = 'event' and e.position = v.position
    where {old} and (e.index is null or e.index >= %(size)s)
"""
_UPKEEP = "select set_config('kapok.log_upkeep', 'on', true)"
_REMOVE: LiteralString = """
    with gone as (delete from {schema}.kapok_event v where {old} returning v.position),
    forgotten as (
        delete from {schema}.kapok_search s using {schema}.kapok_entry e, gone g
        where e.kind = 'event' and e.position = g.position and s.index = e.index
    )
    select count(*) from gone
"""


def month_of(at: datetime) -> datetime:
    """When the month began, in UTC: events leave in months, so that few events have to say so."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def expire_events(log: LogRef, before: datetime, *, target: str, seconds: float = SECONDS) -> int:
    """Remove the log's events from before a time that is over, as far as they are sealed and signed. target: what the
    event that says so is about. Out: how many. Raises django.db.Error, among others while a transaction that has
    written an event stays open."""
    until, removed = time.monotonic() + seconds, 0
    with connection.cursor() as cursor:
        if _first(cursor, log, before) is None:
            return 0
        with transaction.atomic():
            cursor.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            cursor.execute(log.sql(_SETTLE))
        while time.monotonic() < until and (rows := _expire_batch(cursor, log, before, target)):
            removed += rows
        if removed:
            forget_facets(cursor, log)
    return removed


@transaction.atomic
def _expire_batch(cursor: Any, log: LogRef, before: datetime, target: str) -> int:
    end = _end(cursor, log, before)
    if end is None:
        return 0
    cursor.execute(_UPKEEP)
    cursor.execute(_of(log, _REMOVE), _parameters(end))
    rows: int = cursor.fetchone()[0]
    told = end.astimezone(UTC).isoformat().replace("+00:00", "Z")
    details = {"table": "kapok_event", "before": told, "rows": rows}
    record(expiry.NAME, log=log, actor="system", target=target, details=details)
    return rows


def _end(cursor: Any, log: LogRef, before: datetime) -> datetime | None:
    """The time that a batch's events are from before; None when none may go."""
    offset = BATCH
    while (first := _first(cursor, log, before)) is not None:
        beyond = _first(cursor, log, before, offset)
        end = before if beyond is None else max(beyond, first + timedelta(microseconds=1))
        safe = _safe(cursor, log, end)
        if safe > first:
            return safe
        if beyond is None:
            return None
        # Something was sealed long after it was written: a batch has to reach beyond that.
        offset *= 2
    return None


def _safe(cursor: Any, log: LogRef, end: datetime) -> datetime:
    """The last time up to `end` before which every event is under the first checkpoint from then on."""
    while True:
        cursor.execute(log.sql(_SIZE), [end])
        size = cursor.fetchone()[0]
        cursor.execute(_of(log, _LATE), {**_parameters(end), "size": size})
        late: datetime | None = cursor.fetchone()[0]
        if late is None:
            return end
        end = late


def _first(cursor: Any, log: LogRef, before: datetime, offset: int = 0) -> datetime | None:
    """When the first of them was, or that after so many."""
    cursor.execute(_of(log, _FIRST), {**_parameters(before), "offset": offset})
    found = cursor.fetchone()
    return found[0] if found else None


def _of(log: LogRef, statement: LiteralString) -> str:
    return log.sql(statement.replace("{old}", _OLD))


def _parameters(before: datetime) -> dict[str, Any]:
    return {"before": before, "staying": STAYING}
