"""What says that a log's rows went because they were older than their time: an event in the log itself.

In: an entry. Out: which rows were removed, as `Expiry`. Without one, an entry whose row is gone is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from kapok.ledger.entries import CHANGE, EVENT, Entry, time_text

NAME = "audit.expired"
#: The paths of its values, all JSON: the table (a string), the time (RFC 3339, a string) and how many (a number).
TABLE, BEFORE, ROWS = "details.table", "details.before", "details.rows"
_KINDS = {"kapok_change": CHANGE, "kapok_event": EVENT}


@dataclass(frozen=True, slots=True)
class Expiry:
    """All rows of this kind from before this time (as time_text writes it) were removed; so many they were."""

    kind: str
    before: str
    rows: int


def is_expiry(entry: Entry) -> bool:
    """Whether the entry is the event of rows that were removed at the end of their time."""
    return entry.kind == EVENT and entry.public.get("name") == NAME


def expiry_of(entry: Entry) -> Expiry | None:
    """What an entry says was removed; None where it says no such thing, or something that cannot be.

    Rows that had not been written yet when it was recorded cannot have been too old.
    """
    if not is_expiry(entry):
        return None
    try:
        table, text, rows = (_value(entry, path) for path in (TABLE, BEFORE, ROWS))
        at, kind = datetime.fromisoformat(text), _KINDS[table]
        before = time_text(at)
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    if type(rows) is not int or rows < 0 or at.tzinfo is None or before > entry.at:
        return None
    return Expiry(kind, before, rows)


def _value(entry: Entry, path: str) -> Any:
    return orjson.loads(entry.private[path])
