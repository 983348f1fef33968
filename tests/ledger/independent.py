"""A second verifier, written from docs/audit-bundle.md alone: nothing of Kapok, the standard library and Ed25519.

    python independent.py BUNDLE KEY...

Time stamps are left to OpenSSL, where a certificate is given. Shorter than ours: it says that something is wrong, not
what, and keeps the bundle in memory.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FIELDS = {"at", "index", "kind", "position", "private", "public", "seed", "salts", "erased", "withheld", "v"}
Keys = dict[tuple[str, bytes], bytes]


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def spelled(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def key_of(text: str) -> tuple[tuple[str, bytes], bytes]:
    name, key_id, encoded = text.split("+", 2)
    raw = base64.b64decode(encoded)[1:]
    assert bytes.fromhex(key_id) == sha(name.encode(), b"\n\x01", raw)[:4]
    return (name, bytes.fromhex(key_id)), raw


def signers(note: str, keys: Keys) -> list[tuple[str, bytes]]:
    text, _, lines = note.rpartition("\n\n")
    found = []
    for line in lines.splitlines():
        dash, name, encoded = line.split(" ")
        value = base64.b64decode(encoded)
        known = keys.get((name, value[:4]))
        assert dash == "—"
        if known is not None:
            Ed25519PublicKey.from_public_bytes(known).verify(value[4:], f"{text}\n".encode())
            found.append((name, value[:4]))
    return found


def leaf_hash(line: dict[str, Any], origin: str) -> bytes:
    if "gone" in line:
        raise AssertionError("rows that expired are left to the other verifier")
    assert line.keys() <= FIELDS
    assert line["v"] == 1
    digests = {**line.get("erased", {}), **line.get("withheld", {})}
    for path, text in line["private"].items():
        assert path not in digests
        if "seed" in line:
            assert "salts" not in line
            salt = hmac.new(bytes.fromhex(line["seed"]), path.encode(), "sha256").digest()[:16]
        else:
            salt = bytes.fromhex(line["salts"][path])
            assert len(salt) == 16
        digests[path] = sha(b"\x02", salt, text.encode()).hex()
    leaf = {name: line[name] for name in ("at", "kind", "position", "public", "v")}
    return sha(b"\x00", spelled({**leaf, "log": origin, "private": digests}))


def root(hashes: list[bytes]) -> bytes:
    if not hashes:
        return sha()
    found = hashes[-1]
    for one in hashes[-2::-1]:
        found = sha(b"\x01", one, found)
    return found


def verify(path: str, trusted: list[str], certificate: str | None = None) -> None:
    """Raises something unless all is right. certificate: a file, of an authority whose time stamps are checked."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
        assert len(files) == len(archive.infolist())
    manifest = json.loads(files["manifest.json"])
    unlisted = {"manifest.json", "manifest.note", "entries.jsonl", "leaf_hashes.bin"}
    assert {name: sha(files[name]).hex() for name in files.keys() - unlisted} == {
        name: facts["sha256"] for name, facts in manifest["files"].items()
    }
    origin, first, last = manifest["origin"], manifest["firstSize"], manifest["lastSize"]
    checkpoints = [json.loads(line) for line in files["checkpoints.jsonl"].splitlines()]
    notes = [one["note"] for one in checkpoints]
    roots = walk(files, origin, first, last)
    keys = dict(key_of(text) for text in trusted)
    check_checkpoints(notes, manifest, roots)
    check_signatures(notes, keys, json.loads(files["keys.json"])["rotations"], origin)
    if "manifest.note" in files:
        check_manifest(files["manifest.note"].decode(), files["manifest.json"], origin, keys)
    for one in checkpoints:
        if "timeStamp" in one and certificate:
            check_time_stamp(one["note"], base64.b64decode(one["timeStamp"]), certificate)


