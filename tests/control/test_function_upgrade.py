"""The SQL functions of a database that an older Kapok made, or somebody changed, become those of this one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.tenants import change_log, platform_functions
from apps.tenants.change_log_upkeep import tend_change_logs
from apps.tenants.models import Tenant
from apps.tenants.platform_functions import ensure_platform_functions
from apps.tenants.provisioning import names_of
from apps.tenants.upgrades import upgrade_tenants
from tests.control.old_functions import (
    make_old,
    make_other,
    make_partitioned,
    platform_catalog,
    tenant_catalog,
    versions,
)
from tests.factories import LIBRARY, ProjectFactory, TenantFactory
from tests.isolation.test_plain_platform_role import plain_database, run
from tests.tenant_database import as_owner, fetch, platform_conninfo, project_table, real_database

__all__ = ["plain_database", "real_database"]

pytestmark = pytest.mark.superuser


@pytest.fixture
def installed(real_database: None) -> Iterator[None]:
    """Whatever a test leaves, the next begins with the right functions."""
    yield
    ensure_platform_functions()


@pytest.fixture
def tenant(installed: None) -> Tenant:
    return TenantFactory(project=ProjectFactory(migrations=LIBRARY, compiled=True), ready=True)


def upgrade() -> dict[str, object]:
    """What `kapok dev` and a deploy do. Out: the tenants that could not be upgraded."""
    call_command("migrate", verbosity=0, interactive=False)
    return dict(upgrade_tenants(lambda done, total: None).failed)


def test_an_old_database_becomes_what_a_new_one_is(tenant: Tenant) -> None:
    fresh, names = platform_catalog(), names_of(tenant)
    make_old(names)
    assert all(old != new for old, new in zip(platform_catalog(), fresh, strict=True))
    assert upgrade() == {}
    assert platform_catalog() == fresh
    new = TenantFactory(project=tenant.project, ready=True)
    assert tenant_catalog(names) == tenant_catalog(names_of(new))
    with as_owner(names) as session:
        session.execute("insert into authors (name) values ('Edsger')")
    told = fetch(f"select op, source, after ->> 'name' from {names.schema}.kapok_change order by position desc limit 1")
    assert told == [("insert", "owner", "Edsger")]


def test_where_nothing_is_to_be_done_one_query_is_asked_and_nothing_changed(tenant: Tenant) -> None:
    before = versions()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert not ensure_platform_functions()
    assert len(asked) == 1
    assert upgrade() == {}
    assert versions() == before


@pytest.mark.parametrize(
    "change",
    [
        "create or replace function kapok_log.refuse(what text) returns void language sql as 'select'",
        "grant execute on function kapok_log.protect_all(text, boolean) to public",
        "alter function kapok.refuse(text, text) reset search_path",
        "alter event trigger kapok_change_1_ended disable",
        "grant usage on schema kapok_log to public",
    ],
)
def test_what_was_changed_by_hand_is_put_right(installed: None, change: str) -> None:
    fresh = platform_catalog()
    with connection.cursor() as cursor:
        cursor.execute(change)
    assert platform_catalog() != fresh
    assert ensure_platform_functions()
    assert platform_catalog() == fresh


def test_an_upgrade_that_fails_leaves_all_as_it_was(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_old(names_of(tenant))
    before = platform_catalog(), versions()
    bad = tmp_path / "bad.sql"
    bad.write_text("select 1/0")
    with monkeypatch.context() as patch:
        patch.setattr(platform_functions, "FILES", (*platform_functions.FILES, bad))
        with pytest.raises(Exception, match="division by zero"):
            ensure_platform_functions()
    assert (platform_catalog(), versions()) == before
    assert ensure_platform_functions()


def test_of_two_that_start_at_once_one_installs(tenant: Tenant) -> None:
    fresh = platform_catalog()
    make_old(names_of(tenant))

    def start(_: int) -> bool:
        try:
            return ensure_platform_functions()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(start, range(4))) == [False, False, False, True]
    assert platform_catalog() == fresh


def test_a_tenant_somebody_works_with_is_told_and_done_by_the_round(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_log, "LOCK_TIMEOUT", "100ms")
    other = TenantFactory(project=tenant.project, ready=True)
    for one in (tenant, other):
        make_old(names_of(one))
        ensure_platform_functions()
    before = tenant_catalog(names_of(tenant))
    with psycopg.connect(platform_conninfo()) as writer:
        writer.execute(f"lock table {tenant.schema_name}.authors in row exclusive mode")
        assert list(upgrade()) == [tenant.slug]
    assert tenant_catalog(names_of(tenant)) == before
    new = tenant_catalog(names_of(TenantFactory(project=tenant.project, ready=True)))
    assert tenant_catalog(names_of(other)) == new
    tend_change_logs()
    assert tenant_catalog(names_of(tenant)) == new


def test_requests_go_on_meanwhile_and_each_of_their_changes_is_written_down(tenant: Tenant) -> None:
    names, is_over = names_of(tenant), Event()

    def write() -> int:
        written = 0
        with as_owner(names) as session:
            while not is_over.is_set():
                session.execute("insert into books (author_id, title) values (1, 'x')")
                written += 1
        return written

    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(write)
        try:
            for _ in range(8):
                make_other(names)
                assert upgrade() == {}
        finally:
            is_over.set()
        written = writing.result()
    logged = f"select count(*) from {names.schema}.kapok_change where op = 'insert' and source = 'owner'"
    assert written > 0 and fetch(logged) == [(written,)]


@pytest.mark.parametrize("has_written", [True, False])
def test_a_log_of_partitions_goes_on_as_it_is_made_now(tenant: Tenant, has_written: bool) -> None:
    names = names_of(tenant)
    make_partitioned(names, has_written=has_written)
    position = fetch(f"select max(position) from {names.schema}.kapok_change")[0][0]
    with as_owner(names) as session:  # is not followed before the tenant's upgrade, and not stopped
        session.execute("create table later (id int primary key)")
    assert upgrade() == {}
    with as_owner(names) as session:
        session.execute("insert into authors (name) values ('Edsger'); insert into later values (1)")
    rows = fetch(
        f"select tableoid::regclass::text, op, position > {position} from {names.schema}.kapok_change "
        "where op <> 'ddl' or source = 'owner' order by at, position"
    )
    assert [(table.rpartition(".")[2], *rest) for table, *rest in rows] == [
        ("kapok_change_2020q2", "ddl", False),
        *[("kapok_change_now", "ddl", False)] * has_written,
        *[("kapok_change_now", "insert", True)] * 2,
    ]
    new = TenantFactory(project=tenant.project, ready=True)
    columns = "select attname, atttypid::regtype::text, attnotnull, attidentity from pg_attribute where attnum > 0 and "
    columns += "attrelid = to_regclass(%s || '.kapok_change_now') order by 1"
    assert fetch(columns, names.schema) == fetch(columns, new.schema_name)
    tend_change_logs()


@pytest.mark.parametrize("has_written", [True, False])
def test_a_projects_table_in_the_logs_place_gets_neither_rows_nor_the_platforms_rights(
    tenant: Tenant, has_written: bool
) -> None:
    names = names_of(tenant)
    make_partitioned(names, has_written=has_written)
    project_table(
        names,
        "kapok_change_now",
        "id int, name text, op text, after jsonb, table_name text, actor text, session_id text, request_id text, "
        "source text, key jsonb, before jsonb",
    )
    with as_owner(names) as session:
        session.execute(
            "create table ran (by_whom text);"
            "create function ran() returns trigger language plpgsql as "
            "  'begin insert into ran values (current_user); return new; end';"
            "create trigger ran before insert on kapok_change_now for each row execute function ran();"
            "create table later (id int primary key)"
        )
        assert list(upgrade()) == [tenant.slug]
        tend_change_logs()
        session.execute("alter table later add name text; insert into later values (1)")
        assert session.execute("select * from kapok_change_now").fetchall() == []
        assert session.execute("select * from ran").fetchall() == []
        session.execute("drop table kapok_change_now")
    assert upgrade() == {}


MANAGED = """
import django
django.setup()
from apps.tenants.platform_functions import ensure_platform_functions
from apps.tenants.provisioning import names_of
from tests.control.old_functions import make_old, platform_catalog, tenant_catalog
from tests.control.test_function_upgrade import upgrade
from tests.factories import LIBRARY, ProjectFactory, TenantFactory
from tests.tenant_database import remove_everything

fresh = platform_catalog()
assert not ensure_platform_functions()
old = TenantFactory(project=ProjectFactory(migrations=LIBRARY), ready=True)
make_old(names_of(old), superuser=False)
assert platform_catalog() != fresh
assert upgrade() == {}
assert platform_catalog() == fresh
new = TenantFactory(project=old.project, ready=True)
assert tenant_catalog(names_of(old)) == tenant_catalog(names_of(new))
assert not ensure_platform_functions()
remove_everything()
"""


def test_a_platform_that_is_no_superuser_upgrades_too(plain_database: str) -> None:
    environ = {**os.environ, "DATABASE_URL": plain_database, "PYTHONPATH": str(Path(__file__).parents[2])}
    for command in (["manage.py", "migrate", "-v0"], ["-c", MANAGED]):
        done = run([sys.executable, *command], environ)
        assert done.returncode == 0, done.stderr
