"""Celery tasks of the logs: thin, they call self_check. In: nothing, or a schema. Out: nothing; kapok_log says it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import closing

import psycopg
from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError as QueueUnavailable
from psycopg.conninfo import make_conninfo

from apps.audit.anchors import Anchor
from apps.audit.anchors_named import anchors_named
from apps.audit.logs import LogRef, log_of
from apps.audit.sealing import schemas_of_logs
from apps.audit.sealing_state import Session
from apps.audit.self_check import check_slice
from kapok.ledger.keys import PublicKey

log_lines = logging.getLogger("kapok.audit")

#: Every log is checked as often as this, in seconds.
ROUND_SECONDS = 24 * 60 * 60
#: How long one task checks; the next goes on where it stopped. In seconds.
BUDGET_SECONDS = 120.0

_DUE = """
    select last_checked_at is null or checked_size > 0
           or last_checked_at < clock_timestamp() - make_interval(secs => %s)
    from {schema}.kapok_log
"""
# What the planner knows of a table (pg_statistic) are values of it, erased ones too until it is analyzed again.
_VACUUM = "vacuum (analyze) {schema}.kapok_entry, {schema}.kapok_event, {schema}.kapok_search"
_VACUUM_CHANGES = "vacuum (analyze) {schema}.kapok_change"


@shared_task
def check_logs() -> None:
    """Go on checking the logs that are due. The beat calls this."""
    anchors, trusted = what_vouches()
    until = time.monotonic() + BUDGET_SECONDS
    with closing(_connect()) as session:
        for schema in schemas_of_logs(session):
            log = log_of(schema)
            try:
                while time.monotonic() < until and _is_due(session, log):
                    check_slice(session, log, anchors, trusted)
            except (psycopg.Error, OSError) as exc:
                if session.closed:
                    raise
                log_lines.warning("the log %s could not be checked now", log.origin, exc_info=exc)


@shared_task
def vacuum_log(schema: str) -> None:
    """Take what was erased out of the tables' pages, and out of their statistics."""
    log = log_of(schema)
    with closing(_connect()) as session:
        session.execute(log.sql(_VACUUM))
        if session.execute("select to_regclass(%s)", [log.sql("{schema}.kapok_change")]).fetchone() != (None,):
            session.execute(log.sql(_VACUUM_CHANGES))


def queue_vacuum(log: LogRef) -> None:
    """Have a worker do that. Where the queue is away, autovacuum does it in its time."""
    try:
        vacuum_log.apply_async((log.schema,), retry=False)
    except (QueueUnavailable, OSError) as exc:
        log_lines.warning("the log %s is vacuumed later", log.origin, exc_info=exc)


def _is_due(session: Session, log: LogRef) -> bool:
    return session.execute(log.sql(_DUE), [ROUND_SECONDS]).fetchone() == (True,)


def _connect() -> Session:
    # The tests' database has another name than the URL says.
    conninfo = make_conninfo(settings.DATABASE_URL, dbname=settings.DATABASES["default"]["NAME"])
    return psycopg.connect(conninfo, autocommit=True)


def what_vouches() -> tuple[Sequence[Anchor], list[PublicKey]]:
    """The anchors and the trusted keys that logs are checked against, as the environment names them."""
    trusted = [PublicKey.parse(text) for text in settings.KAPOK_AUDIT_TRUSTED_KEYS]
    return anchors_named(settings.KAPOK_AUDIT_ANCHORS), trusted
