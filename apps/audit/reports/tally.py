"""Counts entries as they go by, in all and by the sections of a profile. Memory does not grow with their number.

In: entries as a bundle has them. Out: `Tally`, which the charts and pages are made of.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from apps.audit.reports.profiles import Profile, Section
from kapok.ledger.entries import CHANGE, EVENT, Entry

#: Most different names (of actors, of acts) that are counted one by one; the others are counted together.
MAX_NAMES = 5000
OTHERS = "(others)"
#: The latest entries of a section that its part of the report shows.
LATEST = 15
#: Days of the years 1000 to 2999: what a hand in the database has dated otherwise is in no chart.
_DAY = re.compile(r"[12]\d{3}-\d\d-\d\d", re.ASCII)
#: Longest name that a report shows, in characters.
MAX_SHOWN = 80


class Line(NamedTuple):
    """An entry as a report shows it."""

    index: int
    at: str
    what: str
    outcome: str
    actor: str


@dataclass(slots=True)
class SectionTally:
    """What fills a section. latest: the newest lines, oldest first."""

    section: Section
    count: int = 0
    by_what: Counter[str] = field(default_factory=Counter)
    by_outcome: Counter[str] = field(default_factory=Counter)
    by_actor: Counter[str] = field(default_factory=Counter)
    latest: deque[Line] = field(default_factory=lambda: deque(maxlen=LATEST))

    def add(self, line: Line) -> None:
        """Count an entry."""
        self.count += 1
        _count(self.by_what, line.what)
        _count(self.by_outcome, line.outcome)
        _count(self.by_actor, line.actor)
        self.latest.append(line)


class Tally:
    """All that a report says in numbers. by_day: (day, kind) -> entries. by_outcome: of events. by_source: of changes.

    shown, withheld and gone add up to entries; erased counts those shown of which something was erased for good.
    unsorted: those shown that no section of the profile takes.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.sections = [SectionTally(section) for section in profile.sections]
        self.entries = self.shown = self.withheld = self.gone = self.erased = self.unsorted = 0
        self.by_day: Counter[tuple[str, str]] = Counter()
        self.by_what: Counter[str] = Counter()
        self.by_actor: Counter[str] = Counter()
        self.by_outcome: Counter[str] = Counter()
        self.by_source: Counter[str] = Counter()
        self.first_at = self.last_at = ""
        self._sections: dict[tuple[object, ...], list[SectionTally]] = {}

    def add(self, index: int, entry: Entry, shown: bool) -> None:
        """Count an entry of the bundle."""
        self.entries += 1
        if not shown:
            self.withheld += 1
            return
        self.shown += 1
        self.erased += bool(entry.erased)
        self.first_at = min(self.first_at or entry.at, entry.at)
        self.last_at = max(self.last_at, entry.at)
        line = _line(index, entry)
        if _DAY.fullmatch(entry.at[:10]):
            self.by_day[entry.at[:10], entry.kind] += 1
        _count(self.by_what, line.what)
        _count(self.by_actor, line.actor)
        _count(self.by_outcome if entry.kind == EVENT else self.by_source, line.outcome)
        sections = self._sections_of(entry)
        self.unsorted += not sections
        for section in sections:
            section.add(line)

    def add_gone(self) -> None:
        """Count an entry whose row is no longer there."""
        self.entries += 1
        self.gone += 1

    def _sections_of(self, entry: Entry) -> list[SectionTally]:
        public = entry.public
        names = ("table", "op", "source") if entry.kind == CHANGE else ("name", "outcome")
        key = (entry.kind, *(public.get(name) for name in names))
        found = self._sections.get(key)
        if found is None:
            found = [tally for tally in self.sections if tally.section.takes(entry)]
            if len(self._sections) < MAX_NAMES:
                self._sections[key] = found
        return found


def _count(counter: Counter[str], name: str) -> None:
    counter[name if name in counter or len(counter) < MAX_NAMES else OTHERS] += 1


def _line(index: int, entry: Entry) -> Line:
    public = entry.public
    actor = entry.private.get("actor", '""')
    # Most are of ASCII without escapes, so that what is between the quotes is the text.
    name = actor[1:-1] if "\\" not in actor else _read(actor)
    if entry.kind == CHANGE:
        what, outcome = f"{public.get('op')} {public.get('table')}", public.get("source")
    else:
        what, outcome = str(public.get("name") or public.get("action")), public.get("outcome")
    return Line(index, entry.at, what[:MAX_SHOWN], str(outcome or ""), name[:MAX_SHOWN])


def _read(text: str) -> str:
    try:
        return str(orjson.loads(text))
    except orjson.JSONDecodeError:
        return text
