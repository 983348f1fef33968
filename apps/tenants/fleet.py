"""Migrates the tenants of a project, several at once.

In: a project with its migrations. Out: every tenant's outcome, recorded as it comes; one tenant's failure does not stop
the others, and running it again goes on where it stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.conf import settings
from django.db import DatabaseError

from apps.tenants.change_log import mend_change_log
from apps.tenants.migrations_runner import MigrationFile, Outcome, migrate, pending
from apps.tenants.models import MigrationState, Project, Tenant, TenantMigration
from apps.tenants.names import Names
from apps.tenants.owner import connect_as_owner, terminate_session
from apps.tenants.provisioning import names_of
from apps.tenants.records import applied_in, failure_of, record
from apps.tenants.roles import reset_owner
from apps.tenants.template import migration_files
from kapok.errors import KapokError
from kapok.tenancy import TenantState

log = logging.getLogger("kapok.tenants")

#: Tenants that have a schema which must follow the project.
MIGRATED_STATES = (TenantState.ACTIVE.value, TenantState.SUSPENDED.value)


@dataclass(frozen=True, slots=True)
class TenantStatus:
    """What a tenant has of its project's migrations. failed: {number: facts of the failure}."""

    tenant: str
    state: str
    applied: list[int]
    pending: list[int]
    failed: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class FleetResult:
    """How a run over a project's tenants ended. failed: {tenant's slug: facts}."""

    tenants: int = 0
    migrated: int = 0
    unchanged: int = 0
    failed: dict[str, dict[str, Any]] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "tenants": self.tenants,
            "migrated": self.migrated,
            "unchanged": self.unchanged,
            "failed": self.failed,
        }


def project_status(project: Project) -> list[TenantStatus]:
    """Every tenant's applied and pending migrations, from the platform's records. What `plan` and `status` show."""
    numbers = list(project.migrations.order_by("number").values_list("number", flat=True))
    rows: dict[Any, dict[int, TenantMigration]] = {}
    for row in TenantMigration.objects.filter(tenant__project=project).order_by("number"):
        rows.setdefault(row.tenant_id, {})[row.number] = row
    return [
        _status(tenant, numbers, rows.get(tenant.pk, {}))
        for tenant in project.tenants.exclude(state=TenantState.DELETING.value).order_by("slug")
    ]


def _status(tenant: Tenant, numbers: Sequence[int], rows: dict[int, TenantMigration]) -> TenantStatus:
    applied = [number for number, row in rows.items() if row.state == MigrationState.APPLIED]
    return TenantStatus(
        tenant=tenant.slug,
        state=tenant.state,
        applied=applied,
        pending=[number for number in numbers if number not in applied],
        failed={number: row.error for number, row in rows.items() if row.state == MigrationState.FAILED},
    )


def migrate_tenants(
    project: Project, tenants: Sequence[Tenant], *, progressed: Callable[[int, int], None]
) -> FleetResult:
    """Migrate these tenants. progressed(done, total): called after each. Raises nothing for a tenant's failure."""
    files = migration_files(project)
    result = FleetResult(tenants=len(tenants))
    for done, (tenant, outcomes, error) in enumerate(_in_threads(tenants, files), start=1):
        _note(result, tenant, outcomes, error)
        progressed(done, len(tenants))
    return result


def _in_threads(
    tenants: Sequence[Tenant], files: Sequence[MigrationFile]
) -> Iterator[tuple[Tenant, list[Outcome], Exception | None]]:
    """As they end. The ORM stays in this thread; the others only hold sessions of the owners' roles."""
    waiting = list(reversed(tenants))
    running: dict[Future[list[Outcome]], Tenant] = {}
    workers: int = settings.KAPOK_MIGRATION_WORKERS
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="migrate") as threads:
        while waiting or running:
            while waiting and len(running) < workers:
                tenant = waiting.pop()
                try:
                    needed = _is_needed(tenant, files)
                except KapokError as exc:
                    yield tenant, [], exc
                    continue
                if needed:
                    running[threads.submit(_migrate_one, names_of(tenant), files)] = tenant
                else:
                    yield tenant, [], None
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                tenant, error = running.pop(future), future.exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                yield tenant, [] if error else future.result(), error


def _is_needed(tenant: Tenant, files: Sequence[MigrationFile]) -> bool:
    """Whether anything is to run; then the owner role gets its login back, should an earlier file have changed it."""
    if not pending(files, applied_in(tenant)):
        return False
    reset_owner(names_of(tenant))
    return True


def _migrate_one(names: Names, files: Sequence[MigrationFile]) -> list[Outcome]:
    with connect_as_owner(names) as session:
        return migrate(session, names, files, terminate=terminate_session)


def _note(result: FleetResult, tenant: Tenant, outcomes: list[Outcome], error: Exception | None) -> None:
    if error is not None:
        result.failed[tenant.slug] = _facts(tenant, error)
        return
    if not outcomes:
        result.unchanged += 1
        return
    record(tenant, outcomes)
    # Also where a later file failed: those before it may have made tables.
    unlogged = _unlogged(tenant)
    failed = failure_of(outcomes) or unlogged
    if failed is None:
        result.migrated += 1
    else:
        result.failed[tenant.slug] = {"message": failed[0], **{k: v for k, v in failed[1].items() if k != "message"}}


def _unlogged(tenant: Tenant) -> tuple[str, dict[str, Any]] | None:
    """Bring the change log up to date; nothing to do where event triggers have done it. Out: why that was not possible
    now, as of a migration: a table without its triggers is a gap in the log."""
    try:
        mend_change_log(names_of(tenant))
    except DatabaseError:
        log.exception("the change log of tenant %s could not be mended", tenant.slug)
        return "The migrations ran, but the change log does not follow the tables yet; that is tried every hour.", {}
    return None


def _facts(tenant: Tenant, error: Exception) -> dict[str, Any]:
    if isinstance(error, KapokError):
        return {"message": error.message, "code": error.code}
    log.error("tenant %s could not be migrated", tenant.slug, exc_info=error)
    lost = isinstance(error, psycopg.OperationalError)
    return {"message": "The database could not be reached." if lost else "Something went wrong on our side."}
