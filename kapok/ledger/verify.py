"""Verifying a bundle offline: no network, no database, nothing but the file and the keys one trusts.

In: a path, trusted keys, what else the auditor knows. Out: `Verification`: the outcome, every problem by name, and
what was looked at. What it proves and what it does not is in docs/audit-bundle.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.x509 import Certificate

from kapok.ledger.archive import Archive
from kapok.ledger.checkpoints import Checkpoint, Note
from kapok.ledger.contents import Contents, SignedCheckpoint, read_contents
from kapok.ledger.entries import Entry
from kapok.ledger.entries_check import Entries, Progress, check_entries
from kapok.ledger.gone_check import check_gone
from kapok.ledger.keys import PublicKey
from kapok.ledger.lines import decode
from kapok.ledger.manifest import Range
from kapok.ledger.manifest_check import check_files, check_manifest
from kapok.ledger.problems import Code, Outcome, Problem, outcome_of
from kapok.ledger.rotation import note_of
from kapok.ledger.signature_check import KeyRing, check_signatures
from kapok.ledger.stamp_check import Stamps, check_stamps
from kapok.ledger.tree_check import check_checkpoints, check_cover, check_proofs, check_roots, computed_roots, forked


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the auditor knows already. trusted: keys; none means that nobody is trusted.

    origin, since, until: which log, and the times that must be covered (as entries.time_text writes them). anchors:
    checkpoints of the log kept elsewhere. authorities: certificates of those whose time stamps are trusted.
    """

    trusted: Sequence[PublicKey] = ()
    origin: str | None = None
    since: str | None = None
    until: str | None = None
    anchors: Iterable[Note] = ()
    authorities: Sequence[Certificate] = ()


@dataclass(slots=True)
class Verification:
    """The result. gone: entries that only their hash is left of, for they were from before `expired`. keys: those that
    count at the range's end. signed_manifest: whether one of them has signed the manifest."""

    part: Range
    created_at: str
    checkpoints: int
    first_at: str | None = None
    last_at: str | None = None
    entries: int = 0
    withheld: int = 0
    erased: int = 0
    gone: int = 0
    expired: str | None = None
    anchors: int = 0
    stamps: Stamps = field(default_factory=Stamps)
    signed_manifest: bool = False
    keys: list[PublicKey] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """The answer in one word."""
        return outcome_of(self.problems)


def verify(
    path: Path, expected: Expectations, *, processes: int = 2, progress: Progress = lambda done, total: None
) -> Verification:
    """Verify the bundle at this path. Raises BundleUnreadable.

    processes: how many hash entries; 1 starts none. progress: called with the entries done and those there are.
    """
    with Archive(path) as archive:
        contents = read_contents(archive)
        result = _begun(contents)
        entries = check_entries(archive, contents, processes, progress)
        result.entries, result.withheld, result.erased = entries.count, entries.withheld, entries.erased
        if entries.problem:
            result.problems.append(entries.problem)
        given = list(expected.anchors)
        anchors = _relevant(contents, given)
        if given and not anchors:
            result.notices.append(
                f"None of the {len(given)} anchors is of this log and this range: nothing was compared."
            )
        roots = _check_tree(archive, contents, [anchor.checkpoint for anchor in anchors], result.problems)
        result.problems += _check_expected(contents, expected)
        ring = KeyRing(contents.part.origin, expected.trusted or contents.keys)
        told = list(_told(entries))
        result.problems += check_signatures(contents, ring, _rotations(told))
        result.keys = ring.current
        result.problems += _check_anchors(contents, ring, roots, anchors, result)
        gone = check_gone(contents, ring, entries, told)
        result.gone, result.expired = gone.entries, gone.before
        result.problems += gone.problems
        result.problems += check_files(archive, contents)
        _note_manifest(contents, ring, result)
        result.stamps = check_stamps(contents.checkpoints, expected.authorities)
        result.problems += result.stamps.problems
    if not expected.trusted:
        message = "No trusted key was given: that the keys in the bundle are the operator's is not proven."
        result.problems.append(Problem(Code.KEY_UNKNOWN, message))
    return result


