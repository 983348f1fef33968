"""Projects, tenants and all that belongs to them in the admin. Every change goes through a service."""

from apps.tenants.admin import domains, keys, operations, projects, tenants

__all__ = ["domains", "keys", "operations", "projects", "tenants"]
