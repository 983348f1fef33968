"""What a verifier finds: problems by a stable code, each with the entry or the file it is about.

In: a code and the facts. Out: `Problem`, and the outcome that a list of them comes to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from kapok.ledger.entries import Entry


class Outcome(StrEnum):
    """The answer in one word."""

    VERIFIED = "verified"
    TAMPERED = "tampered"
    UNKNOWN_KEY = "unknown_key"


class Code(StrEnum):
    """What can be wrong. docs/audit-bundle.md says how each is found."""

    ENTRY_CHANGED = "ENTRY_CHANGED"
    ENTRY_INSERTED = "ENTRY_INSERTED"
    ENTRY_MALFORMED = "ENTRY_MALFORMED"
    ENTRY_MISSING = "ENTRY_MISSING"
    ENTRIES_SWAPPED = "ENTRIES_SWAPPED"
    ENTRIES_CUT_OFF = "ENTRIES_CUT_OFF"
    ENTRIES_ADDED = "ENTRIES_ADDED"
    LEAF_HASHES_CHANGED = "LEAF_HASHES_CHANGED"
    ROOT_MISMATCH = "ROOT_MISMATCH"
    FORKED = "FORKED"
    ROLLED_BACK = "ROLLED_BACK"
    CHECKPOINTS_OUT_OF_ORDER = "CHECKPOINTS_OUT_OF_ORDER"
    CHECKPOINT_MISSING = "CHECKPOINT_MISSING"
    WRONG_LOG = "WRONG_LOG"
    RANGE_NOT_COVERED = "RANGE_NOT_COVERED"
    FRONTIER_CHANGED = "FRONTIER_CHANGED"
    PROOF_INVALID = "PROOF_INVALID"
    SIGNATURE_FORGED = "SIGNATURE_FORGED"
    KEY_RETIRED = "KEY_RETIRED"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    FILE_CHANGED = "FILE_CHANGED"
    MANIFEST_CHANGED = "MANIFEST_CHANGED"
    TIME_STAMP_INVALID = "TIME_STAMP_INVALID"
    TIME_STAMP_UNKNOWN = "TIME_STAMP_UNKNOWN"


#: What says only that somebody is not known, and not that anything is wrong.
UNKNOWN = frozenset({Code.KEY_UNKNOWN, Code.TIME_STAMP_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. index, table (or the event's name) and at: of the entry it is about, where it is one."""

    code: Code
    message: str
    index: int | None = None
    table: str | None = None
    at: str | None = None

    @classmethod
    def of_entry(cls, code: Code, index: int, entry: Entry | None, message: str) -> Problem:
        """About entry `index`, as it stands in the bundle."""
        if entry is None:
            return cls(code, f"Entry {index} {message}", index)
        table = str(entry.public.get("table") or entry.public.get("name") or "") or None
        what = ", ".join(filter(None, (table, str(entry.public.get("op") or ""), str(entry.at))))
        return cls(code, f"Entry {index} ({what}) {message}", index, table, str(entry.at))

    def facts(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def outcome_of(problems: Iterable[Problem]) -> Outcome:
    """Tampered as soon as anything is wrong but that the key, or who stamped the time, is not known."""
    codes = {problem.code for problem in problems}
    if not codes:
        return Outcome.VERIFIED
    return Outcome.UNKNOWN_KEY if codes <= UNKNOWN else Outcome.TAMPERED
