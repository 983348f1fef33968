"""Signing keys and trusted issuers in the admin and the control API: who sees what and may change it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from apps.tenants.acting import SYSTEM
from apps.tenants.models import SigningKey, TrustedIssuer
from apps.tenants.services import do_trust_issuer
from apps.tenants.signing import signing_key
from tests.control.cast import Cast, code_of

pytestmark = pytest.mark.django_db

KEYS = "/tenants/acme/signing-keys"
ISSUERS = "/projects/bookings/issuers"
INPUT = {"issuer": "https://id.example.com/", "audience": "app", "jwksUrl": "https://id.example.com/jwks.json"}
FORM = {
    "issuer": "https://id.example.com/",
    "audience": "app",
    "jwks_url": "https://id.example.com/jwks.json",
    "algorithms": ["RS256"],
    "subject_claim": "sub",
    "roles_claim": "roles",
    "role_mapping": '{"admins": "staff"}',
    "enabled": "on",
}


@pytest.fixture
def furnished(cast: Cast) -> Cast:
    """A key and an issuer in both projects."""
    for tenant in (cast.tenant, cast.other_tenant):
        signing_key(tenant)
        url = f"https://{tenant.slug}.example.com/"
        do_trust_issuer(tenant.project, url, acting=SYSTEM, audience="app", jwks_url=f"{url}jwks.json")
    return cast


def admin(cast: Cast, principal: str, name: str, *args: Any, data: Any = None) -> Any:
    client, url = cast.client(principal), reverse(f"admin:{name}", args=args)
    return client.get(url) if data is None else client.post(url, data)


@pytest.mark.parametrize(
    ("principal", "sees", "changes"),
    [
        ("anonymous", 401, 401),
        ("stranger", 404, 404),
        ("reader", 200, 403),
        ("manager", 200, 200),
    ],
)
def test_the_api_is_for_those_with_the_right(furnished: Cast, principal: str, sees: int, changes: int) -> None:
    before = list(SigningKey.objects.values()), list(TrustedIssuer.objects.values())
    theirs = furnished.project.trusted_issuers.get().pk
    assert furnished.ask(principal, "GET", KEYS).status_code == sees
    assert furnished.ask(principal, "GET", ISSUERS).status_code == sees
    if changes != 200:
        assert furnished.ask(principal, "POST", KEYS, {"atOnce": True}).status_code == changes
        assert furnished.ask(principal, "PUT", ISSUERS, INPUT).status_code == changes
        assert furnished.ask(principal, "DELETE", f"{ISSUERS}/{theirs}").status_code == changes
        assert (list(SigningKey.objects.values()), list(TrustedIssuer.objects.values())) == before


def test_keys_and_issuers_by_api(furnished: Cast) -> None:
    listed = furnished.ask("manager", "GET", KEYS).json()["data"]["keys"]
    assert [key["state"] for key in listed] == ["active"]
    assert not any("private" in name.lower() or "sealed" in name.lower() for name in listed[0])
    made = furnished.ask("manager", "POST", KEYS, {})
    assert (made.status_code, made.json()["data"]["state"]) == (201, "upcoming")
    assert furnished.ask("manager", "POST", KEYS, {"atOnce": True}).json()["data"]["state"] == "active"
    issuer = furnished.ask("manager", "PUT", ISSUERS, INPUT).json()["data"]
    assert (issuer["algorithms"], issuer["hasSecret"]) == (["ES256", "EdDSA", "RS256"], False)
    assert code_of(furnished.ask("manager", "PUT", ISSUERS, {**INPUT, "audience": ""})) == "VALIDATION_FAILED"
    other = furnished.other_project.trusted_issuers.get().pk
    assert code_of(furnished.ask("manager", "DELETE", f"{ISSUERS}/{other}")) == "NOT_FOUND"
    assert furnished.ask("manager", "DELETE", f"{ISSUERS}/{issuer['id']}").status_code == 204
    assert furnished.project.trusted_issuers.count() == 1


@pytest.mark.parametrize("name", ["tenants_signingkey", "tenants_trustedissuer"])
@pytest.mark.parametrize("principal", ["stranger", "reader", "manager", "admin"])
def test_pages_show_only_the_operators_projects(furnished: Cast, principal: str, name: str) -> None:
    answer = admin(furnished, principal, f"{name}_changelist")
    if principal == "stranger":
        assert answer.status_code == 403
        return
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "acme" in text
    assert ("globex" in text) == (principal == "admin")
    for row in (SigningKey if name == "tenants_signingkey" else TrustedIssuer).objects.all():
        page = admin(furnished, principal, f"{name}_change", row.pk)
        ours = furnished.project in (getattr(row, "project", None), getattr(getattr(row, "tenant", None), "project", 0))
        assert page.status_code == (200 if ours or principal == "admin" else 302)
        assert getattr(row, "sealed_private_key", "") == "" or row.sealed_private_key not in page.content.decode()


def test_keys_are_rotated_and_replaced_by_managers_only(furnished: Cast) -> None:
    key = furnished.tenant.signing_keys.get()
    dialog = {"_form_submitted": "on"}
    for action in ("rotate", "replace"):
        assert admin(furnished, "reader", f"tenants_signingkey_{action}", key.pk, data=dialog).status_code == 403
    assert furnished.tenant.signing_keys.count() == 1
    theirs = furnished.other_tenant.signing_keys.get()
    assert admin(furnished, "manager", "tenants_signingkey_replace", theirs.pk, data=dialog).status_code in (403, 404)
    assert furnished.other_tenant.signing_keys.count() == 1
    admin(furnished, "manager", "tenants_signingkey_rotate", key.pk, data=dialog)
    assert [row.state for row in furnished.tenant.signing_keys.all()] == ["upcoming", "active"]
    admin(furnished, "manager", "tenants_signingkey_replace", key.pk, data=dialog)
    assert sorted(row.state for row in furnished.tenant.signing_keys.all()) == ["active", "gone", "gone"]


def test_issuers_are_set_and_removed_in_their_forms(furnished: Cast) -> None:
    add = "tenants_trustedissuer_add"
    assert admin(furnished, "reader", add, data={"project": furnished.project.pk, **FORM}).status_code == 403
    refused = admin(furnished, "manager", add, data={"project": furnished.other_project.pk, **FORM})
    assert b"Select a valid choice" in refused.content
    assert TrustedIssuer.objects.count() == 2
    admin(furnished, "manager", add, data={"project": furnished.project.pk, **FORM})
    made = furnished.project.trusted_issuers.get(issuer=FORM["issuer"])
    assert (made.algorithms, made.role_mapping, made.enabled) == (["RS256"], {"admins": "staff"}, True)
    changed = {**FORM, "audience": "app2", "issuer": "https://evil.example/"}
    admin(furnished, "manager", "tenants_trustedissuer_change", made.pk, data=changed)
    made.refresh_from_db()
    assert (made.audience, made.issuer) == ("app2", FORM["issuer"])
    secret = {**FORM, "jwks_url": "", "algorithms": ["HS256"], "secret": "s" * 40}
    admin(furnished, "manager", "tenants_trustedissuer_change", made.pk, data=secret)
    made.refresh_from_db()
    assert made.sealed_secret
    page = admin(furnished, "manager", "tenants_trustedissuer_change", made.pk).content.decode()
    assert "s" * 40 not in page
    assert made.sealed_secret not in page
    admin(furnished, "manager", "tenants_trustedissuer_distrust", made.pk, data={"_form_submitted": "on"})
    assert not furnished.project.trusted_issuers.filter(issuer=FORM["issuer"]).exists()
