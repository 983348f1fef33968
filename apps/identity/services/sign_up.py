"""Signing up: with an address that gets verified first, with one that does not, or as a visitor without any.

In: what a person typed. Out: a mail (nothing tells whether there is an account), or a user with tokens. A sign-up that
waits is a one-time token and no user: who only typed somebody's address leaves nothing behind, and the password counts
that belongs to the very mail that was answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django_tenants.utils import tenant_context

from apps.identity.context import Origin, in_tenant
from apps.identity.emails import normalised
from apps.identity.limits import MAILS, SIGN_UPS, network_of
from apps.identity.models import OneTimeToken, User
from apps.identity.passwords import check_rules, hash_password
from apps.identity.rows import require_same_password
from apps.identity.services.one_time import digest_of, new_secret, record, take
from apps.identity.services.redirects import allowed_redirect
from apps.identity.services.sessions import Tokens, do_sign_in
from apps.identity.services.users import do_make_user
from apps.identity.tasks import queue_delivery, queue_notice
from apps.identity.trail import record_on_address, record_on_user
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from kapok.errors import KapokError

PURPOSE = "sign_up"


def do_sign_up(
    tenant: Tenant, *, email: str, password: str, metadata: Mapping[str, Any], redirect_to: str, origin: Origin
) -> Tokens | None:
    """None: a mail is on its way, whoever has the address. Tokens where the project asks for no verification. Raises
    SIGN_UP_CLOSED, VALIDATION_FAILED, PASSWORD_UNFIT, REDIRECT_NOT_ALLOWED, RATE_LIMITED, MAIL_UNAVAILABLE; without
    verification also ACCOUNT_EXISTS and what do_sign_in raises."""
    auth = AuthSettings.of(tenant.project)
    if not auth.sign_up:
        raise KapokError("SIGN_UP_CLOSED")
    email = normalised(email)
    check_rules(password, auth, email)
    allowed_redirect(tenant, redirect_to)
    SIGN_UPS.hit(tenant.pk, network_of(origin.address), most=auth.address_sign_ups)
    if not auth.require_verification:
        return _sign_up_at_once(tenant, email, hash_password(password), metadata, redirect_to, origin)
    MAILS.hit(tenant.pk, email, most=auth.account_mails)
    data = {"password": hash_password(password), "metadata": dict(metadata)}
    wait_for_verification(tenant, PURPOSE, email, data, redirect_to, user=None)
    return None


def do_verify(tenant: Tenant, secret: str, *, origin: Origin) -> Tokens:
    """Finish a sign-up: the user is made and signed in. Raises TOKEN_INVALID, and what do_make_user and do_sign_in
    raise; then the token can be used again."""
    with tenant_context(tenant), transaction.atomic():
        token = take(secret, PURPOSE)
        try:
            user = do_make_user(
                tenant,
                email=token.data["email"],
                method="password",
                password_hash=token.data["password"],
                user_metadata=token.data["metadata"],
            )
        except KapokError as error:
            if error.code == "ACCOUNT_EXISTS":  # made since the mail was sent
                raise KapokError("TOKEN_INVALID") from error
            raise
        return do_sign_in(tenant, user, methods=["email"], origin=origin)


def do_sign_up_anonymous(tenant: Tenant, *, metadata: Mapping[str, Any], origin: Origin) -> Tokens:
    """A visitor. Raises SIGN_UP_CLOSED, RATE_LIMITED, and what do_make_user and do_sign_in raise."""
    auth = AuthSettings.of(tenant.project)
    if not auth.anonymous_users:
        raise KapokError("SIGN_UP_CLOSED")
    SIGN_UPS.hit(tenant.pk, network_of(origin.address), most=auth.address_sign_ups)
    with tenant_context(tenant), transaction.atomic():
        user = do_make_user(tenant, email=None, anonymous=True, method="anonymous", user_metadata=metadata)
        return do_sign_in(tenant, user, methods=["anonymous"], origin=origin)


@in_tenant
def _recorded(tenant: Tenant, purpose: str, data: Mapping[str, Any], user: User | None) -> OneTimeToken:
    lifetime = timedelta(hours=AuthSettings.of(tenant.project).sign_up_hours)
    if user is None:
        record_on_address("user.sign_up_requested", tenant, data["email"])
    else:
        require_same_password(tenant, user)
        record_on_user("user.email_change_requested", tenant, user, email=data["email"])
    # The worker that writes the mail makes the real token.
    return record(purpose, lifetime, user=user, data=data, digest=digest_of(new_secret()))


def wait_for_verification(
    tenant: Tenant, purpose: str, email: str, data: Mapping[str, Any], redirect_to: str, *, user: User | None
) -> None:
    """Note what is to happen when the owner of the address answers, and have the mail sent. Raises MAIL_UNAVAILABLE."""
    token = _recorded(tenant, purpose, {**data, "email": email, "redirectTo": redirect_to}, user)
    queue_delivery(tenant, "waiting", str(token.pk))


def _sign_up_at_once(
    tenant: Tenant, email: str, password_hash: str, metadata: Mapping[str, Any], redirect_to: str, origin: Origin
) -> Tokens:
    with tenant_context(tenant), transaction.atomic():
        user = do_make_user(
            tenant, email=email, method="password", password_hash=password_hash, user_metadata=metadata, verified=False
        )
        tokens = do_sign_in(tenant, user, methods=["pwd"], method="password", origin=origin)
    # The account is there, whether or not the mail can be sent; another one comes by POST /email.
    token = _recorded(tenant, "email_change", {"email": email, "redirectTo": redirect_to}, user)
    queue_notice(tenant, "waiting", str(token.pk))
    return tokens
