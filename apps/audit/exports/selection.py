"""What of a log an auditor is shown. In: an entry. Out: the entry as the bundle has it: whole, in part, or withheld."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import orjson

from kapok.ledger.entries import CHANGE, Entry
from kapok.ledger.lines import fitting, withhold

#: Shortest identifier of a person that is looked for: a shorter one stands in rows of many.
MIN_SUBJECT = 6
#: What says where somebody was and in which session: not shown of others than the person whose data is asked for.
_WHEREABOUTS = ("address", "sessionId")


@dataclass(frozen=True)
class Selection:
    """All that is given must fit; an entry that does not is withheld.

    since, until: `time_text`s, until not included. tables: of changes; actions: of events, by name. With only one of
    the two given the other kind is left out. actors: as the log has them. subject: identifiers of one person, any of
    which must occur in the entry's values.
    """

    since: str | None = None
    until: str | None = None
    tables: frozenset[str] = field(default_factory=frozenset)
    actions: frozenset[str] = field(default_factory=frozenset)
    actors: frozenset[str] = field(default_factory=frozenset)
    subject: tuple[str, ...] = ()

    def shows(self, entry: Entry) -> bool:
        """Whether the entry was asked for."""
        if (self.since and entry.at < self.since) or (self.until and entry.at >= self.until):
            return False
        if (self.tables or self.actions) and not self._names(entry):
            return False
        if self.actors and entry.private.get("actor") not in self._actor_texts:
            return False
        return not self.subject or self._person.search("\n".join(entry.private.values())) is not None

    def apply(self, entry: Entry, shown: bool) -> Entry:
        """The entry as the bundle has it. What the database has must not stop an export: values that do not go with
        their salts are left out, and the verifier names the entry."""
        try:
            if not shown:
                return withhold(entry)
            hidden = self._hidden(entry)
            return fitting(entry.withhold(hidden) if hidden else entry)
        except (ValueError, TypeError):
            return replace(entry, private={}, seed=None, salts=None)

    def words(self) -> Mapping[str, str]:
        """For the manifest: what was asked for besides the times."""
        given = {"tables": self.tables, "actions": self.actions, "actors": self.actors, "subject": self.subject}
        return {name: ", ".join(sorted(values)) for name, values in given.items() if values}

    def _names(self, entry: Entry) -> bool:
        if entry.kind == CHANGE:
            return entry.public.get("table") in self.tables
        return entry.public.get("name") in self.actions

    def _hidden(self, entry: Entry) -> list[str]:
        if not self.subject or self._person.search(entry.private.get("actor", "")):
            return []
        return [path for path in _WHEREABOUTS if path in entry.private]

    @cached_property
    def _actor_texts(self) -> frozenset[str]:
        return frozenset(orjson.dumps(actor).decode() for actor in self.actors)

    @cached_property
    def _person(self) -> re.Pattern[str]:
        """Any of the identifiers, not as a part of a longer one."""
        texts = "|".join(re.escape(orjson.dumps(one).decode()[1:-1]) for one in self.subject)
        return re.compile(rf"(?<![\w.@+-])(?:{texts})(?![\w@+-]|\.\w)", re.IGNORECASE)
