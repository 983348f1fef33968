"""Addresses as callers outside know them: what goes into tokens, mails and redirects.

In: the service's public URL (KAPOK_PUBLIC_URL, or made from the base domain) and a tenant's slug. Out: URLs.
"""

from __future__ import annotations

JWKS_PATH = "/.well-known/jwks.json"


def tenant_url(public_url: str, slug: str) -> str:
    """Where a tenant answers, without a slash at the end: also the issuer (`iss`) of its tokens."""
    return f"{public_url}/t/{slug}"


def jwks_url(public_url: str, slug: str) -> str:
    """Where the public keys of a tenant's tokens are."""
    return tenant_url(public_url, slug) + JWKS_PATH


def provider_callback_url(public_url: str, project: str, provider: str) -> str:
    """Where an identity provider sends browsers back to: one address for all tenants of a project."""
    return f"{public_url}/oidc/{project}/{provider}/callback"
