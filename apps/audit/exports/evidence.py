"""Which part of a log a time is, and what proves that part.

In: a connection in a repeatable-read transaction, a log and times. Out: the two checkpoints the part lies between, and
all that a bundle holds besides its entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import LiteralString

import orjson

from apps.audit.actions import ACTIONS
from apps.audit.exports.content import items
from apps.audit.logs import LogRef
from apps.audit.sealing_state import Session
from kapok.errors import KapokError
from kapok.ledger import expiry, rotation
from kapok.ledger.bundle import MAX_CHECKPOINTS, MAX_TIME_STAMPS, Evidence, Witness
from kapok.ledger.keys import PublicKey
from kapok.ledger.lines import encode, withhold
from kapok.ledger.manifest import Range
from kapok.ledger.merkle import HASH_BYTES, NodeReader
from kapok.ledger.proofs import inclusion_proof
from kapok.ledger.tiles import WIDTH, node_reader
from kapok.ledger.time_stamps import MAX_STAMP_BYTES

#: Above every index.
_NO_END = 2**62
#: Tiles kept in memory; neighbouring checkpoints ask for the same ones.
TILES_KEPT = 256

_LOG = "select origin, key, former_keys from {schema}.kapok_log"
_BEFORE = (
    "select size, note from {schema}.kapok_checkpoint where at <= %s::timestamptz order by at desc, size desc limit 1"
)
_AFTER = "select size, note from {schema}.kapok_checkpoint where at >= %s::timestamptz order by at, size limit 1"
_LAST = "select size, note from {schema}.kapok_checkpoint order by size desc limit 1"
# The last checkpoint of each of so many parts, so the last one of all.
_BETWEEN = """
    select size, note from {schema}.kapok_checkpoint where size in (
        select max(size) from (
            select size, ntile(%s) over (order by size) as part
            from {schema}.kapok_checkpoint where size > %s and size <= %s
        ) parted group by part
    )
"""
# The same of those with a time stamp, those at both ends included.
_STAMPED = """
    select size, note, time_stamp from {schema}.kapok_checkpoint where size in (
        select max(size) from (
            select size, ntile(%s) over (order by size) as part
            from {schema}.kapok_checkpoint
            where size >= %s and size <= %s and size > 0 and length(time_stamp) between 1 and %s
        ) parted group by part
    )
"""
_TILE = "select hashes from {schema}.kapok_tile where level = %s and index = %s"
_LEAVES = "select index, hashes from {schema}.kapok_tile where level = 0 and index between %s and %s order by index"
_EVENTS: LiteralString = """
    select e.index
    from {schema}.kapok_event v join {schema}.kapok_entry e on e.kind = 'event' and e.position = v.position
    where v.action = %s and e.index >= %s and e.index < %s order by e.index
"""


def choose(session: Session, log: LogRef, since: str | None, until: str | None) -> tuple[Range, list[str]]:
    """The part of the log that covers these times, and the notes at its beginning (none where that is the log's) and
    its end. Raises AUDIT_NOT_SEALED."""
    row = session.execute(log.sql(_LOG)).fetchone()
    last = session.execute(log.sql(_AFTER), [until]).fetchone() if until else None
    last = last or session.execute(log.sql(_LAST)).fetchone()
    if row is None or last is None:
        raise KapokError("AUDIT_NOT_SEALED")
    first = session.execute(log.sql(_BEFORE), [since]).fetchone() if since else None
    if first is None or first[0] > last[0]:
        return Range(row[0], 0, last[0], since, until), [last[1]]
    return Range(row[0], first[0], last[0], since, until), [first[1], last[1]]


def evidence(session: Session, log: LogRef, part: Range, ends: list[str], node: NodeReader) -> Evidence:
    """What proves the part. Raises ValueError where the tree is damaged, psycopg.Error."""
    row = session.execute(log.sql(_LOG)).fetchone()
    assert row is not None
    _, key, former = row
    stamped = session.execute(
        log.sql(_STAMPED), [MAX_TIME_STAMPS, part.first_size, part.last_size, MAX_STAMP_BYTES]
    ).fetchall()
    most = MAX_CHECKPOINTS - 1 - len(stamped)
    notes = dict(session.execute(log.sql(_BETWEEN), [most, part.first_size, part.last_size]).fetchall())
    # A part that begins with the log has no checkpoint at its beginning.
    notes |= {size: note for size, note, _ in stamped if size > part.first_size}
    if len(ends) == 2:
        notes[part.first_size] = ends[0]
    keys = [PublicKey.parse(text) for text in dict.fromkeys([*former, key]) if text]
    return Evidence(
        notes=[note for _, note in sorted(notes.items())],
        keys=keys,
        rotations=list(_rotations(session, log)) if former else [],
        witnesses=list(_witnesses(session, log, part.last_size, node)),
        time_stamps={size: bytes(answer) for size, _, answer in stamped if size in notes},
    )


def tree(session: Session, log: LogRef) -> NodeReader:
    """A reader of the tree's hashes. It raises ValueError where a tile is missing or short."""

    @lru_cache(TILES_KEPT)
    def read_tile(level: int, index: int) -> bytes:
        row = session.execute(log.sql(_TILE), [level, index]).fetchone()
        return b"" if row is None else bytes(row[0])

    return node_reader(read_tile)


def leaf_hashes(session: Session, log: LogRef, first: int, last: int) -> Iterator[bytes]:
    """The hashes of the leaves [first, last), joined, a tile at a time."""
    if first >= last:
        return
    with session.cursor(name="export_leaves") as cursor:
        cursor.execute(log.sql(_LEAVES), [first // WIDTH, (last - 1) // WIDTH])
        for index, hashes in cursor:
            start, stop = max(first - index * WIDTH, 0), min(last - index * WIDTH, WIDTH)
            yield bytes(hashes[start * HASH_BYTES : stop * HASH_BYTES])


def _rotations(session: Session, log: LogRef) -> Iterator[str]:
    """The notes of all changes of the log's key, oldest first: a witness may be signed by a key of after the part."""
    number = ACTIONS[rotation.NAME].number
    for (index,) in session.execute(log.sql(_EVENTS), [number, 0, _NO_END]).fetchall():
        for item in items(session, log, index, index + 1):
            if item.entry is not None and rotation.PATH in item.entry.private:
                yield orjson.loads(item.entry.private[rotation.PATH])


def _witnesses(session: Session, log: LogRef, size: int, node: NodeReader) -> Iterator[Witness]:
    """The events after the part that say which rows are gone because they were old, each with its proof."""
    row = session.execute(log.sql(_LAST)).fetchone()
    if row is None:
        return
    last, note = row
    number = ACTIONS[expiry.NAME].number
    for (index,) in session.execute(log.sql(_EVENTS), [number, size, last]).fetchall():
        for item in items(session, log, index, index + 1):
            if item.entry is not None:
                line = encode(index, withhold(item.entry))
                yield Witness(line, note, inclusion_proof(node, index, last))
