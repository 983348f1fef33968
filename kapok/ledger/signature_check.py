"""Who signed a bundle's checkpoints, and is it somebody we trust?

In: checkpoints, the keys to trust, the key changes that the log itself records. Out: problems, and the keys that count
at the end. A key that has been replaced counts until its successor signs, not after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kapok.ledger.checkpoints import ForgedSignature, Note
from kapok.ledger.contents import Contents, SignedCheckpoint
from kapok.ledger.keys import PublicKey
from kapok.ledger.problems import Code, Problem
from kapok.ledger.rotation import announced_key


class KeyRing:
    """The keys that count, as one goes along a log."""

    def __init__(self, origin: str, keys: Sequence[PublicKey]) -> None:
        self._origin = origin
        self.current = list(keys)
        self.retired: list[PublicKey] = []
        #: Which keys a new one takes the place of, once it has signed.
        self._before: dict[PublicKey, list[PublicKey]] = {}

    def announce(self, note: Note) -> None:
        """Let a key count that this note names, when a key that counts has signed it. Raises ForgedSignature."""
        key = announced_key(self._origin, note)
        signers = note.signed_by(self.current)
        if key is None or not signers or key in self.retired:
            return
        self._before.setdefault(key, []).extend(one for one in signers if one != key)
        if key not in self.current:
            self.current.append(key)

    def signers(self, note: Note) -> list[PublicKey]:
        """The keys that count and have signed. Raises ForgedSignature."""
        signers = note.signed_by(self.current)
        for key in signers:
            for old in self._before.pop(key, []):
                if old in self.current:
                    self.current.remove(old)
                    self.retired.append(old)
        return signers

    def ever_signed(self, note: Note) -> bool:
        """Whether a key that counts, or did, has signed. False for a forgery."""
        try:
            return bool(note.signed_by([*self.current, *self.retired]))
        except ForgedSignature:
            return False


def check_signatures(contents: Contents, ring: KeyRing, rotations: Iterable[tuple[int, Note]]) -> Iterator[Problem]:
    """Is every checkpoint signed by a key that counts? rotations: (index, note) of the range's key changes, in order.

    Ends at the first checkpoint that is not.
    """
    pending = list(rotations)[::-1]
    try:
        for note in contents.rotations:
            ring.announce(note)
        for signed in contents.checkpoints:
            while pending and pending[-1][0] < signed.checkpoint.size:
                ring.announce(pending.pop()[1])
            if not ring.signers(signed.note):
                yield _unaccepted(signed, contents.keys, ring)
                return
    except ForgedSignature as exc:
        yield Problem(Code.SIGNATURE_FORGED, f"A checkpoint or a change of keys is forged: {exc}.")


def _unaccepted(signed: SignedCheckpoint, keys: Sequence[PublicKey], ring: KeyRing) -> Problem:
    """Raises ForgedSignature."""
    what = f"The checkpoint of {signed.checkpoint.size} entries ({signed.checkpoint.at})"
    if retired := signed.note.signed_by(ring.retired):
        message = f"{what} is signed by {retired[0].text}, which had been replaced by then."
        return Problem(Code.KEY_RETIRED, message)
    own = signed.note.signed_by(keys)
    by = own[0].text if own else ", ".join(f"{one.name}+{one.key_id}" for one in signed.note.signatures)
    return Problem(Code.KEY_UNKNOWN, f"{what} is signed by a key that is not trusted: {by}.")
