"""The relying party of OpenID Connect Core 1.0: authorization code flow with PKCE (RFC 7636), state and nonce.

In: a client at a provider, and what the provider sent back. Out: the address to send a browser to, and verified claims.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import jwt

from apps.identity.metadata import metadata_problem
from apps.identity.social.discovery import Metadata, key_of, metadata_of
from apps.identity.social.wire import get_json, post_form
from kapok.errors import KapokError

#: Signatures we believe. Never `none`, never one made with the client's secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_SECONDS = 60
#: The longest claims, in bytes of JSON.
MAX_CLAIMS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to a provider. secret: None for a public client; redirect_uri: where browsers come back to."""

    issuer: str
    client_id: str
    secret: str | None
    scopes: tuple[str, ...]
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only we and the provider may know of one sign-in. verifier: PKCE's."""

    nonce: str
    verifier: str


def authorization_url(client: Client, state: str, secrets: Secrets, prompt: str | None = None) -> str:
    """Where to send the browser. Raises PROVIDER_UNAVAILABLE."""
    parts = urlsplit(metadata_of(client.issuer).authorization_endpoint)
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": " ".join(client.scopes),
        "state": state,
        "nonce": secrets.nonce,
        "code_challenge": challenge_of(secrets.verifier),
        "code_challenge_method": "S256",
        **({"prompt": prompt} if prompt else {}),
    }
    query = urlencode([*parse_qsl(parts.query), *asked.items()])
    return urlunsplit(parts._replace(query=query))


def challenge_of(verifier: str) -> str:
    """PKCE's S256."""
    return _encoded(hashlib.sha256(verifier.encode()).digest())


def check_sender(client: Client, answer: Mapping[str, str]) -> None:
    """That an answer comes from the provider that was asked (RFC 9207). Raises PROVIDER_REFUSED."""
    metadata = metadata_of(client.issuer)
    sender = answer.get("iss")
    if sender is None and not metadata.names_itself:
        return
    if sender != metadata.issuer:
        raise _refused("the answer is another issuer's")


def claims_for(client: Client, code: str, secrets: Secrets) -> dict[str, Any]:
    """Redeem a code: the claims of the verified ID token, completed by the userinfo endpoint. Raises PROVIDER_REFUSED,
    PROVIDER_UNAVAILABLE."""
    metadata = metadata_of(client.issuer)
    tokens = _redeem(metadata, client, code, secrets.verifier)
    claims = verified_claims(client, tokens.get("id_token"), secrets.nonce)
    access_token = tokens.get("access_token")
    _check_access_token(claims, access_token)
    if "email" not in claims and metadata.userinfo_endpoint and isinstance(access_token, str):
        more = get_json(metadata.userinfo_endpoint, bearer=access_token)
        if more.get("sub") != claims["sub"]:
            raise _refused("userinfo is about someone else")
        # The signed claims win.
        claims = {**more, **claims}
    problem = metadata_problem(claims, MAX_CLAIMS)
    if problem is not None:
        raise _refused(f"its claims cannot be stored: {problem}")
    return claims


def verified_claims(client: Client, id_token: Any, nonce: str) -> dict[str, Any]:
    """The claims of an ID token of this provider for this client and this sign-in. Raises PROVIDER_REFUSED."""
    if not isinstance(id_token, str):
        raise _refused("there is no ID token")
    try:
        header = jwt.get_unverified_header(id_token)
        if header.get("alg") not in ALGORITHMS:
            raise _refused("its algorithm is not allowed")
        key = key_of(client.issuer, header.get("kid"))
        claims: dict[str, Any] = jwt.decode(
            id_token,
            key=key,
            algorithms=_algorithms(key),
            audience=client.client_id,
            issuer=client.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as exc:
        raise KapokError("PROVIDER_REFUSED") from exc
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise _refused("its nonce is another sign-in's")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client.client_id) != client.client_id:
        raise _refused("it was issued to another client")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise _refused("its subject is not an identifier")
    return claims


def _algorithms(key: jwt.PyJWK) -> Sequence[str]:
    """The algorithms of the key's own kind: a token cannot choose one its key is not made for."""
    kinds = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("EdDSA",)}
    return [name for name in ALGORITHMS if name.startswith(kinds.get(str(key.key_type), ("-",)))]


def _redeem(metadata: Metadata, client: Client, code: str, verifier: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": verifier,
    }
    if client.secret is None:
        return post_form(metadata.token_endpoint, {**form, "client_id": client.client_id})
    if metadata.secret_in_form:
        return post_form(
            metadata.token_endpoint, {**form, "client_id": client.client_id, "client_secret": client.secret}
        )
    # RFC 6749, 2.3.1: each is form-encoded before the two are joined.
    name, password = (urlencode({"": value})[1:] for value in (client.client_id, client.secret))
    return post_form(metadata.token_endpoint, form, basic=(name, password))


def _check_access_token(claims: Mapping[str, Any], access_token: Any) -> None:
    """`at_hash`, where there is one, ties the access token to the ID token. The hash is half of SHA-256 for the usual
    algorithms; others we leave to TLS, which the standard allows for a code flow."""
    expected = claims.get("at_hash")
    if expected is None or not isinstance(access_token, str):
        return
    halves = (
        _encoded((digest := function(access_token.encode()).digest())[: len(digest) // 2])
        for function in (hashlib.sha256, hashlib.sha384, hashlib.sha512)
    )
    if expected not in halves:
        raise _refused("the access token is another one's")


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _refused(reason: str) -> KapokError:
    error = KapokError("PROVIDER_REFUSED")
    error.__cause__ = ValueError(reason)
    return error
