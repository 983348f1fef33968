"""What the change log costs a write. In: Kapok and its database. Out: the share of insert throughput that the full mode
takes from one that writes nothing down, in Postgres itself and through the gateway.

In Postgres it is measured with two numbers of connections: sixteen backends on two cores push each other's code and
data out of the cores' caches at each turn, and what runs more code pays more (docs/adr/0011-one-change-log.md).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from bench import load
from bench.database import fill_with_tracks
from bench.kapok_server import Kapok, Tenant, Web, project_files
from bench.targets import Target
from bench.workloads import QUERIES
from kapok.execute.session import LOGIN_OPTIONS

TRACKS, REQUESTS, ROUNDS, SECONDS = 1000, 2000, 20, 1.0
FEW_CONNECTIONS = 4
POSTGRES_LIMIT, GATEWAY_LIMIT = 25.0, 10.0

_SCRIPT = """
\\set track random(1, {tracks})
\\set listener random(1, 100000)
insert into "{schema}".play (track_id, listener, seconds, device) values (:track, :listener, 200, 'kitchen radio')
    returning play_id, track_id, listener, seconds, device;
"""
_QUERY = (QUERIES / "insert" / "kapok.graphql").read_text()


def change_log(kapok: Kapok, database_url: str) -> list[Target]:
    """Two tenants, one of them with the log switched off, in turns."""
    kapok.make_project("change-log", *project_files())
    logged, plain = kapok.make_tenants("change-log", ["change-log-full", "change-log-off"])
    fill_with_tracks(database_url, [logged.schema, plain.schema], TRACKS)
    _switch_off(database_url, plain)
    conninfo = make_conninfo(database_url, options=LOGIN_OPTIONS)
    targets = [_postgres(conninfo, connections, logged, plain) for connections in (FEW_CONNECTIONS, load.CONNECTIONS)]
    with kapok.web() as web:
        requests = {tenant.slug: _requests(web, tenant) for tenant in (logged, plain)}
        ask = lambda tenant: load.wrk(requests[tenant.slug], SECONDS)  # noqa: E731
        targets.append(_target("the gateway", GATEWAY_LIMIT, ask, logged, plain))
    _check(database_url, logged, plain)
    return targets


def _postgres(conninfo: str, connections: int, logged: Tenant, plain: Tenant) -> Target:
    def run(tenant: Tenant) -> load.Sample:
        return load.pgbench(conninfo, _script(tenant), SECONDS, connections=connections)

    return _target(f"Postgres, {connections} connections", POSTGRES_LIMIT, run, logged, plain)


def _target(where: str, limit: float, run: Callable[[Tenant], load.Sample], logged: Tenant, plain: Tenant) -> Target:
    run(logged), run(plain)
    full, off = zip(*[(run(logged), run(plain)) for _ in range(ROUNDS)], strict=True)
    rates = f"{load.median(full).rate:,.0f}/s, {load.median(off).rate:,.0f}/s without"
    return Target(f"inserts lost to the change log in {where} ({rates})", 100 * (1 - load.ratio(full, off)), limit, "%")


def _script(tenant: Tenant) -> str:
    return _SCRIPT.format(schema=tenant.schema, tracks=TRACKS)


def _requests(web: Web, tenant: Tenant) -> list[load.Request]:
    draw = random.Random("change log")
    bodies = [
        {"track": draw.randint(1, TRACKS), "listener": draw.randint(1, 100_000), "seconds": 200}
        for _ in range(REQUESTS)
    ]
    url, credentials = web.graphql(tenant), tenant.credentials()
    return [load.Request(url, credentials, json.dumps({"query": _QUERY, "variables": body})) for body in bodies]


def _switch_off(database_url: str, tenant: Tenant) -> None:
    with psycopg.connect(database_url) as session:
        schema = sql.Identifier(tenant.schema)
        session.execute(sql.SQL("update {}.kapok_change_mode set mode = 'off'").format(schema))
        session.execute("select kapok_log.protect_all(%s, false)", [tenant.schema])


def _check(database_url: str, logged: Tenant, plain: Tenant) -> None:
    """Every row of the one was written down, none of the other."""
    counts = sql.SQL(
        "select (select count(*) from {s}.play),"
        "(select count(*) from {s}.kapok_change where op = 'insert' and table_name = 'play')"
    )
    with psycopg.connect(database_url) as session:
        for tenant, share in ((logged, 1), (plain, 0)):
            row = session.execute(counts.format(s=sql.Identifier(tenant.schema))).fetchone()
            if row is None or row[1] != share * row[0] or not row[0]:
                raise RuntimeError(f"{tenant.slug} has {row} rows and changes")
