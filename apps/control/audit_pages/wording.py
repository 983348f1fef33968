"""An entry in a line, for people. In: an EntryView and the people of its log. Out: `Told`: who, what and where, said
plainly also where something is gone or unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from apps.audit.actions import BY_NUMBER
from apps.audit.browse import EntryView, json_of, readable
from apps.audit.browse.filters import MAX_TEXT
from apps.control.audit_pages.logs import Opened, address
from apps.control.audit_pages.people import Person
from apps.control.audit_pages.text import shortened, visible

#: Changed columns that a line names.
MAX_COLUMNS = 5
_OPS = {
    "insert": "Added a row",
    "update": "Changed a row",
    "delete": "Deleted a row",
    "truncate": "Emptied the table",
    "ddl": "Changed the schema",
}
_SOURCES = {
    "api": "by the API",
    "owner": "by SQL, as the tables' owner",
    "platform": "by the platform's login",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One entry. what: words; who: None for nobody known, then nobody says why. columns: those that changed, the first
    few; more: how many others. state: `waiting`, `expired`, `missing`, `changed` or "": what a line has to warn of."""

    entry: EntryView
    what: str
    who: Person | None
    nobody: str
    target: Person | None
    table: SafeString
    key: SafeString
    columns: list[SafeString]
    more: int
    state: str
    source: str
    url: str
    row_url: str


def told(entry: EntryView, log: Opened) -> Told:
    """An entry's line."""
    columns = entry.changed if entry.op == "update" else ()
    return Told(
        entry=entry,
        what=_what(entry),
        who=log.people.of(entry.who) if entry.who else None,
        nobody=_nobody(entry),
        target=log.people.of(entry.target) if entry.target else None,
        table=visible(entry.table),
        key=visible(shortened(entry.key_text)),
        columns=[visible(shortened(column)) for column in columns[:MAX_COLUMNS]],
        more=len(columns) - MAX_COLUMNS,
        state=_state(entry),
        source=_SOURCES.get(entry.source, entry.source),
        url="" if entry.index is None else log.entry_url(entry.index),
        row_url=history_url(log, entry),
    )


def learn(log: Opened, entries: Any) -> None:
    """Look up everybody whom these entries name, at once."""
    log.people.learn(actor for entry in entries for actor in (entry.who, entry.target) if actor)


def history_url(log: Opened, entry: EntryView) -> str:
    """The history of the entry's row; "" where it has none, or its key is not known any more."""
    gone = any(path.startswith("key.") for path in entry.erased)
    key = json_of(entry.key or {})
    if not entry.table or not entry.key or gone or len(key) > MAX_TEXT:
        return ""
    return address(log.row_url, {"table": entry.table, "key": key})


def _what(entry: EntryView) -> str:
    if entry.expired:
        return "Older than records are kept here"
    if entry.missing:
        return "The record is gone, though nothing says that it may be"
    if entry.kind == "change":
        return _ddl(entry) if entry.op == "ddl" else _OPS.get(entry.op, entry.op)
    action = BY_NUMBER.get(entry.number or 0)
    return re.split("[.;:] ", action.what)[0].rstrip(".") if action else entry.action


def _ddl(entry: EntryView) -> str:
    """`CREATE INDEX t.books_author_idx`: what the change log keeps of a command."""
    said = entry.after or {}
    words = [readable(said[name]) for name in ("command", "name") if name in said]
    return shortened(": ".join([_OPS["ddl"], " ".join(words)])) if words else _OPS["ddl"]


def _nobody(entry: EntryView) -> str:
    if entry.expired or entry.missing:
        return ""
    if "actor" in entry.erased:
        return "erased"
    if entry.kind == "change":
        return {"owner": "the tables' owner", "platform": "Kapok"}.get(entry.source, "nobody named")
    return "unknown"


def _state(entry: EntryView) -> str:
    if entry.index is None:
        return "waiting"
    if entry.expired:
        return "expired"
    if entry.missing:
        return "missing"
    return "changed" if entry.intact is False else ""
