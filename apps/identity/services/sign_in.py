"""Signing in with a password, or with a link from a mail.

In: what a person sent. Out: tokens, or the challenge of a second factor. A wrong password and an account that is not
there give the same answer after the same work.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.context import Origin, in_tenant
from apps.identity.emails import normalised
from apps.identity.factors.second_step import Challenge, challenge_for
from apps.identity.limits import (
    ACCOUNT,
    ACCOUNT_FROM_ADDRESS,
    ADDRESS,
    BEGUN,
    MAILS,
    SIGN_UPS,
    hit_all,
    network_of,
    refund_all,
)
from apps.identity.models import User
from apps.identity.passwords import check_password, hash_password
from apps.identity.rows import same_password, signing_in, user_with
from apps.identity.services.one_time import take
from apps.identity.services.ownership import take_possession
from apps.identity.services.redirects import allowed_redirect
from apps.identity.services.sessions import Tokens, sign_in
from apps.identity.services.users import do_make_user
from apps.identity.tasks import queue_delivery
from apps.identity.trail import Refusals, account, record_on_address, record_on_user
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from kapok.errors import KapokError

#: How many times its limit from one address an account has from all addresses together.
_ALL_ADDRESSES = 10
#: How many times the limit of failed sign-ins from one address may be begun there.
_TIMES_BEGUN = 10


class Attempt:
    """An attempt to guess something about an account: counted before it is made, forgotten when it succeeds."""

    def __init__(self, tenant: Tenant, account: str, origin: Origin) -> None:
        """Raises RATE_LIMITED."""
        auth, network = AuthSettings.of(tenant.project), network_of(origin.address)
        self._counted = (
            (ADDRESS, (tenant.pk, network), auth.address_failures),
            (ACCOUNT_FROM_ADDRESS, (tenant.pk, account, network), auth.account_failures),
            (ACCOUNT, (tenant.pk, account), auth.account_failures * _ALL_ADDRESSES),
        )
        hit_all(self._counted)

    def succeeded(self) -> None:
        """It was no guess."""
        refund_all(self._counted)


def count_begun(tenant: Tenant, origin: Origin) -> None:
    """A sign-in with a passkey or at an identity provider begins. Raises RATE_LIMITED."""
    most = AuthSettings.of(tenant.project).address_failures * _TIMES_BEGUN
    BEGUN.hit(tenant.pk, network_of(origin.address), most=most)


def do_sign_in_password(tenant: Tenant, *, email: str, password: str, origin: Origin) -> Tokens | Challenge:
    """Raises INVALID_CREDENTIALS, RATE_LIMITED, OVERLOADED, ACCOUNT_DISABLED, SIGN_IN_REFUSED, HOOK_FAILED."""
    email = normalised(email)
    with Refusals(tenant, "password", account(email)), tenant_context(tenant):
        attempt = Attempt(tenant, email, origin)
        user = user_with(tenant, email)
        check = check_password(password, user.password if user else "")
        if user is None or not check.right:
            raise KapokError("INVALID_CREDENTIALS")
        attempt.succeeded()
        if check.outdated:
            renewed = hash_password(password)
            User.objects.filter(pk=user.pk, password=user.password).update(password=renewed)
        with transaction.atomic():
            entering = signing_in(tenant, user, timezone.now(), by_password=True)
            if entering is not None:
                return sign_in(tenant, user, methods=["pwd"], method="password", origin=origin, entering=entering)
            # Disabled, with a second factor, or with another password meanwhile.
            if not same_password(tenant, user):
                raise KapokError("INVALID_CREDENTIALS")
            return tokens_or_challenge(tenant, user, "pwd", "password", origin)


def do_send_magic_link(tenant: Tenant, *, email: str, redirect_to: str, origin: Origin) -> None:
    """A mail is on its way, if the address may sign in or up. Raises SIGN_UP_CLOSED, REDIRECT_NOT_ALLOWED,
    RATE_LIMITED, MAIL_UNAVAILABLE."""
    auth = AuthSettings.of(tenant.project)
    if not auth.magic_links:
        raise KapokError("SIGN_UP_CLOSED", "This project does not sign people in by mail.")
    email = normalised(email)
    allowed_redirect(tenant, redirect_to)
    SIGN_UPS.hit(tenant.pk, network_of(origin.address), most=auth.address_sign_ups)
    MAILS.hit(tenant.pk, email, most=auth.account_mails)
    with transaction.atomic():
        record_on_address("user.magic_link_requested", tenant, email)
        queue_delivery(tenant, "magic_link", email, redirect_to)


@in_tenant
def do_sign_in_magic_link(tenant: Tenant, secret: str, *, origin: Origin) -> Tokens | Challenge:
    """Raises TOKEN_INVALID, and what do_make_user and do_sign_in raise; then the link can be used again."""
    with Refusals(tenant, "magic_link") as refusals:
        token = take(secret, "magic_link")
        refusals.target = account(token.data["email"])
        user = User.objects.filter(email=token.data["email"]).first()
        # The account may have been given up, or another address, since the mail was sent.
        if token.user_id is not None and (user is None or user.pk != token.user_id):
            raise KapokError("TOKEN_INVALID")
        if user is None:
            user = do_make_user(tenant, email=token.data["email"], method="magic_link")
        take_possession(tenant, user)
        return tokens_or_challenge(tenant, user, "email", "magic_link", origin)


def tokens_or_challenge(tenant: Tenant, user: User, proof: str, method: str, origin: Origin) -> Tokens | Challenge:
    """What a first proof gives: tokens, or a challenge for who has a second factor. Inside tenant_context, in a
    transaction."""
    if user.disabled_at is not None:
        raise KapokError("ACCOUNT_DISABLED")
    challenge = challenge_for(tenant, user, [proof], method)
    if challenge is not None:
        record_on_user("user.challenged", tenant, user, method=method)
        return challenge
    return sign_in(tenant, user, methods=[proof], method=method, origin=origin)
