"""Passkeys against a real database, with an authenticator that makes real signatures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.factors import enrolment, passkey_sign_in
from apps.identity.factors.party import allowed_origins, relying_party
from apps.identity.factors.passkey_sign_in import do_sign_in_with_passkey, sign_in_options
from apps.identity.factors.second_step import Answer, challenge_for, do_answer_challenge, passkey_options
from apps.identity.models import Factor, OneTimeToken, User
from apps.identity.services.sessions import Tokens
from apps.tenants.acting import SYSTEM
from apps.tenants.models import Tenant
from apps.tenants.services import do_add_domain, do_update_project
from kapok.errors import KapokError
from tests.identity.accounts import HERE, everything, make_tenant, make_user, signed_in
from tests.identity.authenticator import Authenticator

pytestmark = pytest.mark.usefixtures("real_database")

ORIGIN = "https://app.example.com"


def refused(code: str, call: Callable[[], Any]) -> None:
    with pytest.raises(KapokError) as caught:
        call()
    assert caught.value.code == code


def registered(tenant: Tenant, user: User, device: Authenticator) -> enrolment.Enrolled:
    session = signed_in(tenant, user, "aal2").session
    asked = enrolment.passkey_registration(tenant, user, session, ORIGIN)
    made = device.create(asked["options"], ORIGIN)
    return enrolment.do_add_passkey(tenant, user, session, asked["token"], made, "Laptop")


def entered(tenant: Tenant, device: Authenticator, **more: Any) -> Tokens:
    asked = sign_in_options(tenant, ORIGIN)
    answer = device.get(asked["options"], ORIGIN, **more)
    return do_sign_in_with_passkey(tenant, asked["token"], answer, origin=HERE)


def test_a_passkey_signs_in_alone() -> None:
    tenant, device = make_tenant(), Authenticator()
    user = make_user(tenant)
    done = registered(tenant, user, device)
    assert (done.factor.name, len(done.recovery_codes)) == ("Laptop", 10)
    asked = sign_in_options(tenant, ORIGIN)
    assert asked["options"]["userVerification"] == "required"
    assert not asked["options"].get("allowCredentials"), "nobody has said yet who he is"
    tokens = entered(tenant, device)
    assert tokens.user == user
    assert (tokens.session.level, tokens.session.methods) == ("aal2", ["pop", "mfa"])
    with tenant_context(tenant):
        assert challenge_for(tenant, user, tokens.session.methods) is None
        assert Factor.objects.get().sign_count == device.passkeys[0].count == 1


def test_a_passkey_as_the_second_factor() -> None:
    tenant, device = make_tenant(), Authenticator(verifies=False)
    user = make_user(tenant)
    registered(tenant, user, device)
    with tenant_context(tenant):
        asked = challenge_for(tenant, user, ["pwd"])
    assert asked is not None
    options = passkey_options(tenant, asked.token, ORIGIN)
    assert len(options["allowCredentials"]) == 1
    answer = device.get(options, ORIGIN)
    tokens = do_answer_challenge(tenant, asked.token, Answer(credential=answer), origin=HERE)
    assert tokens.session.methods == ["pwd", "pop", "mfa"]
    refused("TOKEN_INVALID", lambda: passkey_options(tenant, asked.token, ORIGIN))
    refused("TOKEN_INVALID", lambda: do_answer_challenge(tenant, asked.token, Answer(credential=answer), origin=HERE))
    # Alone it would be one factor only.
    refused("FACTOR_REFUSED", lambda: entered(tenant, device))


def test_an_answer_works_once_and_a_wrong_one_uses_the_challenge_up() -> None:
    tenant, device = make_tenant(), Authenticator()
    registered(tenant, make_user(tenant), device)
    asked = sign_in_options(tenant, ORIGIN)
    answer = device.get(asked["options"], ORIGIN)
    do_sign_in_with_passkey(tenant, asked["token"], answer, origin=HERE)
    before = everything(tenant)
    refused("TOKEN_INVALID", lambda: do_sign_in_with_passkey(tenant, asked["token"], answer, origin=HERE))
    # The recorded answer is none to another challenge.
    other = sign_in_options(tenant, ORIGIN)
    refused("FACTOR_REFUSED", lambda: do_sign_in_with_passkey(tenant, other["token"], answer, origin=HERE))
    right = device.get(other["options"], ORIGIN)
    refused("TOKEN_INVALID", lambda: do_sign_in_with_passkey(tenant, other["token"], right, origin=HERE))
    assert everything(tenant) == before


def test_a_challenge_expires() -> None:
    tenant, device = make_tenant(), Authenticator()
    registered(tenant, make_user(tenant), device)
    asked = sign_in_options(tenant, ORIGIN)
    with tenant_context(tenant):
        late = timezone.now() - timedelta(seconds=1)
        OneTimeToken.objects.filter(purpose=passkey_sign_in.PURPOSE).update(expires_at=late)
    answer = device.get(asked["options"], ORIGIN)
    refused("TOKEN_INVALID", lambda: do_sign_in_with_passkey(tenant, asked["token"], answer, origin=HERE))


def test_another_tenant_knows_nothing_of_it() -> None:
    """Both tenants' pages have the same origin here, so the browser would offer the passkey at both."""
    tenant, device = make_tenant(), Authenticator()
    globex = make_tenant("globex", tenant.project)
    registered(tenant, make_user(tenant), device)
    make_user(globex)
    before = everything(globex)
    refused("FACTOR_REFUSED", lambda: entered(globex, device))
    asked = sign_in_options(tenant, ORIGIN)
    answer = device.get(asked["options"], ORIGIN)
    refused("TOKEN_INVALID", lambda: do_sign_in_with_passkey(globex, asked["token"], answer, origin=HERE))
    assert everything(globex) == before


