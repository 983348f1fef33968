"""Two tenants, acme and globex: what each role can reach, tried on the server itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors

from apps.tenants.models import Tenant
from apps.tenants.provisioning import names_of
from tests.factories import LIBRARY, ProjectFactory, TenantFactory
from tests.tenant_database import as_gateway, as_owner

pytestmark = pytest.mark.usefixtures("real_database")

Cast = dict[str, Tenant]


@pytest.fixture
def cast() -> Iterator[Cast]:
    """acme and globex of one project, initech of another."""
    project = ProjectFactory(migrations=LIBRARY, compiled=True)
    yield {
        "acme": TenantFactory(project=project, slug="acme", ready=True),
        "globex": TenantFactory(project=project, slug="globex", ready=True),
        "initech": TenantFactory(project=ProjectFactory(migrations=LIBRARY, compiled=True), slug="initech", ready=True),
    }


def as_tenant(tenant: Tenant, statement: str) -> Any:
    """As a request of the tenant runs it: the gateway, switched to the tenant's role for one transaction."""
    with as_gateway(tenant.project) as session, session.transaction():
        session.execute("select set_config('role', %s, true)", [tenant.schema_name])
        cursor = session.execute(statement)
        return cursor.fetchall() if cursor.description else None


def test_a_request_reads_and_writes_its_own_tables(cast: Cast) -> None:
    schema = cast["acme"].schema_name
    as_tenant(cast["acme"], f"insert into {schema}.authors (name) values ('new')")
    as_tenant(cast["acme"], f"update {schema}.authors set name = 'newer' where name = 'new'")
    assert as_tenant(cast["acme"], f"select count(*) from {schema}.authors where name = 'newer'") == [(1,)]
    assert as_tenant(cast["acme"], f"select {schema}.book_count(a) from {schema}.authors a limit 1") == [(0,)]
    as_tenant(cast["acme"], f"delete from {schema}.authors where name = 'newer'")


#: own: the schema of the tenant that asks. other: one of the same project and one of another project.
FORBIDDEN = (
    "select * from {other}.authors",
    "insert into {other}.authors (name) values ('x')",
    "select {other}.book_count(null)",
    "create view {other}.v as select 1",
    "set role {other}_owner",
    "select * from public.tenants_tenant",
    "select * from public.accounts_user",
    "select * from {own}.kapok_migration",
    "create table {own}.mine (id int)",
    "drop table {own}.authors",
    "alter table {own}.authors add column x int",
    "truncate {own}.authors",
    "create temporary table t (id int)",
    "create schema evil",
    "grant {own} to {other}",
    "alter role {own} login",
    "copy {own}.authors to program 'cat'",
    "select pg_read_file('/etc/passwd')",
)


def test_a_request_reaches_nothing_else(cast: Cast) -> None:
    for other in ("globex", "initech"):
        for statement in FORBIDDEN:
            with pytest.raises(errors.InsufficientPrivilege):
                as_tenant(
                    cast["acme"],
                    statement.format(own=cast["acme"].schema_name, other=cast[other].schema_name),
                )


def test_the_gateway_itself_has_nothing(cast: Cast) -> None:
    """NOINHERIT: before it becomes a tenant's role it can read no tenant at all."""
    acme = cast["acme"]
    with as_gateway(acme.project) as session:
        with pytest.raises(errors.InsufficientPrivilege):
            session.execute(f"select * from {acme.schema_name}.authors")
        owned = session.execute("select count(*) from pg_class where pg_get_userbyid(relowner) = current_user")
        assert owned.fetchone() == (0,)


def test_the_gateway_becomes_tenants_of_its_own_project_only(cast: Cast) -> None:
    with as_gateway(cast["acme"].project) as session:
        for reachable in ("acme", "globex"):
            session.execute("select set_config('role', %s, false)", [cast[reachable].schema_name])
            session.execute("reset role")
        for refused in (cast["initech"].schema_name, cast["acme"].owner_role, "postgres"):
            with pytest.raises(psycopg.Error):
                session.execute("select set_config('role', %s, false)", [refused])


def test_the_tenants_role_cannot_log_in(cast: Cast) -> None:
    with as_owner(names_of(cast["acme"])) as session:
        row = session.execute(
            "select rolcanlogin, rolsuper, rolinherit from pg_roles where rolname = %s", [cast["acme"].schema_name]
        )
        assert row.fetchone() == (False, False, False)


def test_the_gateways_settings_suit_requests(cast: Cast) -> None:
    with as_gateway(cast["acme"].project) as session:
        settings = session.execute("select current_setting('jit'), current_setting('statement_timeout')").fetchone()
    assert settings == ("off", "0")


def test_what_an_owner_grants_to_everybody_stays_within_its_schema(cast: Cast) -> None:
    acme, globex = cast["acme"], cast["globex"]
    with as_owner(names_of(globex)) as session:
        # The platform's tables are in there too, and nothing of theirs is the owner's to give.
        with pytest.raises(errors.InsufficientPrivilege):
            session.execute("grant all on all tables in schema " + globex.schema_name + " to public")
        session.execute("grant all on authors, books to public")
        session.execute(f"grant select on authors to {acme.schema_name}")
    with pytest.raises(errors.InsufficientPrivilege):
        as_tenant(acme, f"select * from {globex.schema_name}.authors")


def test_later_functions_are_not_open_to_public(cast: Cast) -> None:
    acme = cast["acme"]
    with as_owner(names_of(acme)) as session:
        session.execute("create function late() returns int language sql as 'select 1'")
        public = session.execute("select has_function_privilege('public', 'late()', 'execute'), "
                                 "has_function_privilege(%s, 'late()', 'execute')", [acme.schema_name])  # fmt: skip
        assert public.fetchone() == (False, True)
