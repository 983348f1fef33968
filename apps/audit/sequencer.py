"""The sequencer of a log: appends what was committed, in the order of commits' transaction ids, exactly once.

In: a connection of the platform role without a transaction. Out: entries, tiles and the new size, in one transaction:
killed at any point it has done a batch or nothing of it. Rows below the oldest transaction that still runs are all
that will ever be there, so nothing that commits late is lost (docs/audit-sealing.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import psycopg

from apps.audit.logs import LogRef
from apps.audit.sealing_restore import settle_in
from apps.audit.sealing_rows import Row, new_rows, restored_rows
from apps.audit.sealing_state import LogState, Place, Session, lock_log
from kapok.ledger.entries import EVENT, Entry, new_seed
from kapok.ledger.tiles import grow

#: Most entries of one transaction.
BATCH = 5000

_HORIZON = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_COPY = "copy {schema}.kapok_entry (index, kind, position, xid, at, leaf_hash, seed) from stdin"
_READ_TILE = "select hashes from {schema}.kapok_tile where level = %s and index = %s"
_WRITE_TILE = """
    insert into {schema}.kapok_tile (level, index, hashes) values (%s, %s, %s)
    on conflict (level, index) do update set hashes = excluded.hashes
"""
_ADVANCE = """
    update {schema}.kapok_log
    set size = %s, horizon = %s::text::xid8, after_kind = %s, after_position = %s, restored_unsealed = %s,
        sealed_at = clock_timestamp()
"""


#: index, kind, position, xid, at, leaf_hash, seed
_Entry = tuple[int, str, int, str, str, bytes, bytes]


class SealingError(Exception):
    """A log cannot be sealed as it is; the message says why."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a batch did. entries: how many. horizon: below it nothing is left, unless more: then there is."""

    entries: int
    horizon: int
    more: bool


def seal_batch(session: Session, log: LogRef, limit: int = BATCH) -> Sealed | None:
    """Seal what is new, at most `limit` rows. None: another process is at it. Raises SealingError, psycopg.Error."""
    with session.transaction():
        state = lock_log(session, log)
        if state is None:
            return None
        state = settle_in(session, log, state)
        row = session.execute(_HORIZON).fetchone()
        assert row is not None
        horizon: int = row[0]
        if state.restored_unsealed:
            return _seal(session, log, state, horizon, limit, restored_rows(session, log, state, limit))
        return _seal(session, log, state, horizon, limit, new_rows(session, log, state, horizon, limit))


def _seal(session: Session, log: LogRef, state: LogState, horizon: int, limit: int, rows: Iterator[Row]) -> Sealed:
    entries = []
    last = state.after
    for index, row in enumerate(islice(rows, limit), start=state.size):
        seed = new_seed()
        last = row.place
        leaf_hash = _leaf_hash(state.origin, row, seed)
        entries.append((index, last.kind, last.position, str(last.xid), row.at, leaf_hash, seed))
    # The cursors of what was not read are closed before the connection is used again.
    del rows
    full = len(entries) == limit
    if not entries and not state.restored_unsealed:
        return Sealed(0, horizon, more=False)
    _append(session, log, state.size, entries)
    if state.restored_unsealed:
        after = replace(state, restored_unsealed=full)
    else:
        after = replace(state, after=last if full else Place(horizon, "", 0))
    advance = [state.size + len(entries), str(after.after.xid), *after.after[1:], after.restored_unsealed]
    session.execute(log.sql(_ADVANCE), advance)
    return Sealed(len(entries), horizon, more=full or state.restored_unsealed)


def _leaf_hash(origin: str, row: Row, seed: bytes) -> bytes:
    kind, position = row.place.kind, row.place.position
    if kind == EVENT and not row.public["name"]:
        # A newer Kapok may know it; the leaf must say the name.
        raise SealingError(f"event {position} has an action that is not in the registry")
    return Entry(kind, row.at, position, row.public, row.private, seed).leaf_hash(origin)


def _append(session: Session, log: LogRef, size: int, entries: list[_Entry]) -> None:
    def read_tile(level: int, index: int) -> bytes:
        row = session.execute(log.sql(_READ_TILE), [level, index]).fetchone()
        return b"" if row is None else bytes(row[0])

    with session.cursor() as cursor:
        try:
            with cursor.copy(log.sql(_COPY)) as copy:
                for entry in entries:
                    copy.write_row(entry)
        except psycopg.errors.UniqueViolation as exc:
            raise SealingError("a row that is sealed already was to be sealed again: kapok_log was changed") from exc
    try:
        tiles = grow(size, [entry[5] for entry in entries], read_tile)
    except ValueError as exc:
        raise SealingError(str(exc)) from exc
    with session.cursor() as cursor:
        cursor.executemany(log.sql(_WRITE_TILE), [(*place, hashes) for place, hashes in tiles.items()])
