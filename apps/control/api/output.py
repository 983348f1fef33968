"""What the control API says of projects, tenants and the rest. In: rows. Out: camelCase JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from apps.control.api.fields import LimitsField
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Domain, Operation, Project, Tenant
from apps.tenants.sizes import schema_sizes
from apps.tenants.titles import operation_title
from kapok.errors import REGISTRY

_OPERATION_NAME = re.compile(r"(?m)^\s*(?:query|mutation|subscription)\s+([_A-Za-z][_0-9A-Za-z]*)")


class ProjectSerializer(serializers.Serializer[Any]):
    """A project; the counts are annotations of `apps.control.api.projects.projects_of`."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    corsOrigins = serializers.ListField(source="cors_origins", child=serializers.CharField())
    trustedDocumentsOnly = serializers.BooleanField(source="trusted_documents_only")
    introspection = serializers.BooleanField()
    draftStatuses = serializers.BooleanField(source="draft_statuses")
    auth = serializers.SerializerMethodField()
    tenantCount = serializers.IntegerField(source="tenant_count")
    migrationCount = serializers.IntegerField(source="migration_count")
    permissionsVersion = serializers.IntegerField(source="permissions_version")
    createdAt = serializers.DateTimeField(source="created_at")

    def get_auth(self, project: Project) -> dict[str, Any]:
        return AuthSettings.of(project).as_json()


class TenantSerializer(serializers.Serializer[Any]):
    """A tenant. The context's `sizes` maps schema names to bytes on disk."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    project = serializers.CharField(source="project.slug")
    state = serializers.CharField()
    suspendedReason = serializers.CharField(source="suspended_reason")
    schema = serializers.CharField(source="schema_name")
    sizeBytes = serializers.SerializerMethodField()
    limits = LimitsField()
    domains = serializers.SerializerMethodField()
    graphqlUrl = serializers.SerializerMethodField()
    graphiqlUrl = serializers.SerializerMethodField()
    createdAt = serializers.DateTimeField(source="created_at")

    def get_sizeBytes(self, tenant: Tenant) -> int:
        sizes: Mapping[str, int] = self.context["sizes"]
        return sizes.get(tenant.schema_name, 0)

    def get_domains(self, tenant: Tenant) -> list[str]:
        return [domain.domain for domain in tenant.domains.all()]

    def get_graphqlUrl(self, tenant: Tenant) -> str:
        url: str = self.context["request"].build_absolute_uri(f"/t/{tenant.slug}/graphql")
        return url

    def get_graphiqlUrl(self, tenant: Tenant) -> str:
        # The same address: a browser gets the page, a program the endpoint.
        return self.get_graphqlUrl(tenant)


class KeySerializer(serializers.Serializer[Any]):
    """An API key, without the key."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.CharField()
    role = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    prefix = serializers.CharField()
    state = serializers.SerializerMethodField()
    createdAt = serializers.DateTimeField(source="created_at")
    expiresAt = serializers.DateTimeField(source="expires_at", allow_null=True)
    lastUsedAt = serializers.DateTimeField(source="last_used_at", allow_null=True)
    revokedAt = serializers.DateTimeField(source="revoked_at", allow_null=True)

    def get_state(self, key: Any) -> str:
        if key.revoked_at is not None:
            return "revoked"
        return "active" if key.is_active else "expired"


class NewKeySerializer(KeySerializer):
    """An API key in the one answer that shows it."""

    key = serializers.CharField()


class DomainSerializer(serializers.Serializer[Domain]):
    """A host name a tenant answers at."""

    domain = serializers.CharField()
    isPrimary = serializers.BooleanField(source="is_primary")
    createdAt = serializers.DateTimeField(source="created_at")


class OperationErrorSerializer(serializers.Serializer[Any]):
    """Why an operation failed."""

    code = serializers.CharField()
    number = serializers.CharField()
    message = serializers.CharField()
    hint = serializers.CharField()
    details = serializers.DictField()


class OperationSerializer(serializers.Serializer[Operation]):
    """Long work: poll it, or read its `events`."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    title = serializers.SerializerMethodField()
    state = serializers.CharField()
    progress = serializers.IntegerField()
    step = serializers.CharField()
    steps = serializers.ListField(child=serializers.CharField())
    message = serializers.CharField()
    attempts = serializers.IntegerField()
    tenant = serializers.SerializerMethodField()
    project = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    result = serializers.DictField(source="shown_result")
    createdAt = serializers.DateTimeField(source="created_at")
    startedAt = serializers.DateTimeField(source="started_at", allow_null=True)
    finishedAt = serializers.DateTimeField(source="finished_at", allow_null=True)

    def get_title(self, operation: Operation) -> str:
        return operation_title(operation)

    def get_tenant(self, operation: Operation) -> str | None:
        return operation.tenant.slug if operation.tenant else None

    def get_project(self, operation: Operation) -> str | None:
        return operation.project.slug if operation.project else None

    def get_error(self, operation: Operation) -> dict[str, Any] | None:
        if not operation.error_code:
            return None
        kind = REGISTRY.get(operation.error_code, REGISTRY["INTERNAL_SERVER_ERROR"])
        return {
            "code": kind.code,
            "number": kind.number,
            "message": operation.error_message or kind.message,
            "hint": kind.hint,
            "details": {},
        }


class DocumentSerializer(serializers.Serializer[Any]):
    """A trusted document; `name` is its operation's name, where it has one."""

    sha256 = serializers.CharField()
    name = serializers.SerializerMethodField()
    document = serializers.CharField()
    createdAt = serializers.DateTimeField(source="created_at")

    def get_name(self, document: Any) -> str:
        match = _OPERATION_NAME.search(document.document)
        return match[1] if match else ""


def tenants_json(request: Any, tenants: Sequence[Tenant]) -> list[dict[str, Any]]:
    """Tenants with their sizes, which take one query however many they are."""
    sizes = schema_sizes([tenant.schema_name for tenant in tenants])
    return list(TenantSerializer(tenants, many=True, context={"request": request, "sizes": sizes}).data)
