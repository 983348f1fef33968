"""The self-check's look at checkpoints: their roots, their signatures, and what the anchors have.

In: leaf hashes of a slice. Out: nothing, or `LogChangedError`.
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.audit.anchors import Anchor, says_the_same
from apps.audit.checkpointing import tree_of
from apps.audit.logs import LogRef
from apps.audit.sealing_state import LogState, Session
from apps.audit.self_check_entries import LogChangedError
from kapok.ledger.checkpoints import Checkpoint, ForgedSignature, Note, NoteError
from kapok.ledger.keys import PublicKey
from kapok.ledger.merkle import frontier_of
from kapok.ledger.time_stamps import TimeStampError, read_stamp

_CHECKPOINTS = """
    select size, root, note, key_id, time_stamp
    from {schema}.kapok_checkpoint where size > %s and size <= %s order by size
"""


def check_checkpoints(
    session: Session,
    log: LogRef,
    state: LogState,
    anchors: Sequence[Anchor],
    trusted: Sequence[PublicKey],
    begin: int,
    leaves: Sequence[bytes],
) -> None:
    """The checkpoints of sizes in (begin, begin + len(leaves)]. leaves: the hashes of the entries from `begin` on.
    Raises LogChangedError."""
    try:
        tree = frontier_of(tree_of(session, log), begin)
    except ValueError as exc:
        raise LogChangedError(str(exc)) from exc
    rows = session.execute(log.sql(_CHECKPOINTS), [begin, begin + len(leaves)]).fetchall()
    for size, root, note, key_id, stamp in rows:
        before = tree.size
        tree.extend(leaves[before - begin : size - begin])
        checkpoint, signer = _read(note, size, trusted)
        if (checkpoint.origin, checkpoint.size) != (state.origin, size) or signer.id != key_id:
            raise LogChangedError(f"the checkpoint of {size} entries is not what its note says")
        if checkpoint.root != bytes(root):
            raise LogChangedError(f"the root of the checkpoint of {size} entries was changed")
        if checkpoint.root != tree.root:
            raise LogChangedError(f"the entries from {before} to {size - 1} are not those that were signed", before)
        if stamp is not None:
            _check_stamp(bytes(stamp), note, size)
        for anchor in anchors:
            if not anchor.far:
                _compare(anchor, state.origin, size, note)
    for anchor in anchors:
        # One at a time over a network would take days; the last one vouches for those before it.
        known = [row for row in rows if row[0] <= anchor.latest_size(state.origin)]
        if anchor.far and known:
            _compare(anchor, state.origin, known[-1][0], known[-1][2])


def _check_stamp(answer: bytes, note: str, size: int) -> None:
    """Whether it is of this note. Who made it is for the auditor to prove, with a certificate."""
    try:
        read_stamp(answer, note)
    except TimeStampError as exc:
        raise LogChangedError(f"the time stamp of the checkpoint of {size} entries was changed: {exc}") from exc


def _compare(anchor: Anchor, origin: str, size: int, note: str) -> None:
    kept = anchor.get(origin, size)
    if kept is not None and not says_the_same(kept, note):
        raise LogChangedError(f"the anchor {anchor.name} has another checkpoint of {size} entries")


def _read(note: str, size: int, trusted: Sequence[PublicKey]) -> tuple[Checkpoint, PublicKey]:
    try:
        parsed = Note.parse(note)
        signers = parsed.signed_by(trusted)
        checkpoint = Checkpoint.parse(parsed.text)
    except (NoteError, ForgedSignature) as exc:
        raise LogChangedError(f"the checkpoint of {size} entries is forged: {exc}") from exc
    if not signers:
        raise LogChangedError(f"the checkpoint of {size} entries is not signed by a key of this log")
    return checkpoint, signers[0]
