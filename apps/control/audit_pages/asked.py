"""What somebody looks for, as the address has it. In: a request's parameters. Out: `Asked`: the filter for
apps.audit.browse, what the form shows, and addresses with one thing of it changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime

from apps.audit.actions import ACTIONS, BY_NUMBER
from apps.audit.browse import Filter, parse_key
from apps.audit.browse.filters import OPS
from apps.control.audit_pages.logs import moment
from kapok.errors import KapokError

#: Parameters with one value, and those that may be repeated.
SINGLE = ("who", "key", "target", "request", "from", "to", "kind")
REPEATED = ("what", "table", "outcome", "source")
#: The hundreds of actions' numbers (apps/audit/actions.py).
GROUPS = {
    1: "Projects",
    2: "Tenants",
    3: "Keys and domains",
    4: "Migrations, permissions, jobs",
    5: "Operators",
    6: "End users",
    7: "Tokens, signing keys, issuers",
    8: "Access to data",
    9: "The log itself",
}
RANGES = {"hour": "Last hour", "today": "Today", "week": "7 days", "month": "30 days", "year": "A year", "all": "All"}
_BACK = {
    "hour": timedelta(hours=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_KINDS = {"changes": "change", "events": "event"}
_MAX = 2000


@dataclass(frozen=True)
class Asked:
    """texts: parameters with one value. lists: those with several."""

    texts: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, given: QueryDict) -> Asked:
        """As the address has it; what is empty was not asked."""
        texts = {name: _clean(given.get(name, "")) for name in SINGLE}
        lists = {name: tuple(dict.fromkeys(filter(None, map(_clean, given.getlist(name))))) for name in REPEATED}
        return cls(
            {name: text for name, text in texts.items() if text}, {name: many for name, many in lists.items() if many}
        )

    @property
    def query(self) -> dict[str, Any]:
        """The parameters."""
        return {**self.texts, **self.lists}

    def without(self, name: str, value: str) -> dict[str, Any]:
        """The parameters without one of them."""
        left = {key: text for key, text in self.texts.items() if key != name}
        lists = {key: tuple(one for one in many if (key, one) != (name, value)) for key, many in self.lists.items()}
        # A key is one of a table's.
        if name == "table":
            left.pop("key", None)
        return {**left, **lists}

    def in_range(self, name: str, now: datetime) -> Asked:
        """With `from` so long ago (RANGES) instead of the times that were given."""
        texts = {key: text for key, text in self.texts.items() if key not in ("from", "to")}
        midnight = datetime.combine(now.date(), time(), UTC)
        since = (
            midnight
            if name == "today"
            else now.replace(second=0, microsecond=0) - _BACK[name]
            if name in _BACK
            else None
        )
        return replace(self, texts={**texts, "from": moment(since)} if since else texts)

    def filter(self, actor: str) -> Filter:
        """For apps.audit.browse. actor: whom `who` means. Raises VALIDATION_FAILED for what cannot be meant."""
        texts, lists = self.texts, self.lists
        what = lists.get("what", ())
        kind = texts.get("kind", "")
        if kind and kind not in _KINDS:
            _refuse("kind", f"There is nothing called {kind[:50]!r} in `kind`; it is changes or events.")
        return Filter(
            who=actor,
            tables=lists.get("table", ()),
            ops=tuple(one for one in what if one in OPS),
            actions=tuple(dict.fromkeys(action for one in what if one not in OPS for action in _actions(one))),
            key=parse_key(texts["key"]) if "key" in texts else None,
            target=texts.get("target", ""),
            since=_time("from", texts.get("from", ""), until=False),
            until=_time("to", texts.get("to", ""), until=True),
            outcomes=lists.get("outcome", ()),
            sources=lists.get("source", ()),
            kinds=(_KINDS[kind],) if kind else (),
            request_id=texts.get("request", ""),
        )


def field_of(text: str) -> str:
    """A time of the address as the form's field takes it; what is no time, as it is."""
    try:
        at = _time("", text, until=False)
    except KapokError:
        return text
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S").removesuffix(":00") if at else ""


def _actions(one: str) -> list[str]:
    """The actions of a group (`6xx`), or the one of this name, which Filter looks at."""
    if one[1:] == "xx" and one[0] in map(str, GROUPS):
        return [action.name for number, action in BY_NUMBER.items() if number // 100 == int(one[0])]
    return [one]


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be picked under `what`: groups, each of (value, words)."""
    changes = [(op, op) for op in OPS]
    events = [
        (title, [(action.name, action.name) for action in ACTIONS.values() if action.number // 100 == hundred])
        for hundred, title in GROUPS.items()
    ]
    return [("Changes of rows", changes), *events]


def _time(name: str, text: str, *, until: bool) -> datetime | None:
    """`2026-11-21T19:05:00Z`, without a zone in UTC; a day by itself begins at midnight, and as an end is included."""
    if not text:
        return None
    try:
        day = parse_date(text) if len(text) == len("2026-11-21") else None
        at = datetime.combine(day, time(), UTC) + timedelta(days=until) if day else parse_datetime(text)
        found = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC) if at else None
    except (ValueError, OverflowError):
        found = None
    if found is None:
        _refuse(name, f"{text[:50]!r} is no time; 2026-11-21T19:05:00Z is one, in UTC, or 2026-11-21 for a day.")
    return found


def _refuse(name: str, message: str) -> None:
    raise KapokError("VALIDATION_FAILED", message, details={"field": name})


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()[:_MAX]
