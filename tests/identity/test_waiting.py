"""What waits for an answer (links in mails) ends with what it was begun in; invitations; mail to strangers; roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django_tenants.utils import tenant_context

from apps.identity.factors import enrolment
from apps.identity.models import OneTimeToken
from apps.identity.passwords import hash_password
from apps.identity.services.own_account import do_request_email
from apps.identity.services.passwords import do_change_password, do_send_password_reset
from apps.identity.services.sign_up import do_sign_up
from apps.tenants.acting import SYSTEM
from apps.tenants.models import Tenant
from apps.tenants.services import do_update_project
from kapok.errors import KapokError
from tests.identity.accounts import HERE, make_tenant, make_user, signed_in
from tests.identity.client import PASSWORD, AuthTenant

New = Callable[[], str]
OTHER = "another horse battery"


def waiting(tenant: Tenant) -> int:
    with tenant_context(tenant):
        return OneTimeToken.objects.filter(purpose="email_change").count()


def test_a_new_password_ends_a_change_of_address_that_waits(north: AuthTenant, new_email: New) -> None:
    """Somebody who had the password asked for an address of his own; the owner then sets a new password."""
    email, thiefs = new_email(), new_email()
    stolen = north.signed_up(email)["accessToken"]
    north.ok("/email", stolen, email=thiefs, password=PASSWORD)
    theirs = north.mail(thiefs, "email_change")["token"]
    north.ok("/password/reset", email=email)
    reset = north.mail(email, "password_reset")["token"]
    assert north.post("/password/reset/confirm", token=reset, password=OTHER).status_code == 204
    assert north.refused("/verify", token=theirs) == (400, "TOKEN_INVALID")
    assert north.signed_in(email, OTHER)["user"]["email"] == email


def test_the_end_of_all_sessions_ends_it_too(north: AuthTenant, new_email: New) -> None:
    email, thiefs = new_email(), new_email()
    tokens = north.signed_up(email)
    north.ok("/email", tokens["accessToken"], email=thiefs, password=PASSWORD)
    theirs = north.mail(thiefs, "email_change")["token"]
    assert north.post("/signout", tokens["accessToken"], scope="everywhere").status_code == 204
    assert north.refused("/verify", token=theirs) == (400, "TOKEN_INVALID")
    assert north.signed_in(email)["user"]["email"] == email


def test_who_prepared_an_account_cannot_take_it_back(north: AuthTenant, new_email: New) -> None:
    """Pre-hijacking with an address that waits: made before the owner of the first one came."""
    north.settings(requireVerification=False)
    email, thiefs = new_email(), new_email()
    prepared = north.ok("/signup", email=email, password="of the attacker 1")
    north.ok("/email", prepared["accessToken"], email=thiefs, password="of the attacker 1")
    theirs = north.mail(thiefs, "email_change")["token"]
    north.ok("/magiclink", email=email)
    owner = north.ok("/magiclink/verify", token=north.mail(email, "magic_link")["token"])
    assert north.refused("/verify", token=theirs) == (400, "TOKEN_INVALID")
    assert north.me(owner["accessToken"])["email"] == email


def test_the_own_address_can_still_be_confirmed(north: AuthTenant, new_email: New) -> None:
    north.settings(requireVerification=False)
    email = new_email()
    tokens = north.ok("/signup", email=email, password=PASSWORD)
    confirms = north.mail(email, "email_change")["token"]
    changed = north.post("/password", tokens["accessToken"], currentPassword=PASSWORD, password=OTHER)
    assert changed.status_code == 204
    assert north.ok("/verify", tokens["accessToken"], token=confirms)["user"]["emailVerified"]


@pytest.mark.usefixtures("real_database")
def test_without_a_password_a_new_address_asks_for_a_fresh_sign_in() -> None:
    """Otherwise a stolen token is a stolen account."""
    tenant = make_tenant()
    user = make_user(tenant)
    session = signed_in(tenant, user).session
    session.authenticated_at -= enrolment.FRESH
    given = {"email": "thief@example.com", "password": "", "redirect_to": "", "origin": HERE}
    with pytest.raises(KapokError) as caught:
        do_request_email(tenant, user, session, **given)
    assert (caught.value.code, waiting(tenant)) == ("REAUTHENTICATION_REQUIRED", 0)
    do_request_email(tenant, user, signed_in(tenant, user).session, **given)
    assert waiting(tenant) == 1


def test_where_no_mail_server_is_named_nobody_waits_for_a_mail(real_database: None, settings: Any) -> None:
    """What needs none goes on."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    tenant = make_tenant()
    user = make_user(tenant, password_hash=hash_password(PASSWORD))
    new = {"email": "grace@example.com", "password": PASSWORD, "metadata": {}, "redirect_to": "", "origin": HERE}
    for ask in (
        lambda: do_sign_up(tenant, **new),
        lambda: do_send_password_reset(tenant, email=str(user.email), redirect_to="", origin=HERE),
        lambda: do_send_password_reset(tenant, email="nobody@example.com", redirect_to="", origin=HERE),
    ):
        with pytest.raises(KapokError) as refused:
            ask()
        assert refused.value.code == "MAIL_UNAVAILABLE"
    session = signed_in(tenant, user).session
    do_change_password(tenant, user, session, current=PASSWORD, password=OTHER, origin=HERE)
    do_update_project(tenant.project, acting=SYSTEM, auth={"requireVerification": False})
    assert do_sign_up(tenant, **new)


