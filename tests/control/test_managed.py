"""On a server of somebody else's: the platform's role owns its database and may create roles, and no more."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kapok.identifiers import owner_role, quote_identifier
from kapok.stack.stack import EmbeddedStack
from tests.live import Live, LiveTenant, running
from tests.waiting import until

pytestmark = [pytest.mark.superuser, pytest.mark.slow]

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


@pytest.fixture(scope="module")
def admin(stack: EmbeddedStack) -> Iterator[str]:
    """A superuser's conninfo for the platform's database, which is gone afterwards with every role made meanwhile."""
    name = f"managed_{secrets.token_hex(4)}"
    roles = "select rolname from pg_roles"
    with psycopg.connect(stack.database_url, autocommit=True) as session:
        before = set(session.execute(roles).fetchall())
        session.execute(f"create role {name} login createrole createdb password '{name}'")
        session.execute(f"create database {name} owner {name}")
        yield make_conninfo(stack.database_url, dbname=name)
        session.execute(f"drop database {name} with (force)")
        for (role,) in sorted(set(session.execute(roles).fetchall()) - before, reverse=True):
            session.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def platform_url(admin: str) -> str:
    """The URL of the role that owns the database."""
    parts = conninfo_to_dict(admin)
    name = parts["dbname"]
    return f"postgresql://{name}:{name}@{parts['host']}:{parts['port']}/{name}"


@pytest.fixture(scope="module")
def live(admin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """`kapok dev` on that database; before PostgreSQL 15 its administrator has to hand over the schema public."""
    with psycopg.connect(admin) as session:
        session.execute("alter schema public owner to pg_database_owner")
    with running(tmp_path_factory.mktemp("managed"), database_url=platform_url(admin)) as live:
        yield live


def fetch(admin: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(admin) as session:
        return session.execute(query.encode(), values or None).fetchall()


def schema_of(admin: str, tenant: LiveTenant) -> str:
    [[schema]] = fetch(admin, "select schema_name from tenants_tenant where id = %s", tenant.id)
    return str(schema)


def test_a_schema_public_that_is_open_to_everybody_is_refused(admin: str) -> None:
    """As before PostgreSQL 15, where it belongs to the administrator. Runs before the server of the tests below."""
    with psycopg.connect(admin) as session:
        session.execute("alter schema public owner to current_user; grant all on schema public to public")
    environment = {**os.environ, "DATABASE_URL": platform_url(admin)}
    command = [sys.executable, str(MANAGE), "migrate_schemas", "--shared"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert "alter schema public owner to managed_" in done.stderr


def test_tenants_are_set_up_and_answer(live: Live, admin: str) -> None:
    assert fetch(admin, "select rolsuper from pg_roles where rolname = current_database()") == [(False,)]
    for tenant in (live.acme, live.globex):
        assert tenant.data("{ cities(limit: 1) { name } }")["cities"]
    assert live.globex.error("{ cities { name } }", key=live.acme.secret_key)["status"] in (401, 403)


def test_readiness_says_that_ddl_is_not_announced(live: Live) -> None:
    answer = httpx.get(f"{live.base_url}/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert "no event trigger" in answer.json()["checks"]["ddl"]


def test_ddl_is_found_by_asking(live: Live, admin: str) -> None:
    tenant, table = live.acme, quote_identifier(schema_of(admin, live.acme)) + ".tags"
    assert tenant.error("{ tags(limit: 1) { added } }")["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    with psycopg.connect(admin) as session:
        session.execute(f"alter table {table} add column added int default 7")
    until(lambda: "data" in tenant.post("{ tags(limit: 1) { added } }").json())
    assert tenant.data("{ tags(limit: 1) { added } }") == {"tags": [{"added": 7}]}


def test_a_deleted_tenant_leaves_nothing(live: Live, admin: str) -> None:
    schema = schema_of(admin, live.globex)
    roles = "select rolname from pg_roles where rolname = any(%s)"
    names = [schema, owner_role(schema)]
    assert len(fetch(admin, roles, names)) == 2
    answer = live.control("DELETE", "/tenants/globex", json={"confirm": "globex"})
    assert answer.status_code == 202, answer.text
    until(lambda: not fetch(admin, roles, names))
    assert fetch(admin, "select from pg_namespace where nspname = %s", schema) == []
    assert live.acme.data("{ cities(limit: 1) { name } }")["cities"]
