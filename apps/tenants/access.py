"""Which operator may see and do what: fetching and authorising are one call.

In: a user, a slug or id, and a permission on the project (`view_project` or `manage_project`, through django-guardian).
Out: the row, or KapokError: NOT_FOUND for what the user may not see, FORBIDDEN for what they see but may not do.
"""

from __future__ import annotations

import uuid
from enum import StrEnum

from django.db.models import Q, QuerySet
from guardian.shortcuts import assign_perm, get_objects_for_user, remove_perm

from apps.accounts.models import User
from apps.tenants.models import ApiKey, AuditAlert, AuditExport, AuditLog, Domain, Operation, Project, Tenant
from kapok.errors import KapokError


class Right(StrEnum):
    """What an operator may do with a project and everything in it. MANAGE and AUDIT include VIEW, but not each other:
    an audit trail shows the data of everybody, and who is audited is not who audits."""

    VIEW = "view_project"
    MANAGE = "manage_project"
    AUDIT = "audit_project"


#: The permission, not on a project, to read and export the control plane's own audit trail.
AUDIT_PLATFORM = "tenants.audit_platform"
_LACKING = {
    Right.VIEW: "You may not see this project.",
    Right.MANAGE: "You may see this project, but not change it.",
    Right.AUDIT: "You may see this project, but not its audit trail.",
}


def projects_for(user: User, right: Right = Right.VIEW) -> QuerySet[Project]:
    """The projects a user has this right on. Superusers: all; inactive users: none."""
    if not user.is_active:
        return Project.objects.none()
    wanted = list(Right) if right is Right.VIEW else [right]
    permissions = [f"tenants.{name}" for name in wanted]
    found: QuerySet[Project] = get_objects_for_user(user, permissions, klass=Project, any_perm=True)
    return found


def tenants_for(user: User, right: Right = Right.VIEW) -> QuerySet[Tenant]:
    """The tenants of those projects, with their projects."""
    return Tenant.objects.filter(project__in=projects_for(user, right)).select_related("project")


def operations_for(user: User) -> QuerySet[Operation]:
    """The operations of the projects a user may see, and those the user asked for; superusers: also the platform's."""
    if user.is_active and user.is_superuser:
        return Operation.objects.all()
    of_projects = Operation.objects.filter(project__in=projects_for(user))
    return (of_projects | Operation.objects.filter(requested_by=user)) if user.is_active else Operation.objects.none()


def get_project_for(user: User, slug: str, right: Right) -> Project:
    """A project by its slug. Raises NOT_FOUND, FORBIDDEN."""
    project = projects_for(user).filter(slug=slug).first()
    if project is None:
        raise KapokError(
            "NOT_FOUND",
            f"There is no project {slug[:50]!r}, or you may not see it.",
            hint="A project begins with `kapok migrate up` in its directory.",
        )
    _require(user, project, right)
    return project


def get_tenant_for(user: User, slug: str, right: Right) -> Tenant:
    """A tenant by its slug, with its project. Raises TENANT_NOT_FOUND, FORBIDDEN."""
    tenant = tenants_for(user).filter(slug=slug).first()
    if tenant is None:
        raise KapokError(
            "TENANT_NOT_FOUND",
            f"There is no tenant {slug[:50]!r}, or you may not see it.",
            hint="`kapok tenant list` shows those that you see.",
        )
    _require(user, tenant.project, right)
    return tenant


def get_key_for(user: User, tenant_slug: str, key_id: uuid.UUID, right: Right) -> ApiKey:
    """A key of a tenant. Raises TENANT_NOT_FOUND, NOT_FOUND, FORBIDDEN."""
    key = get_tenant_for(user, tenant_slug, right).keys.select_related("tenant").filter(pk=key_id).first()
    if key is None:
        raise KapokError("NOT_FOUND", "This tenant has no such key.")
    return key


def get_domain_for(user: User, tenant_slug: str, host: str, right: Right) -> Domain:
    """A host name of a tenant. Raises TENANT_NOT_FOUND, NOT_FOUND, FORBIDDEN."""
    domain: Domain | None = get_tenant_for(user, tenant_slug, right).domains.filter(domain=host.lower()).first()
    if domain is None:
        raise KapokError("NOT_FOUND", "This tenant has no such host name.")
    return domain


