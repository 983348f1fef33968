"""From what a provider proved to an account of the tenant.

In: verified claims. Out: the user who is signed in, found by the account at the provider, by a verified address, or
made. An address that the provider has not verified is nobody's: it finds no account and is not taken for one.
"""

from __future__ import annotations

import uuid

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.identity.context import Origin, in_tenant
from apps.identity.emails import normalised
from apps.identity.factors.enrolment import require_fresh
from apps.identity.factors.second_step import Challenge
from apps.identity.models import FactorKind, Identity, Session, User
from apps.identity.services.ownership import take_possession
from apps.identity.services.sessions import Tokens, require_going_on
from apps.identity.services.sign_in import tokens_or_challenge
from apps.identity.services.users import do_sign_up_external
from apps.identity.social.flow import Proven
from apps.identity.trail import Refusals, record_on_user
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from apps.tenants.services.tokens import revoke_user_tokens
from kapok.errors import KapokError

#: What is kept of the claims: who it was, for operators; never tokens.
_KEPT_CLAIMS = ("iss", "sub", "email", "email_verified", "name", "preferred_username", "picture", "locale")


@in_tenant
def do_sign_in_external(tenant: Tenant, proven: Proven, *, origin: Origin) -> Tokens | Challenge:
    """Tokens, or the challenge of a second factor; who gets neither leaves nothing behind. Raises what
    do_find_or_make_user and do_sign_in raise."""
    with Refusals(tenant, "oidc"):
        return tokens_or_challenge(tenant, do_find_or_make_user(tenant, proven), "fed", "oidc", origin)


@in_tenant
def do_find_or_make_user(tenant: Tenant, proven: Proven) -> User:
    """The user a sign-in is for. Raises ACCOUNT_EXISTS, and what signing up raises."""
    found = _identity(proven).select_for_update(of=("self",)).first()
    if found is not None:
        _used(tenant, found, proven)
        return found.user
    user = _user_of_address(tenant, proven)
    if user is None:
        user = do_sign_up_external(tenant, email=proven.verified_email, metadata=proven.metadata(), method="oidc")
    _connect(tenant, user, proven)
    return user


@in_tenant
def do_connect(tenant: Tenant, user: User, session: Session, proven: Proven) -> Identity:
    """Let a signed-in user sign in at the provider from now on; an anonymous one becomes an account, and cannot sign in
    anew before that. Raises ALREADY_EXISTS, REAUTHENTICATION_REQUIRED; for an anonymous one also SIGN_UP_CLOSED and
    ACCOUNT_EXISTS."""
    if not user.is_anonymous:
        require_fresh(session, user)
    locked = User.objects.select_for_update().get(pk=user.pk)
    require_going_on(session)
    found = _identity(proven).first()
    if found is not None and found.user_id != user.pk:
        raise KapokError("ALREADY_EXISTS", "This account at the provider belongs to another user.")
    if found is not None:
        return _used(tenant, found, proven)
    if not locked.is_anonymous:
        return _connect(tenant, locked, proven)
    if not AuthSettings.of(tenant.project).sign_up:
        raise KapokError("SIGN_UP_CLOSED")
    _name(locked, proven)
    connected = _connect(tenant, locked, proven)
    # Tokens in use still say that he is a visitor.
    revoke_user_tokens(tenant, str(locked.pk))
    return connected


@in_tenant
def do_disconnect(tenant: Tenant, user: User, session: Session, identity_id: uuid.UUID) -> None:
    """The provider's account signs in no longer. Raises NOT_FOUND, INVALID_STATE when it is the only way in,
    REAUTHENTICATION_REQUIRED."""
    require_fresh(session, user)
    locked = User.objects.select_for_update().get(pk=user.pk)
    require_going_on(session)
    identity = locked.identities.filter(pk=identity_id).first()
    if identity is None:
        raise KapokError("NOT_FOUND", "You have no such account at a provider.")
    passkeys = locked.factors.filter(kind=FactorKind.WEBAUTHN).exclude(confirmed_at=None)
    others = locked.identities.exclude(pk=identity_id)
    if not (locked.email or others.exists() or passkeys.exists()):
        raise KapokError("INVALID_STATE", "This is the only way to sign in.", hint="Add an e-mail address first.")
    record_on_user("identity.disconnected", tenant, locked, identity=str(identity.pk), provider=identity.provider)
    identity.delete()


def _identity(proven: Proven) -> QuerySet[Identity]:
    return Identity.objects.select_related("user").filter(issuer=proven.provider.issuer, subject=proven.subject)


def _user_of_address(tenant: Tenant, proven: Proven) -> User | None:
    """The account with this address, where the project believes the provider what it says of addresses; where nobody
    has confirmed it here, it is taken from whoever made it. Raises ACCOUNT_EXISTS otherwise: whoever reads this has
    proved that the address is his."""
    if proven.verified_email is None:
        return None
    user = User.objects.select_for_update().filter(email=normalised(proven.verified_email)).first()
    if user is None:
        return None
    if not proven.provider.links_accounts:
        raise KapokError("ACCOUNT_EXISTS")
    take_possession(tenant, user)
    return user


def _name(user: User, proven: Proven) -> None:
    """An anonymous user becomes an account, with the provider's address if it is free."""
    address = normalised(proven.verified_email) if proven.verified_email else None
    if address is not None and User.objects.filter(email=address).exists():
        raise KapokError("ACCOUNT_EXISTS")
    user.is_anonymous, user.email = False, address
    user.email_verified_at = timezone.now() if address else None
    user.user_metadata = {**proven.metadata(), **user.user_metadata}
    user.updated_at = timezone.now()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as exc:
        raise KapokError("ACCOUNT_EXISTS") from exc


def _used(tenant: Tenant, identity: Identity, proven: Proven) -> Identity:
    _remember(identity, proven)
    record_on_user("identity.used", tenant, identity.user, identity=str(identity.pk), provider=identity.provider)
    return identity


def _connect(tenant: Tenant, user: User, proven: Proven) -> Identity:
    try:
        with transaction.atomic():
            made = _remember(
                Identity(
                    user=user, provider=proven.provider.name, issuer=proven.provider.issuer, subject=proven.subject
                ),
                proven,
            )
    except IntegrityError as exc:
        raise KapokError("ALREADY_EXISTS", "This account at the provider has just been connected.") from exc
    record_on_user("identity.connected", tenant, user, identity=str(made.pk), provider=made.provider)
    return made


def _remember(identity: Identity, proven: Proven) -> Identity:
    identity.provider = proven.provider.name
    identity.email = str(proven.claims.get("email") or "")[:320]
    identity.claims = {name: proven.claims[name] for name in _KEPT_CLAIMS if name in proven.claims}
    identity.last_used_at = timezone.now()
    identity.save()
    return identity
