"""Operations in words. In: an operation. Out: `Set up acme`."""

from __future__ import annotations

from apps.tenants.models import Operation, OperationKind

_VERBS = {
    OperationKind.PROVISION: "Set up",
    OperationKind.DELETE: "Delete",
    OperationKind.MIGRATE_TENANT: "Migrate",
    OperationKind.MIGRATE_PROJECT: "Migrate project",
    OperationKind.UPGRADE: "Upgrade all tenants",
    OperationKind.AUDIT_EXPORT: "Export the audit trail of",
    OperationKind.AUDIT_CHECK: "Check the log of",
    OperationKind.AUDIT_SETTINGS: "Change what is recorded in",
    OperationKind.AUDIT_ERASURE: "Erase from the audit trail of",
    OperationKind.SEED: "Seed",
}


def operation_title(operation: Operation) -> str:
    """The verb and the slug; that of a tenant that is gone stands in the result."""
    if operation.kind in (OperationKind.MIGRATE_PROJECT, OperationKind.AUDIT_SETTINGS):
        name = operation.project.slug if operation.project else ""
    else:
        name = operation.tenant.slug if operation.tenant else str(operation.result.get("tenant", ""))
    if operation.kind in (OperationKind.AUDIT_EXPORT, OperationKind.AUDIT_CHECK, OperationKind.AUDIT_ERASURE):
        name = name or "the control plane"
    return f"{_VERBS[OperationKind(operation.kind)]} {name}".strip()
