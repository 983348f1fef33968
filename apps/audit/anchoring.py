"""Bringing checkpoints to the anchors: to those at hand at once, all of them; to those far away by and by, the newest.

In: a connection, a log, anchors. Out: each anchor has what it lacked, and kapok_log.anchored_size says what all have.
What an anchor has, it says itself: a number in the database could keep checkpoints from it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from apps.audit.anchors import MARKER, Anchor, AnchorAwayError, AnchorForkedError
from apps.audit.background import Background
from apps.audit.logs import CONTROL_LOG, LogRef
from apps.audit.sealing_problems import refuse_sealing
from apps.audit.sealing_state import LogState, Session, read_log

#: Most checkpoints that are brought to an anchor at once.
ANCHOR_BATCH = 500
#: How many logs are brought to anchors far away at once.
THREADS = 4

_AFTER = "select size, note from {schema}.kapok_checkpoint where size > %s order by size limit %s"
_NEWEST = "select size, note from {schema}.kapok_checkpoint where size > %s order by size desc limit 1"
_LAST = "select size from {schema}.kapok_checkpoint order by size desc limit 1"
_ANCHORED = "update {schema}.kapok_log set anchored_size = %s where anchored_size < %s"


class Anchoring:
    """The anchors of a sealer."""

    def __init__(self, conninfo: str, anchors: Sequence[Anchor]) -> None:
        self._anchors = anchors
        self._near = [anchor for anchor in anchors if not anchor.far]
        self._far = [anchor for anchor in anchors if anchor.far]
        self._every = max((anchor.every for anchor in self._far), default=0.0)
        self._background = Background("anchors", conninfo, self._bring_far, THREADS)
        self._brought: dict[str, float] = {}

    def known(self, session: Session, log: LogRef) -> bool:
        """Whether every anchor says at once what the log has to extend. Where one does not, it is asked. Raises
        AnchorAwayError for one that is not mounted."""
        for anchor in self._near:
            _find(session, anchor)
        if not self._far:
            return True
        state = read_log(session, log)
        origin = log.origin if state is None else state.origin
        if all(anchor.knows(origin) for anchor in self._far):
            return True
        self._background.soon(log)
        return False

    def bring(self, session: Session, log: LogRef) -> None:
        """Bring the log's checkpoints to the anchors; those far away get them later. Raises OSError, psycopg.Error."""
        bring_to_anchors(session, log, self._near, all_of_them=not self._far)
        if self._far:
            self._background.soon(log)

    def drain(self, seconds: float) -> bool:
        """Wait until the anchors far away have what they are to get now, at most so long."""
        return self._background.drain(seconds)

    def close(self) -> None:
        """End the threads."""
        self._background.close()

    def _bring_far(self, session: Session, log: LogRef) -> float | None:
        rest = self._brought.get(log.schema, float("-inf")) + self._every - time.monotonic()
        if rest > 0:
            return rest
        if bring_to_anchors(session, log, self._anchors):
            self._brought[log.schema] = time.monotonic()
        return None


def is_there(session: Session, anchor: Anchor) -> bool:
    """Whether the anchor has its marker; False where it may get one. Raises AnchorAwayError for an empty place although
    checkpoints were brought to every anchor: it looks as one does whose file system is not mounted."""
    if anchor.begun():
        return True
    control = read_log(session, CONTROL_LOG)
    # One that is older than markers has checkpoints of the control plane's log, which always has something to seal.
    if control is not None and control.anchored_size > 0 and next(anchor.sizes(control.origin), None) is None:
        raise AnchorAwayError(
            f"the anchor {anchor.name} has neither its file {MARKER} nor a checkpoint, though every anchor had some: "
            "is it mounted? If it is a new one, make an empty file of that name in it"
        )
    return False


def bring_to_anchors(session: Session, log: LogRef, anchors: Sequence[Anchor], *, all_of_them: bool = True) -> int:
    """Bring each anchor what it lacks; one that is away does not keep the others from it. all_of_them: whether these
    are all the log's anchors. Out: how many notes were brought. Raises OSError, psycopg.Error."""
    state = read_log(session, log)
    if state is None or not anchors:
        return 0
    brought, away = 0, None
    for anchor in anchors:
        try:
            _find(session, anchor)
            brought += _bring(session, log, state, anchor)
        except AnchorForkedError as exc:
            refuse_sealing(session, log, str(exc), state.size)
            return 0
        except OSError as exc:
            away = exc
    if away is not None:
        raise away
    anchored = min(anchor.latest_size(state.origin) for anchor in anchors)
    if all_of_them and anchored > state.anchored_size:
        session.execute(log.sql(_ANCHORED), [anchored, anchored])
    return brought


def _find(session: Session, anchor: Anchor) -> None:
    """See that the anchor is there; one that is new, or older than markers, gets its own. Raises OSError."""
    if not is_there(session, anchor):
        anchor.begin()


def _bring(session: Session, log: LogRef, state: LogState, anchor: Anchor) -> int:
    begin = anchor.latest_size(state.origin) or _begin(session, log, state)
    if anchor.far:
        waiting = session.execute(log.sql(_NEWEST), [begin]).fetchall()
    else:
        waiting = session.execute(log.sql(_AFTER), [begin, ANCHOR_BATCH]).fetchall()
    for size, note in waiting:
        anchor.put(state.origin, size, note)
    return len(waiting)


def _begin(session: Session, log: LogRef, state: LogState) -> int:
    """An anchor that is new gets what the others do not have yet, and the newest in any case."""
    last = session.execute(log.sql(_LAST)).fetchone()
    return 0 if last is None else min(state.anchored_size, last[0] - 1)
