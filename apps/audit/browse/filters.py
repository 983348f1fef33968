"""What somebody looks for in a log. In: words from an address, a form or a command line. Out: a `Filter`."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from apps.audit.actions import ACTIONS
from apps.audit.models import Outcome
from kapok.errors import KapokError
from kapok.ledger.entries import CHANGE, EVENT

KINDS = (CHANGE, EVENT)
OPS = ("insert", "update", "delete", "truncate", "ddl")
SOURCES = ("api", "owner", "platform")
OUTCOMES = tuple(Outcome.values)
#: The longest text of a filter, and most values of one.
MAX_TEXT, MAX_VALUES = 2000, 100
_CHANGES_HAVE = ("tables", "ops", "sources", "key")
_EVENTS_HAVE = ("actions", "outcomes", "target")
# Only a comma before the next column's name parts two of them.
_NEXT = re.compile(", (?=[^=,]+=)")


@dataclass(frozen=True, slots=True)
class Filter:
    """All that is given must fit; of several values of one field, any.

    tables, ops, sources and key are of changes; actions, outcomes and target of events. With only some of the one kind
    given the other kind is left out; with some of both, what fits its own kind's is shown, as in exports.
    who: the actor, whole (`end_user:<id>`). since, until: with time zone, until not included. key: the row's primary
    key, of one table; a number and its text are the same. target: what an event was done to (`user:<id>`), whole.
    """

    who: str = ""
    tables: tuple[str, ...] = ()
    ops: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    key: Mapping[str, Any] | None = None
    target: str = ""
    since: datetime | None = None
    until: datetime | None = None
    outcomes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    request_id: str = ""

    def __post_init__(self) -> None:
        """Raises VALIDATION_FAILED, naming the field, for what cannot be meant."""
        for name, known in (
            ("kinds", KINDS), ("ops", OPS), ("sources", SOURCES), ("outcomes", OUTCOMES), ("actions", ACTIONS),
        ):  # fmt: skip
            _require_known(name, getattr(self, name), known)
        for name in ("since", "until"):
            at = getattr(self, name)
            if at is not None and at.tzinfo is None:
                raise KapokError("VALIDATION_FAILED", f"`{name}` needs a time zone.", details={"field": name})
        if self.key is not None:
            if len(self.tables) != 1:
                raise KapokError("VALIDATION_FAILED", "A key needs the one table it is of.", details={"field": "key"})
            _require_storable("key", [orjson.dumps(dict(self.key)).decode().replace("\\u0000", "\x00")])
        for name in ("who", "target", "request_id", "tables"):
            given = getattr(self, name)
            _require_storable(name, (given,) if isinstance(given, str) else given)

    @property
    def of_kinds(self) -> tuple[str, ...]:
        """Which kinds of entries can fit."""
        has = {
            CHANGE: any(getattr(self, name) for name in _CHANGES_HAVE),
            EVENT: any(getattr(self, name) for name in _EVENTS_HAVE),
        }
        wanted = self.kinds or KINDS
        return tuple(kind for kind in KINDS if kind in wanted and (has[kind] or not any(has.values())))


def parse_key(text: str) -> Mapping[str, Any]:
    """A key as people write it: `id=7`, `hotel=3, room=12a`, or JSON (`{"id": 7}`). Numbers come out as their texts, so
    that none loses a digit. Raises VALIDATION_FAILED."""
    try:
        found = _parsed(text.strip())
        # No half characters, and no deeper than what has to be made of it can be.
        orjson.dumps(found)
        return found
    except (ValueError, TypeError, RecursionError):
        message = 'A key is like `id=7` or `{"id": 7}`.'
        raise KapokError("VALIDATION_FAILED", message, details={"field": "key"}) from None


def _parsed(text: str) -> Mapping[str, Any]:
    if len(text) > MAX_TEXT or "\x00" in text:
        raise ValueError
    if text.startswith("{"):
        found, exact = orjson.loads(text), json.loads(text, parse_int=str, parse_float=str)
        found = {name: exact[name] if type(value) in (int, float) else value for name, value in found.items()}
    else:
        parts = [part.partition("=") for part in _NEXT.split(text)] if "=" in text else []
        found = {name.strip(): value for name, sign, value in parts if sign}
        if len(found) != len(parts) or not all(found):
            raise ValueError
    if not found:
        raise ValueError
    return found


def _require_known(name: str, given: Iterable[str], known: Iterable[str]) -> None:
    _require_storable(name, given)
    for one in given:
        if one not in known:
            close = difflib.get_close_matches(one, known, n=3) or ([] if name == "actions" else list(known))
            raise KapokError(
                "VALIDATION_FAILED", f"There is nothing called {one[:100]!r} in `{name}`.",
                hint=f"Did you mean {', '.join(close)}?" if close else "docs/audit-events.md lists them.",
                details={"field": name, "close": close},
            )  # fmt: skip


def _require_storable(name: str, given: Iterable[str]) -> None:
    texts = list(given)
    if len(texts) > MAX_VALUES or any(len(one) > MAX_TEXT or not _is_storable(one) for one in texts):
        raise KapokError("VALIDATION_FAILED", f"`{name}` is too long, or no text.", details={"field": name})


def _is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold it: no NUL, no half characters."""
    return "\x00" not in text and text == text.encode("utf-8", "replace").decode()
