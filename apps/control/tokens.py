"""Control API tokens: made, looked up, revoked.

In: a user, or a token as a caller sent it. Out: `kctl_` and 43 base64url characters of 256 random bits, of which the
database keeps the SHA-256 (a slow hash protects guessable passwords); or the `ControlToken` it belongs to.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.context import client_address
from apps.audit.logs import PUBLIC
from apps.audit.tally import TALLY
from apps.control.models import ControlToken
from apps.tenants.acting import Actor, actor_name
from apps.tenants.trail import record_on_platform
from kapok.tokens import key_digest

_TOKEN = re.compile(r"kctl_[A-Za-z0-9_-]{43}")
#: `last_used_at` is written at most this often: a write for every request would be a price without a use.
USE_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def do_create_token(
    user: User, *, name: str, lifetime: timedelta, not_after: datetime | None = None, acting: Actor | None = None
) -> tuple[ControlToken, str]:
    """A new token of a user, and its text, which nobody can find out later. not_after: the latest it may end.
    acting: who makes it, where that is not the user."""
    text = "kctl_" + secrets.token_urlsafe(32)
    expires_at = timezone.now() + lifetime
    token = ControlToken.objects.create(
        user=user,
        name=name,
        prefix=text[:12],
        digest=key_digest(text),
        expires_at=expires_at if not_after is None else min(expires_at, not_after),
    )
    record_on_platform(
        "control_token.created",
        f"control_token:{token.pk}",
        acting=acting or user,
        token=token.prefix,
        name=name,
        operator=str(user.pk),
        expiresAt=token.expires_at.isoformat(),
    )
    return token, text


@transaction.atomic
def do_revoke_token(token: ControlToken, *, acting: Actor | None = None) -> None:
    """End a token; revoking it again changes nothing."""
    if ControlToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        target = f"control_token:{token.pk}"
        who = acting or token.user
        record_on_platform("control_token.revoked", target, acting=who, token=token.prefix, name=token.name)


def find_token(text: str) -> ControlToken | None:
    """The token and its user, or None where it is unknown, ended, or the user may not sign in."""
    if not _TOKEN.fullmatch(text):
        return None
    return (
        ControlToken.objects.select_related("user")
        .filter(digest=key_digest(text), revoked_at=None, expires_at__gt=timezone.now(), user__is_active=True)
        .first()
    )


def note_use(token: ControlToken) -> None:
    """Remember when the token was last used."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
    ControlToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    TALLY.used(
        "control_token.used",
        PUBLIC,
        actor=actor_name(token.user),
        target=f"control_token:{token.pk}",
        address=client_address.get(),
        token=token.prefix,
    )
