"""What proving costs: a million changes sealed by the sealer, exported by a worker, verified by the command line.

In: Kapok and its database. Out: entries sealed a second, seconds to export and to verify them, and how much more memory
the export of all takes than that of a hundredth.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.kapok_server import Kapok, Tenant, project_files
from bench.load import LoadFailed
from bench.processes import ROOT, running
from bench.targets import Target
from kapok.ledger.signing import new_private_key

ENTRIES = 1_000_000
SEALED_A_SECOND, EXPORT_SECONDS, VERIFY_SECONDS = 5000.0, 120.0, 60.0
GROWTH_BYTES = 32 * 2**20
_PATIENCE_SECONDS = 1800.0
_TRACKS = """
    insert into "{schema}".track (track_id, name, media_type_id, composer, milliseconds, bytes, unit_price)
    select number, 'Track ' || number, 1, 'Somebody ' || number % 500, 200000 + number, 4000000 + number, 0.99
    from generate_series({first}, {last}) number
"""


@dataclass(frozen=True, slots=True)
class Auditor:
    """Everything the measure works with. environ: of the worker and the sealer."""

    kapok: Kapok
    tenant: Tenant
    database_url: str
    environ: Mapping[str, str]
    directory: Path


def audit_trail(kapok: Kapok, database_url: str) -> list[Target]:
    """First a hundredth of the entries, so that what a process needs anyhow is not counted as growth."""
    kapok.make_project("audit", *project_files())
    [tenant] = kapok.make_tenants("audit", ["audit"])
    few = ENTRIES // 100
    with tempfile.TemporaryDirectory(prefix="kapok-bench-") as folder:
        directory = Path(folder)
        environ = {**kapok.environ, "KAPOK_EXPORT_DIR": folder, "KAPOK_AUDIT_KEY": new_private_key()}
        auditor = Auditor(kapok, tenant, database_url, environ, directory)
        _execute(auditor, f"insert into \"{tenant.schema}\".media_type values (1, 'Format 1')")
        _write(auditor, 1, few)
        with _worker(auditor) as pid:
            with _sealer(auditor):
                _export(auditor)
            before = _most_resident_bytes(pid)
            _write(auditor, few + 1, ENTRIES)
            with _sealer(auditor):
                rate = _seal(auditor)
                exporting, bundle = _export(auditor)
            growth = _most_resident_bytes(pid) - before
        verifying = _verify(auditor, bundle)
        megabytes = bundle.stat().st_size / 2**20
    return [
        Target("entries sealed a second, by one process", rate, SEALED_A_SECOND, at_least=True),
        Target(f"export of {ENTRIES:,} changes, a bundle of {megabytes:,.0f} MB", exporting, EXPORT_SECONDS, " s"),
        Target("more memory for it than for a hundredth", growth / 2**20, GROWTH_BYTES / 2**20, " MB"),
        Target(f"`kapok audit verify` of {ENTRIES:,} changes", verifying, VERIFY_SECONDS, " s"),
    ]


def _write(auditor: Auditor, first: int, last: int) -> None:
    """Rows, whose triggers write the change log; a transaction for each ten thousand."""
    for start in range(first, last + 1, 10_000):
        end = min(start + 9_999, last)
        _execute(auditor, _TRACKS.format(schema=auditor.tenant.schema, first=start, last=end))
    _execute(auditor, f'vacuum analyze "{auditor.tenant.schema}".kapok_change')


def _seal(auditor: Auditor) -> float:
    """Entries a second, from the first one that is sealed to a checkpoint above all that was written."""
    asked = began = time.monotonic()
    first = sealed = _size(auditor)
    while sealed < ENTRIES or _checkpointed(auditor) < ENTRIES:
        if time.monotonic() - asked > _PATIENCE_SECONDS:
            raise LoadFailed("the log was not sealed in time")
        if sealed == first:
            # The sealer is not at it yet.
            began = time.monotonic()
        time.sleep(0.05)
        sealed = _size(auditor)
    return (sealed - first) / (time.monotonic() - began)


def _export(auditor: Auditor) -> tuple[float, Path]:
    """Seconds from asking for a bundle of everything to its file, and the file."""
    seconds, export = auditor.kapok.time_export(auditor.tenant, str(auditor.directory))
    return seconds, auditor.directory / f"{export}.zip"


def _verify(auditor: Auditor, bundle: Path) -> float:
    """Seconds the command takes. Raises LoadFailed when it does not believe the bundle."""
    kapok = str(Path(sys.executable).with_name("kapok"))
    key = str(_value(auditor, 'select key from "{schema}".kapok_log'))
    began = time.monotonic()
    done = subprocess.run(
        [kapok, "audit", "verify", str(bundle), "--trusted-key", key],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise LoadFailed(f"the bundle does not verify: {done.stdout[-500:]}{done.stderr[-500:]}")
    return time.monotonic() - began


@contextmanager
def _worker(auditor: Auditor) -> Iterator[int]:
    """A worker of one process, whose memory is its own."""
    celery = [sys.executable, "-m", "celery", "-A", "config"]

    def is_up() -> bool:
        ping = [*celery, "inspect", "ping", "--timeout=2"]
        return subprocess.run(ping, cwd=ROOT, env=dict(auditor.environ), capture_output=True).returncode == 0

    with running([*celery, "worker", "--pool=solo", "--loglevel=warning"], auditor.environ, is_up) as pid:
        yield pid


@contextmanager
def _sealer(auditor: Auditor) -> Iterator[None]:
    """The sealer; it works from the moment it is up."""
    with running([sys.executable, "-m", "config.sealer"], auditor.environ, lambda: True):
        yield


def _most_resident_bytes(pid: int) -> int:
    """The most resident memory that a process has had so far (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def _size(auditor: Auditor) -> int:
    """How many entries there are."""
    return int(_value(auditor, 'select coalesce(max(size), 0) from "{schema}".kapok_log'))


def _checkpointed(auditor: Auditor) -> int:
    """How many entries the newest checkpoint is above."""
    return int(_value(auditor, 'select coalesce(max(size), 0) from "{schema}".kapok_checkpoint'))


def _value(auditor: Auditor, statement: str) -> Any:
    with psycopg.connect(auditor.database_url, autocommit=True) as session:
        row = session.execute(statement.format(schema=auditor.tenant.schema).encode()).fetchone()
    return row[0] if row else None


def _execute(auditor: Auditor, statement: str) -> None:
    with psycopg.connect(auditor.database_url, autocommit=True) as session:
        session.execute(statement.encode())
