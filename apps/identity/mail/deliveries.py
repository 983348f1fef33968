"""What a worker does so that somebody gets a mail. Whether there is an account is looked up here, not in the request:
so that answers alike, and takes as long, for every address.

In: ids and addresses, as the request put them into the queue; tokens are made here, so that none waits there. Out: one
mail, or none. Each can run again: the newest token counts.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils import timezone

from apps.identity.context import in_tenant
from apps.identity.mail.send import link, send_mail, until
from apps.identity.models import OneTimeToken, User
from apps.identity.services.one_time import digest_of, issue, new_secret
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant


@in_tenant
def deliver_waiting(tenant: Tenant, token_id: str) -> None:
    """The link of a sign-up or a change of address that waits for it. For an address that has an account already: a
    mail that says so, and the token is void."""
    row = OneTimeToken.objects.select_for_update().filter(pk=uuid.UUID(token_id), used_at=None).first()
    if row is None or row.expires_at <= timezone.now():
        return
    email = row.data["email"]
    if User.objects.filter(email=email).exclude(pk=row.user_id).exists():
        row.used_at = timezone.now()
        row.save(update_fields=["used_at"])
        send_mail(tenant, "sign_up_known", email, {})
        return
    secret = new_secret()
    row.digest = digest_of(secret)
    row.save(update_fields=["digest"])
    _send_link(tenant, row.purpose, email, secret, row.data.get("redirectTo", ""), row.expires_at - timezone.now())


@in_tenant
def deliver_password_reset(tenant: Tenant, email: str, redirect_to: str) -> None:
    """The link for a new password, if there is such an account."""
    lifetime = timedelta(minutes=AuthSettings.of(tenant.project).reset_minutes)
    _deliver_password_link(tenant, "password_reset", email, redirect_to, lifetime)


@in_tenant
def deliver_invite(tenant: Tenant, email: str) -> None:
    """The link for the first password of an account that an operator made."""
    lifetime = timedelta(hours=AuthSettings.of(tenant.project).invite_hours)
    _deliver_password_link(tenant, "invite", email, "", lifetime)


@in_tenant
def deliver_magic_link(tenant: Tenant, email: str, redirect_to: str) -> None:
    """The link that signs in, or up where the project is open."""
    auth = AuthSettings.of(tenant.project)
    user = User.objects.filter(email=email).first()
    if (user is None and not auth.sign_up) or (user is not None and user.disabled_at is not None):
        return
    lifetime = timedelta(minutes=auth.magic_link_minutes)
    secret = issue("magic_link", lifetime, user=user, data={"email": email})
    _send_link(tenant, "magic_link", email, secret, redirect_to, lifetime)


@in_tenant
def deliver_notice(tenant: Tenant, purpose: str, to: str, email: str) -> None:
    """That something has changed. email: the address it is about."""
    send_mail(tenant, purpose, to, {"email": email})


def _deliver_password_link(tenant: Tenant, purpose: str, email: str, redirect_to: str, lifetime: timedelta) -> None:
    user = User.objects.filter(email=email, disabled_at=None).first()
    if user is not None:
        secret = issue(purpose, lifetime, user=user, data={"email": email})
        _send_link(tenant, purpose, email, secret, redirect_to, lifetime)


def _send_link(tenant: Tenant, purpose: str, email: str, secret: str, redirect_to: str, lifetime: timedelta) -> None:
    expires = until(timezone.now() + lifetime)
    facts = {"link": link(tenant, purpose, secret, redirect_to), "token": secret, "expires": expires}
    send_mail(tenant, purpose, email, facts)
