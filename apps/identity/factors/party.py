"""For whom a tenant's passkeys are: the relying party of WebAuthn.

In: a tenant, and the origin of the page that asks. Out: `RelyingParty`. Raises FORBIDDEN for pages elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException

from apps.identity.factors.ceremonies import RelyingParty
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from kapok.errors import KapokError
from kapok.outside_urls import is_loopback


def relying_party(tenant: Tenant, page_origin: str | None) -> RelyingParty:
    """For a page (its Origin header), or for the first of the tenant's addresses where there is no page. The id is the
    project's setting, or the page's own host."""
    chosen = AuthSettings.of(tenant.project)
    origins = allowed_origins(tenant)
    if page_origin is None and origins:
        page_origin = origins[0]
    if page_origin is None or page_origin not in origins:
        raise KapokError(
            "FORBIDDEN",
            "Passkeys are not for pages of this origin.",
            hint="Add it to the project's CORS origins or to the origins in its auth settings.",
        )
    host = urlsplit(page_origin).hostname or ""
    rp_id = chosen.webauthn_rp_id or host
    if host != rp_id and not host.endswith("." + rp_id):
        raise KapokError("FORBIDDEN", "This page's host does not belong to the project's rpId.")
    return RelyingParty(rp_id, chosen.webauthn_rp_name or tenant.project.name, (page_origin,))


def relying_party_of(tenant: Tenant, answer: Mapping[str, Any]) -> RelyingParty:
    """For the page a browser says it answered from: the signature covers that. Raises FACTOR_REFUSED."""
    response = answer.get("response")
    try:
        text = response["clientDataJSON"] if isinstance(response, Mapping) else ""
        origin = parse_client_data_json(base64url_to_bytes(text)).origin
        return relying_party(tenant, str(origin))
    except (WebAuthnException, ValueError, TypeError, KeyError, KapokError) as exc:
        raise KapokError("FACTOR_REFUSED") from exc


def allowed_origins(tenant: Tenant) -> tuple[str, ...]:
    """The project's own list; otherwise where the tenant answers, and its CORS origins. Browsers make passkeys over
    https only, and on localhost."""
    chosen = AuthSettings.of(tenant.project).webauthn_origins
    if chosen:
        return chosen
    public = urlsplit(settings.KAPOK_PUBLIC_URL)
    port = f":{public.port}" if public.port else ""
    found = [
        *(f"https://{domain.domain}" for domain in tenant.domains.order_by("-is_primary", "domain")),
        settings.KAPOK_PUBLIC_URL,
        f"{public.scheme}://{tenant.slug}.{settings.KAPOK_BASE_DOMAIN}{port}",
        *tenant.project.cors_origins,
    ]
    return tuple(dict.fromkeys(origin for origin in found if _is_secure(origin)))


def _is_secure(origin: str) -> bool:
    parts = urlsplit(origin)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
