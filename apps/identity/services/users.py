"""Users are made here, whoever asks: by signing up, by an operator, at a provider, as a visitor.

In: what is known of them. Out: the row, after the project's hook (`user.created`) has agreed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.identity.context import in_tenant
from apps.identity.emails import normalised
from apps.identity.models import User
from apps.identity.services import hook
from apps.identity.trail import record_on_user
from apps.tenants.acting import Actor
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from kapok.errors import KapokError


@in_tenant
def do_make_user(
    tenant: Tenant,
    *,
    email: str | None,
    method: str,
    password_hash: str = "",
    roles: Sequence[str] = (),
    user_metadata: Mapping[str, Any] | None = None,
    app_metadata: Mapping[str, Any] | None = None,
    verified: bool = True,
    anonymous: bool = False,
    user_id: uuid.UUID | None = None,
    acting: Actor | None = None,
) -> User:
    """A user. method: how, for the hook; the roles and claims it gives are stored. acting: None for who makes an
    account for himself. Raises ACCOUNT_EXISTS,
    ALREADY_EXISTS (the id), SIGN_IN_REFUSED, HOOK_FAILED."""
    now = timezone.now()
    user = User(
        id=user_id or uuid.uuid4(),
        email=None if email is None else normalised(email),
        email_verified_at=now if email and verified else None,
        password=password_hash,
        password_changed_at=now if password_hash else None,
        is_anonymous=anonymous,
        roles=list(roles),
        user_metadata=dict(user_metadata or {}),
        app_metadata=dict(app_metadata or {}),
    )
    if user_id is not None and User.objects.filter(pk=user_id).exists():
        raise KapokError("ALREADY_EXISTS", "There is a user with this id already.")
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as exc:
        raise KapokError("ACCOUNT_EXISTS") from exc
    verdict = hook.ask(tenant, hook.USER_CREATED, user, method)
    if verdict.roles is not None or verdict.claims:
        user.roles = user.roles if verdict.roles is None else list(verdict.roles)
        user.app_metadata = {**user.app_metadata, **verdict.claims}
        user.save(update_fields=["roles", "app_metadata"])
    facts = {"method": method, "email": user.email, "roles": user.roles, "anonymous": anonymous}
    record_on_user("user.created", tenant, user, acting=acting, **facts)
    return user


def do_sign_up_external(tenant: Tenant, *, email: str | None, metadata: Mapping[str, Any], method: str) -> User:
    """A user who proved an address, or who he is, elsewhere. Raises SIGN_UP_CLOSED and what do_make_user raises."""
    if not AuthSettings.of(tenant.project).sign_up:
        raise KapokError("SIGN_UP_CLOSED")
    return do_make_user(tenant, email=email, method=method, user_metadata=metadata)
