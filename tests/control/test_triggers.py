"""What the database announces: every change of the directory's tables, and DDL in tenants' schemas by anyone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from apps.tenants.acting import SYSTEM
from apps.tenants.models import ApiKey, Domain, Project, ProjectPermissions, Tenant, TrustedDocument
from apps.tenants.provisioning import names_of
from apps.tenants.services import do_revoke_key, do_set_permissions, do_suspend_tenant
from kapok.tenancy import TenantState
from tests.factories import LIBRARY, ApiKeyFactory, DomainFactory, ProjectFactory, TenantFactory
from tests.tenant_database import as_owner, platform_conninfo
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("real_database")

Heard = Callable[[Callable[[], Any]], list[str]]


@pytest.fixture
def listener() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(platform_conninfo(), autocommit=True) as session:
        yield session


@pytest.fixture
def heard(listener: psycopg.Connection[Any]) -> Heard:
    """heard(change): the payloads a change causes, sorted, on both channels."""
    listener.execute("listen kapok_directory")
    listener.execute("listen kapok_ddl")
    listener.execute("listen kapok_test_end")

    def until_now() -> list[str]:
        listener.execute("notify kapok_test_end")  # commits after all the changes, so it is heard after them
        payloads = []
        for notification in listener.notifies(timeout=PATIENCE):
            if notification.channel == "kapok_test_end":
                return sorted(payloads)
            payloads.append(f"{notification.channel.removeprefix('kapok_')} {notification.payload}")
        raise AssertionError("the listener hears nothing")

    def run(change: Callable[[], Any]) -> list[str]:
        until_now()
        change()
        return until_now()

    return run


def sql(text: str, *parameters: Any) -> Callable[[], None]:
    """A change by hand, as with psql."""

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(text, parameters or None)

    return run


# --- the directory


def test_services_announce_what_they_change(heard: Heard) -> None:
    tenant = TenantFactory(state=TenantState.ACTIVE)
    key = ApiKeyFactory(tenant=tenant)
    assert heard(lambda: do_suspend_tenant(tenant, acting=SYSTEM)) == [f"directory tenants_tenant:{tenant.pk}"]
    assert heard(lambda: do_revoke_key(key, acting=SYSTEM)) == [f"directory tenants_apikey:{tenant.pk}"]
    assert heard(lambda: do_set_permissions(tenant.project, "", acting=SYSTEM)) == [
        f"directory tenants_projectpermissions:{tenant.project.pk}"
    ]


def test_every_table_announces_insert_update_and_delete_by_hand(heard: Heard) -> None:
    domain = DomainFactory()
    tenant, project = domain.tenant, domain.tenant.project
    key = ApiKeyFactory(tenant=tenant)
    rows = {
        Domain: ("tenants_domain", tenant.pk, "is_primary = not is_primary", domain.pk),
        ApiKey: ("tenants_apikey", tenant.pk, "revoked_at = now()", key.pk),
        ProjectPermissions: (
            "tenants_projectpermissions",
            project.pk,
            "version = 9",
            ProjectPermissions.objects.create(project=project, version=1, text="").pk,
        ),
        TrustedDocument: (
            "tenants_trusteddocument",
            project.pk,
            "document = 'x'",
            TrustedDocument.objects.create(project=project, sha256="0" * 64, document="").pk,
        ),
        Tenant: ("tenants_tenant", tenant.pk, "limits = '{\"rows\": 1}'", tenant.pk),
        Project: ("tenants_project", project.pk, "introspection = not introspection", project.pk),
    }
    for model, (table, owner, change, pk) in rows.items():
        expected = [f"directory {table}:{owner}"]
        assert heard(sql(f"update {table} set {change} where id = %s", pk)) == expected, table
        assert heard(sql(f"delete from {table} where id = %s", pk)) == expected, table
        assert not model.objects.filter(pk=pk).exists()
    fresh = ProjectFactory.build()
    assert heard(fresh.save) == [f"directory tenants_project:{fresh.pk}"]


def test_a_change_that_changes_nothing_is_not_announced(heard: Heard) -> None:
    key = ApiKeyFactory()
    assert heard(sql("update tenants_tenant set name = name")) == []
    assert heard(sql("update tenants_apikey set role = role")) == []
    assert heard(lambda: ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())) == []


def test_a_row_that_moves_concerns_both_owners(heard: Heard) -> None:
    key, other = ApiKeyFactory(), TenantFactory()
    assert heard(sql("update tenants_apikey set tenant_id = %s", other.pk)) == sorted(
        [f"directory tenants_apikey:{key.tenant.pk}", f"directory tenants_apikey:{other.pk}"]
    )


def test_truncation_concerns_everybody(heard: Heard) -> None:
    ApiKeyFactory()
    assert heard(sql("truncate tenants_apikey")) == ["directory tenants_apikey:*"]


def test_nothing_is_announced_by_what_is_rolled_back(heard: Heard) -> None:
    TenantFactory()
    assert heard(sql("begin; update tenants_tenant set name = 'x'; rollback")) == []


# --- DDL


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory(project=ProjectFactory(migrations=LIBRARY, compiled=True), ready=True)
    return tenant


BY_OWNER = (
    "create table c (id int)",
    "alter table c add column note text",
    "create index on c (note)",
    "comment on column c.note is 'x'",
    "create function f() returns int language sql as 'select 1'",
    "create or replace function f() returns int language sql as 'select 2'",
    "alter type genre add value 'essay'",
    "create domain d as text",
    "create view v as select * from c",
    "revoke select on c from {schema}",
    "grant select on c to {schema}",
    "alter default privileges in schema {schema} revoke select on tables from {schema}",
    "create policy p on c using (true)",
    "alter table c enable row level security",
    "drop function f()",
    "drop view v",
    "drop table c",
)


@pytest.mark.superuser
def test_ddl_of_the_owner_is_announced_once(heard: Heard, tenant: Tenant) -> None:
    schema = tenant.schema_name
    with as_owner(names_of(tenant)) as session:
        for statement in BY_OWNER:
            found = heard(lambda text=statement: session.execute(text.format(schema=schema)))
            assert found == [f"ddl {schema}"], statement


@pytest.mark.superuser
def test_ddl_by_hand_is_announced_whoever_does_it(heard: Heard, tenant: Tenant) -> None:
    schema = tenant.schema_name
    for statement in (
        f"create table {schema}.c (id int)",
        f"comment on table {schema}.c is 'x'",
        f"grant select on {schema}.c to {schema}",
        f"set search_path = {schema}; revoke select on c from {schema}; set search_path = public",
        f"comment on schema {schema} is 'x'",
        f"drop table {schema}.c",
    ):
        assert heard(sql(statement)) == [f"ddl {schema}"], statement


def test_other_ddl_is_not_announced(heard: Heard, tenant: Tenant) -> None:
    assert heard(sql("create table public.kapok_test_other (id int); drop table public.kapok_test_other")) == []
    with as_owner(names_of(tenant)) as session:
        session.execute("create materialized view m as select 1 as id")
        assert heard(lambda: session.execute("refresh materialized view m")) == []
        assert heard(lambda: session.execute("insert into authors (name) values ('x')")) == []
        assert heard(lambda: session.execute("truncate books")) == []


@pytest.mark.superuser
def test_a_dropped_schema_is_announced(heard: Heard, tenant: Tenant) -> None:
    assert heard(sql(f"drop schema {tenant.schema_name} cascade")) == [f"ddl {tenant.schema_name}"]


@pytest.mark.superuser
def test_one_statement_that_touches_two_tenants_announces_both(heard: Heard, tenant: Tenant) -> None:
    other = TenantFactory(project=tenant.project, ready=True)
    change = f"drop table {tenant.schema_name}.books, {other.schema_name}.books cascade"
    assert heard(sql(change)) == sorted([f"ddl {tenant.schema_name}", f"ddl {other.schema_name}"])


@pytest.mark.superuser
def test_ddl_goes_through_when_it_cannot_be_announced(heard: Heard, tenant: Tenant) -> None:
    """The trigger's function runs with the rights and the search_path of whoever ran the DDL."""
    with as_owner(names_of(tenant)) as session:
        for shadow in ("pg_notify(text, text)", "left(text, int)", "current_schemas(boolean)"):
            session.execute(f"create function {shadow} returns text language plpgsql as $$ begin raise 'no'; end $$")
        session.execute(f"set search_path = {tenant.schema_name}, pg_catalog")
        assert heard(lambda: session.execute("create table hijack (id int)")) == [f"ddl {tenant.schema_name}"]
    with connection.cursor() as cursor:
        cursor.execute("revoke execute on function pg_catalog.pg_notify(text, text) from public")
    try:
        with as_owner(names_of(tenant)) as session:
            assert heard(lambda: session.execute("create view silent as select 1")) == []
            assert session.execute("select count(*) from silent").fetchone() == (1,)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("grant execute on function pg_catalog.pg_notify(text, text) to public")


@pytest.mark.superuser
def test_the_triggers_exist_as_readiness_looks_for_them() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select evtname from pg_event_trigger where evtname like 'kapok_ddl%' and evtenabled <> 'D'")
        assert {row[0] for row in cursor.fetchall()} == {"kapok_ddl_changed", "kapok_ddl_dropped"}
