"""The watch: looks at all audit logs, and says what is wrong with each.

In: nothing; the beat calls it. Out: a row in AuditLog for each log, and alerts raised and resolved
(apps/tenants/alerts.py). A log that is at rest is known to be: it costs its part of a statement and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.utils import timezone
from psycopg.conninfo import make_conninfo

from apps.audit.logs import PUBLIC
from apps.audit.sealing_state import Session
from apps.audit.watch import (
    BEGINNING,
    LogRow,
    Moment,
    Positions,
    last_positions,
    look_closer,
    moment,
    oldest_transaction,
    read_rows,
)
from apps.tenants.alerts import Problem, Problems, settle, tell_people
from apps.tenants.fleet import MIGRATED_STATES
from apps.tenants.models import AlertKind, AuditLog, Tenant

#: The self-check is overdue when none has ended for so long.
CHECK_DAYS = 2
#: How far the clocks of two machines may differ.
CLOCKS_DIFFER = timedelta(minutes=1)

# One process at a time. An advisory lock could be taken by a tenant's login, too; this one cannot.
_LOCK = "lock table public.tenants_auditlog in share update exclusive mode nowait"
_MEMORY = [field.attname for field in AuditLog._meta.concrete_fields if field.attname not in ("schema", "known_since")]


def watch_logs() -> int:
    """One round. Out: how many logs were looked at; 0 while another process is at it. Raises psycopg.OperationalError
    while the database is away: nothing is resolved then."""
    with _alone() as alone:
        if not alone:
            return 0
        with closing(_session()) as session:
            logs = look_at_all(session)
            problems = judge(logs, oldest_transaction(session), timezone.now())
        settle(problems)
        tell_people()
    return len(logs)


def look_at_all(session: Session) -> list[AuditLog]:
    """Every log there should be, as it is now; stored as well."""
    given, at = last_positions(session), moment(session)
    logs = _known_logs()
    before = {log.schema: _memory(log) for log in logs if not log._state.adding}
    rows = dict(read_rows(session, [log.schema for log in logs if log.schema in given]))
    now = timezone.now()
    for log in logs:
        _look(session, log, given.get(log.schema), rows.get(log.schema), at, now)
    changed = [log for log in logs if log.is_platform or before.get(log.schema) != _memory(log)]
    for log in changed:
        log.looked_at = now
    AuditLog.objects.bulk_create(changed, update_conflicts=True, unique_fields=["schema"], update_fields=_MEMORY)
    return logs


def judge(logs: Iterable[AuditLog], holder: tuple[int, datetime] | None, now: datetime) -> Problems:
    """What is wrong with which log. holder: the process whose transaction holds sealing back the longest."""
    found: Problems = {}
    for log in logs:
        for kind, problem in _problems(log, holder, now):
            found[log.schema, kind] = problem
    return found


def _problems(log: AuditLog, holder: tuple[int, datetime] | None, now: datetime) -> Iterable[tuple[AlertKind, Problem]]:
    late = now - timedelta(seconds=settings.KAPOK_AUDIT_LAG_SECONDS)
    if log.unreadable_since is not None:
        if log.unreadable_since <= late:
            text = "The log's tables are gone, or are not those of this version of Kapok."
            yield AlertKind.UNREADABLE, Problem(log.tenant, log.unreadable_since, text)
        return
    if log.sealing_problem:
        yield AlertKind.SEALING_REFUSED, Problem(log.tenant, now, log.sealing_problem)
    if log.check_problem:
        yield AlertKind.CHECK_FAILED, Problem(log.tenant, log.checked_at or now, log.check_problem)
    if log.waiting_since is not None and log.waiting_since <= late:
        unsigned = log.size > log.signed_size and not log.sealing_problem
        text = _unsigned_text(log.waiting_since) if unsigned else _lag_text(log.waiting_since, holder)
        yield AlertKind.SEALING_LAGS, Problem(log.tenant, log.waiting_since, text)
    anchored = bool(settings.KAPOK_AUDIT_ANCHORS) or log.anchored_size > 0
    if anchored and log.unanchored_since is not None and log.unanchored_since <= late:
        text = f"The anchors lack the checkpoints signed since {_clock(log.unanchored_since)}."
        yield AlertKind.ANCHORS_BEHIND, Problem(log.tenant, log.unanchored_since, text)
    if log.signed_at is not None and log.signed_at > now + CLOCKS_DIFFER:
        text = f"The last checkpoint says that it was signed at {_clock(log.signed_at)}, which is in the future."
        yield AlertKind.CLOCK_AHEAD, Problem(log.tenant, now, text)
    checked = log.checked_at or log.known_since
    if log.size and checked <= now - timedelta(days=CHECK_DAYS):
        text = f"The log was {'not checked since ' + _clock(checked) if log.checked_at else 'never checked'}."
        yield AlertKind.CHECK_OVERDUE, Problem(log.tenant, checked, text)


def _unsigned_text(since: datetime) -> str:
    return (
        f"What was written at {_clock(since)}, and since, is under no signed checkpoint. The sealer signs nothing "
        "while it cannot ask an anchor how far the log has come."
    )


def _lag_text(since: datetime, holder: tuple[int, datetime] | None) -> str:
    text = f"What was written at {_clock(since)}, and since, is not sealed."
    if holder is not None and holder[1] <= since:
        text += f" A transaction that is open since {_clock(holder[1])} (process {holder[0]}) holds sealing back."
    return text


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _known_logs() -> list[AuditLog]:
    """The control plane's, and those of all tenants that have a schema; with what is known of them."""
    tenants = {tenant.schema_name: tenant for tenant in Tenant.objects.filter(state__in=MIGRATED_STATES)}
    wanted: dict[str, Tenant | None] = {PUBLIC: None, **tenants}
    known = {log.schema: log for log in AuditLog.objects.select_related("tenant")}
    AuditLog.objects.filter(schema__in=set(known) - set(wanted)).delete()
    return [known.get(schema) or AuditLog(schema=schema, tenant=tenant) for schema, tenant in sorted(wanted.items())]


