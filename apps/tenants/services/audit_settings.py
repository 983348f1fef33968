"""What of a project's tables is written down in the change logs of its tenants."""

from __future__ import annotations

import hashlib

from django.db import transaction

from apps.tenants.acting import Actor
from apps.tenants.change_log import functions_of, tables_of
from apps.tenants.fleet import MIGRATED_STATES
from apps.tenants.models import Operation, OperationKind, Project, Tenant
from apps.tenants.services.operations import start_operation
from apps.tenants.trail import record_on_platform, target_of
from kapok.changelog.settings import parse_settings
from kapok.errors import KapokError

#: The longest audit.yaml, in characters.
MAX_TEXT = 200_000


@transaction.atomic
def do_set_audit_settings(project: Project, text: str, *, acting: Actor) -> Operation | None:
    """Store audit.yaml and queue the job that makes all tenants' logs follow it. None: the text is the one in force.

    Raises PROJECT_INVALID with line and path. Names are checked where there is a tenant.
    """
    if len(text) > MAX_TEXT or "\x00" in text:
        raise KapokError("PROJECT_INVALID", "audit.yaml is too long or holds a NUL character.")
    settings = parse_settings(text)
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if project.audit == text:
        return None
    tenant = Tenant.objects.filter(project=project, state__in=MIGRATED_STATES).order_by("created_at").first()
    if tenant is not None:
        settings.check(tables_of(tenant.schema_name), functions_of(tenant.schema_name))
    project.audit = text
    # Gateways follow it from the commit on; the logs as the job comes to them.
    project.recorded_reads = settings.recorded_reads()
    project.save(update_fields=["audit", "recorded_reads"])
    digest = hashlib.sha256(text.encode()).hexdigest()
    record_on_platform(
        "audit.settings_changed", target_of(project), acting=acting, project=str(project.pk), sha256=digest
    )
    return start_operation(OperationKind.AUDIT_SETTINGS, acting=acting, project=project)
