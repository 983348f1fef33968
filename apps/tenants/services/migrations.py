"""A project's SQL migrations: uploaded, and run on its tenants."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.db import transaction

from apps.tenants.acting import Actor
from apps.tenants.fleet import MIGRATED_STATES
from apps.tenants.migrations_runner import MigrationFile, checksum_of
from apps.tenants.models import (
    MigrationState,
    Operation,
    OperationKind,
    Project,
    ProjectMigration,
    Tenant,
    TenantMigration,
)
from apps.tenants.services.operations import start_operation
from apps.tenants.trail import record_on_platform, record_on_tenant, target_of
from kapok.errors import KapokError

_FILE_NAME = re.compile(r"(\d{4,6})_([a-z0-9][a-z0-9_-]{0,98})\.sql")
#: The longest file, in characters.
MAX_SQL = 10_000_000


def read_migrations(files: Mapping[str, str]) -> list[MigrationFile]:
    """{file name: SQL} as numbered migrations, in order. Raises PROJECT_INVALID."""
    found: dict[int, MigrationFile] = {}
    for file_name, sql in files.items():
        file = _read(file_name, sql)
        if file.number in found:
            raise _invalid(f"{file.label} and {found[file.number].label} have the same number")
        found[file.number] = file
    for expected, number in enumerate(sorted(found), start=1):
        if number != expected:
            raise _invalid(f"there is no migration {expected:04d}, but there is {found[number].label}")
    return [found[number] for number in sorted(found)]


def _read(file_name: str, sql: str) -> MigrationFile:
    match = _FILE_NAME.fullmatch(file_name)
    if match is None:
        raise _invalid(f"{file_name[:100]!r} is not named like 0001_create_tables.sql")
    if len(sql) > MAX_SQL or "\x00" in sql:
        raise _invalid(f"{file_name} is too long or holds a NUL character")
    # The same file has the same checksum whatever the line ends of the machine it was checked out on.
    text = sql.removeprefix("\ufeff").replace("\r\n", "\n")
    return MigrationFile(int(match[1]), match[2], checksum_of(text), text)


@transaction.atomic
def do_upload_migrations(project: Project, files: Mapping[str, str], *, acting: Actor) -> list[ProjectMigration]:
    """Make these files the project's migrations. What a tenant has had cannot be changed or removed; run them with
    do_migrate_project. Raises PROJECT_INVALID, MIGRATION_CHANGED."""
    uploaded = {file.number: file for file in read_migrations(files)}
    removed = []
    # Activation of a new tenant locks the project too.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    for row in project.migrations.order_by("number"):
        file = uploaded.get(row.number)
        if file is not None and file.checksum == row.checksum and file.name == row.name:
            del uploaded[row.number]
            continue
        _refuse_if_applied(project, row, file)
        row.delete()
        removed.append(str(row))
    ProjectMigration.objects.bulk_create(
        ProjectMigration(project=project, number=file.number, name=file.name, sql=file.sql, checksum=file.checksum)
        for file in uploaded.values()
    )
    if uploaded or removed:
        added = [file.label for file in uploaded.values()]
        record_on_platform(
            "migrations.uploaded",
            target_of(project),
            acting=acting,
            project=project.slug,
            added=added,
            removed=removed,
        )
    return list(project.migrations.order_by("number"))


def _refuse_if_applied(project: Project, row: ProjectMigration, file: MigrationFile | None) -> None:
    applied = TenantMigration.objects.filter(tenant__project=project, number=row.number, state=MigrationState.APPLIED)
    if not applied.exists() or (file is not None and file.checksum == row.checksum):
        return
    verb = "is missing" if file is None else "has been changed"
    raise KapokError(
        "MIGRATION_CHANGED",
        f"Migration {row} was applied to a tenant and {verb} now.",
        hint="Put the change into a new migration.",
        details={"migration": str(row)},
    )


@transaction.atomic
def do_migrate_project(project: Project, *, acting: Actor) -> Operation:
    """Queue the job that brings all tenants of a project up to date; one that fails does not stop the others."""
    operation = start_operation(OperationKind.MIGRATE_PROJECT, acting=acting, project=project)
    record_on_platform(
        "project.migration_requested",
        target_of(project),
        acting=acting,
        project=project.slug,
        operation=str(operation.pk),
    )
    return operation


@transaction.atomic
def do_migrate_tenant(tenant: Tenant, *, acting: Actor) -> Operation:
    """Queue the job that brings one tenant up to date. Raises INVALID_STATE."""
    if tenant.state not in MIGRATED_STATES:
        raise KapokError("INVALID_STATE", f"The tenant is {tenant.state}.", details={"state": tenant.state})
    operation = start_operation(OperationKind.MIGRATE_TENANT, acting=acting, project=tenant.project, tenant=tenant)
    record_on_tenant(
        "tenant.migration_requested", tenant, acting=acting, tenant=tenant.slug, operation=str(operation.pk)
    )
    return operation


def _invalid(reason: str) -> KapokError:
    return KapokError("PROJECT_INVALID", f"The project's migrations are not valid: {reason}.")
