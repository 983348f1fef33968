"""What of a project's tables is written down in the change logs of its tenants."""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.db.models import Max

from apps.tenants.acting import Actor, operator
from apps.tenants.change_log import functions_of, tables_of
from apps.tenants.fleet import MIGRATED_STATES
from apps.tenants.models import Operation, OperationKind, Project, Tenant
from apps.tenants.models.permissions import MAX_NOTE
from apps.tenants.services.operations import start_operation
from apps.tenants.trail import record_on_platform, target_of
from kapok.changelog.settings import AuditSettings, parse_settings
from kapok.errors import KapokError

#: The longest audit.yaml, in characters.
MAX_TEXT = 200_000


@transaction.atomic
def do_set_audit_settings(project: Project, text: str, *, acting: Actor, note: str = "") -> Operation | None:
    """Store audit.yaml and queue the job that makes all tenants' logs follow it. None: the text is the one in force.

    note: why. Raises PROJECT_INVALID with line and path. Names are checked where there is a tenant.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if project.audit == text:
        return None
    settings = checked_settings(project, text)
    project.audit = text
    # Gateways follow it from the commit on; the logs as the job comes to them.
    project.recorded_reads = settings.recorded_reads()
    project.save(update_fields=["audit", "recorded_reads"])
    version = _next_version(project)
    project.audit_versions.create(version=version, text=text, note=note[:MAX_NOTE], created_by=operator(acting))
    facts = {"project": str(project.pk), "version": version, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    record_on_platform("audit.settings_changed", target_of(project), acting=acting, **facts)
    return start_operation(OperationKind.AUDIT_SETTINGS, acting=acting, project=project)


def do_rollback_audit_settings(project: Project, version: int, *, acting: Actor, note: str = "") -> Operation | None:
    """Make the text of an older version the current one. Raises NOT_FOUND, and PROJECT_INVALID where it fits no
    more."""
    stored = project.audit_versions.filter(version=version).first()
    if stored is None:
        raise KapokError("NOT_FOUND", f"{project.slug} has no version {version} of audit.yaml.")
    return do_set_audit_settings(project, stored.text, acting=acting, note=note or f"Back to version {version}")


def checked_settings(project: Project, text: str) -> AuditSettings:
    """The settings that a text means, if it can be stored: see do_set_audit_settings."""
    if len(text) > MAX_TEXT or "\x00" in text:
        raise KapokError("PROJECT_INVALID", "audit.yaml is too long or holds a NUL character.")
    settings = parse_settings(text)
    tenant = oldest_tenant(project)
    if tenant is not None:
        settings.check(tables_of(tenant.schema_name), functions_of(tenant.schema_name))
    return settings


def oldest_tenant(project: Project) -> Tenant | None:
    """The tenant whose tables names are checked against."""
    return Tenant.objects.filter(project=project, state__in=MIGRATED_STATES).order_by("created_at").first()


def _next_version(project: Project) -> int:
    highest: int | None = project.audit_versions.aggregate(highest=Max("version"))["highest"]
    return (highest or 0) + 1
