"""API keys: made (and shown once), revoked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.tenants.acting import Actor
from apps.tenants.models import ApiKey, Tenant
from apps.tenants.rulebook import rules_of
from apps.tenants.trail import record_on_tenant
from kapok.errors import KapokError
from kapok.principal import ANON_ROLE, SCOPES, SERVICE_ROLE
from kapok.tenancy import TenantState
from kapok.tokens import KeyKind, new_key


@transaction.atomic
def do_create_key(
    tenant: Tenant,
    kind: KeyKind | str,
    *,
    acting: Actor,
    name: str = "",
    role: str | None = None,
    expires_at: datetime | None = None,
    scopes: Collection[str] = SCOPES,
) -> tuple[ApiKey, str]:
    """Out: the stored key and the key itself, which is not kept. role: of a secret key (default service); a publishable
    key is always anon. scopes: read (queries), write (mutations) or both. Raises VALIDATION_FAILED, INVALID_STATE."""
    kind = _kind(kind)
    role = _role(tenant, kind, role)
    if expires_at is not None and expires_at <= timezone.now():
        raise KapokError("VALIDATION_FAILED", "The key would have expired already.", details={"fields": ["expires_at"]})
    if not scopes or not set(scopes) <= SCOPES:
        raise KapokError("VALIDATION_FAILED", "Scopes are read, write or both.", details={"fields": ["scopes"]})
    if tenant.state == TenantState.DELETING:
        raise KapokError("INVALID_STATE", "The tenant is being deleted.")
    made = new_key(kind)
    key = ApiKey.objects.create(
        tenant=tenant,
        name=(name or f"{kind} key")[:100],
        kind=kind.value,
        role=role,
        prefix=made.prefix,
        digest=made.digest,
        expires_at=expires_at,
        scopes=sorted(set(scopes)),
    )
    record_on_tenant(
        "key.created",
        tenant,
        acting=acting,
        target=f"key:{key.pk}",
        tenant=tenant.slug,
        key=key.prefix,
        name=key.name,
        kind=kind.value,
        role=role,
        scopes=key.scopes,
        expiresAt=None if expires_at is None else expires_at.isoformat(),
    )
    return key, made.key


@transaction.atomic
def do_revoke_key(key: ApiKey, *, acting: Actor) -> ApiKey:
    """The key is refused from now on. Revoking it again changes nothing."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        record_on_tenant(
            "key.revoked",
            key.tenant,
            acting=acting,
            target=f"key:{key.pk}",
            tenant=key.tenant.slug,
            key=key.prefix,
            name=key.name,
        )
    return key


def _kind(kind: KeyKind | str) -> KeyKind:
    try:
        return KeyKind(kind)
    except ValueError as exc:
        known = ", ".join(member.value for member in KeyKind)
        raise KapokError("VALIDATION_FAILED", f"A key is one of: {known}.", details={"fields": ["kind"]}) from exc


def _role(tenant: Tenant, kind: KeyKind, role: str | None) -> str:
    if kind is KeyKind.PUBLISHABLE:
        if role not in (None, "", ANON_ROLE):
            raise _no_role(f"A publishable key always has the role {ANON_ROLE}: anyone may see it.")
        return ANON_ROLE
    role = role or SERVICE_ROLE
    known = {SERVICE_ROLE, ANON_ROLE, *rules_of(tenant).roles}
    if role not in known:
        raise _no_role(f"The project has no role {role[:63]!r}; it has {', '.join(sorted(known))}.")
    return role


def _no_role(message: str) -> KapokError:
    return KapokError("VALIDATION_FAILED", message, details={"fields": ["role"]})
