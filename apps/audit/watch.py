"""Looks at all logs from outside: how far each has come, and since when something waits.

In: a connection of the platform role, which logs. Out: facts, for apps/tenants/watching.py to judge. All logs together
take one look at the catalog and one statement for each hundred of them; only those that are not at rest cost more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import psycopg

from apps.audit.logs import log_of
from apps.audit.sealing_rows import kinds_of, sealed_up_to, table_of
from apps.audit.sealing_state import LogState, Session, read_log
from kapok.ledger.entries import CHANGE
from kapok.ledger.keys import KeyFormatError, PublicKey

#: Logs whose rows are read by one statement: a lock on a table and its index each.
BATCH = 100

# Only what the platform owns counts: a tenant's owner could make tables of these names in a schema of its own.
_POSITIONS = """
    select n.nspname,
           coalesce(max(pg_sequence_last_value(s.oid)) filter (where t.relname = 'kapok_change'), 0),
           coalesce(max(pg_sequence_last_value(s.oid)) filter (where t.relname = 'kapok_event'), 0)
    from pg_class t
    join pg_namespace n on n.oid = t.relnamespace
    join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid and d.deptype in ('a', 'i')
    join pg_class s on d.classid = 'pg_class'::regclass and s.oid = d.objid and s.relkind = 'S'
    where t.relname in ('kapok_change', 'kapok_event') and pg_has_role(t.relowner, 'usage')
    group by n.nspname
"""
# The next transaction's id, by taking it: a snapshot's xmax may be below those of transactions that run.
_MOMENT = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_current_xact_id()::text::bigint"
_ROW: LiteralString = """
    select %s, xmin::text, size, key, anchored_size, last_checked_at, sealing_problem, last_problem
    from {schema}.kapok_log
"""
_LAST_SIGNED = "select size, at from {schema}.kapok_checkpoint order by size desc limit 1"
_UNSIGNED = "select at from {schema}.kapok_entry where index >= %s order by index limit 1"
_UNANCHORED = "select at from {schema}.kapok_checkpoint where size > %s order by size limit 1"
_OLDEST: LiteralString = """
    select at from {schema}.{table} where (xid, position) > (%s::text::xid8, %s) and position > %s
    order by xid, position limit 1
"""
# Transaction ids of another cluster say nothing: no sealer has looked at the log since it was restored.
_RESTORED = """
    select sealed_at from {schema}.kapok_log
    where cluster not in ('', (select system_identifier::text from pg_control_system()))
"""
# Those that only read hold nothing back: they have no transaction id.
_OLDEST_TRANSACTION = """
    select pid, xact_start from pg_stat_activity where backend_xid is not null order by age(backend_xid) desc limit 1
"""


_WAITING: LiteralString = """
    select count(*) from (
        select from {schema}.{table} where (xid, position) > (%s::text::xid8, %s) and position > %s limit %s
    ) waiting
"""
_SIGNED_AFTER = "select key_id, at, size from {schema}.kapok_checkpoint where size >= %s order by size limit 1"


class Positions(NamedTuple):
    """The last positions that were given out in the two tables of a log."""

    change: int
    event: int


class Moment(NamedTuple):
    """Transaction ids: below `settled` none runs any more; `next` and later had none when this was asked."""

    settled: int
    next: int


@dataclass(frozen=True, slots=True)
class LogRow:
    """What kapok_log says. version: another one once the row was changed. key_id: "" before anything was signed."""

    version: str
    size: int
    key_id: str
    anchored_size: int
    checked_at: datetime | None
    sealing_problem: str
    check_problem: str


#: A log that nothing was sealed of yet.
BEGINNING = LogRow("", 0, "", 0, None, "", "")


@dataclass(frozen=True, slots=True)
class Standing:
    """signed_*: the last checkpoint. unanchored_since: when the first was signed that not all anchors have.
    waiting_since: when the oldest row was written that is committed and not sealed. unsigned_since: the same of what is
    sealed, and under no checkpoint."""

    signed_size: int
    signed_at: datetime | None
    unanchored_since: datetime | None
    waiting_since: datetime | None
    unsigned_since: datetime | None


def moment(session: Session) -> Moment:
    """Where transactions stand now."""
    row = session.execute(_MOMENT).fetchone()
    assert row is not None
    return Moment(*row)


def last_positions(session: Session) -> dict[str, Positions]:
    """By schema; only logs whose two tables are there, and kapok_event's alone for the control plane."""
    return {schema: Positions(change, event) for schema, change, event in session.execute(_POSITIONS).fetchall()}


