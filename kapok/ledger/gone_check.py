"""Entries of a bundle that only their hash is left of: past their time, as the log itself says, or missing.

In: which they are, the log's events, the witnesses. Out: the problems, and the time that the rest is older than.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kapok.ledger.contents import Contents
from kapok.ledger.entries import Entry
from kapok.ledger.entries_check import Entries
from kapok.ledger.expiry import Expiry, expiry_of
from kapok.ledger.lines import LATEST, decode
from kapok.ledger.problems import Code, Problem
from kapok.ledger.proofs import verify_inclusion
from kapok.ledger.signature_check import KeyRing


@dataclass(slots=True)
class Gone:
    """How many entries are gone, the time they were from before, and what is wrong with it."""

    entries: int
    before: str | None = None
    problems: list[Problem] = field(default_factory=list)


def check_gone(contents: Contents, ring: KeyRing, entries: Entries, told: Iterable[tuple[int, Entry]]) -> Gone:
    """Is each row that is gone accounted for? told: the range's events to go by.

    Rows expire all together: one that is still there from before that time, or more gone than were removed, says that
    somebody removed rows of their own choice.
    """
    gone = Gone(sum(end - first for first, end in entries.gone))
    if not gone.entries:
        return gone
    # By index: an event may be in the range and a witness, too.
    events = dict([*told, *_witnessed(contents, ring)])
    expiries = [one for entry in events.values() if (one := expiry_of(entry))]
    gone.before = max((one.before for one in expiries), default=None)
    gone.problems += _missing(contents, entries.gone, gone.before)
    gone.problems += _chosen(entries, gone.entries, expiries)
    return gone


def _missing(contents: Contents, gone: list[tuple[int, int]], before: str | None) -> Iterator[Problem]:
    """Those that were sealed after the time."""
    expired = 0
    if before is not None:
        later = (one.checkpoint.size for one in contents.checkpoints if one.checkpoint.at >= before)
        expired = next(later, contents.part.last_size)
    missing = [(max(first, expired), end) for first, end in gone if end > expired]
    if missing:
        message = f"The rows of these entries are gone, and the log does not say why: {_ranges(missing)}."
        yield Problem(Code.ENTRY_MISSING, message, index=missing[0][0])


def _chosen(entries: Entries, count: int, expiries: list[Expiry]) -> Iterator[Problem]:
    first = entries.gone[0][0]
    rows = sum(one.rows for one in expiries)
    if expiries and count > rows:
        message = f"The rows of {count} entries are gone, but only {rows} expired. They are: {_ranges(entries.gone)}."
        yield Problem(Code.ENTRY_MISSING, message, index=first)
    for kind in sorted({one.kind for one in expiries}):
        before = max(one.before for one in expiries if one.kind == kind)
        oldest = entries.oldest.get(kind, LATEST)
        if oldest < before:
            message = (
                f"Rows from before {before} are gone, but one of {oldest} is there: they did not expire, "
                f"somebody removed them. They are: {_ranges(entries.gone)}."
            )
            yield Problem(Code.ENTRY_MISSING, message, index=first)


def _witnessed(contents: Contents, ring: KeyRing) -> Iterator[tuple[int, Entry]]:
    """The witnesses that are entries of this log, by checkpoints of a key that counts."""
    origin = contents.part.origin
    for one in contents.witnesses:
        checkpoint = one.signed.checkpoint
        try:
            index, entry = decode(one.line)
            leaf = entry.leaf_hash(origin)
        except (ValueError, TypeError, AttributeError):
            continue
        proven = verify_inclusion(leaf, index, checkpoint.size, one.proof, checkpoint.root)
        if proven and checkpoint.origin == origin and ring.ever_signed(one.signed.note):
            yield index, entry


def _ranges(ranges: list[tuple[int, int]]) -> str:
    """`3, 7 to 9 and 2 more`: some ranges of entries, for a sentence."""
    shown = [str(first) if end == first + 1 else f"{first} to {end - 1}" for first, end in ranges[:5]]
    more = f" and {len(ranges) - 5} more" if len(ranges) > 5 else ""
    return ", ".join(shown) + more
