"""The state of one audit log, asked for now. In: a tenant, or None for the control plane's. Out: `LogFacts`.

For all logs at once there is apps/tenants/watching.py, which looks every minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django_tenants.utils import schema_context

from apps.audit.logs import LogRef
from apps.audit.models import Checkpoint, Log
from apps.audit.sealing_state import Session
from apps.audit.watch import look_closer, signs_since, waiting_rows
from apps.tenants.models import AuditAlert, Tenant
from apps.tenants.trail import require_log

#: Waiting rows are counted up to this, for each table.
MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class LogFacts:
    """origin: the log's name. log: its row, with defaults before anything was sealed. waiting: rows that are committed
    and not sealed, at most 2 * MOST_WAITING of them counted; waiting_since: when the oldest was written. key_since:
    when the present key began to sign. alerts: those that are open."""

    ref: LogRef
    origin: str
    log: Log
    waiting: int
    waiting_since: datetime | None
    checkpoint: Checkpoint | None
    key_since: datetime | None
    alerts: list[AuditAlert]


def log_facts(tenant: Tenant | None) -> LogFacts:
    """Raises INVALID_STATE for a tenant without a log."""
    ref = require_log(tenant)
    with schema_context(ref.schema):
        found = Log.objects.first()
        checkpoint = Checkpoint.objects.order_by("-size").first()
    log = found or Log(
        origin=ref.origin, key="", next_key="", former_keys=[], anchored_size=0, checked_size=0, sealing_problem=""
    )
    session = _session()
    since = look_closer(session, ref.schema, log.anchored_size).waiting_since
    key_since = None
    if checkpoint is not None:
        key_since = signs_since(session, ref.schema, checkpoint.key_id, checkpoint.size)
    alerts = AuditAlert.objects.filter(log=ref.schema, resolved_at=None).select_related("tenant", "acknowledged_by")
    waiting = waiting_rows(session, ref.schema, MOST_WAITING) if since else 0
    return LogFacts(ref, log.origin, log, waiting, since, checkpoint, key_since, list(alerts.order_by("since")))


def _session() -> Session:
    connection.ensure_connection()
    session: Session = connection.connection
    return session
