"""Issuing access tokens: what they hold, and what no token may hold."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from apps.tenants.acting import SYSTEM
from apps.tenants.models import ApiKey, SigningKey, Tenant
from apps.tenants.services import do_create_key
from apps.tenants.services.tokens import ACCESS_LIFETIME, issue_access_token, revoke_user_tokens
from kapok.bearer.keys import public_key_from
from kapok.errors import KapokError
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory()


def issue(tenant: Tenant, **more: Any) -> str:
    who: dict[str, Any] = {"sub": "u1", "sid": "s1", "email": "a@example.com", "roles": ["member"], "claims": {}}
    return issue_access_token(tenant, **{**who, **more})


def read(tenant: Tenant, token: str) -> dict[str, Any]:
    key = SigningKey.objects.get(kid=jwt.get_unverified_header(token)["kid"], tenant=tenant)
    return jwt.decode(
        token,
        public_key_from(key.public_key),
        algorithms=["EdDSA"],
        audience=tenant.project.slug,
        leeway=2,
        issuer=f"https://localhost/t/{tenant.slug}",
    )


def test_a_token_says_who_the_user_is(tenant: Tenant) -> None:
    before = int(time.time())
    token = issue(tenant, roles=["member", "staff"], claims={"plan": {"tier": 2}})
    claims = read(tenant, token)
    assert jwt.get_unverified_header(token) == {
        "alg": "EdDSA",
        "typ": "at+jwt",
        "kid": tenant.signing_keys.get().kid,
    }
    assert before <= claims["iat"] <= time.time()
    assert claims["exp"] - claims["iat"] == ACCESS_LIFETIME.total_seconds() == 900
    assert {name: claims[name] for name in ("sub", "sid", "email", "roles", "tenant_id", "plan")} == {
        "sub": "u1",
        "sid": "s1",
        "email": "a@example.com",
        "roles": ["member", "staff"],
        "tenant_id": str(tenant.pk),
        "plan": {"tier": 2},
    }


def test_a_tenant_has_one_key_made_on_first_need(tenant: Tenant) -> None:
    issue(tenant)
    issue(tenant)
    key = tenant.signing_keys.get()
    assert key.state == "active"
    assert key.public_key not in key.sealed_private_key
    other = TenantFactory()
    issue(other)
    assert other.signing_keys.get().kid != key.kid


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": ["service"]},
        {"roles": ["x'; drop table"]},
        {"sub": ""},
        {"sid": "a b"},
        {"claims": {"tenant_id": "other"}},
        {"claims": {"role": "service"}},
        {"claims": {"note": "x" * 8000}},
    ],
)
def test_what_no_token_may_hold(tenant: Tenant, wrong: dict[str, Any]) -> None:
    with pytest.raises(KapokError) as caught:
        issue(tenant, **wrong)
    assert caught.value.code == "VALIDATION_FAILED"


def test_a_token_issued_after_a_revocation_is_later_than_it(tenant: Tenant) -> None:
    revoke_user_tokens(tenant, "u1")
    revoked = int(tenant.revocations.get().revoked_at.timestamp())
    assert read(tenant, issue(tenant))["iat"] > revoked
    assert read(tenant, issue(tenant, sub="u2"))["iat"] <= time.time()


def test_a_key_is_for_both_kinds_of_operation_unless_it_is_said(tenant: Tenant) -> None:
    assert do_create_key(tenant, "secret", acting=SYSTEM)[0].scopes == ["read", "write"]
    assert do_create_key(tenant, "secret", acting=SYSTEM, scopes=["read"])[0].scopes == ["read"]
    for wrong in ([], ["admin"], ["read", "all"]):
        with pytest.raises(KapokError) as caught:
            do_create_key(tenant, "secret", acting=SYSTEM, scopes=wrong)
        assert caught.value.details == {"fields": ["scopes"]}
    assert ApiKey.objects.count() == 2
