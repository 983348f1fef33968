"""The history of one row: what happened to it, newest first, each time with what changed. In: a table and a key.
Out: the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from apps.audit.browse import EntryView, history_of_row, parse_key
from apps.control.audit_pages.frame import about, framed, guarded
from apps.control.audit_pages.logs import Opened, tables_of_log
from apps.control.audit_pages.paging import page_in_time, paging
from apps.control.audit_pages.values import Budget, Line, lines_of
from apps.control.audit_pages.wording import Told, learn, told
from apps.tenants.services import do_look
from kapok.errors import KapokError

PAGE_SIZE = 25
#: Columns that a version shows, and characters of one value and of all versions together.
MAX_COLUMNS, MAX_VALUE, MAX_PAGE = 30, 2000, 300_000


@dataclass(frozen=True, slots=True)
class Version:
    """One change of the row. lines: what changed; more: how many further columns did."""

    told: Told
    lines: list[Line]
    more: int

    @property
    def is_update(self) -> bool:
        """Whether there is a before and an after to compare."""
        return self.told.entry.op == "update"


@guarded
def row_page(request: HttpRequest, log: Opened) -> HttpResponse:
    """The form, and the versions."""
    table, key = (request.GET.get(name, "").replace("\x00", "").strip() for name in ("table", "key"))
    found: dict[str, Any] = {}
    problem = ""
    if table or key:
        try:
            found = _found(request, log, table, key)
        except KapokError as error:
            problem = f"{error.message} {error.hint}".strip()
    frame = {
        "crumb": "History of a row",
        "links": about(log),
        "problem": problem,
        "table": table,
        "key": key,
        "tables": tables_of_log(log),
    }
    return framed(request, log, "row", f"History of a row of {log.name}", {**frame, **found})


def _found(request: HttpRequest, log: Opened, table: str, key: str) -> dict[str, Any]:
    wanted = parse_key(key)
    query = {"table": table, "key": key}
    cursor = request.GET.get("cursor", "")
    page = page_in_time(history_of_row, log.log, table, wanted, size=PAGE_SIZE, cursor=cursor)
    do_look(log.tenant, acting=log.viewer, what="row", filters=query)
    entries = [*page.waiting, *page.entries]
    learn(log, entries)
    budget = Budget(MAX_PAGE, MAX_VALUE)
    versions = [_version(entry, log, budget) for entry in entries]
    return {"page": page, "versions": versions, **paging(request.GET, log.row_url, query, page)}


def _version(entry: EntryView, log: Opened, budget: Budget) -> Version:
    shown = [one for one in entry.differences if one.changed or entry.op != "update"]
    return Version(told(entry, log), lines_of(shown[:MAX_COLUMNS], budget), max(0, len(shown) - MAX_COLUMNS))
