"""The platform's own tables, in `public`. One topic a file."""

from apps.tenants.models.audit_logs import AlertKind, AuditAlert, AuditLog
from apps.tenants.models.exports import AuditExport
from apps.tenants.models.issuers import TrustedIssuer
from apps.tenants.models.jobs import Operation, OperationKind, OperationState
from apps.tenants.models.keys import ApiKey
from apps.tenants.models.migrations import MigrationState, ProjectMigration, Template, TenantMigration
from apps.tenants.models.permissions import ProjectAuditSettings, ProjectPermissions, TenantPermissions
from apps.tenants.models.projects import Project, TrustedDocument
from apps.tenants.models.providers import IdentityProvider
from apps.tenants.models.seeds import Seed
from apps.tenants.models.signing import Revocation, RevocationKind, SigningKey
from apps.tenants.models.tenants import Domain, Tenant

__all__ = [
    "AlertKind",
    "ApiKey",
    "AuditAlert",
    "AuditExport",
    "AuditLog",
    "Domain",
    "IdentityProvider",
    "MigrationState",
    "Operation",
    "OperationKind",
    "OperationState",
    "Project",
    "ProjectAuditSettings",
    "ProjectMigration",
    "ProjectPermissions",
    "Revocation",
    "RevocationKind",
    "Seed",
    "SigningKey",
    "Template",
    "Tenant",
    "TenantMigration",
    "TenantPermissions",
    "TrustedDocument",
    "TrustedIssuer",
]
