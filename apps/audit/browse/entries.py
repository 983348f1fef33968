"""Entries that fit a filter, page by page; one entry. In: a log and what is looked for. Out: `Page`, `EntryView`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.audit.browse.columns import WHOLE
from apps.audit.browse.cursor import Place, decode, encode
from apps.audit.browse.filters import Filter
from apps.audit.browse.fitting import fits
from apps.audit.browse.reading import State, reading, state_of, views_of
from apps.audit.browse.search import Found, look
from apps.audit.browse.views import EntryView, Page
from apps.audit.browse.waiting import waiting_of
from apps.audit.logs import LogRef
from kapok.errors import KapokError

#: Most entries of a page.
MAX_SIZE = 200
#: So often is looked for more when too little of what was found fits.
ROUNDS = 5
_LARGEST = 2**63 - 1

#: (cursor, how far the log has come, before which place, how many) -> places.
Look = Callable[[Any, State, Place | None, int], Found]


def find_entries(log: LogRef, wanted: Filter, *, size: int = 50, cursor: str = "") -> Page:
    """A page of entries, newest first. Raises VALIDATION_FAILED for another size than 1 to 200, BAD_CURSOR, TIMEOUT."""

    def search(sql: Any, state: State, before: Place | None, limit: int) -> Found:
        return look(sql, log, wanted, state.indexed, before, limit)

    return page_of(log, search, lambda view: fits(view, wanted), f"entries {wanted}", size=size, cursor=cursor)


def get_entry(log: LogRef, index: int) -> EntryView:
    """One entry, with values of at most 4 MiB (`get_piece` has the others). Raises NOT_FOUND, TIMEOUT."""
    with reading() as sql:
        found = views_of(sql, log, state_of(sql, log), [index], WHOLE) if 0 <= index <= _LARGEST else {}
    if index not in found:
        raise KapokError("NOT_FOUND", f"This log has no entry {index}.", hint="What is not sealed yet has no index.")
    return found[index]


def page_of(
    log: LogRef, search: Look, is_wanted: Callable[[EntryView], bool], what: str, *, size: int, cursor: str
) -> Page:
    """A page of what a search finds and what is wanted of it. what: says what was looked for, for the cursor."""
    if not 1 <= size <= MAX_SIZE:
        raise KapokError("VALIDATION_FAILED", f"A page has 1 to {MAX_SIZE} entries.", details={"field": "size"})
    of = f"{log.schema} {what}"
    before = decode(cursor, of)
    with reading() as sql:
        state = state_of(sql, log)
        begins = before is None
        found: list[tuple[Place, EntryView]] = []
        for _ in range(ROUNDS):
            places, before = search(sql, state, before, size + 1 - len(found))
            views = views_of(sql, log, state, [place.entry for place in places])
            found += [
                (place, views[place.entry])
                for place in places
                if place.entry in views and is_wanted(views[place.entry])
            ]
            if before is None or len(found) > size:
                break
        waiting, waiting_more = waiting_of(sql, log, state, is_wanted) if begins else ((), False)
    full = len(found) > size
    last = found[size - 1][0] if full else before
    return Page(
        entries=tuple(view for _, view in found[:size]),
        cursor=encode(last, of) if last else "",
        searched_to=last.at if last and not full else None,
        waiting=waiting,
        waiting_more=waiting_more,
        indexed=state.indexed,
        size=state.size,
    )
