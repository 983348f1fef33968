"""Factors of a signed-in user: added, confirmed, removed; recovery codes.

In: the tenant, the user and the session that asks. Out: factors, and secrets that are shown once. Changing factors asks
for a fresh sign-in, with a factor where the user has one: a stolen token must not become a stolen account.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.context import in_tenant
from apps.identity.factors.ceremonies import creation_options, verify_creation
from apps.identity.factors.party import relying_party, relying_party_of
from apps.identity.factors.proofs import confirmed, credential_of, sealed_totp_secret, totp_secret
from apps.identity.factors.second_step import MOST_WRONG_CODES, WRONG_CODES, webauthn_challenge
from apps.identity.models import Factor, FactorKind, RecoveryCode, Session, User
from apps.identity.services.one_time import issue, take
from apps.identity.services.sessions import require_going_on
from apps.identity.trail import record_on_user
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from kapok import recovery_codes, totp
from kapok.errors import KapokError

#: How long a sign-in is fresh.
FRESH = timedelta(minutes=10)
PASSKEY_PURPOSE = "passkey_registration"
PASSKEY_LIFETIME = timedelta(minutes=5)
#: How long a secret that nobody confirmed is kept, and how many factors a user may have.
UNCONFIRMED = timedelta(hours=1)
MAX_FACTORS = 10


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A factor that counts from now on. recovery_codes: new ones, when the user had none; shown this once."""

    factor: Factor
    recovery_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TotpSecret:
    """What an authenticator app needs; shown this once."""

    factor: Factor
    secret: str
    uri: str
    qr_svg: str


def require_fresh(session: Session, user: User) -> None:
    """Raises REAUTHENTICATION_REQUIRED for a session that was signed in to long ago, or without the user's factor."""
    stale = session.authenticated_at < timezone.now() - FRESH
    weak = session.level != "aal2" and confirmed(user).exists()
    if stale or weak:
        raise KapokError("REAUTHENTICATION_REQUIRED")


@in_tenant
def do_start_totp(tenant: Tenant, user: User, session: Session, name: str = "") -> TotpSecret:
    """A new secret, which counts once a code of it has been given. Raises REAUTHENTICATION_REQUIRED, INVALID_STATE."""
    _require_room(user, session)
    user.factors.filter(kind=FactorKind.TOTP, confirmed_at=None).delete()
    secret = totp.new_secret()
    factor = Factor(user=user, kind=FactorKind.TOTP, name=name[:100] or "Authenticator app")
    factor.sealed_secret = sealed_totp_secret(tenant, factor, secret)
    factor.save(force_insert=True)
    record_on_user("factor.begun", tenant, user, factor=str(factor.pk))
    issuer = AuthSettings.of(tenant.project).mfa_issuer or tenant.name
    uri = totp.otpauth_uri(secret, user.email or str(user.pk), issuer)
    return TotpSecret(factor, secret, uri, totp.qr_svg(uri))


def do_confirm_totp(tenant: Tenant, user: User, session: Session, factor_id: uuid.UUID, code: str) -> Enrolled:
    """The factor counts from now on. Raises NOT_FOUND, FACTOR_REFUSED, RATE_LIMITED, REAUTHENTICATION_REQUIRED."""
    with tenant_context(tenant), transaction.atomic():
        require_fresh(session, user)
        WRONG_CODES.hit(tenant.pk, user.pk, most=MOST_WRONG_CODES)
        _locked(user, session)
        young = timezone.now() - UNCONFIRMED
        waiting = user.factors.filter(pk=factor_id, kind=FactorKind.TOTP, confirmed_at=None, created_at__gt=young)
        factor = waiting.first()
        if factor is None:
            raise KapokError("NOT_FOUND", "There is no such factor that waits for a code.")
        step = totp.step_of(totp_secret(tenant, factor), code, timezone.now(), None)
        if step is not None:
            factor.last_step = step
            WRONG_CODES.refund(tenant.pk, user.pk)
            return _counts(tenant, factor, session, "otp")
    raise KapokError("FACTOR_REFUSED")


@in_tenant
def passkey_registration(tenant: Tenant, user: User, session: Session, page_origin: str | None) -> dict[str, Any]:
    """{token, options}: what a browser needs to make a passkey. Raises REAUTHENTICATION_REQUIRED, FORBIDDEN."""
    _require_room(user, session)
    party = relying_party(tenant, page_origin)
    token = issue(PASSKEY_PURPOSE, PASSKEY_LIFETIME, user=user)
    known = [credential_of(each) for each in confirmed(user).filter(kind=FactorKind.WEBAUTHN)]
    name = user.email or "anonymous"
    options = creation_options(party, webauthn_challenge(token), user_id=user.pk.bytes, user_name=name, known=known)
    return {"token": token, "options": options}


