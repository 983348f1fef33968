"""Seeds: SQL that an operator sends to be run in a tenant."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from apps.tenants.acting import Actor
from apps.tenants.fleet import MIGRATED_STATES
from apps.tenants.models import Operation, OperationKind, Seed, Tenant
from apps.tenants.seeding import Script, facts_of
from apps.tenants.services.operations import start_operation
from apps.tenants.trail import record_on_tenant
from kapok.errors import KapokError

#: The longest seed, all files together, in characters. The body of a request is bounded at 10 MiB besides.
MAX_SQL = 10_000_000


@transaction.atomic
def do_seed_tenant(tenant: Tenant, files: Sequence[Script], *, acting: Actor) -> Operation:
    """Queue the job that runs these files, in their order and in one transaction. Raises INVALID_STATE,
    VALIDATION_FAILED."""
    if tenant.state not in MIGRATED_STATES:
        raise KapokError("INVALID_STATE", f"The tenant is {tenant.state}.", details={"state": tenant.state})
    if sum(len(sql) for _, sql in files) > MAX_SQL or any("\x00" in name + sql for name, sql in files):
        limit = f"{MAX_SQL // 1_000_000} million characters"
        raise KapokError("VALIDATION_FAILED", f"The SQL is longer than {limit}, or holds a NUL: send it in parts.")
    operation = start_operation(OperationKind.SEED, acting=acting, project=tenant.project, tenant=tenant)
    Seed.objects.create(operation=operation, files=[list(file) for file in files])
    record_on_tenant(
        "tenant.seed_requested", tenant, acting=acting, operation=str(operation.pk), slug=tenant.slug, **facts_of(files)
    )
    return operation
