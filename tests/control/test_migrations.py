"""The migrations runner and the fleet: order, records, errors, locks, resumption."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from apps.tenants.acting import SYSTEM
from apps.tenants.fleet import project_status
from apps.tenants.migrations_runner import MigrationFile, Outcome, RunnerSettings, checksum_of, migrate, pending
from apps.tenants.models import MigrationState, Operation, OperationState, Project, Tenant
from apps.tenants.operations import run_operation
from apps.tenants.owner import terminate_session
from apps.tenants.provisioning import names_of
from apps.tenants.services import do_migrate_project, do_migrate_tenant, do_retry_operation, do_upload_migrations
from kapok.errors import KapokError
from kapok.tenancy import TenantState
from tests.factories import LIBRARY, ProjectFactory, TenantFactory
from tests.tenant_database import as_owner, fetch

pytestmark = pytest.mark.usefixtures("real_database")

QUICK = RunnerSettings(lock_timeout=0.2, lock_attempts=2, backoff=0.01)


def files(*texts: str) -> list[MigrationFile]:
    return [MigrationFile(n, f"step{n}", checksum_of(sql), sql) for n, sql in enumerate(texts, start=1)]


def run(tenant: Tenant, *texts: str, settings: RunnerSettings = QUICK) -> list[Outcome]:
    names = names_of(tenant)
    with as_owner(names) as session:
        return migrate(session, names, files(*texts), terminate=terminate_session, settings=settings)


def upload_and_migrate(project: Project, more: dict[str, str]) -> Operation:
    do_upload_migrations(project, {**LIBRARY, **more}, acting=SYSTEM)
    operation = do_migrate_project(project, acting=SYSTEM)
    run_operation(operation.pk)
    operation.refresh_from_db()
    return operation


# --- one tenant


def test_files_run_in_order_and_are_recorded_with_them() -> None:
    tenant = TenantFactory(ready=True)
    outcomes = run(tenant, "create table a (id int)", "alter table a add column b int; insert into a values (1, 2)")
    assert [outcome.failure for outcome in outcomes] == [None, None]
    recorded = fetch(f"select number, name, checksum, duration_ms > 0 from {tenant.schema_name}.kapok_migration")
    assert recorded == [
        (file.number, file.name, file.checksum, True)
        for file in files("create table a (id int)", "alter table a add column b int; insert into a values (1, 2)")
    ]
    assert run(tenant, "create table a (id int)", "alter table a add column b int; insert into a values (1, 2)") == []


def test_a_file_that_fails_is_undone_whole_and_stops_the_rest() -> None:
    tenant = TenantFactory(ready=True)
    run(tenant, "create table a (id int)")
    outcomes = run(
        tenant,
        "create table a (id int)",
        "insert into a values (1);\ncreate table b (id int);\n\nselect nonsense from a;",
        "create table c (id int)",
    )
    (failed,) = outcomes
    assert failed.failure is not None
    assert (failed.failure.line, failed.failure.sqlstate) == (4, "42703")
    assert failed.failure.message == 'column "nonsense" does not exist'
    with as_owner(names_of(tenant)) as session:
        assert session.execute("select count(*) from a").fetchone() == (0,)
        assert session.execute("select to_regclass('b'), to_regclass('c')").fetchone() == (None, None)
    assert fetch(f"select number from {tenant.schema_name}.kapok_migration") == [(1,)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("create table a (id int);\n\n  creat table b ()", 3),
        ("-- é 日本 😀\nselect 1;\nselect * from missing", 3),
        ("create table a (id int primary key);\ninsert into a values (1), (1)", None),
    ],
)
def test_the_line_is_the_files_own(text: str, line: int | None) -> None:
    (outcome,) = run(TenantFactory(ready=True), text)
    assert outcome.failure is not None
    assert outcome.failure.line == line


@pytest.mark.parametrize(
    "text", ["", "   \n", "-- nothing\n", "select 1", "select 1; ;; select 2;", "set search_path = ''"]
)
def test_files_may_be_empty_or_only_look(text: str) -> None:
    (outcome,) = run(TenantFactory(ready=True), text)
    assert outcome.failure is None


def test_deferred_constraints_are_checked_before_the_record_is_kept() -> None:
    tenant = TenantFactory(ready=True)
    (outcome,) = run(
        tenant,
        """create table a (id int primary key);
        create table b (a int references a deferrable initially deferred);
        insert into b values (1)""",
    )
    assert outcome.failure is not None and outcome.failure.sqlstate == "23503"
    assert fetch(f"select * from {tenant.schema_name}.kapok_migration") == []


def test_what_was_applied_must_stay_what_it_was() -> None:
    old, new = files("select 1", "select 2"), files("select 1", "select 3")
    done = {file.number: (file.name, file.checksum) for file in old}
    for now, sentence in ((new, "has been changed since"), (old[:1], "is missing now")):
        with pytest.raises(KapokError) as caught:
            pending(now, done)
        assert caught.value.code == "MIGRATION_CHANGED"
        assert sentence in caught.value.message and "0002_step2" in caught.value.message
    with pytest.raises(KapokError) as caught:
        pending(old, {2: done[2]})
    assert "0001_step1 comes before 0002" in caught.value.message
    assert pending([*old, *files("a", "b", "c")[2:]], done) == files("a", "b", "c")[2:]


def test_a_lock_is_waited_for_and_tried_again() -> None:
    tenant = TenantFactory(ready=True)
    run(tenant, "create table a (id int)")
    with as_owner(names_of(tenant)) as holder:
        holder.execute("begin; lock table a in access share mode")
        release = threading.Timer(0.5, holder.execute, ["commit"])
        release.start()
        patient = RunnerSettings(lock_timeout=0.2, lock_attempts=10, backoff=0.05)
        (outcome,) = run(tenant, "create table a (id int)", "alter table a add column b int", settings=patient)
        release.join()
    assert outcome.failure is None


def test_a_lock_that_is_never_freed_is_a_failure_that_says_so() -> None:
    tenant = TenantFactory(ready=True)
    run(tenant, "create table a (id int)")
    with as_owner(names_of(tenant)) as holder:
        holder.execute("begin; lock table a in access share mode")
        started = time.monotonic()
        (outcome,) = run(tenant, "create table a (id int)", "alter table a add column b int")
        assert time.monotonic() - started < 60
        assert outcome.failure is not None and outcome.failure.sqlstate == "55P03"
        holder.execute("commit")
    (outcome,) = run(tenant, "create table a (id int)", "alter table a add column b int")
    assert outcome.failure is None


def test_a_statement_that_takes_too_long_is_ended() -> None:
    settings = RunnerSettings(statement_timeout=0.2)
    (outcome,) = run(TenantFactory(ready=True), "select pg_sleep(30)", settings=settings)
    assert outcome.failure is not None and outcome.failure.sqlstate == "57014"


# --- all tenants of a project


@pytest.fixture
def project() -> Project:
    project: Project = ProjectFactory(migrations=LIBRARY)
    for slug in ("acme", "globex", "initech"):
        TenantFactory(project=project, slug=slug, ready=True)
    return project


def test_all_tenants_follow_and_suspended_ones_too(project: Project) -> None:
    Tenant.objects.filter(slug="globex").update(state=TenantState.SUSPENDED)
    operation = upload_and_migrate(project, {"0003_c.sql": "create table c (id int)"})
    assert (operation.state, operation.result) == (
        OperationState.SUCCEEDED,
        {"tenants": 3, "migrated": 3, "unchanged": 0, "failed": {}},
    )
    assert [(row.tenant, row.applied, row.pending) for row in project_status(project)] == [
        ("acme", [1, 2, 3], []),
        ("globex", [1, 2, 3], []),
        ("initech", [1, 2, 3], []),
    ]
    again = do_migrate_project(project, acting=SYSTEM)
    run_operation(again.pk)
    again.refresh_from_db()
    assert again.result == {"tenants": 3, "migrated": 0, "unchanged": 3, "failed": {}}


def test_one_tenants_failure_does_not_stop_the_others_and_rerunning_resumes(project: Project) -> None:
    globex = Tenant.objects.get(slug="globex")
    with as_owner(names_of(globex)) as session:
        session.execute("insert into books (author_id, title) values (1, 'same'), (1, 'same')")
    more = {
        "0003_titles.sql": "select 1;\nalter table books add unique (title)",
        "0004_d.sql": "create table d (id int)",
    }
    operation = upload_and_migrate(project, more)
    assert (operation.state, operation.error_code) == (OperationState.FAILED, "MIGRATION_FAILED")
    assert "1 of 3 tenants could not be migrated; globex: Migration 0003_titles" in operation.error_message
    assert operation.result["migrated"] == 2
    assert operation.result["failed"]["globex"]["sqlstate"] == "23505"
    states = {row.tenant: (row.applied, row.pending, list(row.failed)) for row in project_status(project)}
    assert states == {
        "acme": ([1, 2, 3, 4], [], []),
        "globex": ([1, 2], [3, 4], [3]),
        "initech": ([1, 2, 3, 4], [], []),
    }
    with as_owner(names_of(globex)) as session:
        session.execute("delete from books")
    do_retry_operation(operation, acting=SYSTEM)
    run_operation(operation.pk)
    operation.refresh_from_db()
    assert operation.state == OperationState.SUCCEEDED
    assert operation.result == {"tenants": 3, "migrated": 1, "unchanged": 2, "failed": {}}
    assert all(row.applied == [1, 2, 3, 4] and not row.failed for row in project_status(project))


def test_a_file_that_fails_on_an_empty_schema_touches_no_tenant(project: Project) -> None:
    operation = upload_and_migrate(project, {"0003_bad.sql": "create table c (id nonsense)"})
    assert (operation.state, operation.error_code) == (OperationState.FAILED, "MIGRATION_FAILED")
    assert operation.error_message.startswith("On an empty schema: Migration 0003_bad, line 1")
    assert {tuple(row.applied) for row in project_status(project)} == {(1, 2)}
    assert fetch("select count(*) from pg_class where relname = 'c'") == [(0,)]


def test_drift_in_one_tenant_is_told_and_leaves_it_alone(project: Project) -> None:
    acme = Tenant.objects.get(slug="acme")
    fetch(f"update {acme.schema_name}.kapok_migration set checksum = 'other' where number = 2 returning 1")
    operation = upload_and_migrate(project, {"0003_c.sql": "create table c (id int)"})
    assert operation.result["migrated"] == 2
    assert operation.result["failed"] == {
        "acme": {"code": "MIGRATION_CHANGED", "message": "Migration 0002_more was applied and has been changed since."}
    }
    assert fetch("select count(*) from pg_class where relname = 'c'") == [(2,)]


def test_a_role_somebody_changed_gets_its_login_back(project: Project) -> None:
    acme = Tenant.objects.get(slug="acme")
    with as_owner(names_of(acme)) as session:
        session.execute(f"alter role {acme.owner_role} password 'known'")
        session.execute(f"alter role {acme.owner_role} set statement_timeout = 1")
    operation = upload_and_migrate(project, {"0003_c.sql": "create table c (id int)"})
    assert operation.state == OperationState.SUCCEEDED


def test_one_tenant_is_migrated_alone(project: Project) -> None:
    do_upload_migrations(project, {**LIBRARY, "0003_c.sql": "create table c (id int)"}, acting=SYSTEM)
    operation = do_migrate_tenant(Tenant.objects.get(slug="acme"), acting=SYSTEM)
    run_operation(operation.pk)
    operation.refresh_from_db()
    assert operation.result == {"tenants": 1, "migrated": 1, "unchanged": 0, "failed": {}}
    assert {row.tenant: row.pending for row in project_status(project)} == {"acme": [], "globex": [3], "initech": [3]}


def test_tenants_are_migrated_at_once_but_not_all(project: Project, settings: Any) -> None:
    settings.KAPOK_MIGRATION_WORKERS = 2
    text = """
        create table c (peers int);
        do $$ declare at_work int; begin
            for attempt in 1..20 loop  -- the others may need a moment to begin
                perform pg_stat_clear_snapshot();
                select count(*) into at_work from pg_stat_activity where application_name = 'kapok owner';
                exit when at_work > 1;
                perform pg_sleep(0.05);
            end loop;
            insert into c values (at_work);
        end $$;
        select pg_sleep(0.2);
    """
    operation = upload_and_migrate(project, {"0003_c.sql": text})
    assert operation.state == OperationState.SUCCEEDED
    peers = []
    for tenant in project.tenants.all():
        with as_owner(names_of(tenant)) as session:
            peers += session.execute("select peers from c").fetchall()
    assert max(peers) == (2,)
    assert [row.state for tenant in project.tenants.all() for row in tenant.migrations.filter(number=3)] == [
        MigrationState.APPLIED
    ] * 3
