"""What a token from a mail is for. In: the token. Out: what waits for it, while it is good for anything.

Inside tenant_context. Looking uses nothing up.
"""

from __future__ import annotations

from django.utils import timezone

from apps.identity.models import OneTimeToken
from apps.identity.services.one_time import digest_of
from kapok.errors import KapokError


def waiting_for(secret: str) -> OneTimeToken:
    """The token's row, with its user. Raises TOKEN_INVALID."""
    good = OneTimeToken.objects.filter(digest=digest_of(secret), used_at=None, expires_at__gt=timezone.now())
    found: OneTimeToken | None = good.select_related("user").first()
    if found is None:
        raise KapokError("TOKEN_INVALID")
    return found


def confirms_new_account(token: OneTimeToken) -> bool:
    """Whether it confirms the address of an account that nobody has confirmed: then whoever has the mail may also take
    the account, with a password of his own (do_reset_password)."""
    user = token.user
    return user is not None and user.email_verified_at is None and user.email == token.data.get("email")
