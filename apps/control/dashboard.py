"""The admin's first page: tenants by state, jobs as they go on, migrations that failed, trails.

In: a request. Out: what templates/admin/index.html shows, of the projects the operator may see. A handful of queries,
however many tenants there are; the health of the parts is asked for by the page itself (dashboard.js), since a worker
may take its time to answer.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.models import User
from apps.tenants.access import Right, operations_for, projects_for, tenants_for
from apps.tenants.admin.columns import operation_badge, progress_bar
from apps.tenants.admin.scope import rights_of
from apps.tenants.models import MigrationState, Operation, TenantMigration
from apps.tenants.titles import operation_title
from kapok.tenancy import TenantState

RECENT = 8

#: state -> (title, icon, colour)
_CARDS = {
    TenantState.ACTIVE: ("Active", "check_circle", "green"),
    TenantState.PROVISIONING: ("Being set up", "hourglass_top", "blue"),
    TenantState.SUSPENDED: ("Suspended", "pause_circle", "orange"),
    TenantState.FAILED: ("Failed", "error", "red"),
}
_WITH_LOG = (TenantState.ACTIVE, TenantState.SUSPENDED)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds what the page shows."""
    user = request.user
    assert isinstance(user, User)
    context.update(
        title="Dashboard",
        cards=_cards(user),
        operations=[_operation(row) for row in _recent(user)],
        failures=_failures(user),
        projects=list(
            projects_for(user).annotate(tenant_count=Count("tenants")).order_by("-tenant_count", "slug")[:RECENT]
        ),
        trails=_trails(request, user),
        may_create=rights_of(request).may(Right.MANAGE, None),
    )
    return context


def _trails(request: HttpRequest, user: User) -> list[dict[str, str]]:
    """The audit trails that are for this operator, the platform's own first; the page of logs has all of them."""
    rights = rights_of(request)
    found = [{"name": "the platform", "url": reverse("platform-audit")}] if rights.audits_platform else []
    if rights.may(Right.AUDIT, None):
        tenants = tenants_for(user, Right.AUDIT).filter(state__in=_WITH_LOG).order_by("slug")
        slugs = tenants.values_list("slug", flat=True)[:RECENT]
        found += [{"name": slug, "url": reverse("tenant-audit", args=[slug])} for slug in slugs]
    return found


def _cards(user: User) -> list[dict[str, Any]]:
    counted = tenants_for(user).order_by().values_list("state").annotate(count=Count("pk"))
    counts = dict(counted)
    url = reverse("admin:tenants_tenant_changelist")
    return [
        {
            "title": title,
            "icon": icon,
            "colour": colour,
            "count": counts.get(state.value, 0),
            "url": f"{url}?state__exact={state.value}",
        }
        for state, (title, icon, colour) in _CARDS.items()
    ]


def _recent(user: User) -> list[Operation]:
    rows = operations_for(user).select_related("tenant", "project", "requested_by")
    return list(rows.order_by("-created_at")[:RECENT])


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "title": operation_title(operation),
        "url": reverse("admin:tenants_operation_change", args=[operation.pk]),
        "state": operation_badge(operation),
        "progress": progress_bar(operation),
        "created_at": operation.created_at,
        "by": operation.requested_by,
    }


def _failures(user: User) -> list[dict[str, Any]]:
    """The latest failed migrations; `more` of them are on the tenants' pages."""
    rows = TenantMigration.objects.filter(state=MigrationState.FAILED, tenant__in=tenants_for(user))
    return [
        {
            "tenant": row.tenant.slug,
            "url": reverse("admin:tenants_tenant_change", args=[row.tenant_id]),
            "migration": f"{row.number:04d}_{row.name}",
            "message": row.error.get("message", ""),
            "line": row.error.get("line"),
            "at": row.applied_at,
        }
        for row in rows.select_related("tenant").order_by("-applied_at", "pk")[:RECENT]
    ]
