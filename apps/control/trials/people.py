"""As whom something is tried. In: a tenant and a role with claims, or one of its users. Out: the `Principal` a request
of theirs would have."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.identity.context import in_tenant
from apps.identity.emails import normalised
from apps.identity.models import User
from apps.identity.services.subject import Subject, subject_of
from apps.tenants.models import Tenant
from apps.tenants.rulebook import rules_of
from kapok.errors import KapokError
from kapok.permissions.document import did_you_mean
from kapok.permissions.rules import ANONYMOUS_ROLE, SERVICE_ROLE, Permissions
from kapok.principal import Principal, PrincipalKind


def principal_for(tenant: Tenant, role: str, sub: str | None, claims: Mapping[str, Any]) -> Principal:
    """Somebody of a role. sub: of an end user; None for a caller with an API key only."""
    if sub is None and not claims:
        return Principal(PrincipalKind.API_KEY, "trial", tenant.pk, role)
    given = {"roles": [role], **claims, "tenant_id": str(tenant.pk)}
    if sub is not None:
        given["sub"] = sub
    return Principal(PrincipalKind.END_USER, sub or "trial", tenant.pk, role, given)


def somebody(tenant: Tenant, who: str, *, role: str, sub: str | None, claims: Mapping[str, Any]) -> Principal:
    """who: a role, or a user's id or address. role: of several the user has. Raises VALIDATION_FAILED, NOT_FOUND."""
    rules = rules_of(tenant)
    if not _names_a_user(who):
        check_role(rules, who)
        return principal_for(tenant, who, sub, claims)
    user, subject = _found(tenant, who)
    if role and role not in subject.roles:
        raise KapokError("VALIDATION_FAILED", f"{who} has the roles {', '.join(subject.roles)}, not {role}.")
    own = {"email": user.email} if user.email else {}
    known = {**own, **subject.claims, "roles": list(subject.roles), **claims}
    return principal_for(tenant, role or subject.roles[0], str(user.pk), known)


def check_role(rules: Permissions, role: str) -> None:
    """Raises VALIDATION_FAILED for a role nobody declared: its caller could do nothing at all."""
    known = {*rules.roles, ANONYMOUS_ROLE, SERVICE_ROLE}
    if role not in known:
        raise KapokError(
            "VALIDATION_FAILED",
            f"There is no role {role[:63]!r}.{did_you_mean(role, known)} There are {', '.join(sorted(known))}.",
            details={"fields": ["as"]},
        )


def _names_a_user(who: str) -> bool:
    return "@" in who or _id(who) is not None


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@in_tenant
def _found(tenant: Tenant, who: str) -> tuple[User, Subject]:
    """The user, and what a token would say of them. Whatever the project's hook does on the way is undone."""
    user_id = _id(who)
    users = User.objects.filter(pk=user_id) if user_id else User.objects.filter(email=normalised(who))
    user = users.first()
    if user is None:
        raise KapokError("NOT_FOUND", f"This tenant has no user {who[:320]}.")
    subject = subject_of(tenant, user, "password")
    transaction.set_rollback(True)
    return user, subject
