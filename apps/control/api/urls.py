"""The control API's addresses, below /api/."""

from __future__ import annotations

from django.urls import path, re_path
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView

from apps.control.api import (
    audit_alerts,
    audit_entries,
    audit_erasures,
    audit_exports,
    audit_log,
    audit_settings,
    migrations,
    operations,
    people,
    permissions,
    project_files,
    projects,
    providers,
    status,
    tenant_access,
    tenant_users,
    tenants,
    tokens,
    trials,
)
from apps.control.api.base import ControlView
from apps.control.api.errors import not_found


class SchemaView(SpectacularAPIView):
    """The OpenAPI description; like everything here only for those who are signed in."""

    renderer_classes = [OpenApiJsonRenderer]
    authentication_classes = ControlView.authentication_classes
    permission_classes = ControlView.permission_classes
    get_exception_handler = ControlView.get_exception_handler


_PROJECT = "v1/projects/<slug:slug>"
_TENANT = "v1/tenants/<slug:slug>"
_USER = f"{_TENANT}/users/<str:user>"
_OPERATION = "v1/operations/<uuid:operation_id>"
_EXPORT = "v1/audit/exports/<uuid:export_id>"

urlpatterns = [
    path("v1/openapi.json", SchemaView.as_view(), name="control-openapi"),
    path("v1/status", status.StatusView.as_view()),
    path("v1/me", people.MeView.as_view()),
    path("v1/tokens", people.TokensView.as_view()),
    path("v1/tokens/<uuid:token_id>", people.TokenView.as_view()),
    path("v1/users", people.UsersView.as_view()),
    path("v1/users/<str:user>/reset-two-step", people.TwoStepResetView.as_view()),
    path("v1/projects", projects.ProjectsView.as_view()),
    path(_PROJECT, projects.ProjectView.as_view()),
    path(f"{_PROJECT}/audit", audit_settings.AuditSettingsView.as_view()),
    path(f"{_PROJECT}/migrations", project_files.ProjectMigrationsView.as_view()),
    *(path(f"{_PROJECT}/{below}", view.as_view()) for below, view in permissions.OF_PROJECT.items()),
    path(f"{_PROJECT}/providers", providers.ProvidersView.as_view()),
    path(f"{_PROJECT}/providers/<slug:name>", providers.ProviderView.as_view()),
    path(f"{_PROJECT}/documents", project_files.ProjectDocumentsView.as_view()),
    re_path(
        r"^v1/projects/(?P<slug>[a-z0-9-]+)/documents/(?P<sha256>[0-9a-f]{64})$",
        project_files.ProjectDocumentView.as_view(),
    ),
    path(f"{_PROJECT}/issuers", tokens.IssuersView.as_view()),
    path(f"{_PROJECT}/issuers/<int:issuer_id>", tokens.IssuerView.as_view()),
    path("v1/tenants", tenants.TenantsView.as_view()),
    path(_TENANT, tenants.TenantView.as_view()),
    path(f"{_TENANT}/suspend", tenants.TenantSuspendView.as_view()),
    path(f"{_TENANT}/resume", tenants.TenantResumeView.as_view()),
    path(f"{_TENANT}/seed", tenants.TenantSeedView.as_view()),
    *(path(f"{_TENANT}/{below}", view.as_view()) for below, view in permissions.OF_TENANT.items()),
    path(f"{_TENANT}/permissions/test", trials.PermissionTestsView.as_view()),
    path(f"{_TENANT}/explain", trials.ExplainView.as_view()),
    path(f"{_TENANT}/users", tenant_users.EndUsersView.as_view()),
    path(f"{_USER}", tenant_users.EndUserView.as_view()),
    path(f"{_USER}/sessions/<uuid:session_id>", tenant_users.EndUserSessionView.as_view()),
    *(path(f"{_USER}/{name}", view.as_view()) for name, view in tenant_users.ACTIONS.items()),
    path(f"{_TENANT}/keys", tenant_access.KeysView.as_view()),
    path(f"{_TENANT}/keys/<uuid:key_id>", tenant_access.KeyView.as_view()),
    path(f"{_TENANT}/signing-keys", tokens.SigningKeysView.as_view()),
    path(f"{_TENANT}/domains", tenant_access.DomainsView.as_view()),
    re_path(
        r"^v1/tenants/(?P<slug>[a-z0-9-]+)/domains/(?P<domain>[A-Za-z0-9.-]{1,253})$",
        tenant_access.DomainView.as_view(),
    ),
    path("v1/migrations", migrations.MigrationsView.as_view()),
    path("v1/migrations/plan", migrations.MigrationsPlanView.as_view()),
    path("v1/migrations/up", migrations.MigrationsUpView.as_view()),
    path("v1/audit/alerts", audit_alerts.AlertsView.as_view()),
    path("v1/audit/alerts/<uuid:alert_id>/acknowledge", audit_alerts.AlertAcknowledgeView.as_view()),
    path("v1/audit/log", audit_log.LogView.as_view()),
    path("v1/audit/log/check", audit_log.LogCheckView.as_view()),
    path("v1/audit/logs", audit_log.LogsView.as_view()),
    path("v1/audit/entries", audit_entries.EntriesView.as_view()),
    path("v1/audit/entries/<int:index>", audit_entries.EntryDetailView.as_view()),
    path("v1/audit/entries/<int:index>/value", audit_entries.EntryValueView.as_view()),
    path("v1/audit/rows", audit_entries.RowView.as_view()),
    path("v1/audit/profiles", audit_exports.ProfilesView.as_view()),
    path("v1/audit/erasures", audit_erasures.ErasuresView.as_view()),
    path("v1/audit/erasures/preview", audit_erasures.ErasurePreviewView.as_view()),
    path("v1/audit/exports", audit_exports.ExportsView.as_view()),
    path(_EXPORT, audit_exports.ExportView.as_view()),
    path(f"{_EXPORT}/download", audit_exports.export_download, name="control-export-download"),
    path("v1/operations", operations.OperationsView.as_view()),
    path(_OPERATION, operations.OperationView.as_view()),
    path(f"{_OPERATION}/retry", operations.OperationRetryView.as_view()),
    path(f"{_OPERATION}/events", operations.operation_events, name="control-operation-events"),
    re_path(r"", not_found),
]