def _begun(contents: Contents) -> Verification:
    times = [one.checkpoint.at for one in contents.checkpoints]
    result = Verification(contents.part, contents.created_at, len(times))
    if times:
        result.first_at, result.last_at = times[0] if contents.part.first_size else None, times[-1]
    return result


def _check_tree(
    archive: Archive, contents: Contents, anchors: list[Checkpoint], problems: list[Problem]
) -> dict[int, bytes]:
    """The roots that the leaf hashes give at the sizes of checkpoints and anchors."""
    problems += check_checkpoints(contents)
    sizes = [one.checkpoint.size for one in contents.checkpoints] + [one.size for one in anchors]
    roots, wrong = computed_roots(archive, contents, sizes)
    problems += wrong
    if not wrong:
        problems += check_roots(contents, roots)
        problems += check_proofs(archive, contents)
    return roots


def _relevant(contents: Contents, notes: Iterable[Note]) -> list[SignedCheckpoint]:
    """The anchors that this bundle can be held against: of its log, from its first checkpoint to its last."""
    part, end = contents.part, contents.checkpoints[-1].checkpoint.at if contents.checkpoints else ""
    found = []
    for note in notes:
        checkpoint = Checkpoint.parse(note.text)
        told = checkpoint.size <= part.last_size or checkpoint.at <= end
        if checkpoint.origin == part.origin and checkpoint.size >= part.first_size and told:
            found.append(SignedCheckpoint(checkpoint, note))
    return found


def _check_anchors(
    contents: Contents,
    ring: KeyRing,
    roots: dict[int, bytes],
    anchors: list[SignedCheckpoint],
    result: Verification,
) -> Iterator[Problem]:
    """Does the log hold what was said of it elsewhere? An anchor that nobody trusted has signed accuses nobody."""
    unsigned = 0
    for signed in anchors:
        anchor = signed.checkpoint
        if roots.get(anchor.size) == anchor.root:
            result.anchors += 1
        elif not ring.ever_signed(signed.note):
            unsigned += 1
        elif anchor.size in roots:
            yield forked(anchor.size)
            break
        elif anchor.size > contents.part.last_size:
            message = f"At {anchor.at} the log had {anchor.size} entries, later it has {contents.part.last_size}: "
            yield Problem(Code.ROLLED_BACK, message + "it was rolled back.", index=contents.part.last_size)
            break
    if unsigned:
        result.notices.append(f"Anchors that disagree but no trusted key has signed: {unsigned}. They were left out.")


def _check_expected(contents: Contents, expected: Expectations) -> Iterator[Problem]:
    part = contents.part
    if expected.origin is not None and expected.origin != part.origin:
        yield Problem(Code.WRONG_LOG, f"The bundle is of the log {part.origin!r}, not of {expected.origin!r}.")
    if contents.checkpoints:
        checkpoints = [one.checkpoint for one in contents.checkpoints]
        yield from check_cover(expected.since, expected.until, part.first_size, checkpoints)


def _told(entries: Entries) -> Iterator[tuple[int, Entry]]:
    for line in entries.telling:
        yield decode(line)


def _rotations(told: list[tuple[int, Entry]]) -> Iterator[tuple[int, Note]]:
    for index, entry in told:
        note = note_of(entry)
        if note is not None:
            yield index, note


def _note_manifest(contents: Contents, ring: KeyRing, result: Verification) -> None:
    found = check_manifest(contents, ring)
    if isinstance(found, Problem):
        result.problems.append(found)
        return
    result.signed_manifest = found
    if not found:
        result.notices.append(
            "The manifest is not signed by a trusted key: what was selected, and files for reading such as entries.csv "
            "and the report, are the sender's word. The entries do not depend on it."
        )
