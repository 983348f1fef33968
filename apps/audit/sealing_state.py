"""How far the sealing of a log has come: its row in kapok_log, locked while somebody works on it.

In: a connection in a transaction. Out: `LogState`, or None where another process has the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg

from apps.audit.logs import LogRef
from kapok.ledger.keys import PublicKey

Session = psycopg.Connection[tuple[Any, ...]]

_BEGIN = """
    insert into {schema}.kapok_log (id, origin, horizon, size, last_problem) values (1, %s, '0', 0, '')
    on conflict do nothing
"""
_READ = """
    select origin, size, horizon::text::bigint, after_kind, after_position, cluster,
           restored_change, restored_event, restored_unsealed,
           key, next_key, next_key_event, former_keys::text, anchored_size, sealing_problem
    from {schema}.kapok_log
"""
_SET_PROBLEM = "update {schema}.kapok_log set sealing_problem = %s"


class Place(NamedTuple):
    """A place in the order in which a log is sealed."""

    xid: int
    kind: str
    position: int


@dataclass(frozen=True, slots=True)
class LogState:
    """A log's row. The fields are those of apps/audit/models/ledger.py."""

    origin: str
    size: int
    after: Place
    cluster: str
    restored_change: int
    restored_event: int
    restored_unsealed: bool
    key: PublicKey | None
    next_key: PublicKey | None
    next_key_event: int | None
    former_keys: str
    anchored_size: int
    sealing_problem: str


def lock_log(session: Session, log: LogRef) -> LogState | None:
    """The log's state, locked until the transaction ends; None where another transaction has it."""
    locking = log.sql(_READ + " for update skip locked")
    row = session.execute(locking).fetchone()
    if row is None:
        begin_log(session, log)
        row = session.execute(locking).fetchone()
    return None if row is None else _state(row)


def begin_log(session: Session, log: LogRef) -> None:
    """See that the log has its row."""
    session.execute(log.sql(_BEGIN), [log.origin])


def read_log(session: Session, log: LogRef) -> LogState | None:
    """The log's state as it was just now; None where nothing was ever sealed."""
    row = session.execute(log.sql(_READ)).fetchone()
    return None if row is None else _state(row)


def set_sealing_problem(session: Session, log: LogRef, problem: str) -> None:
    """Write down why no checkpoint is signed; "" for no reason any more."""
    session.execute(log.sql(_SET_PROBLEM), [problem])


def _state(row: tuple[Any, ...]) -> LogState:
    origin, size, xid, kind, position, cluster, change, event, unsealed, key, next_key, next_event, former, *rest = row
    return LogState(
        origin, size, Place(xid, kind, position), cluster, change, event, unsealed,
        PublicKey.parse(key) if key else None, PublicKey.parse(next_key) if next_key else None, next_event,
        former, *rest,
    )  # fmt: skip
