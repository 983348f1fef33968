"""2,000 tenants of one project: each answers with its own rows to its own key, and to nobody else's.

KAPOK_LOAD_TENANTS: another number. More than 500 fill every cache of the web process that is bounded by hundreds.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from psycopg import sql

from bench.database import scratch_database
from bench.kapok_server import Kapok, Tenant, kapok
from kapok.stack.stack import EmbeddedStack

TENANTS = int(os.environ.get("KAPOK_LOAD_TENANTS", "2000"))
MIGRATION = {"0001_whose.sql": "create table whose (id int primary key, name text not null);"}
PERMISSIONS = "roles: {anon: {}}\ntables: {whose: {anon: {select: {columns: '*'}}}}\n"
QUERY = {"query": "{ whose(id: 1) { name } }"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def fleet(stack: EmbeddedStack) -> Iterator[tuple[Kapok, list[Tenant]]]:
    """A database of its own, because its tenants are many."""
    with scratch_database(stack.database_url) as database_url, kapok(database_url, stack.redis_url) as server:
        server.make_project("fleet", MIGRATION, PERMISSIONS)
        tenants = server.make_tenants("fleet", [f"tenant-{number:04d}" for number in range(TENANTS)])
        with psycopg.connect(database_url, autocommit=True) as connection:
            for tenant in tenants:
                table = sql.Identifier(tenant.schema, "whose")
                connection.execute(sql.SQL("insert into {} values (1, {})").format(table, sql.Literal(tenant.slug)))
        yield server, tenants


def test_each_answers_with_its_own_rows_only(fleet: tuple[Kapok, list[Tenant]]) -> None:
    server, tenants = fleet
    draw = random.Random(1)
    with server.web() as web, httpx.Client(timeout=30) as client:

        def ask(tenant: Tenant, key: str) -> httpx.Response:
            return client.post(web.graphql(tenant), json=QUERY, headers={"apikey": key})

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda tenant: ask(tenant, tenant.key), tenants))
        assert [answer.json() for answer in answers] == [{"data": {"whose": {"name": t.slug}}} for t in tenants]
        for _ in range(100):
            ours, theirs = draw.sample(tenants, 2)
            refused = ask(theirs, ours.key)
            assert refused.status_code == 403
            assert ours.slug not in refused.text
            assert theirs.slug not in refused.text
