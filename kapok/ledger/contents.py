"""The small files of a bundle, read and checked for their form.

In: an archive. Out: `Contents`: manifest, keys, checkpoints, frontier and proofs as they stand there, nothing proven.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from kapok.ledger.archive import Archive, BundleUnreadable
from kapok.ledger.bundle import (
    CHECKPOINTS,
    FRONTIER,
    KEYS,
    MANIFEST,
    MANIFEST_NOTE,
    MAX_CHECKPOINTS,
    MAX_TIME_STAMPS,
    PROOFS,
    REQUIRED,
)
from kapok.ledger.checkpoints import MAX_NOTE_CHARACTERS, Checkpoint, Note, NoteError
from kapok.ledger.keys import KeyFormatError, PublicKey
from kapok.ledger.manifest import MAX_MANIFEST_BYTES, Manifest, ManifestError, Range
from kapok.ledger.merkle import HASH_BYTES
from kapok.ledger.time_stamps import MAX_STAMP_BYTES

_MEGABYTE = 2**20
_LIMITS = {
    MANIFEST: MAX_MANIFEST_BYTES, KEYS: _MEGABYTE, FRONTIER: 65_536, PROOFS: 16 * _MEGABYTE, CHECKPOINTS: 16 * _MEGABYTE
}  # fmt: skip
_MAX_SIZE = 2**63 - 1
_MAX_PROOF_HASHES = 128


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint and the note it was read from. stamp: the time stamp that came with it."""

    checkpoint: Checkpoint
    note: Note
    stamp: bytes | None = None


@dataclass(frozen=True, slots=True)
class Consistency:
    """A proof that the tree of `first` leaves is the beginning of that of `second`."""

    first: int
    second: int
    proof: list[bytes]


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A proof that leaf `index` is in the tree of `size` leaves."""

    index: int
    size: int
    proof: list[bytes]


@dataclass(frozen=True, slots=True)
class SignedEntry:
    """The line of an entry from outside the range, with the checkpoint and the proof that it is in its tree."""

    line: bytes
    signed: SignedCheckpoint
    proof: list[bytes]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a bundle says. files: name -> SHA-256 in hex. manifest, manifest_note: as they were signed."""

    part: Range
    created_at: str
    files: Mapping[str, str]
    manifest: bytes
    manifest_note: Note | None
    keys: list[PublicKey]
    rotations: list[Note]
    checkpoints: list[SignedCheckpoint]
    frontier_size: int
    frontier: list[bytes]
    consistency: list[Consistency]
    inclusion: list[Inclusion]
    witnesses: list[SignedEntry]


def read_contents(archive: Archive) -> Contents:
    """Read them. Raises BundleUnreadable where a file is missing or not of its form."""
    for name in sorted(REQUIRED - archive.names):
        raise BundleUnreadable(f"there is no {name} in it")
    manifest_bytes = archive.read(MANIFEST, _LIMITS[MANIFEST])
    try:
        manifest = Manifest.parse(manifest_bytes)
    except ManifestError as exc:
        raise BundleUnreadable(str(exc)) from exc
    try:
        keys, frontier, proofs = (_json(name, archive.read(name, _LIMITS[name])) for name in (KEYS, FRONTIER, PROOFS))
        return Contents(
            part=manifest.part,
            created_at=manifest.created_at,
            files={name: digest for name, (_, digest) in manifest.files.items()},
            manifest=manifest_bytes,
            manifest_note=_manifest_note(archive),
            keys=[PublicKey.parse(_text(key)) for key in keys["keys"]],
            rotations=[Note.parse(_text(note)) for note in keys["rotations"]],
            checkpoints=_checkpoints(archive),
            frontier_size=_size(frontier["size"]),
            frontier=_hashes(frontier["hashes"]),
            consistency=[
                Consistency(_size(one["first"]), _size(one["second"]), _hashes(one["proof"]))
                for one in proofs["consistency"]
            ],
            inclusion=[
                Inclusion(_size(one["index"]), _size(one["size"]), _hashes(one["proof"])) for one in proofs["inclusion"]
            ],
            witnesses=[
                SignedEntry(_text(one["line"]).encode(), _signed(_text(one["note"])), _hashes(one["proof"]))
                for one in proofs["witnesses"]
            ],
        )
    except (NoteError, KeyFormatError) as exc:
        raise BundleUnreadable(f"{exc}, in one of its keys or notes") from exc
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise BundleUnreadable("one of its JSON files is not of the form it should have") from exc


def _manifest_note(archive: Archive) -> Note | None:
    if MANIFEST_NOTE not in archive.names:
        return None
    return Note.parse(archive.read(MANIFEST_NOTE, MAX_NOTE_CHARACTERS).decode())


def _checkpoints(archive: Archive) -> list[SignedCheckpoint]:
    lines = archive.read(CHECKPOINTS, _LIMITS[CHECKPOINTS]).splitlines()
    if len(lines) > MAX_CHECKPOINTS:
        raise BundleUnreadable(f"it has more than {MAX_CHECKPOINTS} checkpoints")
    found = [_checkpoint(_json(CHECKPOINTS, line)) for line in lines]
    if sum(one.stamp is not None for one in found) > MAX_TIME_STAMPS:
        raise BundleUnreadable(f"it has more than {MAX_TIME_STAMPS} time stamps")
    return found


def _checkpoint(line: Any) -> SignedCheckpoint:
    signed = _signed(_text(line["note"]))
    if "timeStamp" not in line:
        return signed
    stamp = base64.b64decode(_text(line["timeStamp"]), validate=True)
    if len(stamp) > MAX_STAMP_BYTES:
        raise BundleUnreadable(f"it has a time stamp of more than {MAX_STAMP_BYTES} bytes")
    return replace(signed, stamp=stamp)


def _signed(text: str) -> SignedCheckpoint:
    note = Note.parse(text)
    return SignedCheckpoint(Checkpoint.parse(note.text), note)


def _json(name: str, content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as exc:
        raise BundleUnreadable(f"{name} is not JSON") from exc


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def _size(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_SIZE:
        raise TypeError("a number was expected")
    return value


def _hashes(value: Any) -> list[bytes]:
    hashes = [bytes.fromhex(one) for one in value]
    if len(hashes) > _MAX_PROOF_HASHES or any(len(one) != HASH_BYTES for one in hashes):
        raise ValueError("hashes were expected")
    return hashes
