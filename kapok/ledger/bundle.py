"""Writing a bundle: what an auditor takes away and verifies alone (docs/audit-bundle.md is its format).

In: a range between two checkpoints, its entries, leaf hashes and keys, each as an iterator. Out: a zip, written as it
comes: memory does not grow with the number of entries.
"""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from types import TracebackType
from typing import IO

import orjson

from kapok.ledger.checkpoints import Checkpoint, Note
from kapok.ledger.keys import PublicKey
from kapok.ledger.lines import MAX_LINE_BYTES
from kapok.ledger.manifest import Manifest, ManifestSigner, Range
from kapok.ledger.merkle import NodeReader, frontier_of
from kapok.ledger.proofs import consistency_proof, inclusion_proof

MANIFEST, MANIFEST_NOTE, KEYS, CHECKPOINTS = "manifest.json", "manifest.note", "keys.json", "checkpoints.jsonl"
FRONTIER, ENTRIES, LEAF_HASHES, PROOFS = "frontier.json", "entries.jsonl", "leaf_hashes.bin", "proofs.json"
#: What the root proves, and what cannot be listed in itself: these are not in the manifest's list of files.
UNLISTED = frozenset({MANIFEST, MANIFEST_NOTE, ENTRIES, LEAF_HASHES})
REQUIRED = frozenset({MANIFEST, KEYS, CHECKPOINTS, FRONTIER, ENTRIES, LEAF_HASHES, PROOFS})

#: Limits that a writer keeps and a reader may rely on.
MAX_CHECKPOINTS, MAX_TIME_STAMPS = 2000, 400

_COMPRESSION_LEVEL = 1
_BUFFER_BYTES = 2**18


@dataclass(frozen=True, slots=True)
class Witness:
    """An entry from outside the range (its line), in a checkpoint's tree: the note and the inclusion proof."""

    line: bytes
    note: str
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves a range.

    notes: checkpoints in order, at most MAX_CHECKPOINTS: the first is that of first_size (none is needed for 0), the
    last that of last_size. keys: those that signed. rotations: the `rotation.announce` notes of all key changes so far,
    oldest first. witnesses: events after the range, of rows that expired. time_stamps: authorities' answers by the size
    of their checkpoint, which is among the notes; at most MAX_TIME_STAMPS.
    """

    notes: Sequence[str]
    keys: Sequence[PublicKey]
    rotations: Sequence[str] = ()
    witnesses: Sequence[Witness] = ()
    time_stamps: Mapping[int, bytes] = field(default_factory=dict)


class BundleWriter:
    """Writes one bundle: `with BundleWriter(...) as writer`. Call write_lines, write_leaf_hashes and write_proofs once
    each, then finish; what was not finished is no bundle."""

    def __init__(self, stream: IO[bytes], part: Range, created_at: datetime) -> None:
        """stream: to write to; it need not be able to seek. created_at: with its time zone."""
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL)
        self._range, self._created_at = part, created_at
        self._files: dict[str, tuple[int, str]] = {}

    def __enter__(self) -> BundleWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def write_lines(self, lines: Iterable[bytes]) -> int:
        """Write what lines.encode and encode_gone give, in order, as the database has them: whether they are all there,
        the verifier finds out. Gives their number. Raises ValueError for a line that is too long (lines.fitting).
        """
        count = 0
        with self._member(ENTRIES) as member:
            buffer = bytearray()
            for line in lines:
                if len(line) > MAX_LINE_BYTES:
                    raise ValueError(f"a line of a bundle has at most {MAX_LINE_BYTES} bytes")
                buffer += line
                buffer += b"\n"
                count += 1
                if len(buffer) >= _BUFFER_BYTES:
                    member.write(buffer)
                    buffer.clear()
            member.write(buffer)
        return count

    def write_leaf_hashes(self, chunks: Iterable[bytes]) -> None:
        """Write the leaf hashes of the range, joined: from the tiles, not from the entries' rows."""
        with self._member(LEAF_HASHES, compressed=False) as member:
            for chunk in chunks:
                member.write(chunk)

    def write_proofs(self, node: NodeReader, evidence: Evidence) -> None:
        """Write the frontier, the checkpoints, the proofs between them and the keys.

        Raises ValueError when there are too many checkpoints, NoteError when a note is not a checkpoint.
        """
        if len(evidence.notes) > MAX_CHECKPOINTS or len(evidence.time_stamps) > MAX_TIME_STAMPS:
            raise ValueError(f"a bundle has at most {MAX_CHECKPOINTS} checkpoints, {MAX_TIME_STAMPS} with time stamps")
        first, last = self._range.first_size, self._range.last_size
        sizes = sorted({size_of(note) for note in evidence.notes})
        consistency = [
            {"first": old, "proof": _hex(consistency_proof(node, old, new)), "second": new}
            for old, new in pairwise(sizes)
        ]
        inclusion = [
            {"index": index, "proof": _hex(inclusion_proof(node, index, last)), "size": last}
            for index in sorted({first, last - 1})
            if first < last
        ]
        witnesses = [
            {"line": one.line.decode(), "note": one.note, "proof": _hex(one.proof)} for one in evidence.witnesses
        ]
        proofs = {"consistency": consistency, "inclusion": inclusion, "witnesses": witnesses}
        keys = {"keys": [key.text for key in evidence.keys], "rotations": list(evidence.rotations)}
        self.add(FRONTIER, [orjson.dumps({"hashes": _hex(frontier_of(node, first).frontier), "size": first})])
        self.add(CHECKPOINTS, (_checkpoint_line(note, evidence) for note in evidence.notes))
        self.add(KEYS, [orjson.dumps(keys)])
        self.add(PROOFS, [orjson.dumps(proofs)])

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a file that the manifest vouches for (`entries.csv`, `report.html`)."""
        digest, size = sha256(), 0
        with self._member(name) as member:
            for chunk in chunks:
                member.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self._files[name] = size, digest.hexdigest()

    def finish(self, sign: ManifestSigner | None = None) -> bool:
        """Write the manifest, with what `sign` gives for it, and end the zip. Out: whether it is signed."""
        created_at = self._created_at.isoformat(timespec="seconds")
        manifest = Manifest(self._range, created_at, self._files).encoded
        with self._member(MANIFEST) as member:
            member.write(manifest)
        note = sign(manifest) if sign else None
        if note is not None:
            with self._member(MANIFEST_NOTE) as member:
                member.write(note.encode())
        self._zip.close()
        return note is not None

    @contextmanager
    def _member(self, name: str, *, compressed: bool = True) -> Iterator[IO[bytes]]:
        info = zipfile.ZipInfo(name, self._created_at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        with self._zip.open(info, "w", force_zip64=True) as member:
            yield member


def size_of(note: str) -> int:
    """The size that a checkpoint speaks of. Raises NoteError."""
    return Checkpoint.parse(Note.parse(note).text).size


def _checkpoint_line(note: str, evidence: Evidence) -> bytes:
    line = {"note": note}
    stamp = evidence.time_stamps.get(size_of(note))
    if stamp is not None:
        line["timeStamp"] = base64.b64encode(stamp).decode()
    return orjson.dumps(line) + b"\n"


def _hex(proof: Iterable[bytes]) -> list[str]:
    return [one.hex() for one in proof]
