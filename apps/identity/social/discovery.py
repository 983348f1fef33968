"""What an OpenID provider says of itself (OpenID Connect Discovery 1.0) and its keys.

In: an issuer. Out: `Metadata`, and the key a token names; both kept for a while in this process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from django.conf import settings

from apps.identity.social.wire import get_json
from kapok.errors import KapokError
from kapok.outside_urls import is_callable_url

#: Seconds that what a provider says is believed.
KEPT_SECONDS = 600
#: Seconds between two looks for a key that was not there: tokens with made-up key ids must not make us a hammer.
RETRY_SECONDS = 30
_WELL_KNOWN = "/.well-known/openid-configuration"
_MAX_KEPT = 200


@dataclass(frozen=True, slots=True)
class Metadata:
    """A provider's addresses. names_itself: whether it adds `iss` to its answers (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    secret_in_form: bool
    names_itself: bool


@dataclass(slots=True)
class _Kept:
    metadata: Metadata
    until: float
    keys: Mapping[str, jwt.PyJWK] = field(default_factory=dict)
    keys_at: float = float("-inf")


_kept: dict[str, _Kept] = {}
_lock = threading.Lock()


def metadata_of(issuer: str) -> Metadata:
    """Raises PROVIDER_UNAVAILABLE, also when the document is about another issuer."""
    return _entry(issuer).metadata


def key_of(issuer: str, kid: str | None) -> jwt.PyJWK:
    """The key with this id; without an id, the only one. Raises PROVIDER_REFUSED."""
    entry = _entry(issuer)
    now = time.monotonic()
    found = _pick(entry.keys, kid)
    age = now - entry.keys_at
    if age > KEPT_SECONDS or (found is None and age > RETRY_SECONDS):
        entry.keys, entry.keys_at = _read_keys(entry.metadata.jwks_uri), now
        found = _pick(entry.keys, kid)
    if found is None:
        raise KapokError("PROVIDER_REFUSED") from ValueError("no such key")
    return found


def forget() -> None:
    """Ask every provider anew."""
    with _lock:
        _kept.clear()


def _entry(issuer: str) -> _Kept:
    now = time.monotonic()
    with _lock:
        entry = _kept.get(issuer)
    if entry is None or entry.until < now:
        entry = _Kept(_read(issuer), now + KEPT_SECONDS)
        with _lock:
            if len(_kept) >= _MAX_KEPT:
                _kept.pop(next(iter(_kept)))
            _kept[issuer] = entry
    return entry


def _read(issuer: str) -> Metadata:
    if not _safe(issuer):
        raise KapokError("PROVIDER_UNAVAILABLE", "The provider's issuer must be an https address.")
    document = get_json(issuer.removesuffix("/") + _WELL_KNOWN)
    if document.get("issuer") != issuer:
        raise KapokError(
            "PROVIDER_UNAVAILABLE", "The provider calls itself something else than the configured issuer."
        ) from ValueError(repr(document.get("issuer"))[:300])
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    userinfo = document.get("userinfo_endpoint")
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_address(document, "authorization_endpoint"),
        token_endpoint=_address(document, "token_endpoint"),
        jwks_uri=_address(document, "jwks_uri"),
        userinfo_endpoint=userinfo if _safe(userinfo) else None,
        secret_in_form="client_secret_basic" not in methods,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _address(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not _safe(value):
        raise KapokError("PROVIDER_UNAVAILABLE", f"The provider's {name} is missing or not an https address.")
    return str(value)


def _safe(url: Any) -> bool:
    return is_callable_url(url, development=settings.KAPOK_PRIVATE_ISSUERS)


def _read_keys(url: str) -> Mapping[str, jwt.PyJWK]:
    listed = get_json(url).get("keys")
    found: dict[str, jwt.PyJWK] = {}
    for jwk in listed if isinstance(listed, list) else []:
        # A symmetric key in public would let anyone sign.
        if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig" or jwk.get("kty") == "oct":
            continue
        try:
            found[str(jwk.get("kid", ""))] = jwt.PyJWK(jwk)
        except jwt.PyJWTError:
            continue
    return found


def _pick(keys: Mapping[str, jwt.PyJWK], kid: str | None) -> jwt.PyJWK | None:
    if kid is not None:
        return keys.get(kid)
    return next(iter(keys.values())) if len(keys) == 1 else None
