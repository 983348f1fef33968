"""/migrations: what every tenant of a project has, what it would get, and the job that brings it there."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.openapi import describe
from apps.control.api.output import OperationSerializer
from apps.control.api.project_files import MigrationFileInput, sql_files
from apps.tenants.access import Right, get_project_for, get_tenant_for
from apps.tenants.fleet import TenantStatus, project_status
from apps.tenants.migrations_runner import MigrationFile
from apps.tenants.models import Project
from apps.tenants.services import do_migrate_project, do_migrate_tenant
from apps.tenants.services.migrations import do_upload_migrations
from apps.tenants.template import migration_files
from kapok.errors import KapokError


class ProjectQuery(serializers.Serializer[Any]):
    """Which project."""

    project = serializers.CharField(max_length=200)


class PlanInput(ProjectQuery):
    """Files to compare with; those of the project unless given."""

    migrations = MigrationFileInput(many=True, required=False, max_length=2000)


class UpInput(ProjectQuery):
    """Which tenants; all unless named."""

    tenants = serializers.ListField(required=False, child=serializers.CharField(max_length=200), max_length=1000)


class TenantMigrationsSerializer(serializers.Serializer[Any]):
    """One tenant: the migrations it has, those to come, and the one that failed."""

    tenant = serializers.CharField()
    state = serializers.CharField()
    applied = serializers.ListField(child=serializers.CharField())
    pending = serializers.ListField(child=serializers.CharField())
    failed = serializers.ListField(child=serializers.CharField())
    error = serializers.CharField(allow_null=True)


class MigrationsStatusSerializer(serializers.Serializer[Any]):
    """A project's migrations, tenant by tenant."""

    project = serializers.CharField()
    migrations = serializers.ListField(child=serializers.CharField())
    tenants = TenantMigrationsSerializer(many=True)


class StartedSerializer(serializers.Serializer[Any]):
    """The job, or one for each tenant that was named."""

    operation = OperationSerializer()
    operations = OperationSerializer(many=True)


class MigrationsView(ControlView):
    """Status."""

    @describe("Show migration status", answers=MigrationsStatusSerializer, filters=ProjectQuery)
    def get(self, request: Request) -> Response:
        """Every tenant of the project."""
        slug = parsed(ProjectQuery, request.query_params)["project"]
        return answer(_status(get_project_for(acting(request), slug, Right.VIEW)))


class MigrationsPlanView(ControlView):
    """Dry run."""

    @describe("Plan migrations", takes=PlanInput, answers=MigrationsStatusSerializer)
    def post(self, request: Request) -> Response:
        """Changes nothing. Raises what an upload of these files would raise."""
        given = parsed(PlanInput, request.data)
        user = acting(request)
        if "migrations" not in given:
            return answer(_status(get_project_for(user, given["project"], Right.VIEW)))
        project = get_project_for(user, given["project"], Right.MANAGE)
        # The upload itself is the check; its transaction is then thrown away.
        with transaction.atomic():
            do_upload_migrations(project, sql_files(given), acting=user)
            planned = _status(project)
            transaction.set_rollback(True)
        return answer(planned)


class MigrationsUpView(ControlView):
    """The run."""

    @describe("Run migrations", takes=UpInput, answers=StartedSerializer, status=202)
    def post(self, request: Request) -> Response:
        """One job for all tenants, or one for each that is named."""
        given, user = parsed(UpInput, request.data), acting(request)
        project = get_project_for(user, given["project"], Right.MANAGE)
        if not given.get("tenants"):
            operations = [do_migrate_project(project, acting=user)]
        else:
            tenants = [get_tenant_for(user, slug, Right.MANAGE) for slug in dict.fromkeys(given["tenants"])]
            strangers = [tenant.slug for tenant in tenants if tenant.project_id != project.pk]
            if strangers:
                raise KapokError("VALIDATION_FAILED", f"{strangers[0]} is a tenant of another project.")
            with transaction.atomic():
                operations = [do_migrate_tenant(tenant, acting=user) for tenant in tenants]
        shown = OperationSerializer(operations, many=True).data
        return answer({"operation": shown[0], "operations": shown}, status=202)


def _status(project: Project) -> dict[str, Any]:
    files = {file.number: file for file in migration_files(project)}
    return {
        "project": project.slug,
        "migrations": [file.label for file in files.values()],
        "tenants": [_tenant(status, files) for status in project_status(project)],
    }


def _tenant(status: TenantStatus, files: dict[int, MigrationFile]) -> dict[str, Any]:
    def labels(numbers: Any) -> list[str]:
        return [files[number].label if number in files else f"{number:04d}" for number in numbers]

    errors = [str(facts.get("message", "")) for facts in status.failed.values()]
    return {
        "tenant": status.tenant,
        "state": status.state,
        "applied": labels(status.applied),
        "pending": labels(status.pending),
        "failed": labels(status.failed),
        "error": errors[0] if errors else None,
    }
