"""What operators do with a tenant's users.

In: the tenant, a user of it, and who acts. Out: the changed user, or KapokError. Each is one
transaction with the user's row locked; tokens that would say something else afterwards are no longer believed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.identity.context import in_tenant
from apps.identity.emails import normalised
from apps.identity.metadata import MAX_APP_METADATA, MAX_METADATA, metadata_problem
from apps.identity.models import User
from apps.identity.passwords import check_rules, hash_password
from apps.identity.services.sessions import end_own_session, end_sessions
from apps.identity.services.users import do_make_user
from apps.identity.tasks import queue_delivery
from apps.identity.trail import record_on_user
from apps.tenants.acting import Actor
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from apps.tenants.rulebook import rules_of
from apps.tenants.services.tokens import revoke_user_tokens
from kapok.bearer.form import MAX_ROLES, is_role
from kapok.errors import KapokError


@in_tenant
def do_create_user(
    tenant: Tenant,
    *,
    email: str,
    acting: Actor,
    password: str | None = None,
    roles: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    app_metadata: Mapping[str, Any] | None = None,
    verified: bool = True,
    id: uuid.UUID | None = None,
) -> User:
    """An account, whether or not anybody may sign up. Without a password the user chooses one by a reset mail, or signs
    in otherwise. id: the one it gets. Raises VALIDATION_FAILED, PASSWORD_UNFIT, ACCOUNT_EXISTS, ALREADY_EXISTS, and the
    hook's refusal."""
    if password is not None:
        check_rules(password, AuthSettings.of(tenant.project), normalised(email))
    return do_make_user(
        tenant,
        email=email,
        method="admin",
        password_hash="" if password is None else hash_password(password),
        roles=checked_roles(tenant, roles) if roles else [],
        user_metadata=_checked_metadata("metadata", metadata or {}, MAX_METADATA),
        app_metadata=_checked_metadata("appMetadata", app_metadata or {}, MAX_APP_METADATA),
        verified=verified,
        user_id=id,
        acting=acting,
    )


@in_tenant
def do_invite_user(tenant: Tenant, *, email: str, acting: Actor, **more: Any) -> User:
    """An account, and a mail that says so, with a link to choose a password. more: as do_create_user takes it. Raises
    what that raises, and MAIL_UNAVAILABLE (the account is there then)."""
    user = do_create_user(tenant, email=email, acting=acting, **more)
    record_on_user("user.invited", tenant, user, acting=acting, email=user.email)
    transaction.on_commit(partial(queue_delivery, tenant, "invite", str(user.email)))
    return user


@in_tenant
def do_send_password_reset(tenant: Tenant, user: User, *, acting: Actor) -> User:
    """A mail with a link to choose a password is on its way. Raises INVALID_STATE without an address or for a disabled
    user, MAIL_UNAVAILABLE."""
    if user.email is None or user.disabled_at is not None:
        raise KapokError("INVALID_STATE", "This user has no e-mail address, or is disabled.")
    record_on_user("user.password_reset_requested", tenant, user, acting=acting, email=user.email)
    transaction.on_commit(partial(queue_delivery, tenant, "password_reset", user.email, ""))
    return user


@in_tenant
def do_update_user(
    tenant: Tenant,
    user: User,
    *,
    acting: Actor,
    roles: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    app_metadata: Mapping[str, Any] | None = None,
) -> User:
    """Set roles, metadata, or both; None leaves them alone. Raises VALIDATION_FAILED."""
    locked = _locked(user)
    if roles is not None:
        locked.roles = checked_roles(tenant, roles)
    if metadata is not None:
        locked.user_metadata = _checked_metadata("metadata", metadata, MAX_METADATA)
    if app_metadata is not None:
        locked.app_metadata = _checked_metadata("appMetadata", app_metadata, MAX_APP_METADATA)
    locked.updated_at = timezone.now()
    locked.save(update_fields=["roles", "user_metadata", "app_metadata", "updated_at"])
    if roles is not None or app_metadata is not None:
        revoke_user_tokens(tenant, str(locked.pk))
    given = {"roles": roles, "metadata": metadata, "appMetadata": app_metadata}
    changed = [name for name, value in given.items() if value is not None]
    if changed:
        record_on_user("user.updated", tenant, locked, acting=acting, changed=changed, roles=locked.roles)
    return locked