def test_a_passkey_names_its_own_user_only() -> None:
    tenant, device = make_tenant(), Authenticator()
    ada, grace = make_user(tenant), make_user(tenant, "grace@example.com")
    registered(tenant, ada, device)
    device.passkeys[0].user_handle = grace.pk.bytes
    before = everything(tenant)
    refused("FACTOR_REFUSED", lambda: entered(tenant, device))
    device.passkeys[0].user_handle = b""
    refused("FACTOR_REFUSED", lambda: entered(tenant, device))
    assert everything(tenant) == before


def test_a_passkey_of_someone_else_is_no_second_factor() -> None:
    tenant, adas, graces = make_tenant(), Authenticator(), Authenticator()
    ada, grace = make_user(tenant), make_user(tenant, "grace@example.com")
    registered(tenant, ada, adas)
    registered(tenant, grace, graces)
    with tenant_context(tenant):
        asked = challenge_for(tenant, ada, ["pwd"])
    assert asked is not None
    options = passkey_options(tenant, asked.token, ORIGIN)
    answer = graces.get(options, ORIGIN, passkey=graces.passkeys[0])
    before = everything(tenant)
    refused("FACTOR_REFUSED", lambda: do_answer_challenge(tenant, asked.token, Answer(credential=answer), origin=HERE))
    assert everything(tenant) == before


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://app.example.com.evil.example", "http://app.example.com", ""]
)
def test_pages_elsewhere(origin: str) -> None:
    tenant, device = make_tenant(), Authenticator()
    user = make_user(tenant)
    session = signed_in(tenant, user).session
    before = everything(tenant)
    refused("FORBIDDEN", lambda: enrolment.passkey_registration(tenant, user, session, origin))
    refused("FORBIDDEN", lambda: sign_in_options(tenant, origin))
    asked = enrolment.passkey_registration(tenant, user, session, ORIGIN)
    made = device.create(asked["options"], origin)
    refused("FACTOR_REFUSED", lambda: enrolment.do_add_passkey(tenant, user, session, asked["token"], made))
    right = device.create(asked["options"], ORIGIN)
    refused("TOKEN_INVALID", lambda: enrolment.do_add_passkey(tenant, user, session, asked["token"], right))
    assert everything(tenant) == before


def test_a_registration_is_for_the_user_who_asked() -> None:
    tenant, device = make_tenant(), Authenticator()
    ada, grace = make_user(tenant), make_user(tenant, "grace@example.com")
    asked = enrolment.passkey_registration(tenant, ada, signed_in(tenant, ada).session, ORIGIN)
    made = device.create(asked["options"], ORIGIN)
    session = signed_in(tenant, grace).session
    before = everything(tenant)
    refused("TOKEN_INVALID", lambda: enrolment.do_add_passkey(tenant, grace, session, asked["token"], made))
    assert everything(tenant) == before


def test_a_copied_authenticator_is_found_out() -> None:
    tenant, device = make_tenant(), Authenticator()
    registered(tenant, make_user(tenant), device)
    entered(tenant, device)
    device.passkeys[0].count = 0
    before = everything(tenant)
    refused("FACTOR_REFUSED", lambda: entered(tenant, device))
    assert everything(tenant) == before


def test_a_disabled_user_gets_no_tokens() -> None:
    tenant, device = make_tenant(), Authenticator()
    registered(tenant, make_user(tenant), device)
    with tenant_context(tenant):
        User.objects.update(disabled_at=timezone.now())
    before = everything(tenant)
    refused("ACCOUNT_DISABLED", lambda: entered(tenant, device))
    assert everything(tenant) == before


def test_for_whom_passkeys_are() -> None:
    tenant = make_tenant()
    do_add_domain(tenant, "shop.example.org", acting=SYSTEM)
    assert "https://shop.example.org" in allowed_origins(tenant)
    assert relying_party(tenant, "https://shop.example.org").id == "shop.example.org"
    do_update_project(tenant.project, acting=SYSTEM, cors_origins=["*", "http://plain.example.com", ORIGIN])
    assert {ORIGIN, "*", "http://plain.example.com"} & set(allowed_origins(tenant)) == {ORIGIN}
    auth = {"webauthnRpId": "example.com", "webauthnOrigins": [ORIGIN, "https://example.net"], "webauthnRpName": "Shop"}
    do_update_project(tenant.project, acting=SYSTEM, auth=auth)
    party = relying_party(tenant, ORIGIN)
    assert (party.id, party.name, party.origins) == ("example.com", "Shop", (ORIGIN,))
    refused("FORBIDDEN", lambda: relying_party(tenant, "https://example.net"))
    refused("FORBIDDEN", lambda: relying_party(tenant, "https://shop.example.org"))


def test_without_https_there_are_no_passkeys_and_that_is_said(settings: Any) -> None:
    settings.KAPOK_PUBLIC_URL, settings.KAPOK_BASE_DOMAIN = "http://kapok.lan", "kapok.lan"
    tenant = make_tenant()
    do_update_project(tenant.project, acting=SYSTEM, cors_origins=[])
    assert allowed_origins(tenant) == ()
    refused("FORBIDDEN", lambda: sign_in_options(tenant, None))
