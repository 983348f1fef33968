"""Checkpoints of a log: signed when it has grown, and only if it still is what was signed before.

In: a connection, a log, keys and anchors. Out: a row in kapok_checkpoint. A database that was rolled back or forked is
never signed: the anchors and the last checkpoint say what it has to extend.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.audit.anchors import Anchor
from apps.audit.keys import KeyMissingError, Keyring
from apps.audit.logs import LogRef
from apps.audit.sealing_problems import refuse_sealing, sealing_resumed
from apps.audit.sealing_state import LogState, Session, lock_log
from kapok.ledger.checkpoints import Checkpoint, ForgedSignature, Note, NoteError, sign
from kapok.ledger.entries import time_text
from kapok.ledger.keys import PublicKey, SigningError
from kapok.ledger.merkle import NodeReader, frontier_of
from kapok.ledger.tiles import node_reader

log_lines = logging.getLogger("kapok.audit")

_TILE = "select hashes from {schema}.kapok_tile where level = %s and index = %s"
_LAST = "select size, root, note from {schema}.kapok_checkpoint order by size desc limit 1"
_INSERT = "insert into {schema}.kapok_checkpoint (size, root, at, note, key_id) values (%s, %s, %s, %s, %s)"
_FIRST_KEY = "update {schema}.kapok_log set key = %s"
_SEALED_EVENT = "select index from {schema}.kapok_entry where kind = 'event' and position = %s"
_NEXT_KEY = """
    update {schema}.kapok_log
    set key = next_key, next_key = '', next_key_event = null, former_keys = former_keys || to_jsonb(key)
"""


class NotExtended(Exception):
    """The log does not extend what was signed before; the message says how."""


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint that the log has to extend. where: who says so."""

    where: str
    checkpoint: Checkpoint


def checkpoint(session: Session, log: LogRef, keyring: Keyring, anchors: Sequence[Anchor]) -> bool:
    """Sign the log's present size, if it is new. Out: whether it was. A log that cannot be signed gets a
    sealing_problem. Raises OSError while an anchor cannot be asked, psycopg.Error."""
    with session.transaction():
        state = lock_log(session, log)
        if state is None:
            return False
        try:
            signed = _sign(session, log, state, keyring, anchors)
        except (NotExtended, KeyMissingError, SigningError) as exc:
            refuse_sealing(session, log, str(exc), state.size)
            return False
        if state.sealing_problem:
            sealing_resumed(session, log)
        return signed


def root_at(session: Session, log: LogRef, size: int) -> bytes:
    """The root over the first `size` entries, by the tiles. Raises ValueError where a tile is missing or short."""
    return frontier_of(tree_of(session, log), size).root


def tree_of(session: Session, log: LogRef) -> NodeReader:
    """A reader of the tree's hashes, that asks for a tile once."""
    tiles: dict[tuple[int, int], bytes] = {}

    def read_tile(level: int, index: int) -> bytes:
        if (level, index) not in tiles:
            row = session.execute(log.sql(_TILE), [level, index]).fetchone()
            tiles[level, index] = b"" if row is None else bytes(row[0])
        return tiles[level, index]

    return node_reader(read_tile)


def _sign(session: Session, log: LogRef, state: LogState, keyring: Keyring, anchors: Sequence[Anchor]) -> bool:
    last = _last_checkpoint(session, log, state, keyring.public)
    anchored = [_anchored(anchor, state.origin, keyring.public) for anchor in anchors]
    known = [one for one in (last, *anchored) if one is not None]
    root = _extended_root(session, log, state.size, known)
    grown = state.size > (last.checkpoint.size if last else 0)
    if grown:
        key = state.key or keyring.current.key
        at = max([time_text(datetime.now(UTC)), *(one.checkpoint.at for one in known)])
        note = sign(Checkpoint(state.origin, state.size, root, at).text, [keyring.signer(key)])
        session.execute(log.sql(_INSERT), [state.size, root, at, note, key.id])
        if state.key is None:
            session.execute(log.sql(_FIRST_KEY), [key.text])
    _take_next_key(session, log, state)
    return grown


def _extended_root(session: Session, log: LogRef, size: int, known: Sequence[Known]) -> bytes:
    """The root at this size. Raises NotExtended unless the log begins with everything that is known of it."""
    node = tree_of(session, log)
    try:
        for one in known:
            if one.checkpoint.size > size:
                raise NotExtended(
                    f"the log was rolled back: {one.where} has a checkpoint of {one.checkpoint.size} entries, "
                    f"the database has {size}"
                )
            if frontier_of(node, one.checkpoint.size).root != one.checkpoint.root:
                raise NotExtended(
                    f"the log was changed: its first {one.checkpoint.size} entries are not those of {one.where}"
                )
        return frontier_of(node, size).root
    except ValueError as exc:
        raise NotExtended(f"the log was changed: {exc}") from exc


def _last_checkpoint(session: Session, log: LogRef, state: LogState, keys: Sequence[PublicKey]) -> Known | None:
    row = session.execute(log.sql(_LAST)).fetchone()
    if row is None:
        return None
    size, root, note = row
    where = f"the last checkpoint in the database ({size})"
    checkpoint = _genuine(where, state.origin, note, keys)
    if (checkpoint.size, checkpoint.root) != (size, bytes(root)):
        raise NotExtended(f"{where} is not what its note says")
    return Known(where, checkpoint)


def _anchored(anchor: Anchor, origin: str, keys: Sequence[PublicKey]) -> Known | None:
    note = anchor.latest(origin)
    where = f"the anchor {anchor.name}"
    return None if note is None else Known(where, _genuine(where, origin, note, keys))


def _genuine(where: str, origin: str, note: str, keys: Sequence[PublicKey]) -> Checkpoint:
    """The checkpoint of a note of this log. A signature of a key that is at hand must be genuine."""
    try:
        parsed = Note.parse(note)
        parsed.signed_by(keys)
        checkpoint = Checkpoint.parse(parsed.text)
    except (NoteError, ForgedSignature) as exc:
        raise NotExtended(f"{where} has a forged checkpoint: {exc}") from exc
    if checkpoint.origin != origin:
        raise NotExtended(f"{where} speaks of the log {checkpoint.origin}")
    return checkpoint


def _take_next_key(session: Session, log: LogRef, state: LogState) -> None:
    """Once the event that announced the next key is under a checkpoint of the former one, the next key signs."""
    if state.next_key is None:
        return
    found: tuple[Any, ...] | None = session.execute(log.sql(_SEALED_EVENT), [state.next_key_event]).fetchone()
    if found is not None and found[0] < state.size:
        session.execute(log.sql(_NEXT_KEY))
