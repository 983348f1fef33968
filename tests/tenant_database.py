"""Fixtures for tests that make real schemas and roles. Roles belong to the whole server, so they are removed again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from apps.tenants.dump import pg_dump_version
from apps.tenants.models import Project, Template, Tenant
from apps.tenants.names import Names
from apps.tenants.owner import conninfo_of
from apps.tenants.provisioning import remove
from apps.tenants.roles import drop_roles, inherit
from apps.tenants.template import drop_scratch


def platform_conninfo() -> str:
    """The platform's login to the tests' database."""
    return make_conninfo(settings.DATABASE_URL, dbname=settings.DATABASES["default"]["NAME"])


def remove_everything() -> None:
    """Drop the schemas and roles of every tenant and project there is a row of."""
    for template in Template.objects.exclude(scratch_id=None):
        drop_scratch(template)
    for tenant in Tenant.objects.select_related("project"):
        remove(tenant)
    drop_roles([project.gateway_role for project in Project.objects.all()])


@pytest.fixture
def real_database(transactional_db: None) -> Iterator[None]:
    """Committed rows, schemas and roles; all gone afterwards."""
    yield
    remove_everything()


@pytest.fixture
def roles_before() -> set[str]:
    """The names of the roles the server has now."""
    return role_names()


def role_names() -> set[str]:
    """The names of all roles."""
    return {row[0] for row in fetch("select rolname from pg_roles")}


def schema_names() -> set[str]:
    """The names of the tenants' schemas in this database."""
    return {row[0] for row in fetch("select nspname from pg_namespace where nspname ~ '^t_'")}


def fetch(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """All rows, as the platform."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return list(cursor.fetchall())


def as_owner(names: Names) -> psycopg.Connection[Any]:
    """Logged in as a tenant's owner."""
    return psycopg.connect(conninfo_of(names.owner), autocommit=True)


def as_gateway(project: Project) -> psycopg.Connection[Any]:
    """Logged in as a project's gateway."""
    return psycopg.connect(conninfo_of(project.gateway_role), autocommit=True)


def project_table(names: Names, name: str, columns: str) -> None:
    """A table of the project whose name is the platform's, as an older Kapok let it have."""
    inherit([names.owner])
    with connection.cursor() as cursor:
        cursor.execute(f'create table "{names.schema}".{name} ({columns})')
        cursor.execute(f'alter table "{names.schema}".{name} owner to {names.owner}')


def skip_without_pg_dump() -> None:
    """Skip a test of templates that are dumps where every pg_dump at hand is older than the server."""
    if pg_dump_version()[0] < connection.pg_version // 10000:
        pytest.skip("pg_dump is older than the server, so templates are replayed")
