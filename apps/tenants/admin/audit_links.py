"""The way from a project's or a tenant's page to its audit trail. In: who looks. Out: a button, for auditors only."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action

from apps.tenants.access import Right
from apps.tenants.admin.scope import ScopedAdmin, go_to
from apps.tenants.models import Tenant


class AuditedAdmin(ScopedAdmin):
    """Rows with an audit trail, or with tenants that have one."""

    def has_audit_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """The right to audit the row's project; managing it is not enough."""
        return self._may(request, Right.AUDIT, object_id)

    @action(description="Audit trail", icon="manage_search", permissions=["audit"])
    def see_audit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What happened, by whom (pages of apps.control); of a project, the logs of its tenants."""
        row = self.row(request, object_id)
        if isinstance(row, Tenant):
            return go_to(request, reverse("tenant-audit", args=[row.slug]))
        return go_to(request, f"{reverse('admin:tenants_auditlog_changelist')}?{urlencode({'q': row.slug})}")
