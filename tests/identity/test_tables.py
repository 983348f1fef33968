"""The tables of end users: in every tenant's schema, the platform's alone, and out of reach of the project's SQL."""

from __future__ import annotations

import time

import psycopg
import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from apps.identity.models import User
from apps.tenants.platform_tables import ensure_platform_tables, pending_platform_tables
from apps.tenants.postgresql.base import tenant_tables
from apps.tenants.provisioning import names_of
from kapok.errors import KapokError
from tests.factories import LIBRARY, ProjectFactory, TenantFactory
from tests.tenant_database import as_gateway, as_owner, fetch, project_table
from tests.waiting import once_within

pytestmark = pytest.mark.usefixtures("real_database")

OUT_OF_REACH = (
    "select * from {schema}.kapok_user",
    "select email from {schema}.kapok_user",
    "insert into {schema}.kapok_user (id) values (gen_random_uuid())",
    "update {schema}.kapok_user set roles = '{{admin}}'",
    "delete from {schema}.kapok_session",
    "truncate {schema}.kapok_refresh_token",
    "select digest from {schema}.kapok_one_time_token",
    "select sealed_secret from {schema}.kapok_factor",
    "drop table {schema}.kapok_user",
    "alter table {schema}.kapok_user add column x int",
    "create trigger t before insert on {schema}.kapok_user execute function suppress_redundant_updates_trigger()",
    "create rule r as on insert to {schema}.kapok_user do instead nothing",
    "create index on {schema}.kapok_user (email)",
    "create table {schema}.child (user_id uuid references {schema}.kapok_user)",
    "create table {schema}.child () inherits ({schema}.kapok_user)",
    "begin; lock table {schema}.kapok_user in access exclusive mode",
    "comment on table {schema}.kapok_user is '@name Users'",
    "grant select on {schema}.kapok_user to {schema}",
    "delete from {schema}.kapok_platform_migration",
    "select nextval('{schema}.kapok_refresh_token_id_seq')",
)


def test_every_table_is_the_platforms_alone() -> None:
    tenant = TenantFactory(ready=True)
    rows = fetch(
        "select c.relname, pg_get_userbyid(c.relowner) = current_user, c.relacl::text from pg_class c "
        "where c.relnamespace = %s::regnamespace and c.relkind in ('r', 'S') and c.relname <> 'kapok_migration'",
        tenant.schema_name,
    )
    assert {name for name, _, _ in rows} >= tenant_tables()
    assert all(own for _, own, _ in rows)
    assert not [row for row in rows if tenant.schema_name in (row[2] or "")]


def test_neither_the_projects_sql_nor_requests_reach_them(subtests: pytest.Subtests) -> None:
    project = ProjectFactory(migrations=LIBRARY)
    tenant = TenantFactory(project=project, ready=True)
    with tenant_context(tenant):
        User.objects.create(email="ada@example.com")
    for statement in OUT_OF_REACH:
        with subtests.test(statement=statement):
            sql = statement.format(schema=tenant.schema_name)
            with as_owner(names_of(tenant)) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(sql)
            with as_gateway(project) as session:
                session.execute(f'set role "{tenant.schema_name}"')
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(sql)
            with tenant_context(tenant):
                assert list(User.objects.values_list("email", "roles")) == [("ada@example.com", [])]


def test_a_tenant_of_an_older_kapok_gets_them_once() -> None:
    tenant = TenantFactory(ready=True)
    names = names_of(tenant)
    with connection.cursor() as cursor:
        for table in [*tenant_tables(), "kapok_change", "kapok_change_mode", "kapok_platform_migration"]:
            cursor.execute(f'drop table "{names.schema}".{table} cascade')
        cursor.execute(f'drop function "{names.schema}".kapok_read')
    every = pending_platform_tables(names)
    assert {"audit.0001_initial", "identity.0001_initial"} <= set(every)
    assert ensure_platform_tables(names) == every
    assert ensure_platform_tables(names) == []
    assert pending_platform_tables(names) == []


def test_a_projects_table_in_the_way_is_refused_and_nothing_is_made() -> None:
    tenant = TenantFactory(ready=True)
    names = names_of(tenant)
    with connection.cursor() as cursor:
        for table in [*tenant_tables(), "kapok_change", "kapok_change_mode", "kapok_platform_migration"]:
            cursor.execute(f'drop table "{names.schema}".{table} cascade')
    project_table(names, "kapok_user", "id int")
    with pytest.raises(KapokError, match="kapok_user"):
        ensure_platform_tables(names)
    assert fetch("select tablename from pg_tables where schemaname = %s order by 1", names.schema) == [
        ("kapok_migration",),
        ("kapok_user",),
    ]


def test_the_projects_operators_do_not_run_with_the_platforms_rights() -> None:
    """With the tenant's schema in the search_path, these would be found before Postgres' own or the platform's."""
    tenant = TenantFactory(ready=True)
    with as_owner(names_of(tenant)) as session:
        session.execute(
            """
            create table seen (who text);
            create function spy(a text, b text) returns boolean language plpgsql as
                $$ begin insert into seen values (session_user); return true; end $$;
            create function spy(a varchar, b varchar) returns boolean language plpgsql as
                $$ begin insert into seen values (session_user); return true; end $$;
            create operator = (leftarg = varchar, rightarg = varchar, function = spy);
            create operator = (leftarg = text, rightarg = text, function = spy);
            create view tenants_signingkey as select null::text as kid;
            create view tenants_tenant as select null::text as slug;
            """
        )
    with tenant_context(tenant):
        User.objects.create(email="ada@example.com")
        assert User.objects.filter(email="ada@example.com").exists()
        assert all(key.kid for key in tenant.signing_keys.all())
        tenant.refresh_from_db()
        assert fetch("show search_path") == [("public",)]
    assert tenant.slug
    assert fetch(f"select * from {tenant.schema_name}.seen") == []


def test_the_tables_cost_a_new_tenant_little() -> None:
    ensure_platform_tables(names_of(TenantFactory(ready=True)))

    def make() -> float:
        started = time.perf_counter()
        TenantFactory(ready=True)
        return time.perf_counter() - started

    once_within(1, make, attempts=20)
