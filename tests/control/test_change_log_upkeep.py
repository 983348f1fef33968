"""A tenant's change log through its life: provisioning, settings, upgrades, retention."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from apps.tenants import change_log
from apps.tenants.acting import SYSTEM
from apps.tenants.change_log_upkeep import tend_change_logs
from apps.tenants.fleet import migrate_tenants
from apps.tenants.models import Operation, OperationState, Tenant
from apps.tenants.operations import run_operation
from apps.tenants.platform_tables import ensure_platform_tables
from apps.tenants.provisioning import names_of
from apps.tenants.services import do_set_audit_settings, do_upload_migrations
from apps.tenants.upgrades import upgrade_tenants
from kapok.errors import KapokError
from tests.factories import LIBRARY, ProjectFactory, TenantFactory
from tests.tenant_database import as_owner, fetch, platform_conninfo, real_database

__all__ = ["real_database"]

pytestmark = pytest.mark.usefixtures("real_database")


def changes(tenant: Tenant) -> list[tuple[object, ...]]:
    """(op, table, key, after, source), definitions left out."""
    rows = fetch(
        f"select op, table_name, key, after, source from {tenant.schema_name}.kapok_change "
        "where op <> 'ddl' order by position"
    )
    return [(op, name, json.loads(key), json.loads(after or "null"), source) for op, name, key, after, source in rows]


def run(operation: Operation | None) -> None:
    assert operation is not None
    run_operation(operation.pk)
    operation.refresh_from_db()
    assert operation.state == OperationState.SUCCEEDED, operation.error_message


def test_a_tenants_log_begins_with_the_rows_it_begins_with() -> None:
    tenant = TenantFactory(project=ProjectFactory(migrations=LIBRARY, compiled=True), ready=True)
    rows = changes(tenant)
    assert [(row[0], row[1], row[2], row[4]) for row in rows if row[1] == "authors"] == [
        ("insert", "authors", {"id": 1}, "platform"),
        ("insert", "authors", {"id": 2}, "platform"),
    ]


@pytest.mark.superuser  # without event triggers a new table is written down once the run is over, by the platform
def test_migrations_are_changes_of_the_owner() -> None:
    project = ProjectFactory(migrations=LIBRARY, compiled=True)
    tenant = TenantFactory(project=project, ready=True)
    before = len(changes(tenant))
    sql = "create table c (id int primary key); insert into c values (1)"
    do_upload_migrations(project, {**LIBRARY, "0003_c.sql": sql}, acting=SYSTEM)
    assert migrate_tenants(project, [tenant], progressed=lambda done, total: None).failed == {}
    assert changes(tenant)[before:] == [("insert", "c", {"id": 1}, {"id": 1}, "owner")]


def test_settings_of_a_project_hold_for_its_tenants_and_for_new_ones() -> None:
    project = ProjectFactory(migrations=LIBRARY, compiled=True)
    old = TenantFactory(project=project, ready=True)
    text = "tables:\n  authors: {redact: [name]}\n  books: off\n"
    run(do_set_audit_settings(project, text, acting=SYSTEM))
    assert do_set_audit_settings(project, text, acting=SYSTEM) is None
    project.refresh_from_db()
    new = TenantFactory(project=project, ready=True)
    for tenant in (old, new):
        before = len(changes(tenant))
        with as_owner(names_of(tenant)) as session:
            session.execute("insert into authors (id, name) overriding system value values (9, 'Secret')")
            session.execute("update authors set name = 'Hidden' where id = 9; delete from books")
        assert [(row[0], row[1]) for row in changes(tenant)[before:]] == [("insert", "authors"), ("update", "authors")]
        stored = fetch(
            f"select before::text, after::text from {tenant.schema_name}.kapok_change where key = '{{\"id\": 9}}'"
        )
        assert "[redacted]" in str(stored) and "Secret" not in str(stored) and "Hidden" not in str(stored)
    assert not [row for row in changes(new) if row[1] == "books"]
    run(do_set_audit_settings(project, "default: keys", acting=SYSTEM))
    before = len(changes(old))
    with as_owner(names_of(old)) as session:
        session.execute(
            "insert into authors (id, name) overriding system value values (10, 'x'); delete from authors where id = 10"
        )
    sql = f"select op, key, before, after from {old.schema_name}.kapok_change where op <> 'ddl' "
    sql += f"order by position offset {before}"
    assert fetch(sql) == [
        ("insert", '{"id": 10}', None, None),
        ("delete", '{"id": 10}', None, None),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "tables:\n  author: off",
            "audit.yaml, line 2, tables.author: there is no table `author`. Did you mean authors?",
        ),
        ("tables:\n  authors: {redact: [nam]}", "`authors` has no column `nam`. Did you mean name?"),
        # What is written down of a partition is what its table's settings say: its own would do nothing.
        ("tables:\n  visits_2020: {redact: [page]}", "there is no table `visits_2020`."),
        ("default: some", "line 1"),
    ],
)
def test_settings_that_name_nothing_are_refused_and_nothing_changes(text: str, says: str) -> None:
    partitioned = """
        create table visits (at date, page text) partition by range (at);
        create table visits_2020 partition of visits for values from ('2020-01-01') to ('2021-01-01');
    """
    project = ProjectFactory(migrations={**LIBRARY, "0003_visits.sql": partitioned}, compiled=True)
    TenantFactory(project=project, ready=True)
    with pytest.raises(KapokError) as caught:
        do_set_audit_settings(project, text, acting=SYSTEM)
    assert caught.value.code == "PROJECT_INVALID" and says in caught.value.message
    project.refresh_from_db()
    assert project.audit == "" and not Operation.objects.filter(kind="audit_settings").exists()


def test_a_tenant_of_an_older_kapok_gets_its_log_with_an_upgrade() -> None:
    tenant = TenantFactory(project=ProjectFactory(migrations=LIBRARY, compiled=True), ready=True)
    names = names_of(tenant)
    with connection.cursor() as cursor:
        cursor.execute(f"drop table {names.schema}.kapok_change, {names.schema}.kapok_change_mode cascade")
        cursor.execute(f"drop function {names.schema}.kapok_read")
        for trigger, table in fetch(
            "select t.tgname, t.tgrelid::regclass::text from pg_trigger t join pg_class c on c.oid = t.tgrelid "
            "where c.relnamespace = %s::regnamespace and t.tgname in "
            "('kapok_insert', 'kapok_update', 'kapok_delete', 'kapok_truncate')",
            names.schema,
        ):
            cursor.execute(f"drop trigger {trigger} on {table}")
        cursor.execute(f"delete from {names.schema}.kapok_platform_migration where name = 'audit.0002_change_log'")
    assert upgrade_tenants(lambda done, total: None).failed == {}
    assert ensure_platform_tables(names) == []
    assert changes(tenant) == []
    with as_owner(names) as session:
        session.execute("insert into authors (id, name) overriding system value values (9, 'x')")
    assert [row[:3] for row in changes(tenant)] == [("insert", "authors", {"id": 9})]


def partitions(tenant: Tenant) -> list[str]:
    sql = "select inhrelid::regclass::text from pg_inherits where inhparent = to_regclass(%s)"
    return sorted(name.rpartition(".")[2] for (name,) in fetch(sql, f"{tenant.schema_name}.kapok_change"))


def written(tenant: Tenant, table: str, at: str) -> None:
    """One row of then, and no other."""
    name = f"{tenant.schema_name}.{table}"
    with connection.cursor() as cursor:
        cursor.execute(f"truncate {name}")
        cursor.execute(
            f"insert into {name} (position, at, op, source) overriding system value "
            f"values (nextval('{tenant.schema_name}.kapok_change_position_seq'), %s, 'ddl', 'owner')",
            [at],
        )


ENDED = "kapok_change_2020q1_3"


def test_a_quarter_that_is_over_goes_on_under_its_name_and_writes_go_on() -> None:
    tenant = TenantFactory(project=ProjectFactory(migrations=LIBRARY, compiled=True), ready=True)
    tend_change_logs()
    assert partitions(tenant) == ["kapok_change_now"]
    with as_owner(names_of(tenant)) as session:
        insert = "insert into authors (id, name) overriding system value values (%s, %s::text)"
        session.execute(insert, [8, "before"], prepare=True)
        # As an older Kapok let a project do.
        with connection.cursor() as cursor:
            schema = tenant.schema_name
            cursor.execute(f"create table {schema}.kapok_change_2020q1 (); create domain {schema}.{ENDED[:-1]}2 as int")
        written(tenant, "kapok_change_now", "2020-03-31 23:59Z")
        tend_change_logs()
        assert partitions(tenant) == [ENDED, "kapok_change_now"]
        session.execute(insert, [9, "after"], prepare=True)
    rows = fetch(f"select tableoid::regclass::text, op from {tenant.schema_name}.kapok_change order by xid, position")
    assert [(table.rpartition(".")[2], op) for table, op in rows] == [
        (ENDED, "ddl"),
        ("kapok_change_now", "insert"),
    ]
    tend_change_logs()
    assert partitions(tenant) == [ENDED, "kapok_change_now"]


def test_quarters_are_dropped_when_they_are_old_and_sealed() -> None:
    tenant = TenantFactory(project=ProjectFactory(migrations=LIBRARY, compiled=True), ready=True)
    schema, made, late = tenant.schema_name, partitions(tenant), "kapok_change_2018q1"
    old = ["kapok_change_2019q4", "kapok_change_2020q1_2"]
    with connection.cursor() as cursor:
        for name in (late, *old):
            cursor.execute(f"create table {schema}.{name} () inherits ({schema}.kapok_change)")
    # A quarter that was ended a week ago, years too late.
    written(tenant, late, str(timezone.now() - timedelta(days=7)))
    written(tenant, old[0], "2019-10-01 12:00Z")
    written(tenant, old[1], "2020-01-01 12:00Z")
    searchable(schema, late, *old)
    tend_change_logs()
    assert partitions(tenant) == sorted([late, *old, *made])  # nothing is sealed
    with connection.cursor() as cursor:
        cursor.execute(f"select xid::text from {schema}.{old[1]}")
        cursor.execute(
            f"insert into {schema}.kapok_log (id, origin, horizon, size, last_problem) values (1, 'o', %s, 1, '')",
            cursor.fetchone(),
        )
    tend_change_logs()
    assert partitions(tenant) == sorted([late, old[1], *made])
    assert fetch(f"select index from {schema}.kapok_search order by index") == [(0,), (2,)]
    with connection.cursor() as cursor:
        cursor.execute(f"update {schema}.kapok_log set horizon = pg_snapshot_xmin(pg_current_snapshot())")
    tend_change_logs()
    assert partitions(tenant) == sorted([late, *made])
    told = fetch(
        f"select details->>'before', details->>'rows' from {schema}.kapok_event "
        "where action = 907 and details->>'table' = 'kapok_change' order by position"
    )
    assert told == [("2020-01-01T00:00:00Z", "1"), ("2020-04-01T00:00:00Z", "1")]
    assert fetch(f"select index from {schema}.kapok_search") == [(0,)]


def test_events_leave_with_their_time_and_the_control_planes_later(settings: Any) -> None:
    tenant = TenantFactory(project=ProjectFactory(audit="retention: 30d"), ready=True)
    logs = ("public", tenant.schema_name)
    for schema in logs:
        for days in (3700, 3600, 70, 20):
            event_of(schema, timezone.now() - timedelta(days=days))
    tend_change_logs()
    kept = {schema: ages(schema) for schema in logs}
    assert kept == {"public": [3600, 70, 20], tenant.schema_name: [20]}
    settings.KAPOK_AUDIT_DAYS = 365
    tend_change_logs()
    assert ages("public") == [70, 20]


def event_of(schema: str, at: datetime) -> None:
    """As if it had been sealed and signed."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {schema}.kapok_event (at, action, outcome, actor, target, request_id, address, details) "
            "values (%s, 202, 'ok', '', 'old', '', '', '{}') returning position, xid::text",
            [at],
        )
        found = cursor.fetchone()
        cursor.execute(f"select count(*) from {schema}.kapok_entry")
        index = cursor.fetchone()[0]
        cursor.execute(
            f"insert into {schema}.kapok_entry (index, kind, position, xid, at, leaf_hash) "
            "values (%s, 'event', %s, %s::xid8, %s, '')",
            [index, *found, at],
        )
        cursor.execute(f"insert into {schema}.kapok_checkpoint values (%s, '', %s, '', '')", [index + 1, at])


