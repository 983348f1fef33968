"""Accounts made in wait for the owner of their address, by the classes of "Pre-hijacked accounts" (Sudhodanan and
Paverd, USENIX Security 2022): whoever made one keeps no way in once the owner has come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.factors.enrolment import do_add_passkey, do_start_totp
from apps.identity.models import Factor, FactorKind, Identity, OneTimeToken, RecoveryCode, Session, User
from apps.identity.passwords import check_password, hash_password
from apps.identity.services.one_time import issue
from apps.identity.services.own_account import do_confirm_email
from apps.identity.services.passwords import do_reset_password
from apps.identity.services.sessions import do_refresh
from apps.identity.services.sign_in import do_sign_in_magic_link, do_sign_in_password
from apps.identity.services.sign_up import do_sign_up
from apps.identity.social.accounts import do_connect, do_sign_in_external
from apps.identity.social.flow import Proven
from apps.tenants.acting import SYSTEM
from apps.tenants.models import Tenant
from apps.tenants.services import do_set_provider
from kapok.errors import KapokError
from tests.identity.accounts import HERE, everything, make_tenant, make_user, signed_in
from tests.identity.client import AuthTenant

THIEFS, OWNERS = "a password of the thief", "a password of the owner"
OWNER = "owner@example.com"
HOUR = timedelta(hours=1)
Proof = Callable[[Tenant, User], Any]


@pytest.fixture
def tenant(real_database: None) -> Tenant:
    """A tenant where people sign in before their address is confirmed."""
    return make_tenant(requireVerification=False)


@pytest.fixture
def prepared(tenant: Tenant) -> Any:
    """The thief's session of an account that he made with the owner's address, with every way in that there is."""
    given = {"email": OWNER, "password": THIEFS, "metadata": {}, "redirect_to": "", "origin": HERE}
    tokens = do_sign_up(tenant, **given)
    assert tokens is not None
    with tenant_context(tenant):
        ours = {"user": tokens.user, "confirmed_at": timezone.now()}
        Factor.objects.create(kind=FactorKind.TOTP, sealed_secret="x", **ours)
        Factor.objects.create(kind=FactorKind.WEBAUTHN, credential_id=b"thief", public_key=b"key", **ours)
        RecoveryCode.objects.create(user=tokens.user, digest="x")
        Identity.objects.create(user=tokens.user, provider="id", issuer="https://id.example.com", subject="thief")
        for purpose in ("second_step", "passkey_registration"):
            issue(purpose, HOUR, user=tokens.user)
    return tokens


def mailed(tenant: Tenant, purpose: str, user: User, email: str = OWNER, **data: Any) -> str:
    """The token of a mail to an address."""
    with tenant_context(tenant):
        return issue(purpose, HOUR, user=user, data={"email": email, **data})


def by_provider(tenant: Tenant, verified: Any = True) -> Proven:
    """What a provider says of the owner."""
    there = {"issuer": "https://id.example.com", "client_id": "kapok", "links_accounts": True}
    provider = do_set_provider(tenant.project, "id", acting=SYSTEM, **there)
    return Proven(provider, {"sub": "owner", "email": OWNER, "email_verified": verified})


def refused(code: str, call: Callable[[], Any]) -> None:
    with pytest.raises(KapokError) as caught:
        call()
    assert caught.value.code == code


PROOFS: dict[str, Proof] = {
    "magic link": lambda t, u: do_sign_in_magic_link(t, mailed(t, "magic_link", u), origin=HERE),
    "reset": lambda t, u: do_reset_password(t, mailed(t, "password_reset", u), password=OWNERS),
    "confirmation": lambda t, u: do_reset_password(t, mailed(t, "email_change", u), password=OWNERS),
    "provider": lambda t, u: do_sign_in_external(t, by_provider(t), origin=HERE),
}


@pytest.mark.parametrize("proof", PROOFS)
def test_the_first_proof_of_the_address_leaves_the_thief_no_way_in(tenant: Tenant, prepared: Any, proof: str) -> None:
    """Classic-federated merge (provider), unexpired session, trojan identifier, unexpired change of address."""
    thiefs = mailed(tenant, "email_change", prepared.user, "thief@example.com")
    PROOFS[proof](tenant, prepared.user)
    refused("SESSION_ENDED", lambda: do_refresh(tenant, prepared.refresh_token))
    refused("INVALID_CREDENTIALS", lambda: do_sign_in_password(tenant, email=OWNER, password=THIEFS, origin=HERE))
    refused("TOKEN_INVALID", lambda: do_confirm_email(tenant, thiefs, password=THIEFS, origin=HERE))
    with tenant_context(tenant):
        user = User.objects.get()
        assert (user.email, user.email_verified_at is not None) == (OWNER, True)
        assert not check_password(THIEFS, user.password).right
        assert not Factor.objects.exists() and not RecoveryCode.objects.exists()
        assert not Identity.objects.filter(subject="thief").exists()
        going_on = Session.objects.filter(revoked_at=None)
        assert not going_on.filter(pk=prepared.session.pk).exists()
        assert not OneTimeToken.objects.filter(used_at=None).exclude(purpose="email_change", data__email=OWNER).exists()


def test_a_link_that_confirms_is_no_reset_once_the_address_is_proven(tenant: Tenant, prepared: Any) -> None:
    confirms = mailed(tenant, "email_change", prepared.user)
    do_reset_password(tenant, mailed(tenant, "password_reset", prepared.user), password=OWNERS)
    before = everything(tenant)
    refused("TOKEN_INVALID", lambda: do_reset_password(tenant, confirms, password=THIEFS))
    assert everything(tenant) == before


def test_the_mail_alone_confirms_nothing(tenant: Tenant, prepared: Any) -> None:
    """The owner follows the link: neither his session elsewhere nor a guess shows the thief's account."""
    confirms, before = mailed(tenant, "email_change", prepared.user), everything(tenant)
    refused("REAUTHENTICATION_REQUIRED", lambda: do_confirm_email(tenant, confirms, origin=HERE))
    refused("INVALID_CREDENTIALS", lambda: do_confirm_email(tenant, confirms, password=OWNERS, origin=HERE))
    assert everything(tenant) == before
    strangers = signed_in(tenant, make_user(tenant, "stranger@example.com")).session
    refused("REAUTHENTICATION_REQUIRED", lambda: do_confirm_email(tenant, confirms, shown=strangers, origin=HERE))
    with tenant_context(tenant):
        assert User.objects.get(email=OWNER).email_verified_at is None


