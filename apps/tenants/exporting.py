"""What the job of an export does: waits until the log is sealed, then writes the bundle.

In: an operation with an `AuditExport`. Out: the export's file below KAPOK_EXPORT_DIR, and its row says what is in it.
Both steps can run again from their beginning; a job that ends badly leaves no file behind.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.utils import timezone
from psycopg.conninfo import make_conninfo

from apps.audit.exports.sealed import wait_until_sealed
from apps.audit.exports.selection import Selection
from apps.audit.exports.writing import Wanted, write_export
from apps.audit.logs import CONTROL_LOG, LogRef, log_of
from apps.audit.manifests import ask_for_signature
from apps.audit.reports.profiles import profile_named
from apps.tenants.models import AuditExport, Operation
from kapok.errors import KapokError
from kapok.ledger.entries import time_text

#: How long an export waits for the log to be sealed, and how often progress is told, in seconds.
SEAL_SECONDS, TELL_EVERY = 60.0, 1.0
#: Where the operation's result says why the log is not sealed up to now.
NOT_SEALED = "notSealed"

Progressed = Callable[[int, int], None]


def file_of(export: AuditExport) -> Path:
    """Where the bundle is. Raises EXPORTS_OFF."""
    if not settings.KAPOK_EXPORT_DIR:
        raise KapokError("EXPORTS_OFF")
    return Path(settings.KAPOK_EXPORT_DIR) / f"{export.pk}.zip"


def remove_file(export: AuditExport) -> None:
    """Remove the bundle, and what a job has left of one."""
    path = file_of(export)
    for suffix in (".zip", ".part", ".rows"):
        path.with_suffix(suffix).unlink(missing_ok=True)


def selection_of(export: AuditExport) -> Selection:
    """What was asked for."""
    filters = export.filters
    return Selection(
        since=time_text(export.since) if export.since else None,
        until=time_text(export.until) if export.until else None,
        tables=frozenset(filters.get("tables", ())),
        actions=frozenset(filters.get("actions", ())),
        actors=frozenset(filters.get("actors", ())),
        subject=tuple(filters.get("subject", ())),
    )


def roll_back(operation: Operation) -> None:
    """Leave nothing behind."""
    if settings.KAPOK_EXPORT_DIR:
        remove_file(operation.audit_export)


def _seal(operation: Operation, progressed: Progressed) -> None:
    told = now_and_then(progressed)
    with own_session() as session:
        problem = wait_until_sealed(
            session, _log(_export(operation)), SEAL_SECONDS, lambda waited: told(int(waited), int(SEAL_SECONDS))
        )
    operation.result = {**operation.result, NOT_SEALED: problem}
    operation.save(update_fields=["result"])


def _write(operation: Operation, progressed: Progressed) -> None:
    export = _export(operation)
    path = file_of(export)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = Wanted(
        selection_of(export),
        profile_named(export.profile),
        subject=export.tenant_slug or "the control plane",
        requested_by=export.requested_by.email if export.requested_by else "the platform",
        problem=operation.result.get(NOT_SEALED, ""),
    )
    log = _log(export)
    with own_session() as session, own_session() as asking:
        # Who is behind with the log, or refuses to seal it, would be waited for in vain.
        sign = None if wanted.problem else partial(ask_for_signature, asking, log)
        written = write_export(session, log, wanted, path, now_and_then(progressed), sign)
    with path.open("rb") as file:
        export.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    export.facts, export.size_bytes = written.facts(), path.stat().st_size
    export.expires_at = timezone.now() + timedelta(days=settings.KAPOK_EXPORT_DAYS)
    export.save(update_fields=["facts", "sha256", "size_bytes", "expires_at"])
    operation.result = {**operation.result, "export": str(export.pk)}
    operation.save(update_fields=["result"])


#: The steps of the job, in order.
STEPS: Mapping[str, Callable[[Operation, Progressed], None]] = {"seal": _seal, "write": _write}


def _export(operation: Operation) -> AuditExport:
    """Raises INVALID_STATE where there is nothing to export any more."""
    export: AuditExport = AuditExport.objects.select_related("tenant", "requested_by").get(operation=operation)
    if export.removed_at is not None:
        raise KapokError("INVALID_STATE", "This export was deleted.")
    if export.tenant_slug and export.tenant is None:
        raise KapokError("INVALID_STATE", "The tenant of this export is gone.")
    return export


def _log(export: AuditExport) -> LogRef:
    return CONTROL_LOG if export.tenant is None else log_of(export.tenant.schema_name)


def own_session() -> psycopg.Connection[Any]:
    """A connection of its own: the operation's is needed to tell how far it is."""
    # The tests' database has another name than the URL says.
    conninfo = make_conninfo(settings.DATABASE_URL, dbname=settings.DATABASES["default"]["NAME"])
    return psycopg.connect(conninfo, autocommit=True, application_name="kapok export")


def now_and_then(progressed: Progressed) -> Progressed:
    """Tells at most every TELL_EVERY seconds."""
    told = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            progressed(done, total)

    return tell
