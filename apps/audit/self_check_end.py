"""The self-check's last step: what should not be there, and what should.

In: a log whose entries are all as they were. Out: nothing, or `LogChangedError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import LiteralString

from apps.audit.logs import LogRef
from apps.audit.sealing_rows import kinds_of, sealed_up_to, table_of
from apps.audit.sealing_state import LogState, Session
from apps.audit.self_check_entries import LogChangedError
from kapok.ledger.entries import CHANGE
from kapok.ledger.merkle import HASH_BYTES
from kapok.ledger.tiles import Tile, changed_tiles

# What was sealed has an entry: rows of transactions below the horizon, and rows that a restore brought along.
_UNSEALED: LiteralString = """
    select r.position from {schema}.{table} r
    where ((r.xid, r.position) <= (%s::text::xid8, %s) and r.position > %s or r.position <= %s)
      and not exists (select from {schema}.kapok_entry e where e.kind = '{kind}' and e.position = r.position)
    order by r.position limit 1
"""
# Reading entries by index turned this off for the transaction; here whole tables are compared.
_PLAN = "select set_config('enable_hashjoin', 'on', true), set_config('enable_seqscan', 'on', true)"
_ENTRY_BEYOND = "select index from {schema}.kapok_entry where index < 0 or index >= %s order by index limit 1"
_TILES = "select level, index, length(hashes) from {schema}.kapok_tile"
_CHECKPOINT_BEYOND = "select size from {schema}.kapok_checkpoint where size > %s or size < 1 order by size limit 1"
_SIZES = "select size from {schema}.kapok_checkpoint"


def check_end(session: Session, log: LogRef, state: LogState, anchored: Mapping[str, Sequence[int]]) -> None:
    """Look at everything but the entries below state.size. anchored: the sizes that each anchor had before the
    transaction's snapshot was taken, by its name. Raises LogChangedError."""
    session.execute(_PLAN)
    for kind in kinds_of(session, log):
        _check_unsealed(session, log, state, kind)
    row = session.execute(log.sql(_ENTRY_BEYOND), [state.size]).fetchone()
    if row is not None:
        raise LogChangedError(f"entry {row[0]} is beyond the log's {state.size} entries", row[0])
    _check_tiles(session, log, state.size)
    row = session.execute(log.sql(_CHECKPOINT_BEYOND), [state.size]).fetchone()
    if row is not None:
        raise LogChangedError(f"there is a checkpoint of {row[0]} entries, and the log has {state.size}")
    if anchored:
        _check_anchors(session, log, state, anchored)


def _check_unsealed(session: Session, log: LogRef, state: LogState, kind: str) -> None:
    statement = _UNSEALED.replace("{table}", table_of(kind)).replace("{kind}", kind)
    restored = state.restored_change if kind == CHANGE else state.restored_event
    xid, position = sealed_up_to(state, kind)
    came_along = -1 if state.restored_unsealed else restored
    row = session.execute(log.sql(statement), [str(xid), position, restored, came_along]).fetchone()
    if row is not None:
        raise LogChangedError(
            f"{table_of(kind)} has a row (position {row[0]}) that was put there after the log was sealed"
        )


def _check_tiles(session: Session, log: LogRef, size: int) -> None:
    expected = {(tile.level, tile.index): tile.width * HASH_BYTES for tile in _all_tiles(size)}
    for level, index, length in session.execute(log.sql(_TILES)).fetchall():
        if expected.pop((level, index), None) != length:
            raise LogChangedError(f"tile {level}/{index} is not of a log of {size} entries")
    if expected:
        level, index = min(expected)
        raise LogChangedError(f"tile {level}/{index} is gone from kapok_tile")


def _all_tiles(size: int) -> list[Tile]:
    return changed_tiles(0, size)


def _check_anchors(session: Session, log: LogRef, state: LogState, anchored: Mapping[str, Sequence[int]]) -> None:
    signed = {size for (size,) in session.execute(log.sql(_SIZES)).fetchall()}
    for name, sizes in anchored.items():
        for size in sizes:
            if size not in signed:
                what = "was rolled back" if size > state.size else "has lost a checkpoint"
                raise LogChangedError(f"the log {what}: the anchor {name} has one of {size} entries")
