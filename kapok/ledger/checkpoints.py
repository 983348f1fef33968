"""Checkpoints: a log's origin, size, root and time, as a signed note (C2SP signed-note and tlog-checkpoint).

In: a state and signers, or a note's text. Out: the note, or the state and the signatures on it. Reading a note proves
nothing; `Note.signed_by` says which of the given keys have signed it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kapok.ledger.keys import KEY_ID_BYTES, NAME, PublicKey, Signer
from kapok.ledger.merkle import HASH_BYTES

#: Longest note and most signatures that are read.
MAX_NOTE_CHARACTERS, MAX_SIGNATURES = 16_384, 16
TIME_PREFIX = "time "
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_SIZE = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)


class NoteError(ValueError):
    """The text is not a signed note or not a checkpoint; the message says why."""


class ForgedSignature(Exception):
    """A signature names a known key and is not of that key."""

    def __init__(self, key: PublicKey) -> None:
        super().__init__(f"a signature of {key.name} ({key.id}) is not genuine")
        self.key = key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the key's name and id (8 hex digits), and the 64 bytes."""

    name: str
    key_id: str
    value: bytes

    @property
    def line(self) -> str:
        """As a note has it."""
        value = base64.b64encode(bytes.fromhex(self.key_id) + self.value).decode()
        return f"— {self.name} {value}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text (ending in a newline) and the signatures over it."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, note: str) -> Note:
        """Read a note. Raises NoteError."""
        if len(note) > MAX_NOTE_CHARACTERS:
            raise NoteError("the note is too long")
        if any(character < " " and character != "\n" for character in note):
            raise NoteError("the note has control characters")
        text, blank, lines = note.rpartition("\n\n")
        if not blank or not text or not lines.endswith("\n"):
            raise NoteError("the note has no signatures")
        signatures = tuple(_signature(line) for line in lines[:-1].split("\n"))
        if len(signatures) > MAX_SIGNATURES:
            raise NoteError("the note has too many signatures")
        return cls(text + "\n", signatures)

    @property
    def written(self) -> str:
        """The whole note: what `parse` has read, to the letter, for a note has one spelling."""
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}"

    def signed_by(self, keys: Iterable[PublicKey]) -> list[PublicKey]:
        """Which of the keys have signed. Raises ForgedSignature when a signature only says it is of one of them."""
        by_id = {(key.name, key.id): key for key in keys}
        found = []
        for signature in self.signatures:
            key = by_id.get((signature.name, signature.key_id))
            if key is None:
                continue
            if not key.verify(signature.value, self.text.encode()):
                raise ForgedSignature(key)
            found.append(key)
        return found


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself. root: 32 bytes. at: the signer's clock, as `entries.time_text` writes it."""

    origin: str
    size: int
    root: bytes
    at: str

    @property
    def text(self) -> str:
        """What is signed."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n{TIME_PREFIX}{self.at}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a note's text. Raises NoteError. Extension lines it does not know are let pass, as C2SP asks."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 4 or not all(lines):
            raise NoteError("a checkpoint has an origin, a size, a root and a time")
        origin, size, root = lines[:3]
        times = [line.removeprefix(TIME_PREFIX) for line in lines[3:] if line.startswith(TIME_PREFIX)]
        if len(times) != 1 or not is_time(times[0]):
            raise NoteError("a checkpoint has one line with its time")
        if not _SIZE.fullmatch(size):
            raise NoteError("a checkpoint's size is a number")
        return cls(origin, int(size), _base64(root, HASH_BYTES), times[0])


def is_time(text: str) -> bool:
    """Whether it is a time as `entries.time_text` writes it."""
    try:
        return bool(TIME.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        return False


def sign(text: str, signers: Sequence[Signer]) -> str:
    """The note: the text with a signature of each signer. Raises what a signer raises, NoteError for an unfit text."""
    signatures = tuple(Signature(one.key.name, one.key.id, one.sign(text.encode())) for one in signers)
    note = Note(text, signatures).written
    Note.parse(note)
    return note


def _signature(line: str) -> Signature:
    dash, name, value = (*line.split(" "), "", "", "")[:3]
    if line != f"— {name} {value}" or dash != "—" or not NAME.fullmatch(name):
        raise NoteError("a signature line is not of the form of signed notes")
    content = _base64(value)
    if len(content) <= KEY_ID_BYTES:
        raise NoteError("a signature is too short")
    return Signature(name, content[:KEY_ID_BYTES].hex(), content[KEY_ID_BYTES:])


def _base64(text: str, length: int | None = None) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("a line of the note is not base64") from None
    if (length is not None and len(content) != length) or base64.b64encode(content).decode() != text:
        raise NoteError("a line of the note is not base64 of the right length")
    return content
