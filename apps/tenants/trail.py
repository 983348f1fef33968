"""Records what was done to projects and tenants. In: the act, and on what. Out: an event in the right log.

What is done to a tenant stands in the tenant's own log while it has one, so that an auditor of the tenant sees all of
it; everything else stands in the control plane's.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from apps.audit.logs import CONTROL_LOG, LogRef, log_of
from apps.audit.record import record
from apps.tenants.acting import Actor, actor_name
from apps.tenants.models import Project, Tenant
from kapok.errors import KapokError
from kapok.tenancy import TenantState

_HAS_TABLE = "select to_regclass(%s) is not null"
_LAST_CHECKPOINT = "select note from {schema}.kapok_checkpoint order by size desc limit 1"
#: Schemas known to have a log: they keep it as long as they exist, and no other tenant gets the name.
_known: set[str] = set()


def log_of_tenant(tenant: Tenant) -> LogRef:
    """The tenant's log; the control plane's for a tenant without schema, or one that an older Kapok made and that has
    not been upgraded yet."""
    lives = tenant.state in (TenantState.ACTIVE, TenantState.SUSPENDED)
    own = log_of(tenant.schema_name)
    return own if lives and _has_log(own) else CONTROL_LOG


def require_log(tenant: Tenant | None) -> LogRef:
    """The tenant's own log, or for None the control plane's. Raises INVALID_STATE for a tenant without one."""
    log = CONTROL_LOG if tenant is None else log_of_tenant(tenant)
    if tenant is not None and log == CONTROL_LOG:
        raise KapokError("INVALID_STATE", "This tenant has no log: it is not set up, or has to be upgraded.")
    return log


def record_on_tenant(
    action: str, tenant: Tenant, /, *, acting: Actor, target: str = "", outcome: str = "ok", **details: Any
) -> None:
    """Record an act on a tenant, or on something of it (target). Call it in the act's transaction."""
    record(
        action,
        log=log_of_tenant(tenant),
        actor=actor_name(acting),
        target=target or target_of(tenant),
        details=details,
        outcome=outcome,
    )


def record_on_platform(action: str, target: str, /, *, acting: Actor, **details: Any) -> None:
    """Record an act on anything else. Call it in the act's transaction."""
    record(action, log=CONTROL_LOG, actor=actor_name(acting), target=target, details=details)


def target_of(row: Project | Tenant) -> str:
    """What events call it."""
    return f"{'project' if isinstance(row, Project) else 'tenant'}:{row.pk}"


def last_checkpoint(tenant: Tenant) -> str:
    """The newest checkpoint of a tenant's log; empty where nothing was sealed."""
    log = log_of(tenant.schema_name)
    if not _exists(log):
        return ""
    with connection.cursor() as cursor:
        cursor.execute(log.sql(_LAST_CHECKPOINT))
        found = cursor.fetchone()
    return str(found[0]) if found else ""


def _has_log(log: LogRef) -> bool:
    if log.schema not in _known and _exists(log):
        _known.add(log.schema)
    return log.schema in _known


def _exists(log: LogRef) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_HAS_TABLE, [f'"{log.schema}".kapok_event'])
        return bool(cursor.fetchone()[0])
