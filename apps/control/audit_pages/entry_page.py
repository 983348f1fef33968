"""The page of one entry: what it says, before beside after, what seals it. In: an index. Out: the page, or its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django_tenants.utils import schema_context

from apps.audit.browse import EntryView, get_entry
from apps.audit.models import Checkpoint, Log
from apps.control.audit_pages.frame import HEADERS, about, framed, guarded
from apps.control.audit_pages.logs import Opened, address
from apps.control.audit_pages.text import visible
from apps.control.audit_pages.values import Budget, Line, facts_of, lines_of
from apps.control.audit_pages.wording import learn, told
from apps.tenants.services import do_look
from kapok.errors import KapokError
from kapok.ledger.entries import time_text

#: Characters of the entry's JSON that the page shows.
MAX_JSON = 20_000
_NAMES = (
    "index", "position", "action", "number", "outcome", "table", "op", "source", "who", "session", "address", "target",
    "request_id", "expired", "missing",
)  # fmt: skip


@guarded
def entry_page(request: HttpRequest, log: Opened, index: int) -> HttpResponse:
    """The page; with `?format=json` the entry's JSON, whole."""
    do_look(log.tenant, acting=log.viewer, what="entry", filters={"index": index})
    try:
        entry = get_entry(log.log, index)
    except KapokError as error:
        if error.code == "NOT_FOUND":
            raise Http404 from error
        return framed(
            request, log, "entry_problem", f"Entry {index}", {"problem": error.message, "crumb": f"Entry {index}"}
        )
    text = json_of(entry)
    if request.GET.get("format") == "json":
        name = f"kapok-audit-{log.tenant.slug if log.tenant else 'platform'}-{index}.json"
        headers = {
            **HEADERS,
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        }
        return HttpResponse(text, content_type="application/json", headers=headers)
    learn(log, [entry])
    budget = Budget()
    lines = lines_of(entry.differences, budget)
    context = {
        "crumb": f"Entry {index}",
        "links": about(log),
        "entry": entry,
        "told": told(entry, log),
        "checkpoint": _checkpoint(log, entry),
        **_links(log, entry),
        **_neighbours(log, entry),
        "is_update": entry.op == "update",
        "changed": [line for line in lines if _is_first(entry, line)],
        "same": [line for line in lines if not _is_first(entry, line)],
        "key": facts_of(entry.key or {}, entry, "key", budget),
        "details": facts_of(entry.details, entry, "details", budget),
        "address": visible(entry.address),
        "session": visible(entry.session),
        "request_id": visible(entry.request_id),
        "target_erased": "target" in entry.erased,
        "json": visible(text[:MAX_JSON].decode(errors="ignore")),
        "json_cut": len(text) > MAX_JSON,
        "json_url": address(log.entry_url(index), {"format": "json"}),
    }
    return framed(request, log, "entry", f"Entry {index} of {log.name}", context)


def _is_first(entry: EntryView, line: Line) -> bool:
    """Of an update, what has changed comes first and the rest is folded; of others there is nothing to compare."""
    return line.changed or entry.op != "update"


def _links(log: Opened, entry: EntryView) -> dict[str, str]:
    return {
        "by_who": address(log.url, {"who": entry.who}) if entry.who else "",
        "of_table": address(log.url, {"table": entry.table}),
        "of_request": address(log.url, {"request": entry.request_id}),
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


def json_of(entry: EntryView) -> bytes:
    """The entry, with its values as they were sealed."""

    def raw(values: Mapping[str, str] | None) -> dict[str, orjson.Fragment] | None:
        return None if values is None else {name: orjson.Fragment(text) for name, text in values.items()}

    said = {name: value for name in _NAMES if (value := getattr(entry, name)) not in ("", None)}
    values = {name: raw(getattr(entry, name)) for name in ("key", "before", "after", "details") if getattr(entry, name)}
    known = {"kind": entry.kind, "at": time_text(entry.at), "sealed": entry.sealed, "intact": entry.intact}
    return orjson.dumps({**said, **known, **values, "erased": sorted(entry.erased)}, option=orjson.OPT_INDENT_2)
