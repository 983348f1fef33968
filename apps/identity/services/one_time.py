"""Tokens that work once. Only their digests are stored. Call these inside tenant_context, in a transaction."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.identity.models import OneTimeToken, User
from kapok.errors import KapokError


def new_secret() -> str:
    """256 random bits, in base64url."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is stored of it: SHA-256 in hex, enough for so many random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(purpose: str, lifetime: timedelta, *, user: User | None = None, data: Mapping[str, Any] | None = None) -> str:
    """A new token, good for one purpose. Out: the token, which is shown to nobody but its receiver."""
    secret = new_secret()
    record(purpose, lifetime, user=user, data=data, digest=digest_of(secret))
    return secret


def record(
    purpose: str, lifetime: timedelta, *, user: User | None, data: Mapping[str, Any] | None, digest: str
) -> OneTimeToken:
    """The row of a token."""
    return OneTimeToken.objects.create(
        purpose=purpose, digest=digest, user=user, data=dict(data or {}), expires_at=timezone.now() + lifetime
    )


def take(secret: str, *purposes: str) -> OneTimeToken:
    """Use the token up. Should the transaction fail, it can be used again. Raises TOKEN_INVALID."""
    good = {"digest": digest_of(secret), "purpose__in": purposes, "used_at": None, "expires_at__gt": timezone.now()}
    found: OneTimeToken | None = OneTimeToken.objects.select_for_update().filter(**good).first()
    if found is None:
        raise KapokError("TOKEN_INVALID")
    found.used_at = timezone.now()
    found.save(update_fields=["used_at"])
    return found


def void_all(user: User) -> None:
    """None of the user's unused tokens works any more, whoever has them, but those that confirm the address he has."""
    unused = OneTimeToken.objects.filter(user=user, used_at=None)
    unused.exclude(purpose="email_change", data__email=user.email).update(used_at=timezone.now())
