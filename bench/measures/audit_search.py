"""How quickly an auditor finds something in a log of ten million entries.

In: Kapok and its database. Out: p95 of a page for filters that find something, for those that find nothing, and for the
history of a row; and how many entries a second are made searchable. The log is written by SQL, not by triggers and the
sealer, so its leaf hashes are none. What makes it searchable is what the sealer runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any

from bench.kapok_server import Kapok, project_files
from bench.targets import Target

ENTRIES = 10_000_000
PAGE_MS, INDEXED_A_SECOND = 100.0, 5000.0
PAGES, ROUNDS = 5, 4

_EVERYBODY = {"who": "end_user:0"}
_FILTERS: dict[str, dict[str, Any]] = {
    "everything": {},
    "somebody who did a third": _EVERYBODY,
    "somebody who did little": {"who": "end_user:17"},
    "a table": {"tables": ["table_3"]},
    "an operation": {"ops": ["delete"]},
    "a table's deletions by psql": {"tables": ["table_3"], "ops": ["delete"], "sources": ["owner"]},
    "an action": {"actions": ["user.signed_in"]},
    "refusals": {"outcomes": ["refused"]},
    "events and a table": {"actions": ["tenant.suspended"], "tables": ["table_9"]},
    "somebody in a table": {"who": "end_user:17", "tables": ["table_5"]},
    "a request": {"request_id": "request 2000000"},
    "a row that changes all the time": {"tables": ["table_4"], "key": {"id": 7}},
    "another row": {"tables": ["table_4"], "key": {"id": 4711}},
    "somebody with that busy row": {"tables": ["table_4"], "key": {"id": 7}, "who": "end_user:0"},
    "a target": {"target": "user:31"},
}
_NOTHING: dict[str, dict[str, Any]] = {
    "nobody": {"who": "end_user:none"},
    "no such table": {"tables": ["none"]},
    "an action nobody did": {"actions": ["audit.erased"]},
    "an event by somebody who has changes only": {**_EVERYBODY, "kinds": ["event"]},
    "a change by an operator": {"who": "operator:7", "kinds": ["change"]},
    "no such row": {"tables": ["table_4"], "key": {"id": 999_999_999}},
    "no such request": {"request_id": "none"},
    "no such target": {"target": "none"},
    "an outcome no action had": {"actions": ["user.signed_in"], "outcomes": ["failed"]},
    "somebody in a busy row": {"tables": ["table_4"], "key": {"id": 7}, "who": "end_user:none"},
}
_HISTORIES: dict[str, dict[str, Any]] = {
    "of a busy row": {"tables": ["table_4"], "row": {"id": 7}},
    "of another": {"tables": ["table_4"], "row": {"id": 4711}},
    "of none": {"tables": ["table_4"], "row": {"id": 999_999_999}},
}


def audit_search(kapok: Kapok, database_url: str) -> list[Target]:
    """A tenant whose log is written at once; each search again and again, over its first pages."""
    kapok.make_project("audit-search", *project_files())
    [tenant] = kapok.make_tenants("audit-search", ["audit-search"])
    begin = datetime.now(UTC) - timedelta(days=30)
    rate = kapok.write_log(tenant, ENTRIES, begin.isoformat())
    times = {"since": (begin + timedelta(days=9)).isoformat(), "until": (begin + timedelta(days=10)).isoformat()}
    after = {"since": (begin + timedelta(days=60)).isoformat()}
    found = {**_FILTERS, **{f"{name}, one day of long ago": {**one, **times} for name, one in _FILTERS.items()}}
    nothing = {**_NOTHING, **{f"{name}, of the future": {**one, **after} for name, one in _FILTERS.items()}}
    groups = {"that finds something": found, "that finds nothing": nothing, "of a row's history": _HISTORIES}
    return [
        *(
            _target(kapok.time_pages(tenant, list(of.values()) * ROUNDS, PAGES), of, text)
            for text, of in groups.items()
        ),
        Target("entries made searchable a second", rate, INDEXED_A_SECOND, at_least=True),
    ]


def _target(measured: list[list[float]], searches: Mapping[str, Any], text: str) -> Target:
    """The slowest search of a group. The first round only warms up."""
    slowest, name = 0.0, ""
    for number, one in enumerate(searches):
        pages = [page for round_ in range(1, ROUNDS) for page in measured[round_ * len(searches) + number]]
        p95 = quantiles(pages, n=20, method="inclusive")[-1]
        print(f"    {p95:8.1f} ms  {one}")
        if p95 > slowest:
            slowest, name = p95, one
    return Target(f"p95 of an audit page {text}, of {ENTRIES:,} entries (slowest: {name})", slowest, PAGE_MS, " ms")
