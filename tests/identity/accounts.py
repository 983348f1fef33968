"""Users and tenants for the tests of end users."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyotp
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity import models
from apps.identity.context import Origin
from apps.identity.models import User
from apps.identity.services.sessions import Tokens, do_sign_in
from apps.identity.services.users import do_make_user
from apps.tenants.acting import SYSTEM
from apps.tenants.models import Project, Tenant
from apps.tenants.services import do_update_project
from kapok.errors import KapokError
from tests.factories import ProjectFactory, TenantFactory

HERE = Origin("192.0.2.7", "pytest")


def make_tenant(slug: str = "acme", project: Project | None = None, **auth: Any) -> Tenant:
    """A tenant that answers; auth: what differs from the default settings of its project (camelCase)."""
    project = project or ProjectFactory(slug=f"shop-{slug}", cors_origins=["https://app.example.com"])
    if auth:
        do_update_project(project, acting=SYSTEM, auth=auth)
    return TenantFactory(slug=slug, name=slug.title(), project=project, ready=True)


def make_user(tenant: Tenant, email: str | None = "ada@example.com", **more: Any) -> User:
    """A user without a password."""
    return do_make_user(tenant, email=email, method="admin", **more)


def signed_in(tenant: Tenant, user: User, level: str = "aal1") -> Tokens:
    """A fresh session of the user."""
    return do_sign_in(tenant, user, methods=["pwd"], level=level, origin=HERE)


def everything(tenant: Tenant) -> dict[str, Any]:
    """All rows of a tenant's users: what a refusal must not change."""
    with tenant_context(tenant):
        return {
            model.__name__: list(model.objects.order_by("pk").values())
            for model in (
                models.User,
                models.Session,
                models.RefreshToken,
                models.Factor,
                models.RecoveryCode,
                models.Identity,
            )
        }


def code_of(error: BaseException) -> str:
    """A KapokError's code."""
    assert isinstance(error, KapokError), error
    return error.code


def code_at(app: pyotp.TOTP, steps: int = 0) -> str:
    """What an authenticator app shows, or showed so many steps ago (negative)."""
    return app.at(timezone.now() + timedelta(seconds=30 * steps))
