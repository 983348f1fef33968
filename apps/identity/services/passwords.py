"""A new password: for who forgot it, by a link; for who knows it, by saying it.

In: what a person sent. Out: the password is changed, other sessions have ended, and the account's address is told.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.context import Origin
from apps.identity.emails import normalised
from apps.identity.limits import MAILS, SIGN_UPS, network_of
from apps.identity.models import Session, User
from apps.identity.passwords import check_password, check_rules, hash_password
from apps.identity.rows import require_same_password
from apps.identity.services.one_time import take
from apps.identity.services.ownership import take_possession
from apps.identity.services.redirects import allowed_redirect
from apps.identity.services.sessions import end_sessions
from apps.identity.services.sign_in import Attempt
from apps.identity.tasks import queue_delivery, queue_notice
from apps.identity.trail import Refusals, record_on_address, record_on_user, target_of
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from kapok.errors import KapokError

#: The purpose of a link that confirms an address.
CONFIRMATION = "email_change"


def do_send_password_reset(tenant: Tenant, *, email: str, redirect_to: str, origin: Origin) -> None:
    """A mail is on its way, if there is such an account. Raises REDIRECT_NOT_ALLOWED, RATE_LIMITED,
    MAIL_UNAVAILABLE."""
    auth = AuthSettings.of(tenant.project)
    email = normalised(email)
    allowed_redirect(tenant, redirect_to)
    SIGN_UPS.hit(tenant.pk, network_of(origin.address), most=auth.address_sign_ups)
    MAILS.hit(tenant.pk, email, most=auth.account_mails)
    with transaction.atomic():
        record_on_address("user.password_reset_requested", tenant, email)
        queue_delivery(tenant, "password_reset", email, redirect_to)


def do_reset_password(tenant: Tenant, secret: str, *, password: str) -> None:
    """Set a password by the link of a reset or an invitation, or by the one that confirms the address of a new account,
    for who has not made it himself. All sessions end: whoever knew the old password is out. Raises TOKEN_INVALID,
    PASSWORD_UNFIT (then the link can be used again)."""
    with tenant_context(tenant):
        with transaction.atomic():
            token = take(secret, "password_reset", "invite", CONFIRMATION)
            user = User.objects.select_for_update(no_key=True).filter(pk=token.user_id, disabled_at=None).first()
            # The mail went to an address that was the account's then.
            if user is None or user.email != token.data["email"]:
                raise KapokError("TOKEN_INVALID")
            # It lasts longer than a reset's, and is good for this only until somebody has shown that he has the mail.
            if token.purpose == CONFIRMATION and user.email_verified_at is not None:
                raise KapokError("TOKEN_INVALID")
            take_possession(tenant, user)
            _set(tenant, user, password)
            end_sessions(tenant, user, reason="the password was reset")
            record_on_user("user.password_changed", tenant, user, by=token.purpose)
        if token.purpose != "invite":
            _tell(tenant, user)


def do_change_password(
    tenant: Tenant, user: User, session: Session, *, current: str, password: str, origin: Origin
) -> None:
    """Other sessions end. An account without a password gets its first by a link (do_send_password_reset). Raises
    INVALID_CREDENTIALS, RATE_LIMITED, PASSWORD_UNFIT."""
    with tenant_context(tenant):
        prove_password(tenant, user, current, origin)
        with transaction.atomic():
            require_same_password(tenant, user)
            locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
            _set(tenant, locked, password)
            end_sessions(tenant, locked, reason="the password was changed", keep=session)
            record_on_user("user.password_changed", tenant, locked, by="password")
        _tell(tenant, locked)


def prove_password(tenant: Tenant, user: User, password: str, origin: Origin, *, known: str | None = None) -> None:
    """Whoever holds a session, or a mail, shows that he knows the password. known: the hash of another one than the
    account's. Raises INVALID_CREDENTIALS, RATE_LIMITED."""
    with Refusals(tenant, "current_password", target_of(user)):
        attempt = Attempt(tenant, str(user.pk), origin)
        if not check_password(password, user.password if known is None else known).right:
            raise KapokError("INVALID_CREDENTIALS", "The current password is not right.", status=403)
        attempt.succeeded()


def _set(tenant: Tenant, user: User, password: str) -> None:
    check_rules(password, AuthSettings.of(tenant.project), user.email)
    user.password = hash_password(password)
    user.password_changed_at = user.updated_at = timezone.now()
    user.save(update_fields=["password", "password_changed_at", "updated_at"])


def _tell(tenant: Tenant, user: User) -> None:
    if user.email:
        queue_notice(tenant, "notice", "password_changed", user.email, user.email)
