"""Signing in at a real OpenID provider (django-oauth-toolkit); what planted links and foreign answers get: nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from django.conf import settings
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.factors import enrolment
from apps.identity.models import Identity, OneTimeToken, User
from apps.identity.services.accounts import do_disable_user
from apps.identity.social import discovery, flow
from apps.identity.social.accounts import do_connect, do_disconnect, do_find_or_make_user, do_sign_in_external
from apps.identity.social.flow import Proven, finish, provider_of, redeem, start
from apps.identity.social.relying_party import challenge_of
from apps.tenants.acting import SYSTEM
from apps.tenants.models import IdentityProvider, Tenant
from apps.tenants.services import do_set_provider, do_update_project
from kapok.errors import KapokError
from tests.factories import ProjectFactory, TenantFactory
from tests.identity.accounts import HERE, everything, make_user, signed_in
from tests.identity.openid_provider import OpenIdProvider, running_provider

pytestmark = pytest.mark.usefixtures("real_database")

APP = "https://app.example.com/back?kind=oidc"
VERIFIER = "v" * 50
USERS = [
    {"name": "ada", "password": "pw", "email": "Ada@Example.com", "verified": True},
    {"name": "eve", "password": "pw", "email": "ada@example.com", "verified": False},
]


@pytest.fixture(scope="module")
def provider_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIdProvider]:
    """The provider; it knows the callbacks of two providers' names."""
    redirects = [f"{settings.KAPOK_PUBLIC_URL}/oidc/shop/{name}/callback" for name in ("acme-id", "other-id")]
    with running_provider(Path(tmp_path_factory.mktemp("provider")), redirects, USERS) as running:
        yield running


@pytest.fixture
def tenant() -> Tenant:
    """A tenant of the project `shop`."""
    project = ProjectFactory(slug="shop")
    do_update_project(project, acting=SYSTEM, auth={"redirectUrls": [APP]})
    return TenantFactory(slug="acme", project=project, ready=True)


@pytest.fixture
def provider(tenant: Tenant, provider_running: OpenIdProvider) -> IdentityProvider:
    """The provider as the project knows it."""
    discovery.forget()
    return make_provider(tenant, provider_running)


def make_provider(tenant: Tenant, running: OpenIdProvider, name: str = "acme-id", **more: Any) -> IdentityProvider:
    given = {"issuer": running.issuer, "client_id": running.client_id, "client_secret": running.client_secret, **more}
    return do_set_provider(tenant.project, name, acting=SYSTEM, claims={"fullName": "name"}, **given)


def refused(code: str, call: Callable[[], Any]) -> None:
    with pytest.raises(KapokError) as caught:
        call()
    assert caught.value.code == code


def begun(tenant: Tenant, provider: IdentityProvider) -> str:
    return start(tenant, provider, redirect_to=APP, code_challenge=challenge_of(VERIFIER))


def answer_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def came_back(tenant: Tenant, provider: IdentityProvider, running: OpenIdProvider, name: str = "ada") -> str:
    """The one-time code with which the app's page is opened."""
    callback = running.sign_in(name, "pw", begun(tenant, provider))
    back = finish(tenant, provider, answer_of(callback))
    assert back.startswith(APP + "&")
    assert set(answer_of(back)) == {"kind", "code"}, back
    return answer_of(back)["code"]


def proven(tenant: Tenant, provider: IdentityProvider, running: OpenIdProvider, name: str = "ada") -> Proven:
    return redeem(tenant, came_back(tenant, provider, running, name), VERIFIER)


def test_a_new_user_comes_in(tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider) -> None:
    url = begun(tenant, provider)
    asked = answer_of(url)
    assert asked["redirect_uri"] == f"{settings.KAPOK_PUBLIC_URL}/oidc/shop/acme-id/callback"
    assert (asked["code_challenge_method"], asked["scope"]) == ("S256", "openid email profile")
    assert asked["state"].startswith("acme.")
    who = proven(tenant, provider, provider_running)
    assert everything(tenant)["User"] == [], "nobody is made before the app has shown its verifier"
    user = do_find_or_make_user(tenant, who)
    assert (user.email, user.is_anonymous, user.user_metadata) == ("ada@example.com", False, {"fullName": "Ada"})
    assert user.email_verified_at is not None
    again = do_find_or_make_user(tenant, proven(tenant, provider, provider_running))
    assert again == user
    with tenant_context(tenant):
        identity = Identity.objects.get()
        assert (identity.provider, identity.issuer) == ("acme-id", provider_running.issuer)
        assert "at_hash" not in identity.claims


