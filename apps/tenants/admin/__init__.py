"""Projects, tenants and all that belongs to them in the admin. Every change goes through a service."""

from apps.tenants.admin import (
    audit_alerts,
    audit_exports,
    audit_logs,
    domains,
    issuers,
    keys,
    operations,
    projects,
    providers,
    signing_keys,
    tenants,
)

__all__ = [
    "audit_alerts",
    "audit_exports",
    "audit_logs",
    "domains",
    "issuers",
    "keys",
    "operations",
    "projects",
    "providers",
    "signing_keys",
    "tenants",
]