def get_operation_for(user: User, operation_id: uuid.UUID, right: Right = Right.VIEW) -> Operation:
    """An operation. Raises NOT_FOUND, FORBIDDEN."""
    operation = operations_for(user).select_related("tenant", "project").filter(pk=operation_id).first()
    if operation is None:
        raise KapokError("NOT_FOUND", "There is no such operation, or you may not see it.")
    if operation.project is not None:
        _require(user, operation.project, right)
    return operation


def exports_for(user: User) -> QuerySet[AuditExport]:
    """The exports of the projects a user audits; for auditors of the platform, also those of its own log. Superusers:
    all, also of projects that are gone."""
    if user.is_active and user.is_superuser:
        return AuditExport.objects.all()
    of_projects = AuditExport.objects.filter(project__in=projects_for(user, Right.AUDIT))
    return of_projects | AuditExport.objects.filter(tenant_slug="") if may_audit_platform(user) else of_projects


def get_export_for(user: User, export_id: uuid.UUID) -> AuditExport:
    """An export, with its tenant, project and operation. Raises NOT_FOUND."""
    related = exports_for(user).select_related("tenant", "project", "operation", "requested_by")
    export = related.filter(pk=export_id).first()
    if export is None:
        raise KapokError("NOT_FOUND", "There is no such export, or you may not see it.")
    return export


def alerts_for(user: User) -> QuerySet[AuditAlert]:
    """The alerts about logs of projects that a user manages or audits; for auditors of the platform, also those about
    its own. Superusers: all."""
    alerts = AuditAlert.objects.select_related("tenant__project", "acknowledged_by")
    if user.is_active and user.is_superuser:
        return alerts
    of_projects = Q(tenant__project__in=projects_for(user, Right.MANAGE) | projects_for(user, Right.AUDIT))
    return alerts.filter(of_projects | Q(tenant=None)) if may_audit_platform(user) else alerts.filter(of_projects)


def get_alert_for(user: User, alert_id: uuid.UUID) -> AuditAlert:
    """An alert that a user may look after: a manager of its project, or, where it is about the control plane's log, a
    superuser. Raises NOT_FOUND, FORBIDDEN."""
    alert = alerts_for(user).filter(pk=alert_id).first()
    if alert is None:
        raise KapokError("NOT_FOUND", "There is no such alert, or you may not see it.")
    if alert.tenant is not None:
        _require(user, alert.tenant.project, Right.MANAGE)
    elif not user.is_superuser:
        raise KapokError("FORBIDDEN", "Only superusers look after alerts about the control plane's log.")
    return alert


def logs_for(user: User) -> QuerySet[AuditLog]:
    """The logs of the projects a user audits; for auditors of the platform, also its own. Superusers: all."""
    logs = AuditLog.objects.select_related("tenant__project")
    if user.is_active and user.is_superuser:
        return logs
    of_projects = Q(tenant__project__in=projects_for(user, Right.AUDIT))
    return logs.filter(of_projects | Q(tenant=None)) if may_audit_platform(user) else logs.filter(of_projects)


def may_audit_platform(user: User) -> bool:
    """Whether a user may read the control plane's audit trail."""
    return user.is_active and user.has_perm(AUDIT_PLATFORM)


def require_platform_audit(user: User) -> None:
    """Raises FORBIDDEN for whoever may not read the control plane's audit trail."""
    if not may_audit_platform(user):
        raise KapokError("FORBIDDEN", "You may not see the control plane's audit trail.")


def grant_project(user: User, project: Project, right: Right) -> None:
    """Give a user a right on a project."""
    assign_perm(f"tenants.{right}", user, project)


def grant_platform_audit(user: User) -> None:
    """Let a user read and export the control plane's audit trail."""
    assign_perm(AUDIT_PLATFORM, user)


def revoke_project(user: User, project: Project) -> None:
    """Take all of a user's rights on a project."""
    for right in Right:
        remove_perm(f"tenants.{right}", user, project)


def _require(user: User, project: Project, right: Right) -> None:
    if not projects_for(user, right).filter(pk=project.pk).exists():
        raise KapokError("FORBIDDEN", _LACKING[right])
