"""Whether signing in holds up reading: Argon2 is meant to be slow, but only for those who sign in.

In: Kapok and its database. Out: the p95 of reads while 50 users a second sign in, over the p95 while none does.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import cycle
from operator import attrgetter
from urllib.parse import urlsplit

from bench import load
from bench.database import fill_with_tracks
from bench.kapok_server import Kapok, Tenant, Web, project_files
from bench.targets import Target
from bench.workloads import QUERIES

SIGN_INS_A_SECOND, USERS, TRACKS = 50, 100, 100
REQUESTS = 3000
ROUNDS, SECONDS = 5, 4.0
#: Reads come at a pace that leaves the machine room: 16 connections, each waiting so long between two, about 1,000/s.
PAUSE_MS = 15
LIMIT_RATIO = 2.0
_PASSWORD = "correct horse battery staple"
_QUERY = (QUERIES / "by_key" / "kapok.graphql").read_text()


def sign_ins(kapok: Kapok, database_url: str) -> list[Target]:
    """Reads by key at a steady pace, in turns without and with people signing in beside them."""
    kapok.make_project("sign-ins", *project_files())
    [tenant] = kapok.make_tenants("sign-ins", ["sign-ins"])
    fill_with_tracks(database_url, [tenant.schema], TRACKS)
    users = kapok.make_users(tenant, USERS, _PASSWORD)
    idle, busy, rates = [], [], []
    with kapok.web() as web:
        requests = _requests(web, tenant)
        load.wrk(requests, SECONDS, pause_ms=PAUSE_MS)
        for _ in range(ROUNDS):
            idle.append(load.wrk(requests, SECONDS, pause_ms=PAUSE_MS))
            with _signing_in(web, tenant, users) as answered:
                began, before = time.monotonic(), len(answered)
                busy.append(load.wrk(requests, SECONDS, pause_ms=PAUSE_MS))
                rates.append((len(answered) - before) / (time.monotonic() - began))
    quiet, loud = load.median(idle), load.median(busy)
    text = f"p95 by key during {SIGN_INS_A_SECOND} sign-ins a second ({loud.p95:.2f} ms) over idle ({quiet.p95:.2f} ms)"
    return [
        Target(
            f"{text}, {loud.rate:,.0f}/s and {quiet.rate:,.0f}/s",
            load.ratio(busy, idle, attrgetter("p95")),
            LIMIT_RATIO,
        ),
        Target("sign-ins a second meanwhile", min(rates), 0.9 * SIGN_INS_A_SECOND, at_least=True),
    ]


def _requests(web: Web, tenant: Tenant) -> list[load.Request]:
    draw = random.Random("sign-ins")
    bodies = (json.dumps({"query": _QUERY, "variables": {"id": draw.randint(1, TRACKS)}}) for _ in range(REQUESTS))
    return [load.Request(web.graphql(tenant), tenant.credentials(), body) for body in bodies]


@contextmanager
def _signing_in(web: Web, tenant: Tenant, users: Sequence[str]) -> Iterator[list[float]]:
    """People signing in at a steady rate, whatever the answers take; the seconds each took, as they come in.

    Raises LoadFailed when a sign-in was refused.
    """
    where, path, stop = urlsplit(web.url).netloc, f"/t/{tenant.slug}/auth/v1/signin", threading.Event()
    headers = {**tenant.credentials(), "content-type": "application/json"}
    answered: list[float] = []
    refused: list[str] = []
    # The standard library's client: it shares the machine with what is measured, so it has to be a cheap one.
    connections = threading.local()

    def sign_in(email: str) -> None:
        connection: HTTPConnection = connections.__dict__.setdefault("own", HTTPConnection(where, timeout=30))
        asked = time.monotonic()
        connection.request("POST", path, json.dumps({"email": email, "password": _PASSWORD}), headers)
        text = connection.getresponse().read().decode()
        if json.loads(text).get("accessToken"):
            answered.append(time.monotonic() - asked)
        else:
            refused.append(text[:300])

    def keep_on() -> None:
        started = time.monotonic()
        with ThreadPoolExecutor(32) as pool:
            pending: list[Future[None]] = []
            for number, email in enumerate(cycle(users)):
                if stop.wait(max(0.0, started + number / SIGN_INS_A_SECOND - time.monotonic())):
                    break
                pending.append(pool.submit(sign_in, email))
            for one in pending:
                one.result()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(keep_on)
        try:
            # The first second is not measured: the process hashes its first passwords.
            time.sleep(1)
            yield answered
        finally:
            stop.set()
            running.result()
    if refused:
        raise load.LoadFailed(f"{len(refused)} sign-ins were refused: {refused[0]}")
