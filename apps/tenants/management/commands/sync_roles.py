"""`sync_roles`: give every database role its derived password and settings again.

Run it after SECRET_KEY has changed, and after a restore (dumps of one database hold no roles' passwords).
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from apps.tenants.models import Project, Tenant
from apps.tenants.names import Names
from apps.tenants.roles import ensure_gateway, ensure_tenant_roles
from kapok.tenancy import TenantState


class Command(BaseCommand):
    """Roles that are missing are made as well."""

    help = "Give every database role its derived password and settings again, after SECRET_KEY has changed."

    def handle(self, *args: Any, **options: Any) -> None:
        """One transaction a project and a tenant, so that an interruption loses nothing."""
        for project in Project.objects.all():
            with transaction.atomic():
                ensure_gateway(project.gateway_role)
        tenants = Tenant.objects.filter(state__in=[TenantState.ACTIVE, TenantState.SUSPENDED])
        for tenant in tenants.iterator():
            with transaction.atomic():
                ensure_tenant_roles(Names.of(tenant.pk, tenant.project_id))
        self.stdout.write(f"{Project.objects.count()} projects, {tenants.count()} tenants")
