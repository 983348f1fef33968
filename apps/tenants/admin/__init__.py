"""Projects, tenants and all that belongs to them in the admin. Every change goes through a service."""

from apps.tenants.admin import domains, issuers, keys, operations, projects, providers, signing_keys, tenants

__all__ = ["domains", "issuers", "keys", "operations", "projects", "providers", "signing_keys", "tenants"]
