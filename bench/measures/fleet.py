"""What many tenants cost: latency when 2,000 are asked at random against one, and memory per tenant.

In: Kapok and its database. Out: the ratio of the p95s, the resident memory per tenant.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from operator import attrgetter

import httpx

from bench import load
from bench.database import fill_with_tracks
from bench.kapok_server import Kapok, Tenant, Web, project_files
from bench.targets import Target
from bench.workloads import QUERIES

TENANTS, TRACKS = 2000, 100
REQUESTS = 20_000
ROUNDS, SECONDS = 9, 2.0
LIMIT_RATIO = 2.5
LIMIT_KIB = 50.0

_QUERY = (QUERIES / "by_key" / "kapok.graphql").read_text()


def fleet(kapok: Kapok, database_url: str) -> list[Target]:
    """The by-key workload against one tenant and against all in turns."""
    kapok.make_project("fleet", *project_files())
    tenants = kapok.make_tenants("fleet", [f"fleet-{number:04d}" for number in range(TENANTS)])
    fill_with_tracks(database_url, [tenant.schema for tenant in tenants], TRACKS)
    draw = random.Random("fleet")
    with kapok.web() as web:
        one = [_request(web, tenants[0], draw) for _ in range(REQUESTS)]
        everyone = [_request(web, draw.choice(tenants), draw) for _ in range(REQUESTS)]
        load.wrk(one, SECONDS)
        before = web.resident_bytes()
        _ask_each(web, tenants)
        load.wrk(everyone, SECONDS)
        kib = (web.resident_bytes() - before) / TENANTS / 2**10
        runs = [(load.wrk(one, SECONDS), load.wrk(everyone, SECONDS)) for _ in range(ROUNDS)]
    alone, among_all = zip(*runs, strict=True)
    single, spread = load.median(alone), load.median(among_all)
    text = f"p95 by key across {TENANTS:,} tenants ({spread.p95:.2f} ms) over one ({single.p95:.2f} ms)"
    return [
        Target(
            f"{text}, {spread.rate:,.0f}/s and {single.rate:,.0f}/s",
            load.ratio(among_all, alone, attrgetter("p95")),
            LIMIT_RATIO,
        ),
        Target("memory per tenant", kib, LIMIT_KIB, " KiB"),
    ]


def _request(web: Web, tenant: Tenant, draw: random.Random) -> load.Request:
    body = json.dumps({"query": _QUERY, "variables": {"id": draw.randint(1, TRACKS)}})
    return load.Request(web.graphql(tenant), tenant.credentials(), body)


def _ask_each(web: Web, tenants: Sequence[Tenant]) -> None:
    """One checked query to every tenant. Raises RuntimeError."""
    with httpx.Client(timeout=30) as client:
        for tenant in tenants:
            body = {"query": _QUERY, "variables": {"id": TRACKS}}
            response = client.post(web.graphql(tenant), headers=tenant.credentials(), json=body)
            if response.status_code != 200 or response.json()["data"]["track"]["name"] != f"Track {TRACKS}":
                raise RuntimeError(f"{tenant.slug} answers wrong: {response.text[:500]}")