def walk(files: dict[str, bytes], origin: str, first: int, last: int) -> dict[int, bytes]:
    """Steps 3 to 5: the root at each size."""
    frontier = json.loads(files["frontier.json"])
    hashes = [bytes.fromhex(one) for one in frontier["hashes"]]
    assert frontier["size"] == first
    assert len(hashes) == bin(first).count("1")
    lines = files["entries.jsonl"].split(b"\n")
    assert lines.pop() == b""
    assert len(lines) == last - first
    assert len(files["leaf_hashes.bin"]) == 32 * len(lines)
    roots = {first: root(hashes)}
    for place, line in enumerate(lines):
        read = json.loads(line)
        assert spelled(read) == line
        assert read["index"] == first + place
        leaf = leaf_hash(read, origin)
        assert leaf == files["leaf_hashes.bin"][place * 32 : place * 32 + 32]
        size = first + place
        while size & 1:
            leaf, size = sha(b"\x01", hashes.pop(), leaf), size >> 1
        hashes.append(leaf)
        roots[first + place + 1] = root(hashes)
    return roots


def check_checkpoints(notes: list[str], manifest: dict[str, Any], roots: dict[int, bytes]) -> None:
    """Step 2, and that each root is the one that was walked to."""
    states = []
    for note in notes:
        origin, size, encoded, *more = note.rpartition("\n\n")[0].split("\n")
        assert origin == manifest["origin"]
        assert base64.b64decode(encoded) == roots[int(size)]
        [time] = [line.removeprefix("time ") for line in more if line.startswith("time ")]
        states.append((int(size), time))
    assert states == sorted(states)
    assert [time for _, time in states] == sorted(time for _, time in states)
    assert states[-1][0] == manifest["lastSize"]
    assert manifest["firstSize"] in (0, states[0][0])
    assert not manifest["to"] or states[-1][1] >= manifest["to"]
    assert not manifest["from"] or not manifest["firstSize"] or states[0][1] <= manifest["from"]


def check_signatures(notes: list[str], keys: Keys, rotations: list[str], origin: str) -> None:
    """Step 7, with the key changes of keys.json only."""
    before: dict[tuple[str, bytes], list[tuple[str, bytes]]] = {}
    for note in rotations:
        title, log, text = note.rpartition("\n\n")[0].split("\n")
        by = signers(note, keys)
        if (title, log) == ("kapok: the next key of this log", origin) and by:
            name, raw = key_of(text)
            keys[name] = raw
            before[name] = by
    for note in notes:
        by = signers(note, keys)
        assert by
        for name in by:
            for old in before.pop(name, []):
                del keys[old]


def check_manifest(note: str, manifest: bytes, origin: str, keys: Keys) -> None:
    """Step 1, by a key that counts at the end."""
    assert note.rpartition("\n\n")[0] == f"kapok: an audit bundle\n{origin}\n{sha(manifest).hex()}"
    assert signers(note, keys)


def check_time_stamp(note: str, answer: bytes, certificate: str) -> None:
    """Step 8."""
    with tempfile.TemporaryDirectory() as place:
        stamp, data = Path(place) / "note.tsr", Path(place) / "note"
        stamp.write_bytes(answer)
        data.write_text(note, encoding="utf-8", newline="")
        command = ["openssl", "ts", "-verify", "-in", stamp, "-data", data, "-CAfile", certificate]
        subprocess.run(command, check=True, capture_output=True)
        said = subprocess.run(["openssl", "ts", "-reply", "-in", stamp, "-text"], check=True, capture_output=True)
    [time] = [line.partition(": ")[2] for line in said.stdout.decode().splitlines() if line.startswith("Time stamp: ")]
    [signed] = [line.removeprefix("time ") for line in note.splitlines() if line.startswith("time ")]
    stamped_at = datetime.strptime(f"{time.removesuffix(' GMT')} +0000", "%b %d %H:%M:%S %Y %z")
    assert stamped_at >= datetime.fromisoformat(signed) - timedelta(minutes=5)


if __name__ == "__main__":
    try:
        verify(sys.argv[1], sys.argv[2:])
    except (AssertionError, InvalidSignature, KeyError, ValueError) as wrong:
        sys.exit(f"not verified: {wrong!r}")
    sys.stdout.write("verified\n")