def test_a_session_is_no_way_to_mail_everybody(north: AuthTenant, new_email: New) -> None:
    """Every address once: only the sender's address can be counted."""
    north.settings(anonymousUsers=True)
    user, visitor = north.signed_up(new_email())["accessToken"], north.ok("/anonymous")["accessToken"]
    north.settings(addressSignUps=1)
    for path, token in (("/email", user), ("/user/upgrade", visitor)):
        stranger = new_email()
        assert north.refused(path, token, email=stranger, password=PASSWORD) == (429, "RATE_LIMITED")
        assert not north.mails(stranger)


def test_an_invitation_says_so_and_sets_the_first_password(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    made = north.live.control("POST", f"/tenants/{north.slug}/users", json={"email": email, "invite": True})
    assert made.status_code == 201, made.text
    mail = north.mail(email, "invite")
    assert "has been made for you" in mail["text"] and "asked for a new password" not in mail["text"]
    page = httpx.get(mail["url"], timeout=30)
    assert page.status_code == 200 and 'type="password"' in page.text
    fields = {"type": "invite", "token": mail["token"], "password": "short"}
    assert httpx.post(f"{north.url}/auth/v1/confirm", data=fields, timeout=30).status_code == 422
    done = httpx.post(f"{north.url}/auth/v1/confirm", data={**fields, "password": PASSWORD}, timeout=30)
    assert done.status_code == 200, done.text
    assert north.signed_in(email)["user"]["id"] == made.json()["data"]["id"]
    assert north.refused("/password/reset/confirm", token=mail["token"], password=OTHER) == (400, "TOKEN_INVALID")
    assert [each["purpose"] for each in north.mails(email)] == ["invite"], "nothing was changed that he had to be told"


def test_the_roles_a_user_sees_are_those_of_the_token(north: AuthTenant, new_email: New) -> None:
    plain, chosen = north.signed_up(new_email()), north.signed_up(new_email(), metadata={"wish": "roles"})
    for tokens, roles in ((plain, ["anon"]), (chosen, ["partner", "member"])):
        assert tokens["user"]["roles"] == roles
        assert north.me(tokens["accessToken"])["roles"] == roles
        changed = north.call("PATCH", "/user", tokens["accessToken"], json={"metadata": {}})
        assert changed.json()["roles"] == roles
