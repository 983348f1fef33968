"""What the platform's tables say of tenants' migrations.

In: a tenant, and outcomes of files that ran. Out: its TenantMigration rows: a mirror of the schema's own
`kapok_migration`, plus the last failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from apps.tenants.migrations_runner import Failure, MigrationFile, Outcome
from apps.tenants.models import MigrationState, Tenant, TenantMigration
from apps.tenants.statements import render
from kapok.errors import KapokError

_APPLIED = "select number, name, checksum from {schema}.kapok_migration"
_MIRROR = """
    insert into public.tenants_tenantmigration
        (tenant_id, number, name, checksum, duration_ms, state, error, applied_at)
    select %s, number, left(name, 200), left(checksum, 64), duration_ms, 'applied', '{{}}'::jsonb, applied_at
    from {schema}.kapok_migration
    where number > 0
    on conflict (tenant_id, number) do update set
        name = excluded.name, checksum = excluded.checksum, duration_ms = excluded.duration_ms,
        state = excluded.state, error = excluded.error, applied_at = excluded.applied_at
    where tenants_tenantmigration.state <> excluded.state
       or tenants_tenantmigration.checksum <> excluded.checksum
"""


def applied_in(tenant: Tenant) -> dict[int, tuple[str, str]]:
    """What a tenant's schema has had, read by the platform: {number: (name, checksum)}."""
    with connection.cursor() as cursor:
        cursor.execute(render(_APPLIED, schema=tenant.schema_name))
        return {number: (name, checksum) for number, name, checksum in cursor.fetchall()}


def mirror(tenant: Tenant) -> None:
    """Copy what the schema says of its migrations."""
    with connection.cursor() as cursor:
        cursor.execute(render(_MIRROR, schema=tenant.schema_name), [tenant.pk])


def record(tenant: Tenant, outcomes: Sequence[Outcome]) -> None:
    """Mirror the schema and note the failure, if there was one."""
    mirror(tenant)
    for outcome in outcomes:
        if outcome.failure is not None:
            _note_failure(tenant, outcome.file, outcome.duration_ms, outcome.failure)


def _note_failure(tenant: Tenant, file: MigrationFile, duration_ms: float, failure: Failure) -> None:
    TenantMigration.objects.update_or_create(
        tenant=tenant,
        number=file.number,
        defaults={
            "name": file.name,
            "checksum": file.checksum,
            "duration_ms": duration_ms,
            "state": MigrationState.FAILED,
            "error": failure.facts(),
        },
    )


def failure_of(outcomes: Sequence[Outcome]) -> tuple[str, dict[str, Any]] | None:
    """The last outcome's failure as a sentence and its facts, or None."""
    if not outcomes or outcomes[-1].failure is None:
        return None
    file, failure = outcomes[-1].file, outcomes[-1].failure
    at = f", line {failure.line}" if failure.line else ""
    return f"Migration {file.label}{at}: {failure.message}", {"migration": file.label, **failure.facts()}


def refuse_failure(outcomes: Sequence[Outcome]) -> None:
    """Raises MIGRATION_FAILED when the last file failed."""
    failed = failure_of(outcomes)
    if failed is not None:
        raise KapokError("MIGRATION_FAILED", failed[0], details=failed[1])