def do_add_passkey(
    tenant: Tenant, user: User, session: Session, token: str, answer: Mapping[str, Any], name: str = ""
) -> Enrolled:
    """The passkey counts from now on. Raises TOKEN_INVALID, FACTOR_REFUSED, REAUTHENTICATION_REQUIRED."""
    with tenant_context(tenant):
        _require_room(user, session)
        # Used up by a wrong answer too: this is committed on its own.
        with transaction.atomic():
            owner = take(token, PASSKEY_PURPOSE).user_id
        if owner != user.pk:
            raise KapokError("TOKEN_INVALID")
        return _add_passkey(tenant, user, session, token, answer, name)


def _add_passkey(
    tenant: Tenant, user: User, session: Session, token: str, answer: Mapping[str, Any], name: str
) -> Enrolled:
    made = verify_creation(relying_party_of(tenant, answer), webauthn_challenge(token), answer)
    factor = Factor(
        user=user,
        kind=FactorKind.WEBAUTHN,
        name=name[:100] or "Passkey",
        credential_id=made.credential.id,
        public_key=made.credential.public_key,
        sign_count=made.credential.sign_count,
        transports=list(made.credential.transports),
        aaguid=made.aaguid,
        backed_up=made.backed_up,
    )
    try:
        with transaction.atomic():
            _locked(user, session)
            return _counts(tenant, factor, session, "pop")
    except IntegrityError as exc:
        raise KapokError("ALREADY_EXISTS", "This passkey is registered already.") from exc


@in_tenant
def do_remove_factor(tenant: Tenant, user: User, session: Session, factor_id: uuid.UUID) -> None:
    """It no longer counts; with the last one the recovery codes go. Raises NOT_FOUND, REAUTHENTICATION_REQUIRED."""
    require_fresh(session, user)
    _locked(user, session)
    factor = user.factors.filter(pk=factor_id).first()
    if factor is None:
        raise KapokError("NOT_FOUND", "You have no such factor.")
    record_on_user("factor.removed", tenant, user, factor=str(factor.pk), kind=factor.kind)
    factor.delete()
    if not confirmed(user).exists():
        user.recovery_codes.all().delete()


@in_tenant
def do_new_recovery_codes(tenant: Tenant, user: User, session: Session) -> tuple[str, ...]:
    """Ten new codes; the former ones are void. Raises REAUTHENTICATION_REQUIRED, INVALID_STATE without a factor."""
    require_fresh(session, user)
    _locked(user, session)
    if not confirmed(user).exists():
        raise KapokError("INVALID_STATE", "Recovery codes stand in for a factor; add one first.")
    user.recovery_codes.all().delete()
    record_on_user("factor.codes_made", tenant, user)
    return _make_codes(user)


def _counts(tenant: Tenant, factor: Factor, session: Session, method: str) -> Enrolled:
    """Confirm, and say so of the session: its user has just proved it. In a transaction."""
    user = factor.user
    factor.confirmed_at = factor.last_used_at = timezone.now()
    factor.save()
    session.methods = list(dict.fromkeys([*session.methods, method, "mfa"]))
    session.level = "aal2"
    session.save(update_fields=["methods", "level"])
    record_on_user("factor.added", tenant, user, factor=str(factor.pk), kind=factor.kind)
    return Enrolled(factor, () if user.recovery_codes.exists() else _make_codes(user))


def _make_codes(user: User) -> tuple[str, ...]:
    made = tuple(recovery_codes.new_codes())
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=recovery_codes.digest_of(code)) for code in made)
    return made


def _require_room(user: User, session: Session) -> None:
    require_fresh(session, user)
    if user.is_anonymous:
        raise KapokError("INVALID_STATE", "An anonymous user has nothing to protect yet.", hint="Give an e-mail first.")
    if user.factors.count() >= MAX_FACTORS:
        raise KapokError("INVALID_STATE", f"There are {MAX_FACTORS} factors already.", hint="Remove one first.")


def _locked(user: User, session: Session) -> None:
    User.objects.select_for_update().get(pk=user.pk)
    require_going_on(session)