@pytest.mark.parametrize("shows", ["session", "password"])
def test_who_signed_up_himself_keeps_everything(tenant: Tenant, prepared: Any, shows: str) -> None:
    """He follows the link where he is signed in, or on his telephone with his password."""
    confirms, before = mailed(tenant, "email_change", prepared.user), everything(tenant)
    shown = {"shown": prepared.session} if shows == "session" else {"password": THIEFS}
    assert do_confirm_email(tenant, confirms, **shown, origin=HERE).email_verified_at is not None
    after = everything(tenant)
    assert [row["password"] for row in after["User"]] == [row["password"] for row in before["User"]]
    assert {**after, "User": 0} == {**before, "User": 0}
    assert do_refresh(tenant, prepared.refresh_token)


@pytest.mark.parametrize("visitor", [False, True], ids=["account", "visitor"])
def test_an_account_of_the_thief_does_not_get_the_owners_address(tenant: Tenant, visitor: bool) -> None:
    """A change of address, or a visitor's first one, to the owner's, who follows the link."""
    hashed = hash_password(THIEFS)
    if visitor:
        thief, data = make_user(tenant, None, anonymous=True), {"password": hashed}
    else:
        thief, data = make_user(tenant, "thief@example.com", password_hash=hashed), {}
    link, before = mailed(tenant, "email_change", thief, **data), everything(tenant)
    refused("REAUTHENTICATION_REQUIRED", lambda: do_confirm_email(tenant, link, origin=HERE))
    refused("TOKEN_INVALID", lambda: do_reset_password(tenant, link, password=OWNERS))
    assert everything(tenant) == before
    assert do_confirm_email(tenant, link, password=THIEFS, origin=HERE).email == OWNER, "who has both"


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_a_provider_that_does_not_verify_opens_nobodys_account(tenant: Tenant, prepared: Any, verified: Any) -> None:
    before = everything(tenant)["User"]
    made = do_sign_in_external(tenant, by_provider(tenant, verified), origin=HERE)
    assert made.user.email is None and made.user.pk != prepared.user.pk  # type: ignore[union-attr]
    assert [row for row in everything(tenant)["User"] if row["email"]] == before


def test_a_request_of_the_thief_that_is_under_way_adds_no_way_in(tenant: Tenant, prepared: Any) -> None:
    """It was let in before the owner came, and goes on after."""
    user, session = prepared.user, prepared.session
    session.level = "aal2"
    factor = do_start_totp(tenant, user, session).factor
    do_reset_password(tenant, mailed(tenant, "password_reset", user), password=OWNERS)
    before = everything(tenant)
    thiefs = Proven(by_provider(tenant).provider, {"sub": "thief"})
    refused("SESSION_ENDED", lambda: do_connect(tenant, user, session, thiefs))
    refused("TOKEN_INVALID", lambda: do_add_passkey(tenant, user, session, "x", {}))
    assert everything(tenant) == before and factor.pk not in [row["id"] for row in before["Factor"]]


def test_the_page_asks_for_the_password_or_for_a_new_one(north: AuthTenant, new_email: Callable[[], str]) -> None:
    north.settings(requireVerification=False)
    email = new_email()
    north.ok("/signup", email=email, password=THIEFS)
    mail, confirm = north.mail(email, "email_change"), f"{north.url}/auth/v1/confirm"
    page = httpx.get(mail["url"], timeout=30).text
    assert page.count('type="password"') == 2 and 'value="password_reset"' in page
    wrong = {"type": "email_change", "token": mail["token"], "password": OWNERS}
    again = httpx.post(confirm, data=wrong, timeout=30)
    assert again.status_code == 403 and "<form" in again.text
    assert not north.signed_in(email, THIEFS)["user"]["emailVerified"]
    assert httpx.post(confirm, data={**wrong, "type": "password_reset"}, timeout=30).status_code == 200
    assert north.signed_in(email, OWNERS)["user"]["emailVerified"]
    assert north.refused("/signin", email=email, password=THIEFS) == (401, "INVALID_CREDENTIALS")
