"""Erasures of personal data from audit trails are asked for here. In: which values of which log. Out: a queued job."""

from __future__ import annotations

from django.db import transaction

from apps.audit.erasure import Erased, Selection, would_erase
from apps.audit.record import record
from apps.tenants.acting import Actor, actor_name
from apps.tenants.erasing import asked
from apps.tenants.models import Operation, OperationKind, Tenant
from apps.tenants.services.operations import start_operation
from apps.tenants.trail import require_log
from kapok.errors import KapokError

#: What a person types to confirm the erasure in the control plane's own log.
PLATFORM = "platform"


@transaction.atomic
def do_request_erasure(
    tenant: Tenant | None, selection: Selection, *, reason: str, confirm: str, acting: Actor
) -> Operation:
    """Queue the erasure of values from a tenant's log, or from the control plane's (None), for good.

    reason: why, without personal data: it stays in the log. confirm: the tenant's slug or PLATFORM, typed by a person.
    Raises CONFIRMATION_REQUIRED, VALIDATION_FAILED, INVALID_STATE.
    """
    name = PLATFORM if tenant is None else tenant.slug
    if confirm != name:
        raise KapokError("CONFIRMATION_REQUIRED", f"Type {name!r} to erase these values for good.")
    if not reason.strip():
        raise KapokError("VALIDATION_FAILED", "Say why: the log keeps the reason.", details={"fields": ["reason"]})
    selection.check()
    log = require_log(tenant)
    operation = start_operation(
        OperationKind.AUDIT_ERASURE, acting=acting, project=tenant.project if tenant else None, tenant=tenant
    )
    operation.result = {**operation.result, **asked(selection, reason.strip())}
    operation.save(update_fields=["result"])
    record(
        "audit.erasure_requested",
        log=log,
        actor=actor_name(acting),
        target=f"log:{log.origin}",
        details={"operation": str(operation.pk), "reason": reason.strip()},
    )
    return operation


def preview_erasure(tenant: Tenant | None, selection: Selection) -> Erased:
    """How much an erasure would take out of what is sealed now. Raises VALIDATION_FAILED, INVALID_STATE."""
    return would_erase(require_log(tenant), selection)
