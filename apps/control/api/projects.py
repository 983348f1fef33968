"""/projects: projects and their settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, IntegerField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.fields import ConfirmInput
from apps.control.api.listing import listing
from apps.control.api.openapi import describe
from apps.control.api.output import ProjectSerializer
from apps.tenants.access import Right, get_project_for, grant_project, projects_for
from apps.tenants.models import Project, ProjectMigration, ProjectPermissions, Tenant
from apps.tenants.rights import recording_rights
from apps.tenants.services import do_create_project, do_delete_project, do_update_project
from kapok.errors import KapokError

SORT = {"slug": "slug", "name": "name", "createdAt": "created_at"}


class ProjectInput(serializers.Serializer[Any]):
    """A new project."""

    slug = serializers.CharField(max_length=200)
    name = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    description = serializers.CharField(required=False, default="", allow_blank=True, max_length=5000)


class ProjectChanges(serializers.Serializer[Any]):
    """What may be changed; what is missing stays as it is."""

    name = serializers.CharField(required=False, max_length=200)
    description = serializers.CharField(required=False, allow_blank=True, max_length=5000)
    corsOrigins = serializers.ListField(
        source="cors_origins", required=False, child=serializers.CharField(max_length=300), max_length=100
    )
    trustedDocumentsOnly = serializers.BooleanField(source="trusted_documents_only", required=False)
    introspection = serializers.BooleanField(required=False)
    draftStatuses = serializers.BooleanField(source="draft_statuses", required=False)
    auth = serializers.DictField(
        required=False, help_text="How users sign up and in: the settings of docs/auth.md; null means the default."
    )


class ProjectsView(ControlView):
    """All projects the caller may see."""

    @describe("List projects", answers=ProjectSerializer, named="projects")
    def get(self, request: Request) -> Response:
        """A page of projects."""
        return listing(
            request,
            with_counts(projects_for(acting(request))),
            "projects",
            _represent,
            search=("slug", "name", "description"),
            sort=SORT,
            default_sort="slug",
        )

    @describe("Create a project", takes=ProjectInput, answers=ProjectSerializer, status=201)
    def post(self, request: Request) -> Response:
        """Asks for the permission to add projects; who creates one manages it."""
        user = acting(request)
        if not user.has_perm("tenants.add_project"):
            raise KapokError("FORBIDDEN", "You may not create projects.")
        given = parsed(ProjectInput, request.data)
        with transaction.atomic():
            project = do_create_project(given["slug"], given["name"], acting=user, description=given["description"])
            with recording_rights(project, user, acting=user):
                grant_project(user, project, Right.MANAGE)
        return answer(_one(project), status=201)


class ProjectView(ControlView):
    """One project."""

    @describe("Show a project", answers=ProjectSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """The project."""
        return answer(_one(get_project_for(acting(request), slug, Right.VIEW)))

    @describe("Change a project's settings", takes=ProjectChanges, answers=ProjectSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """The settings that were given."""
        project = get_project_for(acting(request), slug, Right.MANAGE)
        do_update_project(project, acting=acting(request), **parsed(ProjectChanges, request.data))
        return answer(_one(project))

    @describe("Delete a project", takes=ConfirmInput, status=204)
    def delete(self, request: Request, slug: str) -> Response:
        """Asks for the slug in `confirm`."""
        project = get_project_for(acting(request), slug, Right.MANAGE)
        do_delete_project(project, confirm=parsed(ConfirmInput, request.data)["confirm"], acting=acting(request))
        return Response(status=204)


def with_counts(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Projects with tenant_count, migration_count and permissions_version, each by a subquery of its own."""
    return projects.annotate(
        tenant_count=_of(Tenant.objects, Count("pk")),
        migration_count=_of(ProjectMigration.objects, Count("pk")),
        permissions_version=_of(ProjectPermissions.objects, Max("version")),
    )


def _of(manager: Any, aggregate: Any) -> Coalesce:
    rows = manager.filter(project=OuterRef("pk")).order_by().values("project").annotate(value=aggregate)
    return Coalesce(Subquery(rows.values("value"), output_field=IntegerField()), 0)


def _one(project: Project) -> dict[str, Any]:
    return _represent([with_counts(Project.objects.filter(pk=project.pk)).get()])[0]


def _represent(projects: Sequence[Project]) -> list[dict[str, Any]]:
    return list(ProjectSerializer(projects, many=True).data)
