"""What a signed-in user does with the own account: metadata, another address, a visitor becoming somebody.

In: the user and what he sent. Out: the changed user, or a mail that has to be answered first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.context import Origin, in_tenant
from apps.identity.emails import normalised
from apps.identity.factors.enrolment import require_fresh
from apps.identity.limits import MAILS, SIGN_UPS, network_of
from apps.identity.models import OneTimeToken, Session, User
from apps.identity.passwords import check_rules, hash_password
from apps.identity.rows import require_same_password
from apps.identity.services.one_time import take, void_all
from apps.identity.services.passwords import prove_password
from apps.identity.services.redirects import allowed_redirect
from apps.identity.services.sessions import require_going_on
from apps.identity.services.sign_up import wait_for_verification
from apps.identity.services.verification import waiting_for
from apps.identity.tasks import queue_notice
from apps.identity.trail import record_on_user
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from apps.tenants.services.tokens import revoke_user_tokens
from kapok.errors import KapokError

PURPOSE = "email_change"


@in_tenant
def do_change_metadata(tenant: Tenant, user: User, metadata: Mapping[str, Any]) -> User:
    """Replace what the user says of himself."""
    locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    locked.user_metadata, locked.updated_at = dict(metadata), timezone.now()
    locked.save(update_fields=["user_metadata", "updated_at"])
    record_on_user("user.metadata_changed", tenant, locked)
    return locked


def do_request_email(
    tenant: Tenant, user: User, session: Session, *, email: str, password: str, redirect_to: str, origin: Origin
) -> None:
    """Ask for another address: a mail goes there. password: of who has one; who has none has just signed in. Raises
    INVALID_CREDENTIALS, REAUTHENTICATION_REQUIRED, RATE_LIMITED, REDIRECT_NOT_ALLOWED, MAIL_UNAVAILABLE."""
    if user.is_anonymous:
        raise KapokError("INVALID_STATE", "A visitor has no address to change.", hint="Use /auth/v1/user/upgrade.")
    email = normalised(email)
    allowed_redirect(tenant, redirect_to)
    if user.password:
        prove_password(tenant, user, password, origin)
    else:
        with tenant_context(tenant):
            require_fresh(session, user)
    _count_mail(tenant, email, origin)
    wait_for_verification(tenant, PURPOSE, email, {}, redirect_to, user=user)


def do_request_upgrade(
    tenant: Tenant, user: User, *, email: str, password: str, redirect_to: str, origin: Origin
) -> None:
    """A visitor names an address and a password; he keeps his id and everything he has. Raises INVALID_STATE,
    SIGN_UP_CLOSED, PASSWORD_UNFIT, REDIRECT_NOT_ALLOWED, RATE_LIMITED, MAIL_UNAVAILABLE."""
    auth = AuthSettings.of(tenant.project)
    if not user.is_anonymous:
        raise KapokError("INVALID_STATE", "This user has an account already.")
    if not auth.sign_up:
        raise KapokError("SIGN_UP_CLOSED")
    email = normalised(email)
    check_rules(password, auth, email)
    allowed_redirect(tenant, redirect_to)
    _count_mail(tenant, email, origin)
    wait_for_verification(tenant, PURPOSE, email, {"password": hash_password(password)}, redirect_to, user=user)


def do_confirm_email(
    tenant: Tenant, secret: str, *, shown: Session | None = None, password: str = "", origin: Origin
) -> User:
    """The new address counts from now on, and both addresses are told. Tokens with the old one are believed no more.
    Who holds the mail shows the account, too, by a session of it (shown) or its password: otherwise the account may be
    a stranger's, who wants the owner of the address in it. Raises TOKEN_INVALID; REAUTHENTICATION_REQUIRED,
    INVALID_CREDENTIALS, RATE_LIMITED, SESSION_ENDED (then the token can be used again)."""
    with tenant_context(tenant):
        waits = waiting_for(secret)
        if waits.user is None:
            raise KapokError("TOKEN_INVALID")
        _show_account(tenant, waits, shown, password, origin)
        with transaction.atomic():
            token = take(secret, PURPOSE)
            require_same_password(tenant, waits.user)
            user = User.objects.filter(pk=token.user_id, disabled_at=None).first()
            if user is None:
                raise KapokError("TOKEN_INVALID")
            if shown is not None:
                require_going_on(shown)
            before, user.email = user.email, token.data["email"]
            user.email_verified_at = user.updated_at = timezone.now()
            user.is_anonymous = False
            if "password" in token.data:
                user.password, user.password_changed_at = token.data["password"], user.updated_at
            _save_if_free(user)
            void_all(user)
            revoke_user_tokens(tenant, str(user.pk))
            record_on_user("user.email_changed", tenant, user, before=before, after=user.email)
        # The address of a sign-up at once is confirmed later: nothing has changed then.
        told = {before, user.email} - {None} if before != user.email else set()
        for address in told:
            queue_notice(tenant, "notice", "email_changed", str(address), str(user.email))
    return user


def _show_account(tenant: Tenant, waits: OneTimeToken, shown: Session | None, password: str, origin: Origin) -> None:
    if shown is not None and shown.user_id == waits.user_id:
        return
    if not password or waits.user is None:
        hint = "Send its password, too, or the access token of a session of it."
        raise KapokError("REAUTHENTICATION_REQUIRED", "Who confirms an address shows the account.", hint=hint)
    # A visitor's is the one that was named with the address.
    prove_password(tenant, waits.user, password, origin, known=waits.data.get("password"))


def _count_mail(tenant: Tenant, email: str, origin: Origin) -> None:
    """A session must not become a way to send mail to everybody. Raises RATE_LIMITED."""
    auth = AuthSettings.of(tenant.project)
    SIGN_UPS.hit(tenant.pk, network_of(origin.address), most=auth.address_sign_ups)
    MAILS.hit(tenant.pk, email, most=auth.account_mails)


def _save_if_free(user: User) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as exc:  # somebody else's since the mail was sent
        raise KapokError("TOKEN_INVALID") from exc