def ages(schema: str) -> list[int]:
    """Of those events, in days."""
    sql = f"select extract(day from now() - at)::int from {schema}.kapok_event where target = 'old' order by at"
    return [days for (days,) in fetch(sql)]


def searchable(schema: str, *tables: str) -> None:
    """As the sealer makes it, one entry for each table's row."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {schema}.kapok_facet (kind, table_name, op, source, action, outcome) "
            "values ('change', 't', 'ddl', 'owner', 0, '')"
        )
        for index, table in enumerate(tables):
            cursor.execute(
                f"insert into {schema}.kapok_search (index, at, facet) select {index}, r.at, f.id "
                f"from {schema}.{table} r cross join {schema}.kapok_facet f"
            )


def lose_trigger(tenant: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("alter event trigger kapok_change_2_dropped disable")
        cursor.execute(f"drop trigger kapok_insert on {tenant.schema_name}.authors")
        cursor.execute("alter event trigger kapok_change_2_dropped enable always")


@pytest.mark.superuser
def test_a_log_that_cannot_be_mended_now_is_told_and_stops_no_other_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "LOCK_TIMEOUT", "100ms")
    project = ProjectFactory(migrations=LIBRARY, compiled=True)
    busy, free = TenantFactory(slug="busy", project=project, ready=True), TenantFactory(project=project, ready=True)
    lose_trigger(busy)
    do_upload_migrations(project, {**LIBRARY, "0003_c.sql": "create table c (id int primary key)"}, acting=SYSTEM)
    with psycopg.connect(platform_conninfo()) as writer:
        writer.execute(f"lock table {busy.schema_name}.authors in row exclusive mode")
        result = migrate_tenants(project, [busy, free], progressed=lambda done, total: None)
    assert (result.migrated, list(result.failed)) == (1, ["busy"])
    assert "change log" in result.failed["busy"]["message"]
    assert fetch(f"select to_regclass('{busy.schema_name}.c') is not null") == [(True,)]
    tend_change_logs()
    assert fetch(
        f"select count(*) from pg_trigger where tgrelid = '{busy.schema_name}.authors'::regclass "
        "and tgname = 'kapok_insert'"
    ) == [(1,)]


@pytest.mark.superuser
def test_what_was_lost_is_mended_by_the_round() -> None:
    tenant = TenantFactory(project=ProjectFactory(migrations=LIBRARY, compiled=True), ready=True)
    lose_trigger(tenant)
    tend_change_logs()
    told = fetch(f"select table_name, after from {tenant.schema_name}.kapok_change where op = 'ddl' order by position")
    assert told[-1][0] == "authors" and "CHANGE LOG" in told[-1][1] and "kapok_insert" in told[-1][1]
