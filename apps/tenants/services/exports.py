"""Exports of audit trails are asked for here. In: what of which log. Out: the export, whose job is queued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.audit.exports.selection import MIN_SUBJECT
from apps.audit.reports.profiles import profiles
from apps.tenants.acting import Actor, operator
from apps.tenants.exporting import file_of
from apps.tenants.models import AuditExport, OperationKind, OperationState, Tenant
from apps.tenants.services.export_files import record_export
from apps.tenants.services.operations import start_operation
from apps.tenants.trail import require_log
from kapok.errors import KapokError
from kapok.ledger.entries import time_text

#: Exports of one log that may wait or run at once.
MAX_PENDING = 3
FILTERS = ("tables", "actions", "actors", "subject")


@transaction.atomic
def do_request_export(
    tenant: Tenant | None,
    *,
    acting: Actor,
    profile: str = "general",
    since: datetime | None = None,
    until: datetime | None = None,
    filters: Mapping[str, Sequence[str]] | None = None,
) -> AuditExport:
    """Queue the export of a tenant's log, or of the control plane's (None). filters: see FILTERS and
    apps/audit/exports/selection.py. Raises VALIDATION_FAILED, INVALID_STATE, EXPORTS_OFF."""
    wanted = {name: list(values) for name, values in (filters or {}).items() if values}
    check_wanted(profile, since, until, wanted)
    export = AuditExport(
        tenant=tenant,
        tenant_slug=tenant.slug if tenant else "",
        project=tenant.project if tenant else None,
        profile=profile,
        since=since,
        until=until,
        filters=wanted,
        requested_by=operator(acting),
    )
    file_of(export)
    _require_log(tenant)
    export.operation = start_operation(
        OperationKind.AUDIT_EXPORT, acting=acting, project=export.project, tenant=export.tenant
    )
    export.save()
    record_export(
        "audit.export_requested",
        export,
        acting,
        operation=str(export.operation.pk),
        profile=profile,
        since=time_text(since) if since else "",
        until=time_text(until) if until else "",
        filters=wanted,
    )
    return export


def check_wanted(
    profile: str, since: datetime | None, until: datetime | None, filters: Mapping[str, Sequence[str]]
) -> None:
    """Raises VALIDATION_FAILED, with the field in `details.fields`, for what cannot be exported of any log."""
    known = profiles()
    unknown = sorted(set(filters) - set(FILTERS))
    subject = filters.get("subject", [])
    if profile not in known:
        _refuse("profile", f"There is no profile {profile[:50]!r}; known are {', '.join(known)}.")
    if unknown:
        _refuse("filters", f"There is no filter {unknown[0][:50]!r}; known are {', '.join(FILTERS)}.")
    if since and until and since >= until:
        _refuse("until", "The time has to end after it begins.")
    if until and until > timezone.now():
        _refuse("until", "The future cannot be exported.")
    if known[profile].of_person != bool(subject):
        needed = "needs" if known[profile].of_person else "takes no"
        _refuse("subject", f"The profile {profile} {needed} `subject`: the identifiers of one person.")
    if any(len(one.strip()) < MIN_SUBJECT for one in subject):
        _refuse("subject", f"An identifier of a person has at least {MIN_SUBJECT} characters.")


def _refuse(field: str, message: str) -> None:
    raise KapokError("VALIDATION_FAILED", message, details={"fields": [field]})


def _require_log(tenant: Tenant | None) -> None:
    """Raises INVALID_STATE for a tenant without a log, and while as many exports wait as may."""
    require_log(tenant)
    of_log = AuditExport.objects.filter(tenant=tenant, tenant_slug=tenant.slug if tenant else "")
    pending = of_log.filter(operation__state__in=[OperationState.QUEUED, OperationState.RUNNING]).count()
    if pending >= MAX_PENDING:
        raise KapokError("INVALID_STATE", f"{pending} exports of this log are being made already; wait for one.")
