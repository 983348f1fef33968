"""What each kind of operation does: its steps, and what becomes of it when it fails.

In: an `Operation` and the step's name. Out: the step has been done. `operations.py` runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from django.db import transaction

from apps.tenants import checking, erasing, exporting, provisioning, seeding
from apps.tenants.acting import SYSTEM
from apps.tenants.audit_modes import apply_audit_settings
from apps.tenants.fleet import MIGRATED_STATES, FleetResult, migrate_tenants
from apps.tenants.models import Operation, OperationKind, Tenant
from apps.tenants.provisioning import names_of
from apps.tenants.roles import drop_roles, lock_out
from apps.tenants.schemas import drop_schema
from apps.tenants.template import template_of
from apps.tenants.trail import last_checkpoint, record_on_platform, target_of
from apps.tenants.upgrades import upgrade_tenants
from kapok.errors import KapokError

#: How a step tells how far it is: progressed(done, total).
Progressed = Callable[[int, int], None]
Step = Callable[[Operation, Progressed], None]


@dataclass(frozen=True, slots=True)
class Job:
    """steps: by name, in order; each can run again. roll_back: None where what was done is kept."""

    steps: Mapping[str, Step]
    roll_back: Callable[[Operation], None] | None = None


def tenant_of(operation: Operation) -> Tenant:
    """The operation's tenant. Raises INVALID_STATE when it is gone."""
    if operation.tenant is None:
        raise KapokError("INVALID_STATE", "The tenant of this operation is gone.")
    return operation.tenant


def _provision(step: Callable[[Tenant], object], operation: Operation, progressed: Progressed) -> None:
    step(tenant_of(operation))


def _roll_back_provision(operation: Operation) -> None:
    if operation.tenant is not None:
        provisioning.roll_back(operation.tenant)


def _lock_out(operation: Operation, progressed: Progressed) -> None:
    lock_out(names_of(tenant_of(operation)))


def _drop_schema(operation: Operation, progressed: Progressed) -> None:
    tenant = tenant_of(operation)
    # What the log had come to is kept; when this step runs again after an interruption, the schema may be gone.
    checkpoint = last_checkpoint(tenant)
    if checkpoint:
        operation.result = {**operation.result, "checkpoint": checkpoint}
        operation.save(update_fields=["result"])
    drop_schema(names_of(tenant))


def _drop_roles(operation: Operation, progressed: Progressed) -> None:
    names = names_of(tenant_of(operation))
    drop_roles([names.owner, names.schema])


def _delete_records(operation: Operation, progressed: Progressed) -> None:
    # Keys, domains and migrations go with the row; the operation stays, without its tenant.
    tenant = tenant_of(operation)
    facts = {"slug": tenant.slug, "checkpoint": operation.result.get("checkpoint", "")}
    with transaction.atomic():
        Tenant.objects.filter(pk=tenant.pk).delete()
        record_on_platform("tenant.deleted", target_of(tenant), acting=operation.requested_by or SYSTEM, **facts)
    operation.tenant = None


def _compile_template(operation: Operation, progressed: Progressed) -> None:
    """Migrations that fail on an empty schema touch no tenant."""
    if operation.project is None:
        raise KapokError("INVALID_STATE", "The project of this operation is gone.")
    template_of(operation.project)


def _migrate_project(operation: Operation, progressed: Progressed) -> None:
    if operation.project is None:
        raise KapokError("INVALID_STATE", "The project of this operation is gone.")
    tenants = list(operation.project.tenants.filter(state__in=MIGRATED_STATES).order_by("slug"))
    _finish(operation, migrate_tenants(operation.project, tenants, progressed=progressed))


def _migrate_tenant(operation: Operation, progressed: Progressed) -> None:
    tenant = tenant_of(operation)
    _finish(operation, migrate_tenants(tenant.project, [tenant], progressed=progressed))


def _upgrade_tenants(operation: Operation, progressed: Progressed) -> None:
    _finish(operation, upgrade_tenants(progressed))


def _apply_audit_settings(operation: Operation, progressed: Progressed) -> None:
    if operation.project is None:
        raise KapokError("INVALID_STATE", "The project of this operation is gone.")
    acting = operation.requested_by or SYSTEM
    _finish(operation, apply_audit_settings(operation.project, acting=acting, progressed=progressed))


def _finish(operation: Operation, result: FleetResult) -> None:
    operation.result = result.facts()
    operation.save(update_fields=["result"])
    if result.failed:
        slug, facts = next(iter(result.failed.items()))
        raise KapokError(
            "MIGRATION_FAILED",
            f"{len(result.failed)} of {result.tenants} tenants could not be migrated; {slug}: {facts['message']}",
            hint="Mend the cause and migrate again: tenants that are done are left alone.",
        )


JOBS: Mapping[str, Job] = {
    OperationKind.PROVISION: Job(
        {name: partial(_provision, step) for name, step in provisioning.STEPS.items()}, _roll_back_provision
    ),
    OperationKind.DELETE: Job(
        {"lock_out": _lock_out, "schema": _drop_schema, "roles": _drop_roles, "records": _delete_records}
    ),
    OperationKind.MIGRATE_TENANT: Job({"migrate": _migrate_tenant}),
    OperationKind.MIGRATE_PROJECT: Job({"template": _compile_template, "tenants": _migrate_project}),
    OperationKind.UPGRADE: Job({"tenants": _upgrade_tenants}),
    OperationKind.AUDIT_SETTINGS: Job({"tenants": _apply_audit_settings}),
    OperationKind.AUDIT_CHECK: Job(checking.STEPS),
    OperationKind.AUDIT_EXPORT: Job(exporting.STEPS, exporting.roll_back),
    OperationKind.AUDIT_ERASURE: Job(erasing.STEPS),
    OperationKind.SEED: Job(seeding.STEPS, seeding.roll_back),
}
