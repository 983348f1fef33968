"""Signing in at an OpenID provider, from the app's link to verified claims.

In: a provider and where the app wants its user back. Out: the provider's address; then, for what the provider sent, the
app's address with a one-time code; then, for that code and the app's PKCE verifier, verified claims. Until that last
step nothing is made or changed, so links that others planted in a browser lead nowhere.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson
from django.conf import settings
from django.db import transaction
from django_tenants.utils import tenant_context

from apps.accounts.secret_keys import secret_keys
from apps.identity.services.one_time import issue, take
from apps.identity.social.relying_party import (
    Client,
    Secrets,
    authorization_url,
    challenge_of,
    check_sender,
    claims_for,
)
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import IdentityProvider, Tenant
from apps.tenants.services.providers import client_secret_of
from kapok.errors import KapokError
from kapok.public_urls import provider_callback_url
from kapok.sealing import SealBrokenError, seal, unseal

STATE_PURPOSE, CODE_PURPOSE = "oidc_state", "oidc_code"
#: How long a person may take at the provider, and an app to redeem its code.
STATE_LIFETIME, CODE_LIFETIME = timedelta(minutes=15), timedelta(minutes=2)
#: RFC 7636: 43 characters of base64url for S256; a verifier has 43 to 128.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
#: What a provider may say instead of a code, and we pass on.
_PROVIDER_ERRORS = frozenset({"access_denied", "login_required", "consent_required", "interaction_required"})


@dataclass(frozen=True, slots=True)
class Proven:
    """What a provider has proved. claims: of its ID token and userinfo."""

    provider: IdentityProvider
    claims: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """Who it is, at this issuer."""
        return str(self.claims["sub"])

    @property
    def verified_email(self) -> str | None:
        """The address, when the provider says it is verified; as it was given. Only JSON's true counts."""
        email = self.claims.get("email")
        if self.claims.get("email_verified") is True and isinstance(email, str) and email:
            return email
        return None

    def metadata(self) -> dict[str, Any]:
        """The fields of a new user's metadata that the project takes from claims."""
        return {field: self.claims[claim] for field, claim in self.provider.claims.items() if claim in self.claims}


def provider_of(tenant: Tenant, name: str) -> IdentityProvider:
    """A provider that is offered. Raises NOT_FOUND."""
    provider = IdentityProvider.objects.filter(project_id=tenant.project_id, name=name, enabled=True).first()
    if provider is None:
        raise KapokError("NOT_FOUND", "This project offers no such provider.")
    return provider


def start(tenant: Tenant, provider: IdentityProvider, *, redirect_to: str, code_challenge: str) -> str:
    """Where to send the browser. Raises REDIRECT_NOT_ALLOWED, INVALID_REQUEST, PROVIDER_UNAVAILABLE."""
    check_redirect(tenant, redirect_to)
    if not _CHALLENGE.fullmatch(code_challenge):
        raise KapokError("INVALID_REQUEST", "codeChallenge must be the S256 of the app's PKCE verifier, in base64url.")
    ours = Secrets(nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48))
    client = client_of(tenant, provider)
    data = {
        "provider": str(provider.pk),
        "issuer": provider.issuer,
        "redirect": redirect_to,
        "challenge": code_challenge,
        "sealed": _sealed(tenant, asdict(ours)),
    }
    # The relay at the public address reads whose answer it is from the state (apps/control/oidc_relay.py).
    with tenant_context(tenant):
        token = issue(STATE_PURPOSE, STATE_LIFETIME, data=data)
    return authorization_url(client, f"{tenant.slug}.{token}", ours)


def finish(tenant: Tenant, provider: IdentityProvider, answer: Mapping[str, str]) -> str:
    """The app's address, with a one-time `code`, or with `error` when the provider or we refused. Raises
    TOKEN_INVALID for an answer nobody waits for: there is no address to send it to."""
    slug, _, token = answer.get("state", "").partition(".")
    if slug != tenant.slug:
        raise KapokError("TOKEN_INVALID")
    with tenant_context(tenant), transaction.atomic():
        waiting = take(token, STATE_PURPOSE).data
    # The answer to one provider's question, given by another: a mix-up (RFC 9207).
    if waiting["provider"] != str(provider.pk) or waiting["issuer"] != provider.issuer:
        raise KapokError("TOKEN_INVALID")
    try:
        claims = _claims(tenant, provider, answer, Secrets(**_opened(tenant, waiting["sealed"])))
    except KapokError as error:
        return _with(waiting["redirect"], {"error": error.code, "errorDescription": error.message})
    content = {"provider": waiting["provider"], "challenge": waiting["challenge"], "sealed": _sealed(tenant, claims)}
    with tenant_context(tenant):
        return _with(waiting["redirect"], {"code": issue(CODE_PURPOSE, CODE_LIFETIME, data=content)})


def redeem(tenant: Tenant, code: str, code_verifier: str) -> Proven:
    """What was proved, for the app that began. Raises TOKEN_INVALID, NOT_FOUND."""
    with tenant_context(tenant), transaction.atomic():
        waiting = take(code, CODE_PURPOSE).data
    right = _VERIFIER.fullmatch(code_verifier) and hmac.compare_digest(
        challenge_of(code_verifier), str(waiting["challenge"])
    )
    provider = IdentityProvider.objects.filter(
        pk=waiting["provider"], project_id=tenant.project_id, enabled=True
    ).first()
    if not right or provider is None:
        raise KapokError("TOKEN_INVALID")
    return Proven(provider, _opened(tenant, waiting["sealed"]))


def check_redirect(tenant: Tenant, address: str) -> None:
    """Exactly one of the project's addresses, character for character. Raises REDIRECT_NOT_ALLOWED."""
    if address not in AuthSettings.of(tenant.project).redirect_urls:
        raise KapokError("REDIRECT_NOT_ALLOWED")


def client_of(tenant: Tenant, provider: IdentityProvider) -> Client:
    """Who we are to a provider. Raises PROVIDER_UNAVAILABLE when the client secret cannot be read."""
    try:
        secret = client_secret_of(provider)
    except SealBrokenError as exc:
        raise KapokError("PROVIDER_UNAVAILABLE") from exc
    scopes = tuple(provider.scopes)
    callback = provider_callback_url(settings.KAPOK_PUBLIC_URL, tenant.project.slug, provider.name)
    return Client(provider.issuer, provider.client_id, secret, scopes, callback)


def _claims(tenant: Tenant, provider: IdentityProvider, answer: Mapping[str, str], ours: Secrets) -> dict[str, Any]:
    client = client_of(tenant, provider)
    check_sender(client, answer)
    refusal = answer.get("error")
    if refusal is not None:
        known = refusal if refusal in _PROVIDER_ERRORS else "an error"
        raise KapokError("PROVIDER_REFUSED", f"The identity provider answered {known}.")
    code = answer.get("code", "")
    if not code:
        raise KapokError("PROVIDER_REFUSED")
    return claims_for(client, code, ours)


def _with(address: str, added: Mapping[str, str]) -> str:
    parts = urlsplit(address)
    return urlunsplit(
        parts._replace(query=urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()]))
    )


def _sealed(tenant: Tenant, content: Mapping[str, Any]) -> str:
    return seal(secret_keys(), f"oidc of {tenant.pk}", orjson.dumps(content))


def _opened(tenant: Tenant, sealed: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = orjson.loads(unseal(secret_keys(), f"oidc of {tenant.pk}", sealed))
    except SealBrokenError as exc:
        raise KapokError("TOKEN_INVALID") from exc
    return content