def _look(
    session: Session, log: AuditLog, given: Positions | None, row: LogRow | None, at: Moment, now: datetime
) -> None:
    if given is None or row is None:
        log.unreadable_since = log.unreadable_since or now
        return
    moved = given != (log.change_position, log.event_position)
    if moved:
        log.change_position, log.event_position, log.seen_xid, log.calm = *given, 0, False
    elif not log.seen_xid:
        # A transaction moves a sequence a moment before it has an id; those that moved these have theirs by now.
        log.seen_xid = at.next
    at_rest = log.calm and row.version == log.version and log.signed_size == row.size
    if at_rest and log.unreadable_since is None:
        return
    try:
        standing = look_closer(session, log.schema, row.anchored_size)
    except psycopg.OperationalError:
        raise
    except (psycopg.Error, ValueError):
        log.unreadable_since = log.unreadable_since or now
        return
    log.unreadable_since = None
    log.version, log.size, log.key_id, log.anchored_size = row.version, row.size, row.key_id, row.anchored_size
    log.checked_at, log.sealing_problem, log.check_problem = row.checked_at, row.sealing_problem, row.check_problem
    log.signed_size, log.signed_at = standing.signed_size, standing.signed_at
    # Why nothing is signed, a problem says already.
    unsigned = None if row.sealing_problem else standing.unsigned_since
    log.unanchored_since, log.waiting_since = standing.unanchored_since, unsigned or standing.waiting_since
    log.calm = log.waiting_since is None and row is not BEGINNING and 0 < log.seen_xid < at.settled


def _memory(log: AuditLog) -> list[Any]:
    return [getattr(log, name) for name in _MEMORY]


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process is at it until the block ends."""
    with closing(_session()) as session:
        session.autocommit = False
        try:
            session.execute(_LOCK)
            locked = True
        except psycopg.errors.LockNotAvailable:
            locked = False
        yield locked


def _session() -> Session:
    """A connection of its own: two thousand logs' tables in its caches, and then it goes."""
    # The tests' database has another name than the URL says.
    conninfo = make_conninfo(settings.DATABASE_URL, dbname=connection.settings_dict["NAME"])
    return psycopg.connect(conninfo, autocommit=True, application_name="kapok watch")
