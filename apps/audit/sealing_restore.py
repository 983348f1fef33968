"""A log that came into another Postgres by a restore: its transaction ids mean nothing there.

In: a log's state, locked. Out: the state to go on with. What came along and is not sealed yet is found by looking for
rows without an entry; what is written from now on is found by transaction id again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import LiteralString

from apps.audit.logs import LogRef
from apps.audit.sealing_rows import kinds_of, table_of
from apps.audit.sealing_state import LogState, Place, Session
from kapok.ledger.entries import CHANGE, EVENT

#: How long writers are waited for; while they are, others wait too.
LOCK_TIMEOUT = "3s"

_CLUSTER = "select system_identifier::text from pg_control_system()"
_LOCK: LiteralString = "lock table {schema}.{table} in share mode"
_LAST: LiteralString = "select coalesce(max(position), 0) from {schema}.{table}"
_FOREIGN: LiteralString = """
    select exists (select from {schema}.{table} where xid >= pg_snapshot_xmax(pg_current_snapshot()))
"""
_HORIZON = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_MOVE = """
    update {schema}.kapok_log
    set cluster = %s, horizon = %s::text::xid8, after_kind = '', after_position = 0,
        restored_change = %s, restored_event = %s, restored_unsealed = %s
"""


def settle_in(session: Session, log: LogRef, state: LogState) -> LogState:
    """The state as it is, where the log is at home. Raises psycopg.errors.LockNotAvailable when writers take long."""
    row = session.execute(_CLUSTER).fetchone()
    assert row is not None
    cluster: str = row[0]
    if state.cluster == cluster:
        return state
    moved = _moved(session, log, state) if state.cluster or _has_foreign_rows(session, log) else state
    moved = replace(moved, cluster=cluster)
    session.execute(
        log.sql(_MOVE),
        [cluster, str(moved.after.xid), moved.restored_change, moved.restored_event, moved.restored_unsealed],
    )
    return moved


def _has_foreign_rows(session: Session, log: LogRef) -> bool:
    """Whether rows have transaction ids that this cluster has not given out yet."""
    return any(
        session.execute(log.sql(_FOREIGN.replace("{table}", table_of(kind)))).fetchone() == (True,)
        for kind in kinds_of(session, log)
    )


def _moved(session: Session, log: LogRef, state: LogState) -> LogState:
    session.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
    last = {CHANGE: 0, EVENT: 0}
    kinds = kinds_of(session, log)
    # Nobody writes while it is decided which rows came along: positions up to `last`. A later position of a
    # transaction that runs already has an xid that is not below the horizon.
    for kind in kinds:
        session.execute(log.sql(_LOCK.replace("{table}", table_of(kind))))
    for kind in kinds:
        row = session.execute(log.sql(_LAST.replace("{table}", table_of(kind)))).fetchone()
        assert row is not None
        last[kind] = row[0]
    row = session.execute(_HORIZON).fetchone()
    assert row is not None
    return replace(
        state,
        after=Place(row[0], "", 0),
        restored_change=last[CHANGE],
        restored_event=last[EVENT],
        restored_unsealed=True,
    )
