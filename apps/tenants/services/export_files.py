"""The files of exports: taken away, deleted, and deleted when their time is over. Each act stands in the log."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.tenants.acting import SYSTEM, Actor
from apps.tenants.exporting import file_of, remove_file
from apps.tenants.models import AuditExport
from apps.tenants.trail import record_on_platform, record_on_tenant
from kapok.errors import KapokError


@transaction.atomic
def do_take_export(export: AuditExport, *, acting: Actor) -> Path:
    """Where the file is that somebody takes away now. Raises INVALID_STATE, EXPORTS_OFF."""
    export = AuditExport.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=export.pk)
    path = file_of(export)
    if not export.is_ready or not path.is_file():
        raise KapokError("INVALID_STATE", _why_not(export))
    AuditExport.objects.filter(pk=export.pk).update(downloads=F("downloads") + 1)
    facts = export.facts
    record_export(
        "audit.exported",
        export,
        acting,
        first=facts["first_size"],
        last=facts["last_size"] - 1,
        entries=facts["entries"],
        filters=export.filters,
        sha256=export.sha256,
    )
    return path


@transaction.atomic
def do_delete_export(export: AuditExport, *, acting: Actor) -> AuditExport:
    """Delete the file; the row stays. Raises INVALID_STATE while the file is being written, EXPORTS_OFF."""
    export = AuditExport.objects.select_for_update(of=("self",)).select_related("tenant", "operation").get(pk=export.pk)
    if export.removed_at is not None:
        return export
    file_of(export)
    if export.operation is not None and not export.operation.is_final:
        raise KapokError("INVALID_STATE", "This export is still being made.")
    export.removed_at = timezone.now()
    export.save(update_fields=["removed_at"])
    record_export("audit.export_deleted", export, acting)
    transaction.on_commit(partial(remove_file, export))
    return export


def expire_exports() -> int:
    """Delete the files whose time is over. Out: how many. The beat calls this."""
    if not settings.KAPOK_EXPORT_DIR:
        return 0
    due = list(AuditExport.objects.filter(expires_at__lte=timezone.now(), removed_at=None))
    for export in due:
        do_delete_export(export, acting=SYSTEM)
    return len(due)


def record_export(action: str, export: AuditExport, acting: Actor, **details: Any) -> None:
    """Record an act on an export: in the log it is of; in the control plane's where that is gone."""
    target = f"export:{export.pk}"
    if export.tenant is not None:
        record_on_tenant(action, export.tenant, acting=acting, target=target, bundle=str(export.pk), **details)
    else:
        record_on_platform(action, target, acting=acting, bundle=str(export.pk), **details)


def _why_not(export: AuditExport) -> str:
    if export.removed_at is not None:
        return f"The file of this export was deleted at {export.removed_at:%Y-%m-%d %H:%M} UTC; ask for a new one."
    return "The file of this export is not there: it is still being made, or could not be made."
