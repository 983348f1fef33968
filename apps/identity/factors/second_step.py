"""The second step of a sign-in: who has a factor gets a challenge instead of tokens.

In: a user who has given a first proof. Out: a challenge, and tokens for the right answer to it. A challenge is good for
a few minutes, one success and a few failures; a user's failures count over all challenges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.context import Origin, in_tenant
from apps.identity.factors.ceremonies import request_options
from apps.identity.factors.party import relying_party, relying_party_of
from apps.identity.factors.proofs import (
    confirmed,
    credential_of,
    prove_passkey,
    prove_recovery_code,
    prove_totp,
)
from apps.identity.limits import RateLimit
from apps.identity.models import FactorKind, OneTimeToken, User
from apps.identity.rows import has_factor
from apps.identity.services.one_time import digest_of, issue
from apps.identity.services.sessions import Tokens, do_sign_in
from apps.identity.trail import Refusals, target_of
from apps.tenants.models import Tenant
from kapok.errors import KapokError

PURPOSE = "second_step"
LIFETIME = timedelta(minutes=5)
#: Wrong answers to one challenge.
MAX_ATTEMPTS = 5
#: Wrong codes of one user: three codes of a million are right at any time, so guessing takes decades.
WRONG_CODES = RateLimit("second-step", 900)
MOST_WRONG_CODES = 10
#: A passkey that asked for a finger or PIN is two factors already (NIST SP 800-63B, multi-factor authenticators).
_STRONG = frozenset({"mfa"})


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is missing for a sign-in. factors: [{id, kind, name}]."""

    token: str
    expires_at: datetime
    factors: tuple[dict[str, str], ...]

    def body(self) -> dict[str, Any]:
        """As JSON."""
        said = {"token": self.token, "expiresAt": self.expires_at, "factors": list(self.factors)}
        return {"challenge": said}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person sent: one of the three."""

    code: str = ""
    recovery_code: str = ""
    credential: Mapping[str, Any] | None = None


def challenge_for(tenant: Tenant, user: User, methods: Sequence[str], method: str = "") -> Challenge | None:
    """The challenge for a user who has given these proofs (`amr`); None for one without factors. method: the word for
    the hook. In the tenant's schema."""
    if _STRONG.intersection(methods) or not has_factor(tenant, user):
        return None
    factors = list(confirmed(user))
    token = issue(PURPOSE, LIFETIME, user=user, data={"methods": list(methods), "method": method})
    described = tuple({"id": str(each.pk), "kind": each.kind, "name": each.name} for each in factors)
    return Challenge(token, timezone.now() + LIFETIME, described)


@in_tenant
def passkey_options(tenant: Tenant, token: str, page_origin: str | None) -> dict[str, Any]:
    """Options for a passkey as the answer to a challenge. Raises TOKEN_INVALID, NOT_FOUND, FORBIDDEN."""
    row = _open(token).first()
    if row is None or row.user is None:
        raise KapokError("TOKEN_INVALID")
    passkeys = [credential_of(each) for each in confirmed(row.user).filter(kind=FactorKind.WEBAUTHN)]
    if not passkeys:
        raise KapokError("NOT_FOUND", "This account has no passkey.")
    party = relying_party(tenant, page_origin)
    return request_options(party, webauthn_challenge(token), allowed=passkeys, verify_user=False)


def do_answer_challenge(tenant: Tenant, token: str, answer: Answer, *, origin: Origin) -> Tokens:
    """Finish a sign-in. Raises TOKEN_INVALID, FACTOR_REFUSED, RATE_LIMITED, and what do_sign_in raises."""
    with Refusals(tenant, "second_step") as refusals:
        with tenant_context(tenant), transaction.atomic():
            row = _open(token).select_for_update(of=("self",)).first()
            if row is None or row.user is None:
                raise KapokError("TOKEN_INVALID")
            user = row.user
            refusals.target = target_of(user)
            WRONG_CODES.hit(tenant.pk, user.pk, most=MOST_WRONG_CODES)
            method = _proved(tenant, user, token, answer)
            if method is None:
                row.attempts += 1
                row.save(update_fields=["attempts"])
            else:
                row.used_at = timezone.now()
                row.save(update_fields=["used_at"])
                WRONG_CODES.refund(tenant.pk, user.pk)
                methods = [*row.data["methods"], method, "mfa"]
                how = row.data.get("method", "")
                return do_sign_in(tenant, user, methods=methods, method=how, level="aal2", origin=origin)
        # Only here, after the attempt has been counted and committed.
        raise KapokError("FACTOR_REFUSED")


def webauthn_challenge(token: str) -> bytes:
    """The challenge a browser signs, made of a token that works once."""
    return hashlib.sha256(b"kapok webauthn challenge " + token.encode()).digest()


def _open(token: str) -> Any:
    return OneTimeToken.objects.select_related("user").filter(
        purpose=PURPOSE,
        digest=digest_of(token),
        used_at=None,
        expires_at__gt=timezone.now(),
        attempts__lt=MAX_ATTEMPTS,
    )


def _proved(tenant: Tenant, user: User, token: str, answer: Answer) -> str | None:
    if answer.credential is not None:
        party = relying_party_of(tenant, answer.credential)
        return prove_passkey(user, party, webauthn_challenge(token), answer.credential, verify_user=False)
    if answer.code:
        return prove_totp(tenant, user, answer.code)
    return prove_recovery_code(user, answer.recovery_code)
