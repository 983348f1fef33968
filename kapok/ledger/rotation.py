"""Changing a log's key: an event in the log itself that carries the old key's signature over the new key.

In: a log's origin, the new key, a signer of the old one. Out: the note to record, and the new key again from an entry.
A row that somebody wrote into the database without the old key therefore rotates nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from kapok.ledger.checkpoints import Note, NoteError, sign
from kapok.ledger.entries import EVENT, Entry
from kapok.ledger.keys import KeyFormatError, PublicKey, Signer

#: The event's name, and the path of the private value that is the note, as a JSON string. Bundles never withhold it.
NAME, PATH = "audit.key_rotated", "details.note"
_TITLE = "kapok: the next key of this log"


def announce(origin: str, new: PublicKey, signers: Sequence[Signer]) -> str:
    """The note for `details.note`: the old key (signers) names the new key of the log `origin`."""
    return sign(f"{_TITLE}\n{origin}\n{new.text}\n", signers)


def is_rotation(entry: Entry) -> bool:
    """Whether the entry is the event of a key that was changed."""
    return entry.kind == EVENT and entry.public.get("name") == NAME


def note_of(entry: Entry) -> Note | None:
    """The note in a rotation's entry; None where there is none."""
    if not is_rotation(entry) or PATH not in entry.private:
        return None
    try:
        note = orjson.loads(entry.private[PATH])
        return Note.parse(note) if isinstance(note, str) else None
    except (NoteError, ValueError):
        return None


def announced_key(origin: str, note: Note) -> PublicKey | None:
    """The key that a note names the next one of the log `origin`. Whether it may say so, Note.signed_by tells."""
    title, signed_origin, key, *rest = (*note.text.split("\n"), "", "")
    if title != _TITLE or signed_origin != origin or rest != ["", "", ""]:
        return None
    try:
        return PublicKey.parse(key)
    except KeyFormatError:
        return None
