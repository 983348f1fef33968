"""Postgres or Redis away: what callers get meanwhile, and that all is well afterwards.

A web process of its own reaches the servers of the running Kapok through proxies that can be cut.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from apps.tenants.credentials import Credentials
from apps.tenants.directory import Directory
from kapok.execute.platform import Platform
from tests.live import Live, LiveTenant
from tests.proxy import Proxy
from tests.second_web import second_web, status
from tests.waiting import once_within, until

CITIES = "{ cities(limit: 3) { name } }"


@dataclass
class Web:
    """The process, and the proxies it reaches its servers through."""

    url: str
    postgres: Proxy
    redis: Proxy
    acme: LiveTenant


@pytest.fixture(scope="module")
def web(live: Live) -> Iterator[Web]:
    database, redis = urlsplit(live.database_url), urlsplit(live.redis_url)
    with (
        Proxy((database.hostname or "", database.port or 0)) as to_postgres,
        Proxy((redis.hostname or "", redis.port or 0)) as to_redis,
    ):
        database_url = database._replace(netloc=_through(database.netloc, to_postgres)).geturl()
        redis_url = redis._replace(netloc=_through(redis.netloc, to_redis)).geturl()
        with second_web(live, database_url=database_url, redis_url=redis_url) as url:
            yield Web(url, to_postgres, to_redis, replace(live.acme, graphql_url=f"{url}/t/acme/graphql"))


def _through(netloc: str, proxy: Proxy) -> str:
    credentials, at, _ = netloc.rpartition("@")
    return f"{credentials}{at}127.0.0.1:{proxy.port}"


def test_redis_away_degrades_and_stops_no_reads(web: Web) -> None:
    assert web.acme.data(CITIES)["cities"]
    web.redis.cut()
    try:
        for _ in range(5):
            assert web.acme.data(CITIES)["cities"]
        unseen = f"{{ a{uuid.uuid4().hex}: cities(limit: 3) {{ name }} }}"
        assert web.acme.data(unseen)
        ready = httpx.get(f"{web.url}/readyz", timeout=10)
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert "Redis" in ready.json()["checks"]["redis"]
    finally:
        web.redis.mend()
    until(lambda: httpx.get(f"{web.url}/readyz", timeout=10).json()["status"] == "ready")


def test_what_is_done_without_redis_is_not_said_to_have_failed(web: Web, live: Live) -> None:
    """Only the mail about it cannot be sent: whoever is told 503 tries again what has happened already."""
    account, auth = {"email": "outage@example.com", "password": "correct horse battery"}, f"{web.url}/t/acme/auth/v1"
    assert httpx.post(f"{auth}/signup", json=account, timeout=30).status_code == 202
    inbox, found = f"{live.base_url}/_dev/inbox.json?to=outage@example.com", list[dict[str, str]]()
    until(lambda: bool(found.extend(httpx.get(inbox, timeout=10).json()["mails"]) or found))
    signed_in = httpx.post(f"{auth}/verify", json={"token": found[0]["token"]}, timeout=30).json()
    bearer = {"authorization": f"Bearer {signed_in['accessToken']}"}
    changed = {"currentPassword": account["password"], "password": "another horse battery"}
    web.redis.cut()
    try:
        assert httpx.post(f"{auth}/password", json=changed, headers=bearer, timeout=30).status_code == 204
        account["password"] = changed["password"]
        assert httpx.post(f"{auth}/signin", json=account, timeout=30).status_code == 200
        asked = httpx.post(f"{auth}/password/reset", json={"email": account["email"]}, timeout=30)
        assert (asked.status_code, asked.json()["error"]["code"]) == (503, "MAIL_UNAVAILABLE")
    finally:
        web.redis.mend()


def test_postgres_away_is_said_and_is_over_when_it_is_back(web: Web) -> None:
    assert web.acme.data(CITIES)["cities"]
    web.postgres.cut()
    try:
        error = web.acme.error(CITIES)
        assert (error["status"], error["extensions"]["code"]) == (503, "DATABASE_UNAVAILABLE")
        assert "127.0.0.1" not in str(error)
        ready = httpx.get(f"{web.url}/readyz", timeout=10)
        assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
        assert httpx.get(f"{web.url}/healthz").status_code == 200
    finally:
        web.postgres.mend()
    until(lambda: web.acme.post(CITIES).status_code == 200)
    until(lambda: status(f"{web.url}/readyz") == 200)


def test_a_key_revoked_while_the_gateway_could_not_hear_is_refused(web: Web, live: Live) -> None:
    made = live.cli("keys", "create", "acme", "--kind", "secret", "--name", f"outage-{uuid.uuid4().hex[:8]}")
    assert web.acme.data(CITIES, key=made["key"])["cities"]
    web.postgres.cut()
    try:
        with psycopg.connect(live.database_url, autocommit=True) as connection:
            changed = connection.execute(
                "update tenants_apikey set revoked_at = now() where id = %s", (made["id"],)
            ).rowcount
        assert changed == 1
    finally:
        web.postgres.mend()
    until(lambda: web.acme.post(CITIES).status_code == 200)
    error = web.acme.error(CITIES, key=made["key"])
    assert (error["status"], error["extensions"]["code"]) == (401, "KEY_REVOKED")


def test_a_revoked_key_stops_within_a_second(live: Live, acme: LiveTenant) -> None:
    def revoke() -> float:
        named = {"kind": "secret", "name": f"brief-{uuid.uuid4().hex[:8]}"}
        made = live.control("POST", "/tenants/acme/keys", json=named).json()["data"]
        for _ in range(3):
            assert acme.data(CITIES, key=made["key"])["cities"]
        assert live.control("DELETE", f"/tenants/acme/keys/{made['id']}").is_success
        took = until(lambda: acme.post(CITIES, key=made["key"]).status_code == 401)
        assert acme.error(CITIES, key=made["key"])["extensions"]["code"] == "KEY_REVOKED"
        return took

    once_within(1, revoke)


def test_a_suspended_tenant_says_so_within_a_second(live: Live, globex: LiveTenant, acme: LiveTenant) -> None:
    def suspend() -> float:
        assert globex.data(CITIES)["cities"]
        live.control("POST", "/tenants/globex/suspend", json={"reason": "unpaid"}).raise_for_status()
        try:
            took = until(lambda: globex.post(CITIES).status_code == 403)
            assert globex.error(CITIES)["extensions"]["code"] == "TENANT_SUSPENDED"
            assert acme.data(CITIES)["cities"]
        finally:
            live.control("POST", "/tenants/globex/resume").raise_for_status()
        return max(took, until(lambda: globex.post(CITIES).status_code == 200))

    once_within(1, suspend)


def test_the_last_use_of_a_key_is_written_down(live: Live) -> None:
    """Every half minute, and when the process stops."""
    made = live.cli("keys", "create", "acme", "--kind", "secret", "--name", f"used-{uuid.uuid4().hex[:8]}")
    platform = Platform(live.database_url)

    async def use() -> None:
        await platform.start((), lambda channel, payload: None, lambda: None)
        directory = Directory(platform, "http://localhost")
        await directory.principal(await directory.by_slug("acme"), Credentials(made["key"], ""))
        await directory.write_down_used_keys()
        await platform.stop()

    asyncio.run(use())
    (listed,) = [key for key in live.cli("keys", "list", "acme")["keys"] if key["id"] == made["id"]]
    assert listed["lastUsedAt"] is not None


def test_a_server_that_restarts_is_not_noticed(web: Web, live: Live) -> None:
    """Every connection of the gateway is ended at once, as a restart does; readers see answers only."""
    assert web.acme.data(CITIES)["cities"]
    with psycopg.connect(live.database_url, autocommit=True) as connection:
        for _ in range(5):
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename like 'g\\_%'")
            assert web.acme.data(CITIES)["cities"]


@pytest.mark.parametrize(
    "table",
    [
        *("public.tenants_apikey", "public.tenants_signingkey", "public.tenants_trustedissuer"),
        *("pg_catalog.pg_authid", "information_schema.tables"),
    ],
)
def test_the_gateways_login_reads_nothing_of_the_platform(live: Live, table: str) -> None:
    with psycopg.connect(live.database_url) as connection:
        row = connection.execute(
            "select bool_or(has_table_privilege(rolname, %s, 'select')) from pg_roles where rolname ~ '^[gt]_'",
            (table,),
        ).fetchone()
    assert row is not None
    assert row[0] is (table == "information_schema.tables")
