"""What a second factor proves: codes and passkeys against what is stored, each accepted once.

In: a user (in the tenant's schema) and what a person sent. Out: the method (RFC 8176's `amr`) that was proved, or None
for a wrong answer. Rows are changed by conditions on what they were, so two requests at once cannot both succeed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils import timezone

from apps.accounts.secret_keys import secret_keys
from apps.identity.factors.ceremonies import Credential, RelyingParty, credential_id_of, verify_assertion
from apps.identity.models import Factor, FactorKind, RecoveryCode, User
from apps.tenants.models import Tenant
from kapok.errors import KapokError
from kapok.recovery_codes import digest_of
from kapok.sealing import seal, unseal
from kapok.totp import step_of

#: Methods as they stand in tokens' `amr`. Passkeys: RFC 8176 has no better word than the proof of possession of a key.
TOTP, RECOVERY, PASSKEY = "otp", "recovery", "pop"


def prove_totp(tenant: Tenant, user: User, code: str) -> str | None:
    """A code of one of the user's authenticator apps; good once."""
    now = timezone.now()
    for factor in confirmed(user).filter(kind=FactorKind.TOTP):
        step = step_of(totp_secret(tenant, factor), code, now, factor.last_step)
        if step is None:
            continue
        unused = Q(last_step=None) | Q(last_step__lt=step)
        if Factor.objects.filter(unused, pk=factor.pk).update(last_step=step, last_used_at=now):
            return TOTP
    return None


def prove_recovery_code(user: User, code: str) -> str | None:
    """One of the user's recovery codes; good once."""
    unused = RecoveryCode.objects.filter(user=user, digest=digest_of(code), used_at=None)
    return RECOVERY if unused.update(used_at=timezone.now()) else None


def prove_passkey(
    user: User, party: RelyingParty, challenge: bytes, answer: Mapping[str, Any], *, verify_user: bool
) -> str | None:
    """One of the user's passkeys, for this challenge."""
    factor = confirmed(user).filter(kind=FactorKind.WEBAUTHN, credential_id=credential_id_of(answer)).first()
    if factor is None:
        return None
    try:
        use_passkey(factor, party, challenge, answer, verify_user=verify_user)
    except KapokError as error:
        if error.code != "FACTOR_REFUSED":
            raise
        return None
    return PASSKEY


def use_passkey(
    factor: Factor, party: RelyingParty, challenge: bytes, answer: Mapping[str, Any], *, verify_user: bool
) -> None:
    """Check an answer and remember the counter. Raises FACTOR_REFUSED."""
    proved = verify_assertion(party, challenge, answer, credential_of(factor), verify_user=verify_user)
    unchanged = Factor.objects.filter(pk=factor.pk, sign_count=factor.sign_count)
    if not unchanged.update(sign_count=proved.sign_count, backed_up=proved.backed_up, last_used_at=timezone.now()):
        raise KapokError("FACTOR_REFUSED")


def confirmed(user: User) -> Any:
    """The factors that count."""
    return user.factors.exclude(confirmed_at=None)


def credential_of(factor: Factor) -> Credential:
    """A passkey as ceremonies need it."""
    return Credential(
        bytes(factor.credential_id or b""), bytes(factor.public_key or b""), factor.sign_count, tuple(factor.transports)
    )


def totp_secret(tenant: Tenant, factor: Factor) -> str:
    """The shared secret. Raises SealBrokenError where SECRET_KEY has changed."""
    return unseal(secret_keys(), _purpose(tenant, factor), factor.sealed_secret).decode()


def sealed_totp_secret(tenant: Tenant, factor: Factor, secret: str) -> str:
    """The secret as it is stored: it opens for this factor of this tenant only."""
    return seal(secret_keys(), _purpose(tenant, factor), secret.encode())


def _purpose(tenant: Tenant, factor: Factor) -> str:
    return f"totp secret of {tenant.pk} {factor.pk}"
