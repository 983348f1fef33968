"""What a token from a mail is for. In: the token. Out: its purpose, while it is good for anything."""

from __future__ import annotations

from django.utils import timezone

from apps.identity.models import OneTimeToken
from apps.identity.services.one_time import digest_of
from kapok.errors import KapokError


def purpose_of(secret: str) -> str:
    """Inside tenant_context. Raises TOKEN_INVALID."""
    good = OneTimeToken.objects.filter(digest=digest_of(secret), used_at=None, expires_at__gt=timezone.now())
    purpose = good.values_list("purpose", flat=True).first()
    if purpose is None:
        raise KapokError("TOKEN_INVALID")
    return str(purpose)
