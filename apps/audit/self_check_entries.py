"""The self-check's look at entries: the rows, their leaf hashes in kapok_entry, and the tiles made of those.

In: a range of entries. Out: their leaf hashes, or `LogChangedError` naming the first that does not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from apps.audit.exports.content import Item, items
from apps.audit.logs import LogRef
from apps.audit.sealing_state import LogState, Session
from kapok.ledger.merkle import HASH_BYTES, root_of
from kapok.ledger.tiles import WIDTH, hashes_of

_TILES = "select index, hashes from {schema}.kapok_tile where level = %s and index >= %s and index <= %s"
_WHICH = "select kind, position from {schema}.kapok_entry where index = %s"
# Rows older than the time they are kept for are gone; an event says so. Those events stay.
_EXPIRED = """
    with ends as materialized (
        select x.details ->> 'table' as of_table, max((x.details ->> 'before')::timestamptz) as before
        from {schema}.kapok_event x where x.action = 907 group by 1
    )
    select e.index from {schema}.kapok_entry e join ends on ends.of_table = 'kapok_' || e.kind and ends.before > e.at
    where e.index >= %s and e.index < %s
"""


class LogChangedError(Exception):
    """The log is not what it was. index: the first entry that is concerned, where that can be said."""

    def __init__(self, problem: str, index: int | None = None) -> None:
        super().__init__(problem)
        self.index = index


def check_entries(session: Session, log: LogRef, state: LogState, begin: int, end: int) -> list[bytes]:
    """The leaf hashes of the entries [begin, end), recomputed from their rows. begin: a multiple of 256. Raises
    LogChangedError."""
    tiled = b"".join(_tiles(session, log, 0, begin // WIDTH, -(-end // WIDTH)))
    expired = _Expired(session, log, begin, end)
    leaves: list[bytes] = []
    for item in items(session, log, begin, end):
        index = begin + len(leaves)
        if item.index != index:
            break
        place = len(leaves) * HASH_BYTES
        _check_item(session, log, state.origin, item, tiled[place : place + HASH_BYTES], expired)
        leaves.append(item.leaf_hash)
    if begin + len(leaves) != end:
        index = begin + len(leaves)
        raise LogChangedError(f"entry {index} is gone from kapok_entry", index)
    _check_upper_tiles(session, log, begin, leaves)
    return leaves


def _check_item(session: Session, log: LogRef, origin: str, item: Item, tiled: bytes, expired: _Expired) -> None:
    if item.put_back:
        raise LogChangedError(f"{_name(session, log, item.index)}: a value that was erased is there again", item.index)
    computed, why = _computed(origin, item)
    if item.leaf_hash == tiled and (computed == tiled or (item.entry is None and item.index in expired)):
        return
    named = _name(session, log, item.index)
    if item.entry is None and item.leaf_hash == tiled:
        raise LogChangedError(f"{named}: the row is gone", item.index)
    if computed == item.leaf_hash:
        raise LogChangedError(f"{named}: its hash in kapok_tile was changed", item.index)
    if computed == tiled:
        raise LogChangedError(f"{named}: its hash in kapok_entry was changed", item.index)
    raise LogChangedError(f"{named}: the row is not what was sealed{why}", item.index)


def _name(session: Session, log: LogRef, index: int) -> str:
    row = session.execute(log.sql(_WHICH), [index]).fetchone()
    assert row is not None
    return f"entry {index} (kapok_{row[0]}, position {row[1]})"


def _computed(origin: str, item: Item) -> tuple[bytes | None, str]:
    """The hash of the entry's row, or None and why there is none."""
    if item.entry is None:
        return None, ""
    try:
        return item.entry.leaf_hash(origin), ""
    except ValueError as exc:
        return None, f": {exc}"


class _Expired:
    """Which of the entries [begin, end) may have lost their rows to retention; looked up when it is asked for."""

    def __init__(self, session: Session, log: LogRef, begin: int, end: int) -> None:
        self._session, self._log, self._range = session, log, [begin, end]

    @cached_property
    def _indexes(self) -> frozenset[int]:
        found = self._session.execute(self._log.sql(_EXPIRED), self._range).fetchall()
        return frozenset(index for (index,) in found)

    def __contains__(self, index: int) -> bool:
        return index in self._indexes


def _check_upper_tiles(session: Session, log: LogRef, begin: int, leaves: Sequence[bytes]) -> None:
    """The hashes of full tiles stand in the level above; and when that makes a tile full, its hash in the next."""
    first, level = begin // WIDTH, 1
    full = len(leaves) // WIDTH * WIDTH
    roots = [root_of(leaves[start : start + WIDTH]) for start in range(0, full, WIDTH)]
    while roots:
        tiles = _tiles(session, log, level, first // WIDTH, (first + len(roots) - 1) // WIDTH + 1)
        hashes = [one for tile in tiles for one in hashes_of(tile)][first % WIDTH :]
        if hashes[: len(roots)] != roots:
            span = WIDTH**level
            raise LogChangedError(
                f"a tile of level {level} was changed, over the entries from {first * span}", first * span
            )
        # Tiles of this level that these hashes filled.
        ended = (first + len(roots)) // WIDTH
        roots = [root_of(hashes_of(tile)) for tile in tiles[: ended - first // WIDTH]]
        first, level = first // WIDTH, level + 1


def _tiles(session: Session, log: LogRef, level: int, first: int, end: int) -> list[bytes]:
    """The tiles [first, end) of a level. Raises LogChangedError where one is missing."""
    found = dict(session.execute(log.sql(_TILES), [level, first, end - 1]).fetchall())
    for index in range(first, end):
        if index not in found:
            span = WIDTH ** (level + 1)
            raise LogChangedError(f"tile {level}/{index} is gone from kapok_tile", index * span)
    return [_whole(found[index], level, index) for index in range(first, end)]


def _whole(tile: bytes, level: int, index: int) -> bytes:
    if len(tile) % HASH_BYTES or len(tile) > WIDTH * HASH_BYTES:
        raise LogChangedError(f"tile {level}/{index} is not made of hashes", index * WIDTH ** (level + 1))
    return tile
