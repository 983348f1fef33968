"""Tenants: created, suspended, resumed, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.tenants.acting import Actor
from apps.tenants.models import Operation, OperationKind, OperationState, Project, Tenant
from apps.tenants.services.operations import start_operation
from apps.tenants.trail import record_on_platform, record_on_tenant, target_of
from apps.tenants.validators import limits_problem
from kapok.errors import KapokError
from kapok.slugs import validate_slug
from kapok.tenancy import TenantState


@transaction.atomic
def do_create_tenant(
    project: Project, slug: str, name: str = "", *, acting: Actor, limits: Mapping[str, int] | None = None
) -> tuple[Tenant, Operation]:
    """Record a tenant and queue the job that sets it up. Raises INVALID_SLUG, ALREADY_EXISTS, VALIDATION_FAILED."""
    validate_slug(slug)
    _check_host(slug)
    _check_limits(limits)
    try:
        with transaction.atomic():
            tenant = Tenant.objects.create(
                project=project, slug=slug, name=(name or slug)[:200], limits=dict(limits or {})
            )
    except IntegrityError as exc:
        raise KapokError("ALREADY_EXISTS", f"A tenant {slug!r} exists already.") from exc
    operation = start_operation(OperationKind.PROVISION, acting=acting, project=project, tenant=tenant)
    facts = {"slug": slug, "project": project.slug, "operation": str(operation.pk)}
    record_on_platform("tenant.created", target_of(tenant), acting=acting, **facts)
    return tenant, operation


@transaction.atomic
def do_update_tenant(
    tenant: Tenant, *, acting: Actor, name: str | None = None, limits: Mapping[str, int] | None = None
) -> Tenant:
    """Change the name or the limits; None leaves them alone. Raises VALIDATION_FAILED."""
    changed = []
    if name is not None:
        if not name.strip():
            raise KapokError("VALIDATION_FAILED", "The name is empty.", details={"fields": ["name"]})
        tenant.name = name[:200]
        changed.append("name")
    if limits is not None:
        _check_limits(limits)
        tenant.limits = dict(limits)
        changed.append("limits")
    if changed:
        tenant.save(update_fields=changed)
        values = {field: getattr(tenant, field) for field in changed}
        record_on_tenant("tenant.updated", tenant, acting=acting, slug=tenant.slug, changed=changed, **values)
    return tenant


@transaction.atomic
def do_suspend_tenant(tenant: Tenant, *, acting: Actor, reason: str = "") -> Tenant:
    """The tenant answers 403 from now on. Raises INVALID_STATE."""
    moved = _move(tenant, TenantState.ACTIVE, TenantState.SUSPENDED, reason=reason)
    record_on_tenant("tenant.suspended", moved, acting=acting, slug=moved.slug, reason=moved.suspended_reason)
    return moved


@transaction.atomic
def do_resume_tenant(tenant: Tenant, *, acting: Actor) -> Tenant:
    """The tenant answers again. Raises INVALID_STATE."""
    moved = _move(tenant, TenantState.SUSPENDED, TenantState.ACTIVE, reason="")
    record_on_tenant("tenant.resumed", moved, acting=acting, slug=moved.slug)
    return moved


@transaction.atomic
def do_delete_tenant(tenant: Tenant, *, confirm: str, acting: Actor) -> Operation:
    """Stop answering at once and queue the job that removes schema, roles, keys and domains. confirm: the slug, typed
    by a person. Raises CONFIRMATION_REQUIRED, INVALID_STATE."""
    if confirm != tenant.slug:
        raise KapokError("CONFIRMATION_REQUIRED", f"Type {tenant.slug!r} to delete the tenant with everything in it.")
    tenant = _locked(tenant)
    if tenant.state == TenantState.DELETING:
        raise KapokError("INVALID_STATE", "The tenant is being deleted already.")
    running = tenant.operations.filter(state__in=[OperationState.QUEUED, OperationState.RUNNING])
    if running.exists():
        raise KapokError("INVALID_STATE", "A job is at work on this tenant.", hint="Try again when it has ended.")
    tenant.state = TenantState.DELETING.value
    tenant.save(update_fields=["state"])
    tenant.keys.filter(revoked_at=None).update(revoked_at=timezone.now())
    operation = start_operation(OperationKind.DELETE, acting=acting, project=tenant.project, tenant=tenant)
    facts = {"slug": tenant.slug, "operation": str(operation.pk)}
    # In the control plane's log: the tenant's own goes with its schema.
    record_on_platform("tenant.deletion_requested", target_of(tenant), acting=acting, **facts)
    return operation


def _move(tenant: Tenant, source: TenantState, target: TenantState, *, reason: str) -> Tenant:
    current = _locked(tenant)
    if current.state != source:
        raise KapokError(
            "INVALID_STATE",
            f"The tenant is {current.state}, not {source}.",
            details={"state": current.state},
        )
    tenant.state, tenant.suspended_reason = target.value, reason[:500]
    tenant.save(update_fields=["state", "suspended_reason"])
    return tenant


def _locked(tenant: Tenant) -> Tenant:
    found: Tenant | None = (
        Tenant.objects.select_for_update(of=("self",)).select_related("project").filter(pk=tenant.pk).first()
    )
    if found is None:
        raise KapokError("TENANT_NOT_FOUND", "The tenant is gone.")
    return found


def _check_host(slug: str) -> None:
    """Raises INVALID_SLUG where the tenant would answer at the platform's own host: others would be refused there."""
    host = f"{slug}.{settings.KAPOK_BASE_DOMAIN}".lower()
    platforms = {urlsplit(settings.KAPOK_PUBLIC_URL).hostname, *(allowed.lower() for allowed in settings.ALLOWED_HOSTS)}
    if host in platforms:
        raise KapokError(
            "INVALID_SLUG",
            f"The platform itself answers at {host}.",
            details={"slug": slug},
            hint="Choose another one.",
        )


def _check_limits(limits: Any) -> None:
    problem = None if limits is None else limits_problem(dict(limits))
    if problem:
        raise KapokError("VALIDATION_FAILED", problem, details={"fields": ["limits"]})
