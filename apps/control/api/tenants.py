"""/tenants: the life of tenants, and their seeds."""

from __future__ import annotations

from functools import partial
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.fields import ConfirmInput, LimitsField
from apps.control.api.listing import listing
from apps.control.api.openapi import describe
from apps.control.api.output import OperationSerializer, TenantSerializer, tenants_json
from apps.control.api.project_files import MigrationFileInput
from apps.tenants.access import Right, get_project_for, get_tenant_for, tenants_for
from apps.tenants.models import Operation, Tenant
from apps.tenants.services import (
    do_create_tenant,
    do_delete_tenant,
    do_resume_tenant,
    do_seed_tenant,
    do_suspend_tenant,
    do_update_tenant,
)
from kapok.tenancy import TenantState

SORT = {"slug": "slug", "name": "name", "state": "state", "createdAt": "created_at", "project": "project__slug"}


class TenantFilters(serializers.Serializer[Any]):
    """Which tenants to list."""

    project = serializers.CharField(required=False, max_length=100)
    state = serializers.ChoiceField(required=False, choices=[state.value for state in TenantState])


class TenantInput(serializers.Serializer[Any]):
    """A new tenant."""

    slug = serializers.CharField(max_length=200)
    project = serializers.CharField(max_length=200)
    name = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    limits = LimitsField(required=False, default=dict)


class TenantChanges(serializers.Serializer[Any]):
    """What may be changed; what is missing stays as it is."""

    name = serializers.CharField(required=False, max_length=200)
    limits = LimitsField(required=False)


class SuspendInput(serializers.Serializer[Any]):
    """Why, for other operators."""

    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=500)


class SeedInput(serializers.Serializer[Any]):
    """SQL files for one transaction, in their order."""

    files = MigrationFileInput(many=True, max_length=2000)


class TenantOperationSerializer(serializers.Serializer[Any]):
    """A tenant and the job that works on it."""

    tenant = TenantSerializer()
    operation = OperationSerializer()


class TenantsView(ControlView):
    """All tenants the caller may see."""

    @describe("List tenants", answers=TenantSerializer, named="tenants", filters=TenantFilters)
    def get(self, request: Request) -> Response:
        """A page of tenants."""
        filters = parsed(TenantFilters, request.query_params)
        tenants = tenants_for(acting(request)).prefetch_related("domains")
        if "project" in filters:
            tenants = tenants.filter(project__slug=filters["project"])
        if "state" in filters:
            tenants = tenants.filter(state=filters["state"])
        return listing(
            request,
            tenants,
            "tenants",
            partial(tenants_json, request),
            search=("slug", "name", "domains__domain"),
            sort=SORT,
            default_sort="slug",
        )

    @describe("Create a tenant", takes=TenantInput, answers=TenantOperationSerializer, status=202)
    def post(self, request: Request) -> Response:
        """Answers before the tenant is ready: poll the operation."""
        given = parsed(TenantInput, request.data)
        project = get_project_for(acting(request), given["project"], Right.MANAGE)
        tenant, operation = do_create_tenant(
            project, given["slug"], given["name"], acting=acting(request), limits=given["limits"]
        )
        return _accepted(request, tenant, operation)


class TenantView(ControlView):
    """One tenant."""

    @describe("Show a tenant", answers=TenantSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """The tenant."""
        return _tenant(request, get_tenant_for(acting(request), slug, Right.VIEW))

    @describe("Change a tenant", takes=TenantChanges, answers=TenantSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Its name or its limits; limits are replaced as a whole."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        do_update_tenant(tenant, acting=acting(request), **parsed(TenantChanges, request.data))
        return _tenant(request, tenant)

    @describe("Delete a tenant", takes=ConfirmInput, answers=TenantOperationSerializer, status=202)
    def delete(self, request: Request, slug: str) -> Response:
        """Asks for the slug in `confirm`. Requests are refused at once; the rest is a job."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        operation = do_delete_tenant(
            tenant, confirm=parsed(ConfirmInput, request.data)["confirm"], acting=acting(request)
        )
        return _accepted(request, tenant, operation)


class TenantSuspendView(ControlView):
    """Stopping a tenant."""

    @describe("Suspend a tenant", takes=SuspendInput, answers=TenantSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Its requests answer 403 from now on."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        do_suspend_tenant(tenant, acting=acting(request), reason=parsed(SuspendInput, request.data)["reason"])
        return _tenant(request, tenant)


class TenantResumeView(ControlView):
    """Letting it go on."""

    @describe("Resume a tenant", answers=TenantSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Its requests are answered again."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        do_resume_tenant(tenant, acting=acting(request))
        return _tenant(request, tenant)


class TenantSeedView(ControlView):
    """Sample data."""

    @describe("Seed a tenant", takes=SeedInput, answers=TenantOperationSerializer, status=202)
    def post(self, request: Request, slug: str) -> Response:
        """A job: all files in one transaction, over a connection that logs in as the tenant's own role."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        files = [(file["name"], file["sql"]) for file in parsed(SeedInput, request.data)["files"]]
        return _accepted(request, tenant, do_seed_tenant(tenant, files, acting=acting(request)))


def _tenant(request: Request, tenant: Tenant) -> Response:
    return answer(_json(request, tenant))


def _json(request: Request, tenant: Tenant) -> dict[str, Any]:
    fresh = Tenant.objects.select_related("project").prefetch_related("domains").get(pk=tenant.pk)
    return tenants_json(request, [fresh])[0]


def _accepted(request: Request, tenant: Tenant, operation: Operation) -> Response:
    body = {"tenant": _json(request, tenant), "operation": OperationSerializer(operation).data}
    response = answer(body, status=202)
    response["Location"] = f"/api/v1/operations/{operation.pk}"
    return response
