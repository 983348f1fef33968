"""What proving a bundle costs: `kapok audit verify` on a million entries, as an auditor runs it.

In: nothing of Kapok or its database; the bundle is made here. Out: the time, and the memory of the largest process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.kapok_server import Kapok
from bench.targets import Target
from kapok.ledger import tiles
from kapok.ledger.bundle import BundleWriter, Evidence
from kapok.ledger.checkpoints import Checkpoint, sign
from kapok.ledger.entries import CHANGE, Entry, new_seed, time_text
from kapok.ledger.lines import encode
from kapok.ledger.manifest import Range, manifest_signer
from kapok.ledger.merkle import frontier_of
from kapok.ledger.signing import LocalSigner, new_private_key

ENTRIES = 1_000_000
LIMIT_SECONDS = 60.0
LIMIT_MIB = 200.0

_ORIGIN = "bench.kapok.test/tenants/t_bench"
_START = datetime(2026, 1, 1, tzinfo=UTC)
#: Entries between two checkpoints.
_SEALED_AT_ONCE = 5_000


def verification(kapok: Kapok, database_url: str) -> list[Target]:
    """Make a bundle, and prove it in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="kapok-bench-") as folder:
        path = Path(folder, "bundle.zip")
        signer = LocalSigner("bench.kapok.test", new_private_key())
        _make(path, signer)
        seconds, mib = _verify(path, signer.key.text)
    text = f"{ENTRIES:,} entries of 8 private values verified"
    return [
        Target(text, seconds, LIMIT_SECONDS, " s"),
        Target(f"{text}: memory of the largest process", mib, LIMIT_MIB, " MiB"),
    ]


def _verify(path: Path, key: str) -> tuple[float, float]:
    """Seconds, and MiB of the largest process. Raises RuntimeError when it is not verified."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("kapok"), "audit", "verify", path, "--trusted-key", key],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"kapok audit verify ended with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def _make(path: Path, signer: LocalSigner) -> None:
    log = _Log(signer)
    with path.open("wb") as stream, BundleWriter(stream, Range(_ORIGIN, 0, ENTRIES), _START) as writer:
        writer.write_lines(log.lines())
        writer.write_leaf_hashes(log.tiles[0, index] for index in range(-(-ENTRIES // tiles.WIDTH)))
        writer.write_proofs(tiles.node_reader(log.tile), Evidence(log.notes, [signer.key]))
        writer.finish(manifest_signer(_ORIGIN, [signer]))


class _Log:
    """A log of changes that is sealed while its lines are written."""

    def __init__(self, signer: LocalSigner) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.notes: list[str] = []
        self._signer = signer

    def tile(self, level: int, index: int) -> bytes:
        return self.tiles[level, index]

    def lines(self) -> Iterator[bytes]:
        hashes = []
        for index in range(ENTRIES):
            entry = _entry(index)
            hashes.append(entry.leaf_hash(_ORIGIN))
            if len(hashes) == _SEALED_AT_ONCE:
                self._seal(index + 1, hashes, entry.at)
                hashes.clear()
            yield encode(index, entry)

    def _seal(self, size: int, hashes: list[bytes], at: str) -> None:
        self.tiles |= tiles.grow(size - len(hashes), hashes, self.tile)
        root = frontier_of(tiles.node_reader(self.tile), size).root
        self.notes.append(sign(Checkpoint(_ORIGIN, size, root, at).text, [self._signer]))


def _entry(index: int) -> Entry:
    public = {
        "table": "payments",
        "op": "update",
        "source": "api",
        "requestId": f"01980d5a-7c1e-7a10-9000-{index:012x}",
    }
    private = {
        "actor": f'"user:{index % 997}"',
        "sessionId": f'"{index % 9973:032x}"',
        "key.id": str(index),
        "before.amount": "10.50",
        "before.state": '"open"',
        "after.amount": f"{index % 500}.25",
        "after.state": '"paid"',
        "after.note": f'"Invoice {index} of customer {index % 997}"',
    }
    at = time_text(_START + timedelta(seconds=index / 10))
    return Entry(CHANGE, at, index + 1, public, private, new_seed())
