"""Identity providers of a project: set and removed. Client secrets are encrypted at rest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.accounts.secret_keys import secret_keys
from apps.tenants.acting import Actor
from apps.tenants.models import IdentityProvider, Project
from apps.tenants.trail import record_on_platform, target_of
from kapok.errors import KapokError
from kapok.outside_urls import is_callable_url
from kapok.sealing import seal, unseal

_NAME = re.compile(r"[a-z][a-z0-9-]{0,47}")
#: What RFC 6749 lets a scope be made of.
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,200}")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
MAX_LISTED = 30


@transaction.atomic
def do_set_provider(
    project: Project,
    name: str,
    *,
    acting: Actor,
    issuer: str,
    client_id: str,
    client_secret: str | None = None,
    title: str = "",
    scopes: Sequence[str] = ("openid", "email", "profile"),
    claims: Mapping[str, str] | None = None,
    links_accounts: bool = False,
    enabled: bool = True,
) -> IdentityProvider:
    """Add a provider, or change the one of this name. client_secret: None keeps the one there is, "" removes it.
    Raises VALIDATION_FAILED."""
    _check(name, issuer, client_id, client_secret, scopes, claims or {})
    provider = IdentityProvider.objects.select_for_update().filter(project=project, name=name).first()
    if provider is None:
        provider = IdentityProvider(project=project, name=name)
    elif client_secret is None and provider.issuer != issuer and provider.sealed_client_secret:
        # Whoever may change the issuer must not have the old one's secret sent to it.
        raise _invalid("client_secret", "Give the client secret again: the issuer is another one.")
    provider.title = title[:100] or name
    provider.issuer, provider.client_id = issuer, client_id
    provider.scopes, provider.claims = list(dict.fromkeys(["openid", *scopes])), dict(claims or {})
    provider.links_accounts, provider.enabled = links_accounts, enabled
    if client_secret is not None:
        sealed = seal(secret_keys(), _purpose(provider), client_secret.encode()) if client_secret else ""
        provider.sealed_client_secret = sealed
    provider.save()
    record_on_platform(
        "provider.set",
        target_of(project),
        acting=acting,
        project=project.slug,
        name=name,
        issuer=issuer,
        clientId=client_id,
        secretChanged=client_secret is not None,
        enabled=enabled,
        linksAccounts=links_accounts,
    )
    return provider


@transaction.atomic
def do_remove_provider(provider: IdentityProvider, *, acting: Actor) -> None:
    """Nobody signs in there any more; users keep their accounts."""
    project = provider.project
    provider.delete()
    record_on_platform(
        "provider.removed",
        target_of(project),
        acting=acting,
        project=project.slug,
        name=provider.name,
        issuer=provider.issuer,
    )


def client_secret_of(provider: IdentityProvider) -> str | None:
    """The secret; None for a public client. Raises SealBrokenError where SECRET_KEY has changed."""
    if not provider.sealed_client_secret:
        return None
    return unseal(secret_keys(), _purpose(provider), provider.sealed_client_secret).decode()


def _check(
    name: str, issuer: str, client_id: str, secret: str | None, scopes: Sequence[str], claims: Mapping[str, Any]
) -> None:
    if not _NAME.fullmatch(name):
        raise _invalid("name", "A provider's name is made of a-z, 0-9 and hyphens, begins with a letter and is short.")
    if len(issuer) > 500 or "?" in issuer or not is_callable_url(issuer, development=settings.KAPOK_PRIVATE_ISSUERS):
        raise _invalid("issuer", "The issuer must be an https address without query, as its discovery document has it.")
    if not client_id.isprintable() or not 0 < len(client_id) <= 500:
        raise _invalid("client_id", "The client id is missing or too long.")
    if secret is not None and (not secret.isprintable() or len(secret) > 2000):
        raise _invalid("client_secret", "The client secret is too long or holds unprintable characters.")
    if len(scopes) > MAX_LISTED or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise _invalid("scopes", "Scopes are words without spaces.")
    words = all(isinstance(claim, str) and 0 < len(claim) <= 200 for claim in claims.values())
    if len(claims) > MAX_LISTED or not words or not all(_FIELD.fullmatch(str(field)) for field in claims):
        raise _invalid("claims", "Claims are an object of field names and claims' names.")


def _purpose(provider: IdentityProvider) -> str:
    return f"client secret of {provider.pk}"


def _invalid(field: str, message: str) -> KapokError:
    return KapokError("VALIDATION_FAILED", message, details={"fields": [field]})