def test_secrets_are_not_stored_in_the_open(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    asked = answer_of(begun(tenant, provider))
    with tenant_context(tenant):
        stored = str(OneTimeToken.objects.values_list("digest", "data"))
    assert asked["nonce"] not in stored
    assert asked["state"].partition(".")[2] not in stored
    assert provider_running.client_secret not in provider.sealed_client_secret


def test_an_address_the_provider_has_not_verified_is_nobodys(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    """Eve says at the provider that she is ada@example.com."""
    do_set_provider(
        tenant.project,
        "acme-id",
        acting=SYSTEM,
        issuer=provider.issuer,
        client_id=provider.client_id,
        links_accounts=True,
    )
    ada = make_user(tenant)
    before = everything(tenant)["User"]
    eve = do_find_or_make_user(tenant, proven(tenant, provider, provider_running, "eve"))
    assert eve.pk != ada.pk
    assert (eve.email, eve.email_verified_at, eve.is_anonymous) == (None, None, False)
    assert [row for row in everything(tenant)["User"] if row["id"] == ada.pk] == before


@pytest.mark.parametrize(
    ("links", "verified_here", "linked"), [(True, True, True), (False, True, False), (True, False, True)]
)
def test_an_account_is_linked_only_where_the_project_says_so(
    tenant: Tenant,
    provider: IdentityProvider,
    provider_running: OpenIdProvider,
    links: bool,
    verified_here: bool,
    linked: bool,
) -> None:
    make_provider(tenant, provider_running, links_accounts=links)
    ada = make_user(tenant, verified=verified_here)
    before = everything(tenant)
    who = proven(tenant, provider, provider_running)
    if linked:
        assert do_find_or_make_user(tenant, who) == ada
        assert len(everything(tenant)["Identity"]) == 1
    else:
        refused("ACCOUNT_EXISTS", lambda: do_find_or_make_user(tenant, who))
        assert everything(tenant) == before


def test_a_state_works_once_and_belongs_to_its_tenant(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    globex = TenantFactory(slug="globex", project=tenant.project, ready=True)
    answer = answer_of(provider_running.sign_in("ada", "pw", begun(tenant, provider)))
    refused("TOKEN_INVALID", lambda: finish(globex, provider, answer))
    forged = {**answer, "state": "globex." + answer["state"].partition(".")[2]}
    refused("TOKEN_INVALID", lambda: finish(globex, provider, forged))
    assert "code" in answer_of(finish(tenant, provider, answer))
    refused("TOKEN_INVALID", lambda: finish(tenant, provider, answer))
    for state in ("", "acme", "acme.", "acme.x", "'; --", "acme.\x00", "é.é"):
        refused("TOKEN_INVALID", lambda state=state: finish(tenant, provider, {**answer, "state": state}))
    assert not everything(tenant)["User"]


def test_a_one_time_code_works_once_for_the_app_that_began(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    globex = TenantFactory(slug="globex", project=tenant.project, ready=True)
    code = came_back(tenant, provider, provider_running)
    refused("TOKEN_INVALID", lambda: redeem(globex, code, VERIFIER))
    refused("TOKEN_INVALID", lambda: redeem(tenant, code, "w" * 50))
    refused("TOKEN_INVALID", lambda: redeem(tenant, code, VERIFIER))  # a thief's try has used it up
    code = came_back(tenant, provider, provider_running)
    assert redeem(tenant, code, VERIFIER).verified_email == "Ada@Example.com"
    refused("TOKEN_INVALID", lambda: redeem(tenant, code, VERIFIER))
    code = came_back(tenant, provider, provider_running)
    with tenant_context(tenant):
        OneTimeToken.objects.filter(purpose=flow.CODE_PURPOSE).update(expires_at=timezone.now())
    refused("TOKEN_INVALID", lambda: redeem(tenant, code, VERIFIER))
    assert not everything(tenant)["User"]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "https://app.example.com/back",
        "https://app.example.com/back?kind=oidc&x=1",
        "https://app.example.com/back?kind=oidc#",
        "https://app.example.com@evil.example/back?kind=oidc",
        "HTTPS://app.example.com/back?kind=oidc",
        "//evil.example",
        "javascript:alert(1)",
        "",
    ],
)
def test_no_open_redirect(tenant: Tenant, provider: IdentityProvider, address: str) -> None:
    challenge = challenge_of(VERIFIER)
    refused("REDIRECT_NOT_ALLOWED", lambda: start(tenant, provider, redirect_to=address, code_challenge=challenge))
    with tenant_context(tenant):
        assert not OneTimeToken.objects.exists()


@pytest.mark.parametrize("challenge", ["", "plain", "a" * 42, "a" * 44, "é" * 43, "a" * 42 + "="])
def test_the_apps_pkce_is_not_optional(tenant: Tenant, provider: IdentityProvider, challenge: str) -> None:
    refused("INVALID_REQUEST", lambda: start(tenant, provider, redirect_to=APP, code_challenge=challenge))


def test_a_mix_up_of_providers(tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider) -> None:
    """An answer to the question asked of one provider, given at the callback of another."""
    other = make_provider(tenant, provider_running, "other-id")
    answer = answer_of(provider_running.sign_in("ada", "pw", begun(tenant, provider)))
    refused("TOKEN_INVALID", lambda: finish(tenant, other, answer))
    answer = answer_of(provider_running.sign_in("ada", "pw", begun(tenant, provider)))
    back = finish(tenant, provider, {**answer, "iss": "https://evil.example"})
    assert answer_of(back)["error"] == "PROVIDER_REFUSED"
    answer = answer_of(provider_running.sign_in("ada", "pw", begun(tenant, provider)))
    make_provider(tenant, provider_running, "acme-id", issuer="http://127.0.0.1:9", client_secret="new")
    provider.refresh_from_db()
    refused("TOKEN_INVALID", lambda: finish(tenant, provider, answer))
    assert not everything(tenant)["User"]


def test_what_the_provider_refuses(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    def outcome(answer: dict[str, str]) -> dict[str, str]:
        state = answer_of(begun(tenant, provider))["state"]
        return answer_of(finish(tenant, provider, {"state": state, **answer}))

    assert "access_denied" in outcome({"error": "access_denied"})["errorDescription"]
    assert "<script>" not in str(outcome({"error": "<script>"}))
    assert outcome({"code": "made-up"})["error"] == "PROVIDER_REFUSED"
    assert outcome({})["error"] == "PROVIDER_REFUSED"
    # A code of another sign-in: the verifier is not the one it was asked with.
    code = answer_of(provider_running.sign_in("ada", "pw", begun(tenant, provider)))["code"]
    assert outcome({"code": code})["error"] == "PROVIDER_REFUSED"
    assert not everything(tenant)["User"]


def test_a_wrong_client_secret_and_a_provider_that_is_away(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    make_provider(tenant, provider_running, client_secret="wrong")
    provider.refresh_from_db()
    answer = answer_of(provider_running.sign_in("ada", "pw", begun(tenant, provider)))
    assert answer_of(finish(tenant, provider, answer))["error"] == "PROVIDER_REFUSED"
    away = make_provider(tenant, provider_running, "other-id", issuer="http://127.0.0.1:9")
    refused("PROVIDER_UNAVAILABLE", lambda: begun(tenant, away))


def test_a_disabled_provider_is_none(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    code = came_back(tenant, provider, provider_running)
    make_provider(tenant, provider_running, enabled=False)
    refused("NOT_FOUND", lambda: provider_of(tenant, "acme-id"))
    refused("NOT_FOUND", lambda: provider_of(tenant, "' or true --"))
    refused("TOKEN_INVALID", lambda: redeem(tenant, code, VERIFIER))


def test_sign_up_can_be_closed(tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider) -> None:
    do_update_project(tenant.project, acting=SYSTEM, auth={"signUp": False})
    who = proven(tenant, provider, provider_running)
    refused("SIGN_UP_CLOSED", lambda: do_find_or_make_user(tenant, who))
    assert not everything(tenant)["User"]


def test_who_is_refused_leaves_nothing_behind(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    user = do_find_or_make_user(tenant, proven(tenant, provider, provider_running))
    do_disable_user(tenant, user, acting=SYSTEM)
    before = everything(tenant)
    who = proven(tenant, provider, provider_running)
    refused("ACCOUNT_DISABLED", lambda: do_sign_in_external(tenant, who, origin=HERE))
    assert everything(tenant) == before


def test_accounts_are_connected_and_disconnected(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    ada, grace = make_user(tenant, "lovelace@example.com"), make_user(tenant, "grace@example.com")
    session = signed_in(tenant, ada).session
    who = proven(tenant, provider, provider_running)
    identity = do_connect(tenant, ada, session, who)
    assert do_find_or_make_user(tenant, who) == ada
    before = everything(tenant)
    refused("ALREADY_EXISTS", lambda: do_connect(tenant, grace, signed_in(tenant, grace).session, who))
    assert everything(tenant)["Identity"] == before["Identity"]
    refused("NOT_FOUND", lambda: do_disconnect(tenant, grace, signed_in(tenant, grace).session, identity.pk))
    session.authenticated_at -= enrolment.FRESH
    refused("REAUTHENTICATION_REQUIRED", lambda: do_disconnect(tenant, ada, session, identity.pk))
    refused("REAUTHENTICATION_REQUIRED", lambda: do_connect(tenant, ada, session, who))
    assert everything(tenant)["Identity"] == before["Identity"]
    do_disconnect(tenant, ada, signed_in(tenant, ada).session, identity.pk)
    assert not everything(tenant)["Identity"]


def test_the_only_way_in_stays(tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider) -> None:
    eve = do_find_or_make_user(tenant, proven(tenant, provider, provider_running, "eve"))
    with tenant_context(tenant):
        identity = Identity.objects.get()
    refused("INVALID_STATE", lambda: do_disconnect(tenant, eve, signed_in(tenant, eve).session, identity.pk))
    assert len(everything(tenant)["Identity"]) == 1


def test_a_visitor_becomes_an_account(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    visitor = make_user(tenant, None, anonymous=True)
    session = signed_in(tenant, visitor).session
    session.authenticated_at -= enrolment.FRESH  # he cannot sign in anew
    do_connect(tenant, visitor, session, proven(tenant, provider, provider_running))
    with tenant_context(tenant):
        named = User.objects.get()
    assert (named.pk, named.email, named.is_anonymous) == (visitor.pk, "ada@example.com", False)


def visitor_refused(code: str, tenant: Tenant, who: Proven) -> None:
    """A visitor who would connect what he has proven: nothing happens."""
    visitor = make_user(tenant, None, anonymous=True)
    session = signed_in(tenant, visitor).session
    before = everything(tenant)
    refused(code, lambda: do_connect(tenant, visitor, session, who))
    assert everything(tenant) == before


def test_a_visitor_stays_one_where_sign_up_is_closed(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    do_update_project(tenant.project, acting=SYSTEM, auth={"signUp": False})
    visitor_refused("SIGN_UP_CLOSED", tenant, proven(tenant, provider, provider_running))


def test_a_visitor_does_not_take_an_account_over(
    tenant: Tenant, provider: IdentityProvider, provider_running: OpenIdProvider
) -> None:
    make_user(tenant)
    visitor_refused("ACCOUNT_EXISTS", tenant, proven(tenant, provider, provider_running))


def test_every_sign_in_has_secrets_of_its_own(tenant: Tenant, provider: IdentityProvider) -> None:
    first, second = (parse_qs(urlsplit(begun(tenant, provider)).query) for _ in range(2))
    for part in ("state", "nonce", "code_challenge"):
        assert first[part] != second[part]
    assert secrets.compare_digest(challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
                                  "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")  # fmt: skip