def read_rows(session: Session, schemas: Sequence[str]) -> Iterator[tuple[str, LogRow | None]]:
    """kapok_log of each; None where it is not what it must be. Raises psycopg.OperationalError."""
    for begin in range(0, len(schemas), BATCH):
        some = schemas[begin : begin + BATCH]
        try:
            yield from _rows_of(session, some).items()
        except psycopg.ProgrammingError:
            for schema in some:
                yield schema, _row_of(session, schema)


def look_closer(session: Session, schema: str, anchored_size: int) -> Standing:
    """How a log stands. Raises psycopg.Error, ValueError where its tables are not what they must be."""
    log = log_of(schema)
    size, at = session.execute(log.sql(_LAST_SIGNED)).fetchone() or (0, None)
    return Standing(
        size,
        at,
        _time(session.execute(log.sql(_UNANCHORED), [anchored_size]).fetchone()),
        _waiting_since(session, schema),
        _time(session.execute(log.sql(_UNSIGNED), [size]).fetchone()),
    )


def waiting_rows(session: Session, schema: str, most: int) -> int:
    """How many rows are committed and not sealed, counted up to `most` for each table."""
    log, state = log_of(schema), read_log(session, log_of(schema))
    found = 0
    for kind in kinds_of(session, log):
        statement = log.sql(_WAITING.replace("{table}", table_of(kind)))
        row = session.execute(statement, [*_sealed(state, kind), most]).fetchone()
        assert row is not None
        found += row[0]
    return found


def signs_since(session: Session, schema: str, key_id: str, size: int) -> datetime | None:
    """When the key began to sign: the time of the first of the checkpoints, up to the last of `size` entries, that it
    signed without another key in between. A handful of probes, however many checkpoints there are."""
    log, low, high = log_of(schema), 0, size
    since: datetime | None = None
    while low <= high:
        middle = (low + high) // 2
        row = session.execute(log.sql(_SIGNED_AFTER), [middle]).fetchone()
        if row is None or row[0] == key_id:
            since = row[1] if row else since
            high = middle - 1
        else:
            low = row[2] + 1
    return since


def oldest_transaction(session: Session) -> tuple[int, datetime] | None:
    """The process whose transaction holds sealing back the longest, and since when it is open."""
    row = session.execute(_OLDEST_TRANSACTION).fetchone()
    return None if row is None or row[1] is None else (row[0], row[1])


def _rows_of(session: Session, schemas: Sequence[str]) -> dict[str, LogRow | None]:
    statement = " union all ".join(f"({log_of(schema).sql(_ROW)})" for schema in schemas)
    found: dict[str, LogRow | None] = dict.fromkeys(schemas, BEGINNING)
    for schema, version, size, key, *more in session.execute(statement.encode(), list(schemas)).fetchall():
        found[schema] = LogRow(version, size, _key_id(key), *more)
    return found


def _row_of(session: Session, schema: str) -> LogRow | None:
    try:
        return _rows_of(session, [schema])[schema]
    except psycopg.ProgrammingError:
        return None


def _key_id(key: str) -> str:
    try:
        return PublicKey.parse(key).id if key else ""
    except KeyFormatError:
        return ""


def _waiting_since(session: Session, schema: str) -> datetime | None:
    """The time of the first row that follows what was sealed last, in the order of sealing."""
    log = log_of(schema)
    restored = session.execute(log.sql(_RESTORED)).fetchone()
    if restored is not None:
        return _time(restored)
    state = read_log(session, log)
    oldest = []
    for kind in kinds_of(session, log):
        statement = log.sql(_OLDEST.replace("{table}", table_of(kind)))
        oldest.append(_time(session.execute(statement, _sealed(state, kind)).fetchone()))
    return min((at for at in oldest if at is not None), default=None)


def _sealed(state: LogState | None, kind: str) -> list[str | int]:
    """Up to which transaction and position rows are sealed, and up to which position a restore brought them."""
    if state is None:
        return ["0", 0, 0]
    xid, position = sealed_up_to(state, kind)
    return [str(xid), position, state.restored_change if kind == CHANGE else state.restored_event]


def _time(row: tuple[Any, ...] | None) -> datetime | None:
    return None if row is None else row[0]
