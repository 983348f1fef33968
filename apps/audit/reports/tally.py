"""Counts entries as they go by, in all and by the sections of a profile. Memory does not grow with their number.

In: entries as a bundle has them. Out: `Tally`, which the charts and pages are made of.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nlargest
from typing import NamedTuple

import orjson

from apps.audit.reports.profiles import Profile, Section
from kapok.ledger.entries import CHANGE, EVENT, Entry

#: Most kinds of acts, and most pairs of an act and an actor, that are counted one by one; the rest is counted together.
MAX_ACTS, MAX_PAIRS = 5000, 50_000
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
class Act:
    """Entries that say the same of what was done (`update books`) and of how it ended, or where it came from."""

    kind: str
    what: str
    outcome: str
    sections: tuple[Section, ...]
    count: int = 0
    by_actor: Counter[str] = field(default_factory=Counter)
    latest: deque[Line] = field(default_factory=lambda: deque(maxlen=LATEST))


@dataclass(frozen=True, slots=True)
class SectionTally:
    """What fills a section. latest: the newest lines, oldest first."""

    section: Section
    acts: list[Act]

    @property
    def count(self) -> int:
        """How many entries."""
        return sum(act.count for act in self.acts)

    @property
    def by_what(self) -> Counter[str]:
        """What was done, how often."""
        return counted((act.what, act.count) for act in self.acts)

    @property
    def by_actor(self) -> Counter[str]:
        """Who did something, how often."""
        return counted(pair for act in self.acts for pair in act.by_actor.items())

    @property
    def latest(self) -> list[Line]:
        """The newest entries, oldest first."""
        return nlargest(LATEST, (line for act in self.acts for line in act.latest))[::-1]


class Tally:
    """All that a report says in numbers. by_day: (day, kind) -> entries shown.

    shown, withheld and gone add up to entries; erased counts those shown of which something was erased for good.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.shown = self.withheld = self.gone = self.erased = 0
        self.by_day: Counter[tuple[str, str]] = Counter()
        self._acts: dict[tuple[object, ...], Act] = {}
        self._pairs = 0

    def add(self, index: int, entry: Entry, shown: bool) -> None:
        """Count an entry of the bundle."""
        if not shown:
            self.withheld += 1
            return
        self.shown += 1
        self.erased += bool(entry.erased)
        self.by_day[entry.at[:10], entry.kind] += 1
        act = self._act(entry)
        act.count += 1
        actor = _name(entry.private.get("actor", '""'))
        if actor not in act.by_actor:
            self._pairs += 1
            if self._pairs > MAX_PAIRS:
                actor = OTHERS
        act.by_actor[actor] += 1
        act.latest.append(Line(index, entry.at, act.what, act.outcome, actor))

    def add_gone(self) -> None:
        """Count an entry whose row is no longer there."""
        self.gone += 1

    @property
    def entries(self) -> int:
        """All of the range."""
        return self.shown + self.withheld + self.gone

    @property
    def acts(self) -> list[Act]:
        """What was done."""
        return list(self._acts.values())

    @property
    def sections(self) -> list[SectionTally]:
        """The profile's sections, in order."""
        return [
            SectionTally(section, [act for act in self.acts if section in act.sections])
            for section in self.profile.sections
        ]

    @property
    def unsorted(self) -> int:
        """Entries shown that no section takes."""
        return sum(act.count for act in self.acts if not act.sections)

    @property
    def days(self) -> dict[tuple[str, str], int]:
        """by_day, without what is no day."""
        return {(day, kind): count for (day, kind), count in self.by_day.items() if _DAY.fullmatch(day)}

    def outcomes(self, kind: str) -> Counter[str]:
        """How events ended, or where changes came from."""
        return counted((act.outcome, act.count) for act in self.acts if act.kind == kind)

    def _act(self, entry: Entry) -> Act:
        public = entry.public
        if entry.kind == CHANGE:
            key = CHANGE, public.get("table"), public.get("op"), public.get("source")
        else:
            key = EVENT, public.get("name"), public.get("action"), public.get("outcome")
        return self._acts.get(key) or self._new_act(key, entry)

    def _new_act(self, key: tuple[object, ...], entry: Entry) -> Act:
        kind, name, verb, outcome = key
        sections = tuple(section for section in self.profile.sections if section.takes(entry))
        what = f"{verb} {name}" if kind == CHANGE else str(name or verb)
        if len(self._acts) >= MAX_ACTS:
            key, what = (kind, OTHERS, outcome, *(section.id for section in sections)), OTHERS
        made = Act(entry.kind, what[:MAX_SHOWN], str(outcome or ""), sections)
        return self._acts.setdefault(key, made)


def counted(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    """Counts of one name added up."""
    found: Counter[str] = Counter()
    for name, count in pairs:
        found[name] += count
    return found


def _name(text: str) -> str:
    # Most are of ASCII without escapes, so that what is between the quotes is the text.
    if "\\" not in text:
        return text[1:-1][:MAX_SHOWN]
    try:
        return str(orjson.loads(text))[:MAX_SHOWN]
    except orjson.JSONDecodeError:
        return text[:MAX_SHOWN]
