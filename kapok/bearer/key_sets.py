"""Key sets of others (JWKS), read with care.

In: a JWKS as JSON. Out: its public signature keys by kid, each with the algorithms it is for. Keys of other kinds are
left out: a set may hold keys for things we know nothing of (RFC 7517, 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

MAX_KEYS = 100
#: NIST SP 800-131A: shorter RSA keys are not to be used.
MIN_RSA_BITS = 2048
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


@dataclass(frozen=True, slots=True)
class RemoteKey:
    """A public key and what it may verify."""

    key: Any
    algorithms: frozenset[str]


def read_key_set(content: bytes) -> Mapping[str, RemoteKey]:
    """The usable keys of a JWKS. Raises ValueError for what is none."""
    document = orjson.loads(content)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise ValueError("this is not a JWKS, or it has too many keys")
    keys: dict[str, RemoteKey] = {}
    for member in listed:
        key = _read(member) if isinstance(member, dict) else None
        if key is not None:
            # Of two keys of one id nobody knows which is meant.
            keys[member["kid"]] = RemoteKey(None, frozenset()) if member["kid"] in keys else key
    return {kid: key for kid, key in keys.items() if key.algorithms}


def _read(member: dict[str, Any]) -> RemoteKey | None:
    kid, use, alg = member.get("kid"), member.get("use", "sig"), member.get("alg")
    if not isinstance(kid, str) or not kid or use != "sig" or member.get("kty") not in ("OKP", "EC", "RSA"):
        return None
    try:
        key = jwt.PyJWK(member).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    fitting = _algorithms(key)
    return RemoteKey(key, fitting if alg is None else fitting & {alg} if isinstance(alg, str) else frozenset())


def _algorithms(key: Any) -> frozenset[str]:
    if isinstance(key, RSAPublicKey):
        return _RSA if key.key_size >= MIN_RSA_BITS else frozenset()
    if isinstance(key, EllipticCurvePublicKey):
        return frozenset({_CURVES[key.curve.name]}) if key.curve.name in _CURVES else frozenset()
    return frozenset({"EdDSA"}) if isinstance(key, Ed25519PublicKey) else frozenset()
