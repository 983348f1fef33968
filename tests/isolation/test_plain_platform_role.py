"""The platform without a superuser, as on a managed server: CREATEROLE and its own database are enough.

In a process of its own, because the settings name the login.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict, make_conninfo

ROOT = Path(__file__).parents[2]

LIFE = """
import django
django.setup()
from django.db import connection
from apps.tenants import provisioning
from apps.tenants.acting import SYSTEM
from apps.tenants.dump import pg_dump_version
from apps.tenants.models import Operation, OperationState, Template, Tenant
from apps.tenants.operations import run_operation
from apps.tenants.services import *
from tests.factories import LIBRARY
from tests.tenant_database import as_gateway, as_owner, role_names, schema_names

with connection.cursor() as cursor:
    cursor.execute("select rolsuper from pg_roles where rolname = current_user")
    assert cursor.fetchone() == (False,)

def run(operation):
    run_operation(operation.pk)
    operation.refresh_from_db()
    assert operation.state == OperationState.SUCCEEDED, (operation.error_message, operation.message)

project = do_create_project("shop", acting=SYSTEM)
do_upload_migrations(project, LIBRARY, acting=SYSTEM)
acme, operation = do_create_tenant(project, "acme", acting=SYSTEM)
run(operation)
globex, operation = do_create_tenant(project, "globex", acting=SYSTEM)
run(operation)
can_dump = pg_dump_version()[0] >= connection.pg_version // 10000
assert Template.objects.get().method == ("dump" if can_dump else "replay")
for tenant in (acme, globex):
    provisioning.check(tenant)
with as_gateway(project) as session, session.transaction():
    session.execute("select set_config('role', %s, true)", [acme.schema_name])
    assert session.execute(f"select count(*) from {acme.schema_name}.authors").fetchone() == (2,)
    try:
        with session.transaction():
            session.execute(f"select count(*) from {globex.schema_name}.authors")
    except Exception as exc:
        assert "permission denied" in str(exc)
    else:
        raise AssertionError("acme reads globex")
do_upload_migrations(project, {**LIBRARY, "0003_c.sql": "create table c (id int)"}, acting=SYSTEM)
run(do_migrate_project(project, acting=SYSTEM))
with as_owner(provisioning.names_of(globex)) as session:  # must not keep acme's role from being dropped
    session.execute(f"grant select on authors to {acme.schema_name}")
    session.execute(f"alter default privileges grant select on tables to {acme.schema_name}")
open_session = as_owner(provisioning.names_of(acme))
for tenant in (acme, globex):
    tenant.refresh_from_db()
    run(do_delete_tenant(tenant, confirm=tenant.slug, acting=SYSTEM))
do_delete_project(project, confirm="shop", acting=SYSTEM)
assert schema_names() == set()
mine = {acme.schema_name, acme.owner_role, globex.schema_name, globex.owner_role, project.gateway_role}
assert not mine & role_names(), mine & role_names()
"""


@pytest.fixture
def plain_database() -> Iterator[str]:
    """The URL of a database whose owner may create roles and nothing else."""
    name, password = f"kapok_plain_{secrets.token_hex(4)}", secrets.token_hex(16)
    admin = psycopg.connect(settings.DATABASE_URL, autocommit=True)
    try:
        admin.execute(f"create role {name} login createrole password '{password}'")
        admin.execute(f"create database {name} owner {name}")
        with psycopg.connect(
            make_conninfo(settings.DATABASE_URL, dbname=name)
        ) as session:  # so it is since PostgreSQL 15
            session.execute("alter schema public owner to pg_database_owner")
        parts = {**conninfo_to_dict(settings.DATABASE_URL), "user": name, "password": password, "dbname": name}
        yield f"postgresql:///?{'&'.join(f'{key}={value}' for key, value in parts.items())}"
    finally:
        admin.execute(f"drop database if exists {name} with (force)")
        for (role,) in admin.execute(
            "select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid "
            "join pg_roles p on p.oid = m.member where p.rolname = %s",
            [name],
        ).fetchall():
            admin.execute(f'drop role if exists "{role}"')
        admin.execute(f"drop role {name}")
        admin.close()


@pytest.mark.superuser
def test_a_tenants_whole_life_without_a_superuser(plain_database: str) -> None:
    environ = {**os.environ, "DATABASE_URL": plain_database, "PYTHONPATH": str(ROOT)}
    migrated = run([sys.executable, "manage.py", "migrate", "-v0"], environ)
    assert migrated.returncode == 0, migrated.stderr
    lived = run([sys.executable, "-c", LIFE], environ)
    assert lived.returncode == 0, lived.stderr
    with psycopg.connect(make_conninfo(plain_database)) as session:
        triggers = session.execute("select count(*) from pg_event_trigger").fetchone()
    assert triggers == (0,)  # only a superuser may make them: readiness tells, gateways poll


def run(command: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=100)
