"""The list of a log's entries. In: a request with a filter in its address. Out: the page; that it was looked at is
recorded before anything is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from apps.audit.browse import Page, find_entries
from apps.control.audit_pages.asked import RANGES, Asked, field_of
from apps.control.audit_pages.export_link import export_link
from apps.control.audit_pages.frame import about, framed, guarded
from apps.control.audit_pages.logs import Opened, address, tables_of_log
from apps.control.audit_pages.paging import page_in_time, paging
from apps.control.audit_pages.people import Person
from apps.control.audit_pages.picks import label_of, picks_of
from apps.control.audit_pages.text import shortened, visible
from apps.control.audit_pages.wording import learn, told
from apps.tenants.services import do_look
from kapok.errors import KapokError

PAGE_SIZE = 50
_NAMES = {
    "who": "who",
    "what": "what",
    "table": "table",
    "key": "key",
    "target": "done to",
    "outcome": "outcome",
    "source": "source",
    "request": "request",
    "from": "from",
    "to": "until",
    "kind": "kind",
}
#: Why the same key is there twice.
_MEANS = {"api_key": "requests made with it", "key": "that it was used or refused"}


@guarded
def entries_page(request: HttpRequest, log: Opened) -> HttpResponse:
    """The form, and a page of what fits."""
    asked = Asked.of(request.GET)
    if request.GET.get("range", "") in RANGES:
        return HttpResponseRedirect(address(log.url, asked.in_range(request.GET["range"], datetime.now(UTC)).query))
    found: dict[str, Any] = {}
    problem = ""
    try:
        found = _found(request, log, asked)
    except KapokError as error:
        problem = f"{error.message} {error.hint}".strip()
    links = [export_link(log, found.get("wanted")), *about(log)]
    context = {**_form(log, asked), **found, "problem": problem, "links": links}
    return framed(request, log, "list", f"Audit trail of {log.name}", context)


def _found(request: HttpRequest, log: Opened, asked: Asked) -> dict[str, Any]:
    """A page of entries; or those whom `who` may mean, when they are several."""
    who = asked.texts.get("who", "")
    people = log.people.called(who) if who else []
    if len(people) > 1:
        return {"candidates": _candidates(log, asked, people)}
    wanted = asked.filter(people[0].actor if people else who)
    page = page_in_time(find_entries, log.log, wanted, size=PAGE_SIZE, cursor=request.GET.get("cursor", ""))
    # Whom it was looked for, and not an address that a log should not keep.
    looked = {**asked.query, "who": wanted.who} if who else asked.query
    do_look(log.tenant, acting=log.viewer, what="entries", filters=looked)
    learn(log, [*page.waiting, *page.entries])
    return {
        "wanted": wanted,
        "page": page,
        "waiting": [told(entry, log) for entry in page.waiting],
        "days": _days(log, page),
        "who_known": bool(people),
        **paging(request.GET, log.url, asked.query, page),
    }


def _days(log: Opened, page: Page) -> list[dict[str, Any]]:
    lines = [told(entry, log) for entry in page.entries]
    days = groupby(lines, key=lambda line: line.entry.at.astimezone(UTC).date())
    return [{"date": date, "lines": list(of_day)} for date, of_day in days]


def _form(log: Opened, asked: Asked) -> dict[str, Any]:
    chosen = asked.lists.get("table", ())
    times = {name: field_of(asked.texts.get(name, "")) for name in ("from", "to")}
    return {
        "given": {**asked.texts, **times},
        # What is no time is shown as it is, to be put right.
        **{f"{name}_kind": "datetime-local" if _is_field(text) else "text" for name, text in times.items()},
        **picks_of(asked, tables_of_log(log), changes=log.tenant is not None),
        "one_table": chosen[0] if len(chosen) == 1 else "",
        "ranges": RANGES,
        "chips": [Chip.of(log, asked, name, value) for name in _NAMES for value in _values(asked, name)],
    }


def _is_field(text: str) -> bool:
    try:
        return not text or bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _values(asked: Asked, name: str) -> tuple[str, ...]:
    return (asked.texts[name],) if name in asked.texts else tuple(asked.lists.get(name, ()))


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the filter. without: the address without it."""

    name: str
    text: str
    without: str

    @classmethod
    def of(cls, log: Opened, asked: Asked, name: str, value: str) -> Chip:
        """For one value of a parameter."""
        return cls(_NAMES[name], visible(shortened(label_of(value))), address(log.url, asked.without(name, value)))


def _candidates(log: Opened, asked: Asked, people: list[Person]) -> list[dict[str, Any]]:
    return [
        {
            "person": one,
            "url": address(log.url, {**asked.query, "who": one.actor}),
            "means": _MEANS.get(one.actor.partition(":")[0], ""),
        }
        for one in people
    ]
