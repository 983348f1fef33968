"""What the admin's frame shows to whom. In: a request. Out: whether an entry is shown; the environment's badge."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from apps.tenants.access import Right
from apps.tenants.admin.audit_scope import audits, looks_after_logs
from apps.tenants.admin.scope import rights_of


def sees_tenants(request: HttpRequest) -> bool:
    """Whoever has a project."""
    return rights_of(request).may(Right.VIEW, None)


def sees_logs(request: HttpRequest) -> bool:
    """Whoever audits something."""
    return audits(request)


def sees_alerts(request: HttpRequest) -> bool:
    """Whoever audits or manages something."""
    return looks_after_logs(request)


def is_superuser(request: HttpRequest) -> bool:
    """Superusers look after users and groups."""
    return bool(getattr(request.user, "is_superuser", False))


def environment(request: HttpRequest) -> list[str] | None:
    """A badge where this is not production."""
    return ["Development", "warning"] if settings.DEBUG else None
