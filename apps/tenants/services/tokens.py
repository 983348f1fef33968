"""Access tokens of a tenant's users: issued here, and taken back before they expire.

In: a tenant, and who the user is. Out: a signed JWT (see docs/tokens.md), or rows that every web process learns of at
once. Revoking takes effect within a second or two everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from apps.tenants.models import Revocation, RevocationKind, Tenant
from apps.tenants.signing import opened, signing_key
from kapok.bearer.form import ACCESS_SECONDS, ALGORITHM, LEEWAY_SECONDS, MAX_TOKEN_BYTES, TYPE, check_content, is_name
from kapok.errors import KapokError
from kapok.public_urls import tenant_url

#: How long an access token lasts.
ACCESS_LIFETIME = timedelta(seconds=ACCESS_SECONDS)
#: How long a revocation matters: until the last token it concerns is refused anyway.
_REVOCATION_LIFETIME = ACCESS_LIFETIME + timedelta(seconds=LEEWAY_SECONDS + 60)

#: The key that signs now, and the time of issue.
_ISSUE = """
    select k.kid, k.sealed_private_key, greatest(
        floor(extract(epoch from statement_timestamp())),
        (select floor(extract(epoch from r.revoked_at)) + 1
         from public.tenants_revocation r where r.tenant_id = k.tenant_id and r.kind = %s and r.value = %s)
    )
    from public.tenants_signingkey k
    where k.tenant_id = %s and k.active_from <= %s and (k.retired_at is null or k.retired_at > %s)
    order by k.active_from desc limit 1
"""


def issue_access_token(
    tenant: Tenant,
    *,
    sub: str,
    sid: str,
    email: str | None,
    roles: Sequence[str],
    claims: Mapping[str, Any] | None = None,
) -> str:
    """A JWT that says who the user is, for ACCESS_LIFETIME. sub: the user's id; sid: the session's; roles: the first is
    the active one; claims: more, JSON-ready, beside them. Raises VALIDATION_FAILED."""
    check_content(sub, sid, roles, claims or {})
    kid, private_key, issued = _issuing(tenant, sub)
    payload = {
        **(claims or {}),
        "iss": tenant_url(settings.KAPOK_PUBLIC_URL, tenant.slug),
        "aud": tenant.project.slug,
        "sub": sub,
        "sid": sid,
        "tenant_id": str(tenant.pk),
        "email": email,
        "roles": list(roles),
        "iat": issued,
        "nbf": issued,
        "exp": issued + ACCESS_SECONDS,
    }
    token = jwt.encode(payload, private_key, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": kid})
    if len(token) > MAX_TOKEN_BYTES:
        raise KapokError("VALIDATION_FAILED", "The user's claims and roles are too long for a token.")
    return token


def revoke_session(tenant: Tenant, sid: str) -> None:
    """No token of this session is believed any more; the caller sees to it that the session issues no further ones, and
    records what it does."""
    _revoke(tenant, RevocationKind.SESSION, sid)


def revoke_user_tokens(tenant: Tenant, sub: str) -> None:
    """No token of this user issued until now is believed any more; tokens issued later are. For a user who was disabled
    or deleted, or whose roles changed; call it after the change, at the end of its transaction, and record that."""
    _revoke(tenant, RevocationKind.USER, sub)


def _revoke(tenant: Tenant, kind: RevocationKind, value: str) -> None:
    if not is_name(value):
        raise KapokError("VALIDATION_FAILED", "This cannot be the id of a session or user.")
    Revocation.objects.update_or_create(
        tenant=tenant,
        kind=kind,
        value=value,
        defaults={"revoked_at": Now(), "expires_at": Now() + _REVOCATION_LIFETIME},
    )


def _issuing(tenant: Tenant, sub: str) -> tuple[str, Ed25519PrivateKey, int]:
    """The kid and the private part of the key that signs now, and now in Unix seconds, later than the last revocation
    of the user's tokens. By the database's clock: those of web processes
    differ."""
    row = _issue_row(tenant, sub)
    if row is None:
        signing_key(tenant)  # it is made
        row = _issue_row(tenant, sub)
    assert row is not None
    kid, sealed, issued = row
    return kid, opened(tenant, sealed), int(issued)


def _issue_row(tenant: Tenant, sub: str) -> tuple[Any, ...] | None:
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_ISSUE, [RevocationKind.USER, sub, tenant.pk, now, now])
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
