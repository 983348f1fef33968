"""Provisioning and deletion: a tenant is there with everything it needs, or nothing of it is."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from apps.tenants import provisioning
from apps.tenants.acting import SYSTEM
from apps.tenants.dump import dump_schema
from apps.tenants.models import (
    ApiKey,
    Domain,
    MigrationState,
    Operation,
    OperationKind,
    OperationState,
    Template,
    Tenant,
)
from apps.tenants.operations import MAX_ATTEMPTS, run_operation
from apps.tenants.owner import conninfo_of
from apps.tenants.provisioning import STEPS, names_of, provision_now
from apps.tenants.services import (
    do_create_tenant,
    do_delete_project,
    do_delete_tenant,
    do_retry_operation,
    do_upload_migrations,
)
from apps.tenants.template import REPLAY, template_of
from kapok.errors import KapokError
from kapok.tenancy import TenantState
from tests.factories import LIBRARY, OperationFactory, ProjectFactory, TenantFactory, make_key
from tests.tenant_database import (
    as_gateway,
    as_owner,
    fetch,
    platform_conninfo,
    role_names,
    schema_names,
    skip_without_pg_dump,
)

pytestmark = pytest.mark.usefixtures("real_database")


#: When and how fast each migration ran differs.
_RECORDS = re.compile(r"INSERT INTO SCHEMA\.kapok_migration VALUES\n(\t\(.*\n)+")


def dump_of(tenant: Tenant) -> str:
    names = names_of(tenant)
    return dump_schema(conninfo_of(names.owner), names).replace(names.schema, "SCHEMA")


def test_an_operation_takes_a_tenant_from_its_row_to_active() -> None:
    operation = OperationFactory(tenant__project=ProjectFactory(migrations=LIBRARY))
    done = run_operation(operation.pk)
    assert done is not None
    operation.refresh_from_db()
    assert (operation.state, operation.progress, operation.step) == (OperationState.SUCCEEDED, 100, "activate")
    assert operation.attempts == 1 and operation.finished_at and operation.heartbeat_at
    tenant = Tenant.objects.get()
    assert tenant.state == TenantState.ACTIVE
    assert [(row.number, row.state) for row in tenant.migrations.all()] == [
        (1, MigrationState.APPLIED),
        (2, MigrationState.APPLIED),
    ]
    with as_owner(names_of(tenant)) as session:
        assert session.execute("select name from authors order by id").fetchall() == [("Ada",), ("Grace; -- O'Hara",)]


def test_a_clone_is_what_the_migrations_would_have_made() -> None:
    """Tables, rows, functions, grants, default privileges: the text pg_dump writes of both is the same."""
    skip_without_pg_dump()
    project = ProjectFactory(migrations=LIBRARY)
    cloned, replayed = TenantFactory(project=project, ready=True), TenantFactory(project=project)
    assert Template.objects.get().method == "dump"
    Template.objects.update(method=REPLAY)
    provision_now(replayed)
    texts = [_RECORDS.sub("", dump_of(tenant)) for tenant in (cloned, replayed)]
    assert texts[0] == texts[1]
    assert "CREATE FUNCTION SCHEMA.book_count" in texts[0] and "'Grace; -- O''Hara'" in texts[0]


def test_the_template_is_compiled_once_and_leaves_nothing_behind() -> None:
    skip_without_pg_dump()
    project = ProjectFactory(migrations=LIBRARY)
    before = (role_names(), schema_names())
    first = template_of(project)
    assert (role_names(), schema_names()) == before
    assert first.method == "dump" and "CREATE TABLE" in first.sql
    again = template_of(project)
    assert again.compiled_at == first.compiled_at
    do_upload_migrations(project, {**LIBRARY, "0003_c.sql": "create table c (id int)"}, acting=SYSTEM)
    changed = template_of(project)
    assert changed.checksum != first.checksum and "CREATE TABLE" in changed.sql


def test_a_schema_that_cannot_be_dumped_is_made_by_its_migrations() -> None:
    """Row-level security that holds for the owner too keeps pg_dump from reading the rows."""
    files = {
        "0001_a.sql": """
            create table notes (id int primary key, body text);
            insert into notes values (1, 'kept');
            alter table notes enable row level security;
            alter table notes force row level security;
            create policy all_of_them on notes using (true);
        """
    }
    project = ProjectFactory(migrations=files)
    tenant = TenantFactory(project=project, ready=True)
    assert Template.objects.get().method == REPLAY
    with as_owner(names_of(tenant)) as session:
        assert session.execute("select body from notes").fetchone() == ("kept",)


def test_every_step_may_run_twice() -> None:
    tenant = TenantFactory(project=ProjectFactory(migrations=LIBRARY))
    for step in STEPS.values():
        step(tenant)
        step(tenant)
    assert Tenant.objects.get().state == TenantState.ACTIVE
    with as_owner(names_of(tenant)) as session:
        assert session.execute("select count(*) from authors").fetchone() == (2,)


@pytest.mark.parametrize("step", list(STEPS))
def test_an_operation_goes_on_at_the_step_where_a_worker_died(step: str) -> None:
    """The worker died after the step began: everything before it is done, it may be too."""
    operation = OperationFactory(tenant__project=ProjectFactory(migrations=LIBRARY))
    for name, run in STEPS.items():
        run(operation.tenant)
        if name == step:
            break
    Operation.objects.update(state=OperationState.RUNNING, step=step, attempts=1)
    run_operation(operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.attempts) == (OperationState.SUCCEEDED, 2)
    provisioning.check(Tenant.objects.get())


def test_migrations_that_fail_leave_nothing_but_the_reason() -> None:
    before = role_names()
    files = {"0001_a.sql": "create table a (id int);\n\ninsert into nowhere values (1);"}
    operation = OperationFactory(tenant__project=ProjectFactory(migrations=files))
    run_operation(operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.error_code) == (OperationState.ROLLED_BACK, "MIGRATION_FAILED")
    assert "0001_a, line 3" in operation.error_message and '"nowhere"' in operation.error_message
    assert Tenant.objects.get().state == TenantState.FAILED
    assert schema_names() == set()
    assert role_names() - before == {operation.tenant.project.gateway_role}


def test_a_failed_tenant_is_set_up_again_after_the_cause_is_mended() -> None:
    project = ProjectFactory(migrations={"0001_a.sql": "create tabel a (id int)"})
    operation = OperationFactory(tenant__project=project)
    run_operation(operation.pk)
    do_upload_migrations(project, {"0001_a.sql": "create table a (id int)"}, acting=SYSTEM)
    operation.refresh_from_db()
    do_retry_operation(operation, acting=SYSTEM)
    run_operation(operation.pk)
    operation.refresh_from_db()
    assert operation.state == OperationState.SUCCEEDED
    assert Tenant.objects.get().state == TenantState.ACTIVE


def test_a_job_that_is_interrupted_too_often_is_rolled_back() -> None:
    operation = OperationFactory(tenant__project=ProjectFactory(migrations=LIBRARY))
    for name in ("roles", "schema"):
        STEPS[name](operation.tenant)
    Operation.objects.update(state=OperationState.RUNNING, step="template", attempts=MAX_ATTEMPTS)
    run_operation(operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.error_code) == (OperationState.ROLLED_BACK, "PROVISIONING_FAILED")
    assert schema_names() == set()
    assert operation.tenant.owner_role not in role_names()


def test_two_workers_never_run_one_operation() -> None:
    operation = OperationFactory()
    with psycopg.connect(platform_conninfo(), autocommit=True) as other:
        other.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [f"kapok operation {operation.pk}"])
        assert run_operation(operation.pk) is None
        operation.refresh_from_db()
        assert (operation.state, operation.attempts) == (OperationState.QUEUED, 0)
        other.execute("select pg_advisory_unlock_all()")
        assert run_operation(operation.pk) is not None


@pytest.mark.superuser
def test_verification_finds_what_is_not_as_it_must_be() -> None:
    tenant = TenantFactory(ready=True)
    names = names_of(tenant)
    schema, owner, gateway = names.schema, names.owner, names.gateway
    breaches = {
        f"grant usage on schema {schema} to public": f"revoke all on schema {schema} from public",
        f"grant create on schema {schema} to {schema}": f"revoke create on schema {schema} from {schema}",
        f"alter role {schema} login": f"alter role {schema} nologin",
        f"alter role {owner} createrole": f"alter role {owner} nocreaterole",
        f"alter role {gateway} inherit": f"alter role {gateway} noinherit",
        f"alter role {gateway} bypassrls": f"alter role {gateway} nobypassrls",
        f"revoke {schema} from {gateway}": f"grant {schema} to {gateway}",
    }
    provisioning.check(tenant)
    for breach, undo in breaches.items():
        with connection.cursor() as cursor:
            cursor.execute(breach)
        with pytest.raises(KapokError) as caught:
            provisioning.check(tenant)
        assert caught.value.code == "PROVISIONING_FAILED", breach
        with connection.cursor() as cursor:
            cursor.execute(undo)
    provisioning.check(tenant)


def test_migrations_uploaded_meanwhile_are_in_the_tenant_when_it_answers() -> None:
    project = ProjectFactory(migrations=LIBRARY)
    tenant = TenantFactory(project=project)
    for name in ("roles", "schema", "template", "grants", "verify"):
        STEPS[name](tenant)
    do_upload_migrations(project, {**LIBRARY, "0003_c.sql": "create table c (id int)"}, acting=SYSTEM)
    STEPS["activate"](tenant)
    assert tenant.state == TenantState.ACTIVE
    assert [row.number for row in tenant.migrations.all()] == [1, 2, 3]
    with as_owner(names_of(tenant)) as session:
        assert session.execute("select count(*) from c").fetchone() == (0,)


def test_an_empty_project_has_tenants_whose_later_tables_are_open_to_requests() -> None:
    tenant = TenantFactory(ready=True)
    with as_owner(names_of(tenant)) as session:
        session.execute("create table late (id int); insert into late values (7)")
    with as_gateway(tenant.project) as session, session.transaction():
        session.execute("select set_config('role', %s, true)", [tenant.schema_name])
        assert session.execute(f'select id from "{tenant.schema_name}".late').fetchone() == (7,)


# --- deletion


def test_deletion_leaves_no_schema_role_key_domain_or_row() -> None:
    before = role_names()
    project = ProjectFactory(migrations=LIBRARY)
    tenant = TenantFactory(project=project, ready=True)
    other = TenantFactory(project=project, ready=True)
    make_key(tenant)
    Domain.objects.create(tenant=tenant, domain="app.example.com")
    names = names_of(tenant)
    operation = do_delete_tenant(tenant, confirm=tenant.slug, acting=SYSTEM)
    run_operation(operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.tenant, operation.result) == (
        OperationState.SUCCEEDED,
        None,
        {"tenant": tenant.slug},
    )
    assert schema_names() == {other.schema_name}
    assert {names.schema, names.owner} & role_names() == set()
    assert role_names() - before == {project.gateway_role, other.schema_name, other.owner_role}
    assert list(Tenant.objects.all()) == [other]
    assert not ApiKey.objects.exists() and not Domain.objects.exists()
    provisioning.check(other)


def test_deletion_succeeds_while_sessions_hold_the_tenant() -> None:
    project = ProjectFactory(migrations=LIBRARY)
    tenant = TenantFactory(project=project, ready=True)
    owner, gateway = as_owner(names_of(tenant)), as_gateway(project)
    owner.execute("begin; lock table authors in access exclusive mode")
    gateway.execute("begin")
    gateway.execute("select set_config('role', %s, true)", [tenant.schema_name])
    gateway.execute(f'select * from "{tenant.schema_name}".books')
    operation = do_delete_tenant(tenant, confirm=tenant.slug, acting=SYSTEM)
    run_operation(operation.pk)
    operation.refresh_from_db()
    assert operation.state == OperationState.SUCCEEDED
    assert schema_names() == set()
    for session in (owner, gateway):
        with pytest.raises(psycopg.OperationalError):
            session.execute("select 1")
        session.close()


def test_a_deleted_slug_can_be_used_again() -> None:
    project = ProjectFactory()
    tenant = TenantFactory(project=project, slug="acme", ready=True)
    run_operation(do_delete_tenant(tenant, confirm="acme", acting=SYSTEM).pk)
    again, operation = do_create_tenant(project, "acme", acting=SYSTEM)
    run_operation(operation.pk)
    assert again.schema_name != tenant.schema_name
    assert schema_names() == {again.schema_name}


@pytest.mark.parametrize("step", ["lock_out", "schema", "roles", "records"])
def test_a_deletion_goes_on_where_a_worker_died(step: str) -> None:
    tenant = TenantFactory(project=ProjectFactory(migrations=LIBRARY), ready=True)
    operation = do_delete_tenant(tenant, confirm=tenant.slug, acting=SYSTEM)
    names = names_of(tenant)
    Operation.objects.filter(pk=operation.pk).update(state=OperationState.RUNNING, step=step, attempts=1)
    if step == "roles":
        provisioning.lock_out(names)
        provisioning.drop_schema(names)
    if step == "records":
        provisioning.remove(tenant)
    run_operation(operation.pk)
    operation.refresh_from_db()
    assert operation.state == OperationState.SUCCEEDED
    assert not Tenant.objects.exists()


def test_a_failed_tenant_can_be_deleted() -> None:
    operation = OperationFactory(tenant__project=ProjectFactory(migrations={"0001_a.sql": "nonsense"}))
    run_operation(operation.pk)
    tenant = Tenant.objects.get()
    run_operation(do_delete_tenant(tenant, confirm=tenant.slug, acting=SYSTEM).pk)
    assert not Tenant.objects.exists()
    project = operation.project
    do_delete_project(project, confirm=project.slug, acting=SYSTEM)
    assert project.gateway_role not in role_names()
    assert Operation.objects.filter(kind=OperationKind.DELETE, state=OperationState.SUCCEEDED).exists()


@pytest.mark.superuser
def test_passwords_are_derived_and_never_stand_in_a_catalog_as_text() -> None:
    tenant = TenantFactory(ready=True)
    stored = fetch("select rolname, rolpassword from pg_authid where rolname = any(%s)",
                   [tenant.owner_role, tenant.project.gateway_role])  # fmt: skip
    assert len(stored) == 2
    assert all(password.startswith("SCRAM-SHA-256$") for _, password in stored)
    assert fetch("select rolpassword from pg_authid where rolname = %s", tenant.schema_name) == [(None,)]


@pytest.mark.superuser
def test_after_a_new_secret_key_the_roles_follow(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    tenant = TenantFactory(ready=True)
    old = {role: stored_password(role) for role in (tenant.owner_role, tenant.project.gateway_role)}
    settings.SECRET_KEY = "another key " * 5
    call_command("sync_roles")
    assert capsys.readouterr().out == "1 projects, 1 tenants\n"
    assert all(stored_password(role) != password for role, password in old.items())
    with as_owner(names_of(tenant)) as owner, as_gateway(tenant.project) as gateway:
        assert owner.execute("select current_user").fetchone() == (tenant.owner_role,)
        assert gateway.execute("select current_user").fetchone() == (tenant.project.gateway_role,)


def stored_password(role: str) -> str:
    return str(fetch("select rolpassword from pg_authid where rolname = %s", role)[0][0])