@in_tenant
def do_disable_user(tenant: Tenant, user: User, *, acting: Actor) -> User:
    """The user is signed out everywhere and cannot sign in. Disabling again changes nothing."""
    locked = _locked(user)
    if locked.disabled_at is None:
        locked.disabled_at = locked.updated_at = timezone.now()
        locked.save(update_fields=["disabled_at", "updated_at"])
    _end_sessions(tenant, locked, "disabled")
    record_on_user("user.disabled", tenant, locked, acting=acting)
    return locked


@in_tenant
def do_enable_user(tenant: Tenant, user: User, *, acting: Actor) -> User:
    """The user can sign in again."""
    locked = _locked(user)
    if locked.disabled_at is not None:
        locked.disabled_at, locked.updated_at = None, timezone.now()
        locked.save(update_fields=["disabled_at", "updated_at"])
        record_on_user("user.enabled", tenant, locked, acting=acting)
    return locked


@in_tenant
def do_revoke_user_sessions(tenant: Tenant, user: User, *, acting: Actor) -> User:
    """The user is signed out everywhere."""
    locked = _locked(user)
    _end_sessions(tenant, locked, "operator")
    record_on_user("user.sessions_revoked", tenant, locked, acting=acting)
    return locked


@in_tenant
def do_revoke_one_session(tenant: Tenant, user: User, *, session_id: uuid.UUID, acting: Actor) -> User:
    """One session ends. Raises NOT_FOUND."""
    locked = _locked(user)
    end_own_session(tenant, locked, session_id, reason="operator")
    record_on_user("user.session_revoked", tenant, locked, acting=acting, session=str(session_id))
    return locked


@in_tenant
def do_reset_factors(tenant: Tenant, user: User, *, acting: Actor) -> User:
    """For a user who has lost them: all factors and recovery codes go, and every session with them."""
    locked = _locked(user)
    locked.factors.all().delete()
    locked.recovery_codes.all().delete()
    _end_sessions(tenant, locked, "factors reset")
    record_on_user("user.factors_reset", tenant, locked, acting=acting)
    return locked


@in_tenant
def do_delete_user(tenant: Tenant, user: User, *, confirm: str, acting: Actor) -> None:
    """The account goes with all that belongs to it here; rows of the project stay. confirm: the user's id, or the
    e-mail address. Raises CONFIRMATION_REQUIRED."""
    locked = _locked(user)
    if confirm not in {str(locked.pk), locked.email}:
        raise KapokError("CONFIRMATION_REQUIRED", "Confirm with the user's id or e-mail address.")
    _end_sessions(tenant, locked, "deleted")
    record_on_user("user.deleted", tenant, locked, acting=acting, email=locked.email)
    locked.delete()


def checked_roles(tenant: Tenant, roles: Sequence[str]) -> list[str]:
    """Roles in the order they were given, each once. Raises VALIDATION_FAILED for one the project does not declare."""
    declared = rules_of(tenant).roles
    wrong = [role for role in roles if not is_role(role) or role not in declared]
    if wrong:
        known = ", ".join(sorted(role for role in declared if is_role(role))) or "none"
        raise _invalid("roles", f"The project has no role {wrong[0][:63]!r} for users; it has {known}.")
    if len(roles) > MAX_ROLES:
        raise _invalid("roles", f"A user has at most {MAX_ROLES} roles.")
    return list(dict.fromkeys(roles))


def _checked_metadata(field: str, value: Mapping[str, Any], limit: int) -> dict[str, Any]:
    problem = metadata_problem(value, limit)
    if problem is not None:
        raise _invalid(field, f"{field}: {problem}")
    return dict(value)


def _end_sessions(tenant: Tenant, user: User, reason: str) -> None:
    end_sessions(tenant, user, reason=reason)
    revoke_user_tokens(tenant, str(user.pk))


def _locked(user: User) -> User:
    found: User | None = User.objects.select_for_update().filter(pk=user.pk).first()
    if found is None:
        raise KapokError("NOT_FOUND", "The user is gone.")
    return found


def _invalid(field: str, message: str) -> KapokError:
    return KapokError("VALIDATION_FAILED", message, details={"fields": [field]})
