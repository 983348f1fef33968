"""Bundles for tests. In: a log and what is wanted. Out: the file, what the verifier says, and all of its text."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import orjson

from apps.audit.exports.selection import Selection
from apps.audit.exports.writing import Wanted, Written, write_export
from apps.audit.reports.profiles import profile_named
from kapok.ledger.verify import Expectations, Verification, verify
from tests.audit.sealed_log import SealedLog

EVERYTHING = Selection()
#: The bundle that docs/audit.md walks through, and the keys it is signed with.
EXAMPLE = Path(__file__).parents[2] / "docs" / "audit-example" / "acme.zip"
EXAMPLE_KEYS = EXAMPLE.with_name("operator.keys")


def export(
    sealed: SealedLog, path: Path, selection: Selection = EVERYTHING, profile: str = "general", problem: str = ""
) -> Written:
    """Write the log's bundle to the path, over a connection of its own."""
    wanted = Wanted(selection, profile_named(profile), "acme", "auditor@example.com", problem)
    with sealed.connect() as session:
        return write_export(session, sealed.log, wanted, path, lambda done, total: None)


def verified(sealed: SealedLog, path: Path) -> Verification:
    """What the verifier says with the log's key."""
    return verify(path, Expectations([sealed.keyring.current.key], sealed.log.origin), processes=1)


def codes(verification: Verification) -> list[tuple[str, int | None]]:
    """What is wrong, and with which entry."""
    return [(problem.code.value, problem.index) for problem in verification.problems]


def lines(path: Path) -> list[dict[str, Any]]:
    """entries.jsonl."""
    with zipfile.ZipFile(path) as bundle:
        return [orjson.loads(line) for line in bundle.read("entries.jsonl").splitlines()]


def spreadsheet(path: Path) -> list[dict[str, str]]:
    """entries.csv."""
    with zipfile.ZipFile(path) as bundle:
        return list(csv.DictReader(io.StringIO(bundle.read("entries.csv").decode(), newline="")))


def contents(path: Path) -> bytes:
    """Every byte of every file in the bundle, and their names."""
    with zipfile.ZipFile(path) as bundle:
        return b"\n".join(name.encode() + b"\n" + bundle.read(name) for name in bundle.namelist())
