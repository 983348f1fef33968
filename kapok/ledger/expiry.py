"""What says that a log's rows went because they were older than their time: an event in the log itself.

In: an entry. Out: the time before which rows were removed. Without one, an entry whose row is gone is missing.
"""

from __future__ import annotations

from datetime import datetime

import orjson

from kapok.ledger.entries import EVENT, Entry, time_text

#: The event's name, and the path of the private value that is the time (RFC 3339), as a JSON string.
NAME, PATH = "audit.expired", "details.before"


def is_expiry(entry: Entry) -> bool:
    """Whether the entry is the event of rows that were removed at the end of their time."""
    return entry.kind == EVENT and entry.public.get("name") == NAME


def expired_before(entry: Entry) -> str | None:
    """The time (as time_text writes it) before which rows were removed; None where the entry says no such thing."""
    if not is_expiry(entry) or PATH not in entry.private:
        return None
    try:
        at = datetime.fromisoformat(orjson.loads(entry.private[PATH]))
    except (ValueError, TypeError):
        return None
    return time_text(at) if at.tzinfo else None
