"""What the control GraphQL can read: projects, tenants, operations.

In: a user in the context. Out: what apps.tenants.access lets that user see, and nothing else. The rows of a page are
fetched with their relations at once, so that a query costs the same however long the page is.
"""

from __future__ import annotations

from typing import Any

import graphene
from django.db.models import QuerySet
from graphene_django import DjangoObjectType

from apps.tenants.access import operations_for, projects_for, tenants_for
from apps.tenants.models import Operation, Project, Tenant

MAX_PAGE = 200


class ProjectType(DjangoObjectType):
    """A project."""

    class Meta:
        model = Project
        name = "Project"
        fields = (
            "id",
            "slug",
            "name",
            "description",
            "trusted_documents_only",
            "introspection",
            "draft_statuses",
            "created_at",
        )


class OperationType(DjangoObjectType):
    """Long work."""

    kind = graphene.String(required=True)
    state = graphene.String(required=True)
    tenant = graphene.String(description="The tenant's slug.")
    project = graphene.String(description="The project's slug.")

    class Meta:
        model = Operation
        name = "Operation"
        fields = (
            "id",
            "step",
            "progress",
            "attempts",
            "message",
            "error_code",
            "error_message",
            "created_at",
            "started_at",
            "finished_at",
        )
        convert_choices_to_enum = False

    def resolve_tenant(self: Any, info: Any) -> str | None:
        return self.tenant.slug if self.tenant else None

    def resolve_project(self: Any, info: Any) -> str | None:
        return self.project.slug if self.project else None


class TenantType(DjangoObjectType):
    """A tenant."""

    state = graphene.String(required=True)
    project = graphene.Field(ProjectType, required=True)
    domains = graphene.List(graphene.NonNull(graphene.String), required=True)
    size_bytes = graphene.Float(required=True, description="Tables, indexes and TOAST on disk.")

    class Meta:
        model = Tenant
        name = "Tenant"
        fields = ("id", "slug", "name", "schema_name", "suspended_reason", "created_at")
        convert_choices_to_enum = False

    def resolve_domains(self: Any, info: Any) -> list[str]:
        return [domain.domain for domain in self.domains.all()]

    def resolve_size_bytes(self: Any, info: Any) -> int:
        return int(info.context.size_of(self.schema_name))


def _page(rows: QuerySet[Any], first: int, offset: int) -> list[Any]:
    start = max(offset, 0)
    return list(rows[start : start + min(max(first, 0), MAX_PAGE)])


class Query(graphene.ObjectType):
    """Reading only: changes go through the control API."""

    projects = graphene.List(
        graphene.NonNull(ProjectType),
        required=True,
        first=graphene.Int(default_value=50),
        offset=graphene.Int(default_value=0),
    )
    project = graphene.Field(ProjectType, slug=graphene.String(required=True))
    tenants = graphene.List(
        graphene.NonNull(TenantType),
        required=True,
        project=graphene.String(),
        state=graphene.String(),
        first=graphene.Int(default_value=50),
        offset=graphene.Int(default_value=0),
    )
    tenant = graphene.Field(TenantType, slug=graphene.String(required=True))
    operations = graphene.List(
        graphene.NonNull(OperationType),
        required=True,
        project=graphene.String(),
        tenant=graphene.String(),
        state=graphene.String(),
        first=graphene.Int(default_value=50),
        offset=graphene.Int(default_value=0),
    )
    operation = graphene.Field(OperationType, id=graphene.UUID(required=True))

    def resolve_projects(self, info: Any, first: int, offset: int) -> list[Project]:
        return _page(projects_for(info.context.user).order_by("slug"), first, offset)

    def resolve_project(self, info: Any, slug: str) -> Project | None:
        return projects_for(info.context.user).filter(slug=slug).first()

    def resolve_tenants(self, info: Any, first: int, offset: int, **filters: str) -> list[Tenant]:
        columns = {"project": "project__slug", "state": "state"}
        rows = tenants_for(info.context.user).filter(**{columns[name]: value for name, value in filters.items()})
        found = _page(rows.prefetch_related("domains").order_by("slug"), first, offset)
        info.context.expect_sizes(tenant.schema_name for tenant in found)
        return found

    def resolve_tenant(self, info: Any, slug: str) -> Tenant | None:
        return tenants_for(info.context.user).prefetch_related("domains").filter(slug=slug).first()

    def resolve_operations(self, info: Any, first: int, offset: int, **filters: str) -> list[Operation]:
        columns = {"project": "project__slug", "tenant": "tenant__slug", "state": "state"}
        rows = operations_for(info.context.user).filter(**{columns[name]: value for name, value in filters.items()})
        return _page(rows.select_related("tenant", "project").order_by("-created_at", "pk"), first, offset)

    def resolve_operation(self, info: Any, id: Any) -> Operation | None:
        return operations_for(info.context.user).select_related("tenant", "project").filter(pk=id).first()


schema = graphene.Schema(query=Query)
