"""What operators do about the state of audit logs: take care of an alert, have a log checked at once."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from apps.tenants.acting import Actor, operator
from apps.tenants.models import AuditAlert, Operation, OperationKind, OperationState, Tenant
from apps.tenants.models.permissions import MAX_NOTE
from apps.tenants.services.operations import start_operation
from apps.tenants.trail import record_on_platform, record_on_tenant, require_log
from kapok.errors import KapokError


@transaction.atomic
def do_acknowledge_alert(alert: AuditAlert, *, acting: Actor, note: str = "") -> AuditAlert:
    """Say that somebody looks after it, and what is done; again, to change the note. It stays open until its reason is
    gone. Raises INVALID_STATE for one that is resolved, VALIDATION_FAILED."""
    note = note.strip()
    if len(note) > MAX_NOTE or "\x00" in note:
        message = f"A note has at most {MAX_NOTE} characters."
        raise KapokError("VALIDATION_FAILED", message, details={"fields": ["note"]})
    alert = AuditAlert.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=alert.pk)
    if alert.resolved_at is not None:
        raise KapokError("INVALID_STATE", "This alert is resolved.")
    alert.acknowledged_at, alert.acknowledged_by, alert.note = timezone.now(), operator(acting), note
    alert.save(update_fields=["acknowledged_at", "acknowledged_by", "note"])
    facts = {"kind": alert.kind, "log": alert.log, "note": note}
    if alert.tenant is not None:
        record_on_tenant("audit.alert_acknowledged", alert.tenant, acting=acting, target=f"alert:{alert.pk}", **facts)
    else:
        record_on_platform("audit.alert_acknowledged", f"alert:{alert.pk}", acting=acting, **facts)
    return alert


@transaction.atomic
def do_check_log(tenant: Tenant | None, *, acting: Actor) -> Operation:
    """Queue a self-check of a tenant's log, or of the control plane's (None), from its beginning. Raises INVALID_STATE
    for a tenant without a log, and while such a check waits or runs."""
    require_log(tenant)
    pending = Operation.objects.filter(
        kind=OperationKind.AUDIT_CHECK, tenant=tenant, state__in=[OperationState.QUEUED, OperationState.RUNNING]
    )
    if pending.exists():
        raise KapokError("INVALID_STATE", "This log is being checked already.")
    project = tenant.project if tenant is not None else None
    operation = start_operation(OperationKind.AUDIT_CHECK, acting=acting, project=project, tenant=tenant)
    if tenant is not None:
        record_on_tenant("audit.check_requested", tenant, acting=acting, operation=str(operation.pk))
    else:
        record_on_platform("audit.check_requested", "log:public", acting=acting, operation=str(operation.pk))
    return operation
