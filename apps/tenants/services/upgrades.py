"""The upgrade of all tenants after Kapok itself was upgraded."""

from __future__ import annotations

from django.db import transaction

from apps.tenants.acting import Actor
from apps.tenants.models import Operation, OperationKind
from apps.tenants.services.operations import start_operation
from apps.tenants.trail import record_on_platform


@transaction.atomic
def do_upgrade_tenants(*, acting: Actor) -> Operation:
    """Queue the job that brings the platform's tables in all tenants' schemas up to date."""
    operation = start_operation(OperationKind.UPGRADE, acting=acting, project=None)
    target = f"operation:{operation.pk}"
    record_on_platform("upgrade.requested", target, acting=acting, operation=str(operation.pk))
    return operation
