"""Where links may lead. In: what a caller sent as redirectTo. Out: the same, if the project allows exactly that."""

from __future__ import annotations

from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from kapok.errors import KapokError


def allowed_redirect(tenant: Tenant, redirect_to: str) -> str:
    """Compared as text: no pattern, no prefix, so that nothing can be added. Raises REDIRECT_NOT_ALLOWED."""
    if redirect_to and redirect_to not in AuthSettings.of(tenant.project).redirect_urls:
        raise KapokError("REDIRECT_NOT_ALLOWED")
    return redirect_to
