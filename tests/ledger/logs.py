"""A log in memory that is sealed, signed and exported like a real one, and a hand that edits its bundles."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import orjson

from kapok.ledger import bundle, rotation, tiles
from kapok.ledger.bundle import BundleWriter, Evidence, Witness
from kapok.ledger.checkpoints import Checkpoint, Note, sign
from kapok.ledger.entries import CHANGE, EVENT, Entry, new_seed, time_text
from kapok.ledger.keys import PublicKey, Signer
from kapok.ledger.lines import encode
from kapok.ledger.manifest import Range, manifest_signer
from kapok.ledger.merkle import NodeReader, frontier_of
from kapok.ledger.proofs import inclusion_proof
from kapok.ledger.signing import LocalSigner, new_private_key

ORIGIN = "kapok.test/tenants/acme"
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
Edits = Mapping[str, Callable[[bytes], bytes | None]]


def at(seconds: float) -> str:
    """So many seconds after the log began."""
    return time_text(START + timedelta(seconds=seconds))


def change(number: int, **values: str) -> Entry:
    """A change of the row `number` of the table payments, a second after the one before."""
    public = {"table": "payments", "op": "insert", "source": "api", "requestId": f"r{number}"}
    private = {
        "actor": '"user:1"',
        "key.id": str(number),
        "after.amount": "10.50",
        "after.note": '"né\\u0000"',
        **values,
    }
    return Entry(CHANGE, at(number), number + 1, public, private, new_seed())


def event(number: int, name: str, details: Mapping[str, object]) -> Entry:
    """An event of this name."""
    public = {"action": 901, "name": name, "requestId": None, "outcome": "ok"}
    private = {f"details.{path}": orjson.dumps(value).decode() for path, value in details.items()}
    return Entry(EVENT, at(number), number + 1, public, {"actor": '"operator:1"', **private}, new_seed())


class Log:
    """A log. `sealed` holds the entries, `notes` the checkpoints, by size."""

    def __init__(self, origin: str = ORIGIN, signer: Signer | None = None) -> None:
        self.origin = origin
        self.signer = signer or LocalSigner("kapok.test", new_private_key())
        self.sealed: list[Entry] = []
        self.notes: dict[int, str] = {}
        self.first_key = self.signer.key
        self.rotations: list[str] = []
        self._tiles: dict[tuple[int, int], bytes] = {}

    @property
    def node(self) -> NodeReader:
        return tiles.node_reader(lambda level, index: self._tiles[level, index])

    def seal(self, entries: Iterable[Entry]) -> None:
        """Append entries and sign a checkpoint, as late as the last entry."""
        added = list(entries)
        hashes = [entry.leaf_hash(self.origin) for entry in added]
        self._tiles |= tiles.grow(len(self.sealed), hashes, lambda level, index: self._tiles[level, index])
        self.sealed += added
        self.sign(self.sealed[-1].at)

    def sign(self, when: str) -> None:
        size = len(self.sealed)
        checkpoint = Checkpoint(self.origin, size, frontier_of(self.node, size).root, when)
        self.notes[size] = sign(checkpoint.text, [self.signer])

    def rotate(self) -> LocalSigner:
        """Seal the change to a new key with the old one; gives the new one."""
        new = LocalSigner("kapok.test", new_private_key())
        note = rotation.announce(self.origin, new.key, [self.signer])
        self.seal([event(len(self.sealed), rotation.NAME, {"note": note})])
        self.rotations.append(note)
        self.signer = new
        return new

    def leaf_hashes(self, first: int, last: int) -> list[bytes]:
        return [self.node(0, index) for index in range(first, last)]

    def witness(self, index: int) -> Witness:
        """What proves an entry in the log's last checkpoint."""
        size = max(self.notes)
        line = encode(index, self.sealed[index])
        return Witness(line, self.notes[size], inclusion_proof(self.node, index, size))

    def bundle(
        self,
        path: Path,
        first: int = 0,
        last: int | None = None,
        *,
        lines: Iterable[bytes] | None = None,
        keys: list[PublicKey] | None = None,
        signed: bool = True,
        rotations: bool = True,
        witnesses: Iterable[Witness] = (),
        until: str | None = None,
        since: str | None = None,
        stamps: Mapping[int, bytes] | None = None,
    ) -> Path:
        """Export the range between two checkpoints."""
        end = len(self.sealed) if last is None else last
        notes = [note for size, note in sorted(self.notes.items()) if first <= size <= end]
        part = Range(self.origin, first, end, since, until, {"tables": "payments"})
        evidence = Evidence(
            notes, keys or [self.signer.key], self.rotations if rotations else (), tuple(witnesses), stamps or {}
        )
        made = (encode(index, self.sealed[index]) for index in range(first, end))
        with path.open("wb") as stream, BundleWriter(stream, part, START) as writer:
            writer.write_lines(made if lines is None else lines)
            writer.write_leaf_hashes([b"".join(self.leaf_hashes(first, end))])
            writer.write_proofs(self.node, evidence)
            writer.add("entries.csv", [b"index,table\n", b"0,payments\n"])
            writer.finish(manifest_signer(self.origin, [self.signer]) if signed else None)
        return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def edit(path: Path, edits: Edits, *, cover_up: bool = True) -> Path:
    """Change members of a bundle (None removes one). cover_up: as a forger would, with the manifest brought in line and
    its signature, which no longer fits, taken out."""
    content = members(path)
    for name, change_it in edits.items():
        changed = change_it(content.pop(name, b""))
        if changed is not None:
            content[name] = changed
    if cover_up:
        content.pop(bundle.MANIFEST_NOTE, None)
        manifest = orjson.loads(content[bundle.MANIFEST])
        manifest["files"] = {
            name: {"bytes": len(data), "sha256": sha256(data).hexdigest()}
            for name, data in content.items()
            if name not in bundle.UNLISTED
        }
        content[bundle.MANIFEST] = orjson.dumps(manifest)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def edited_lines(change_them: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    """An edit of a file of lines."""
    return lambda content: b"".join(line + b"\n" for line in change_them(content.splitlines()))


def edited_json(change_it: Callable[[dict], object]) -> Callable[[bytes], bytes]:
    """An edit of a JSON file: the object is changed in place."""

    def changed(content: bytes) -> bytes:
        read = orjson.loads(content)
        change_it(read)
        return orjson.dumps(read)

    return changed


def renumbered(lines: list[bytes], first: int = 0) -> list[bytes]:
    """Lines with the indexes that their places ask for."""
    read = [orjson.loads(line) for line in lines]
    return [orjson.dumps(one | {"index": first + place}, option=orjson.OPT_SORT_KEYS) for place, one in enumerate(read)]


def note_of(checkpoint: Checkpoint, signer: Signer) -> Note:
    return Note.parse(sign(checkpoint.text, [signer]))


def state_of(note: str) -> Checkpoint:
    return Checkpoint.parse(Note.parse(note).text)


def signed_again(note: str, signer: Signer, **changes: object) -> str:
    """The same checkpoint with other facts, signed by somebody."""
    return sign(replace(state_of(note), **changes).text, [signer])
