"""Operations: started by services, tried again by operators."""

from __future__ import annotations

import logging
from functools import partial

from django.db import transaction

from apps.tenants.acting import Actor, actor_name, operator
from apps.tenants.jobs import JOBS
from apps.tenants.models import Operation, OperationKind, OperationState, Project, Tenant
from apps.tenants.tasks import enqueue
from apps.tenants.trail import record_on_platform, record_on_tenant
from kapok.errors import KapokError
from kapok.tenancy import TenantState

log = logging.getLogger("kapok.tenants")


def start_operation(
    kind: OperationKind, *, acting: Actor, project: Project | None, tenant: Tenant | None = None
) -> Operation:
    """Record an operation and queue it when the transaction commits. Call it inside the service's transaction."""
    operation = Operation.objects.create(
        kind=kind,
        project=project,
        tenant=tenant,
        steps=list(JOBS[kind].steps),
        requested_by=operator(acting),
        result={"tenant": tenant.slug} if tenant is not None else {},
    )
    log.info("%s queued by %s", kind, actor_name(acting), extra={"operation": str(operation.pk)})
    transaction.on_commit(partial(enqueue, operation.pk))
    return operation


@transaction.atomic
def do_retry_operation(operation: Operation, *, acting: Actor) -> Operation:
    """Run an operation that ended badly once more, from its first step. Raises INVALID_STATE."""
    operation = Operation.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=operation.pk)
    if not operation.may_be_retried:
        seed = operation.kind == OperationKind.SEED and operation.is_final
        why = (
            "What a seed ran is not kept: send it again."
            if seed
            else "Only an operation that failed can be tried again."
        )
        raise KapokError("INVALID_STATE", why)
    if operation.kind == OperationKind.PROVISION:
        _set_up_again(operation.tenant)
    operation.state, operation.step, operation.attempts, operation.progress = OperationState.QUEUED, "", 0, 0
    operation.heartbeat_at = operation.finished_at = None
    operation.error_code = operation.error_message = operation.message = ""
    operation.save()
    facts = {"operation": str(operation.pk), "kind": operation.kind}
    if operation.tenant is not None:
        record_on_tenant("operation.retried", operation.tenant, acting=acting, **facts)
    else:
        record_on_platform("operation.retried", f"operation:{operation.pk}", acting=acting, **facts)
    log.info("%s is tried again by %s", operation.kind, actor_name(acting), extra={"operation": str(operation.pk)})
    transaction.on_commit(partial(enqueue, operation.pk))
    return operation


def _set_up_again(tenant: Tenant | None) -> None:
    if tenant is None or tenant.state != TenantState.FAILED:
        raise KapokError("INVALID_STATE", "The tenant of this operation no longer waits to be set up.")
    tenant.state = TenantState.PROVISIONING.value
    tenant.save(update_fields=["state"])
