"""What a report says of the bundle it stands in, in the order people read it.

In: the bundle's facts. Out: pairs of words, for the HTML and the PDF alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.audit.reports.tally import Tally

#: What a reader has to know before believing a report.
CAVEAT = (
    "This page is a summary for people and proves nothing by itself. What proves the range is complete, in order and "
    "unchanged is the bundle it came in: run `kapok audit verify` on the whole file, with the log's public key from "
    "somewhere you trust."
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is not counted. subject: whose log. first_size, last_size: the entries [first_size, last_size) are there.
    first_at, last_at: when the checkpoints at both ends were signed. keys: as `name+id+base64`. problem: why the log is
    not sealed up to the time of the export, "" where it is."""

    subject: str
    origin: str
    created_at: str
    requested_by: str
    first_size: int
    last_size: int
    first_at: str
    last_at: str
    since: str
    until: str
    selection: Mapping[str, str]
    keys: Sequence[str]
    problem: str = ""

    def pairs(self, tally: Tally) -> list[tuple[str, str]]:
        """(what, value), in order."""
        begin = self.first_at or "the log's beginning"
        found = [
            ("Log", f"{self.subject} ({self.origin})"),
            ("Made", f"{self.created_at}, for {self.requested_by}"),
            ("Asked for", f"{self.since or 'from the beginning'} to {self.until or 'now'}"),
            *((name.capitalize(), value) for name, value in self.selection.items()),
            ("Proven range", f"entries {self.first_size} to {self.last_size - 1}: {begin} to {self.last_at}"),
            ("Entries", f"{tally.entries:,}: {tally.shown:,} shown, {tally.withheld:,} withheld, {tally.gone:,} gone"),
            ("Signed by", ", ".join(self.keys)),
        ]
        if tally.erased:
            found.append(("Erased", f"values of {tally.erased:,} of the shown entries were erased for good"))
        if self.problem:
            found.append(("Attention", f"the log is not sealed up to now: {self.problem}"))
        return found
