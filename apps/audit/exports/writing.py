"""Writes a bundle: the part of a log that covers the times asked for, with its proofs, a spreadsheet and a report.

In: a connection, a log, what is asked for, where to. Out: the zip, and what is in it. One snapshot of the database, one
pass over the entries; memory does not grow with their number.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO

from apps.audit.exports.ahead import ahead
from apps.audit.exports.content import CHUNK, items
from apps.audit.exports.evidence import choose, evidence, leaf_hashes, tree
from apps.audit.exports.selection import Selection
from apps.audit.exports.spreadsheet import Spreadsheet
from apps.audit.logs import LogRef
from apps.audit.reports.document import document
from apps.audit.reports.facts import Facts
from apps.audit.reports.page import page
from apps.audit.reports.profiles import Profile
from apps.audit.reports.tally import Tally
from apps.audit.sealing_state import Session
from kapok.errors import KapokError
from kapok.ledger.bundle import BundleWriter, Evidence
from kapok.ledger.checkpoints import Checkpoint, Note
from kapok.ledger.lines import encode, encode_gone
from kapok.ledger.manifest import ManifestSigner, Range

CSV, HTML, PDF = "entries.csv", "report.html", "report.pdf"
#: How often progress is told, in seconds.
TELL_EVERY = 1.0
_COPY_BYTES = 2**18

Progressed = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is exported. subject: whose log, in words. requested_by: for whom. problem: why the log is not sealed up to
    now, "" where it is."""

    selection: Selection
    profile: Profile
    subject: str
    requested_by: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What is in a bundle: entries in all, shown, withheld, gone (only their hashes are left), and the checkpoints."""

    entries: int
    shown: int
    withheld: int
    gone: int
    first_size: int
    last_size: int
    checkpoints: int

    def facts(self) -> dict[str, int]:
        """JSON-ready."""
        return {name: int(value) for name, value in asdict(self).items()}


def write_export(
    session: Session,
    log: LogRef,
    wanted: Wanted,
    path: Path,
    progressed: Progressed,
    sign: ManifestSigner | None = None,
) -> Written:
    """Write the bundle to `path`, readable by its owner only; it is there whole or not at all.

    session: without a transaction. sign: signs the manifest, or not. Raises AUDIT_NOT_SEALED, AUDIT_LOG_DAMAGED,
    psycopg.Error, OSError.
    """
    unfinished, rows = path.with_suffix(".part"), path.with_suffix(".rows")
    try:
        with session.transaction():
            session.execute("set transaction isolation level repeatable read, read only")
            with _owned(unfinished) as stream:
                written = _Writing(session, log, wanted, progressed, sign).write(stream, rows)
                stream.flush()
                os.fsync(stream.fileno())
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)
        rows.unlink(missing_ok=True)
    return written


class _Writing:
    """One bundle being written."""

    def __init__(
        self, session: Session, log: LogRef, wanted: Wanted, progressed: Progressed, sign: ManifestSigner | None
    ) -> None:
        self._session, self._log, self._wanted, self._progressed = session, log, wanted, progressed
        self._sign = sign
        self._tally = Tally(wanted.profile)
        self._created_at = datetime.now(UTC)

    def write(self, stream: IO[bytes], rows: Path) -> Written:
        """rows: where the spreadsheet is while the entries go by."""
        selection = self._wanted.selection
        part, ends = choose(self._session, self._log, selection.since, selection.until)
        part = replace(part, selection={"profile": self._wanted.profile.name, **selection.words()})
        with BundleWriter(stream, part, self._created_at) as writer:
            with _owned(rows) as table:
                spreadsheet = Spreadsheet(table)
                writer.write_lines(self._lines(part, spreadsheet))
                spreadsheet.finish()
            proof = self._prove(writer, part, ends)
            with rows.open("rb") as file:
                writer.add(CSV, iter(partial(file.read, _COPY_BYTES), b""))
            facts = self._facts(part, ends, proof)
            writer.add(HTML, [page(self._tally, facts)])
            writer.add(PDF, [document(self._tally, facts)])
            writer.finish(self._sign)
        tally = self._tally
        return Written(
            tally.entries, tally.shown, tally.withheld, tally.gone, part.first_size, part.last_size, len(proof.notes)
        )

    def _lines(self, part: Range, spreadsheet: Spreadsheet) -> Iterator[bytes]:
        """The lines of entries.jsonl; what they say is counted, and written for the spreadsheet, as they go by."""
        selection, tally, told = self._wanted.selection, self._tally, time.monotonic()
        total = part.last_size - part.first_size
        found = items(self._session, self._log, part.first_size, part.last_size)
        for index, leaf_hash, entry, _ in ahead(found, CHUNK):
            if entry is None:
                tally.add_gone()
                spreadsheet.add_gone(index)
                yield encode_gone(index, leaf_hash)
            else:
                shown = selection.shows(entry)
                entry = selection.apply(entry, shown)
                tally.add(index, entry, shown)
                spreadsheet.add(index, entry, shown)
                yield encode(index, entry)
            if time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                self._progressed(index - part.first_size, total)

    def _prove(self, writer: BundleWriter, part: Range, ends: list[str]) -> Evidence:
        node = tree(self._session, self._log)
        try:
            proof = evidence(self._session, self._log, part, ends, node)
            writer.write_leaf_hashes(leaf_hashes(self._session, self._log, part.first_size, part.last_size))
            writer.write_proofs(node, proof)
        except ValueError as exc:
            raise KapokError("AUDIT_LOG_DAMAGED", f"The log's proofs cannot be made: {exc}.") from exc
        return proof

    def _facts(self, part: Range, ends: list[str], proof: Evidence) -> Facts:
        wanted = self._wanted
        times = [Checkpoint.parse(Note.parse(note).text).at for note in ends]
        return Facts(
            subject=wanted.subject,
            origin=part.origin,
            created_at=self._created_at.isoformat(timespec="seconds"),
            requested_by=wanted.requested_by,
            first_size=part.first_size,
            last_size=part.last_size,
            first_at=times[0] if len(times) == 2 else "",
            last_at=times[-1],
            since=part.since or "",
            until=part.until or "",
            selection=part.selection,
            keys=[key.text for key in proof.keys],
            problem=wanted.problem,
        )


def _owned(path: Path) -> IO[bytes]:
    """A new file that nobody else may read, in the place of one that a killed job left."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600), "wb")
