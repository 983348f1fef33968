"""The page of one entry: what it says, before beside after, what seals it. In: an index. Out: the page, or its JSON."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django_tenants.utils import schema_context

from apps.audit.browse import EntryView, get_entry, get_piece, pieces_of
from apps.audit.browse.filters import MAX_TEXT
from apps.audit.models import Checkpoint, Log
from apps.control.api.audit_entries import entry_facts
from apps.control.audit_pages.frame import HEADERS, about, framed, guarded
from apps.control.audit_pages.logs import Opened, address
from apps.control.audit_pages.text import shortened, visible
from apps.control.audit_pages.values import Budget, Line, facts_of, lines_of
from apps.control.audit_pages.wording import learn, told
from apps.tenants.services import do_look
from kapok.errors import KapokError

#: Characters of the entry's JSON that the page shows.
MAX_JSON = 20_000
#: Characters of names that a project's own SQL may have set.
MAX_NAME = 300
_NAMES = ("who", "target", "address", "session", "request_id")


@guarded
def entry_page(request: HttpRequest, log: Opened, index: int) -> HttpResponse:
    """The page; with `?format=json` the entry's JSON, with `?path=after.body&piece=2` a piece of a value."""
    title, crumb = f"Entry {index} of {log.name}", f"Entry {index}"
    path = request.GET.get("path", "")
    try:
        if path:
            return _piece(log, index, path, request.GET.get("piece", ""))
        entry = get_entry(log.log, index)
    except KapokError as error:
        if error.code == "NOT_FOUND":
            raise Http404 from error
        return framed(request, log, "entry_problem", title, {"problem": error.message, "crumb": crumb})
    do_look(log.tenant, acting=log.viewer, what="entry", filters={"index": index})
    text = orjson.dumps(entry_facts(entry), option=orjson.OPT_INDENT_2)
    if request.GET.get("format") == "json":
        return _download(log, index, text)
    learn(log, [entry])
    context = {
        "crumb": crumb,
        "links": about(log),
        "entry": entry,
        "told": told(entry, log),
        "checkpoint": _checkpoint(log, entry),
        **_links(log, entry),
        **_neighbours(log, entry),
        **_values(entry),
        "large": _large(log, index, entry),
        "json": visible(text[:MAX_JSON].decode(errors="ignore")),
        "json_cut": len(text) > MAX_JSON,
        "json_url": address(log.entry_url(index), {"format": "json"}),
    }
    return framed(request, log, "entry", title, context)


def _piece(log: Opened, index: int, path: str, number: str) -> HttpResponse:
    found = get_piece(log.log, index, path, int(number) if number.isascii() and number.isdigit() else 1)
    do_look(log.tenant, acting=log.viewer, what="entry", filters={"index": index})
    return _download(log, f"{index}-value-{found.number}-of-{found.pieces}", found.text.encode())


def _large(log: Opened, index: int, entry: EntryView) -> list[dict[str, Any]]:
    """The values that are cut, and where their pieces are."""
    return [
        {
            "path": visible(path),
            "characters": one.characters,
            "pieces": [
                {"number": number, "url": address(log.entry_url(index), {"path": path, "piece": str(number)})}
                for number in range(1, pieces_of(one.characters) + 1)
            ],
        }
        for path, one in sorted(entry.cut.items())
    ]


def _download(log: Opened, what: int | str, text: bytes) -> HttpResponse:
    name = f"kapok-audit-{log.tenant.slug if log.tenant else 'platform'}-{what}.json"
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(text, content_type="application/json", headers=headers)


def _values(entry: EntryView) -> dict[str, Any]:
    """All that somebody else wrote, as safe HTML."""
    budget = Budget()
    lines = lines_of(entry.differences, budget)
    return {
        "is_update": entry.op == "update",
        "changed": [line for line in lines if _is_first(entry, line)],
        "same": [line for line in lines if not _is_first(entry, line)],
        "key": facts_of(entry.key or {}, entry, "key", budget),
        "details": facts_of(entry.details, entry, "details", budget),
        **{name: visible(shortened(getattr(entry, name), MAX_NAME)) for name in _NAMES},
        "target_erased": "target" in entry.erased,
    }


def _is_first(entry: EntryView, line: Line) -> bool:
    """Of an update, what has changed comes first and the rest is folded; of others there is nothing to compare."""
    return line.changed or entry.op != "update"


def _links(log: Opened, entry: EntryView) -> dict[str, str]:
    values = {"who": entry.who, "target": entry.target, "table": entry.table, "request": entry.request_id}
    return {
        f"by_{name}": address(log.url, {name: value}) if 0 < len(value) <= MAX_TEXT else ""
        for name, value in values.items()
    }


def _neighbours(log: Opened, entry: EntryView) -> dict[str, Any]:
    """The entries beside it, in the order of the log."""
    index = entry.index or 0
    with schema_context(log.log.schema):
        size = Log.objects.values_list("size", flat=True).first() or 0
    return {
        "previous_index": index - 1,
        "previous_url": log.entry_url(index - 1) if index else "",
        "next_index": index + 1,
        "next_url": log.entry_url(index + 1) if index + 1 < size else "",
    }


def _checkpoint(log: Opened, entry: EntryView) -> Checkpoint | None:
    """The one that seals it: the first above it."""
    with schema_context(log.log.schema):
        return Checkpoint.objects.filter(size=entry.sealed).first() if entry.sealed is not None else None
