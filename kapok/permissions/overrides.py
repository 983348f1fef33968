"""A tenant's own rules over its project's.

In: two texts. Out: one `Permissions`: the tenant's (table, role) entries and functions stand in place of the project's,
its roles are added, everything else is the project's.
"""

from __future__ import annotations

from kapok.permissions.rules import Permissions, parse_permissions


def effective_permissions(project: str, tenant: str = "") -> Permissions:
    """The rules that hold. tenant: "" where nothing differs. Raises KapokError PROJECT_INVALID."""
    rules = parse_permissions(project)
    return parse_permissions(tenant, rules) if tenant.strip() else rules
