"""The self-check of a log: does the database still hold what was sealed, signed and anchored?

In: a connection, a log, its anchors. Out: `Checked`: how far a round has come, and the first thing that is not what it
was. A round goes through all entries in slices, each of which may run in another process; then it looks for what should
not be there. What was found is written down, recorded and logged by `apps/audit/sealing_problems.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from apps.audit.anchoring import is_there
from apps.audit.anchors import Anchor
from apps.audit.logs import LogRef
from apps.audit.sealing_problems import check_failed, check_passed
from apps.audit.sealing_state import LogState, Session, read_log
from apps.audit.self_check_end import check_end
from apps.audit.self_check_entries import LogChangedError, check_entries
from apps.audit.self_check_notes import check_checkpoints
from kapok.ledger.keys import PublicKey
from kapok.ledger.tiles import WIDTH

#: Entries of a slice: about two seconds of work. A multiple of a tile's width.
SLICE = 40 * WIDTH

_SNAPSHOT = "set transaction isolation level repeatable read, read only"
_PROGRESS = "update {schema}.kapok_log set checked_size = %s where checked_size = %s"
_ROUND_ENDED = "update {schema}.kapok_log set checked_size = 0, last_checked_at = clock_timestamp()"


@dataclass(frozen=True, slots=True)
class Checked:
    """entries: how many of the log's first entries this round has looked at. ended: whether the round is over. problem:
    the first thing that is wrong, "" for nothing; index: the first entry it concerns."""

    entries: int
    ended: bool
    problem: str = ""
    index: int | None = None


def check_slice(
    session: Session,
    log: LogRef,
    anchors: Sequence[Anchor] = (),
    trusted: Sequence[PublicKey] = (),
    limit: int = SLICE,
) -> Checked:
    """Go on with the round. trusted: the only keys that may have signed; those that the log itself names when empty.
    limit: entries, a multiple of 256. Raises OSError while an anchor is not there, psycopg.Error."""
    for anchor in anchors:
        is_there(session, anchor)
    try:
        # Before the snapshot: what is signed and anchored while this runs is in neither of the two.
        anchored = _anchored(session, log, anchors, limit)
        with session.transaction():
            session.execute(_SNAPSHOT)
            state = read_log(session, log)
            if state is None:
                return Checked(0, ended=True)
            begin = _begin(session, log)
            known = anchored.get(state.origin, {})
            checked = _check(session, log, state, anchors, known, trusted or keys_of(state), begin, begin + limit)
    except LogChangedError as exc:
        checked = Checked(exc.index or 0, ended=True, problem=str(exc), index=exc.index)
    except ValueError as exc:
        checked = Checked(0, ended=True, problem=f"kapok_log was changed: {exc}")
    with session.transaction():
        if checked.ended:
            session.execute(log.sql(_ROUND_ENDED))
        else:
            session.execute(log.sql(_PROGRESS), [checked.entries, begin])
        if checked.problem:
            check_failed(session, log, checked.problem, checked.index)
        elif checked.ended:
            check_passed(session, log)
    return checked


def check_log(
    session: Session, log: LogRef, anchors: Sequence[Anchor] = (), trusted: Sequence[PublicKey] = ()
) -> Checked:
    """Check slices until the round ends."""
    checked = check_slice(session, log, anchors, trusted)
    while not checked.ended:
        checked = check_slice(session, log, anchors, trusted)
    return checked


def keys_of(state: LogState) -> list[PublicKey]:
    """The keys that the log itself says it was signed with. Raises ValueError."""
    texts = orjson.loads(state.former_keys)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("former_keys is no list of keys")
    former = [PublicKey.parse(text) for text in texts]
    return [*former, *(key for key in (state.key, state.next_key) if key is not None)]


def _begin(session: Session, log: LogRef) -> int:
    row = session.execute(log.sql("select checked_size from {schema}.kapok_log")).fetchone()
    assert row is not None
    begin: int = row[0]
    return begin - begin % WIDTH


def _anchored(
    session: Session, log: LogRef, anchors: Sequence[Anchor], limit: int
) -> dict[str, dict[str, Sequence[int]]]:
    """The sizes that each anchor has, by the anchor's name, under the log's origin; only where this slice may be the
    last: a log never gets shorter."""
    state = read_log(session, log)
    if state is None or _begin(session, log) + limit < state.size:
        return {}
    return {state.origin: {anchor.name: list(anchor.sizes(state.origin)) for anchor in anchors}}


def _check(
    session: Session,
    log: LogRef,
    state: LogState,
    anchors: Sequence[Anchor],
    anchored: Mapping[str, Sequence[int]],
    trusted: Sequence[PublicKey],
    begin: int,
    end: int,
) -> Checked:
    end = min(end, state.size)
    leaves = check_entries(session, log, state, begin, end)
    check_checkpoints(session, log, state, anchors, trusted, begin, leaves)
    if end < state.size:
        return Checked(end, ended=False)
    check_end(session, log, state, anchored)
    return Checked(end, ended=True)
