"""Public keys as tokens name them: JWK in, JWK out.

Source: RFC 7517 (JWK), RFC 7638 (thumbprint), RFC 8037 (OKP).
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kapok.bearer.form import ALGORITHM


def encoded_public_key(private_key: Ed25519PrivateKey) -> str:
    """The `x` of the public key's JWK: 32 bytes in base64url without padding."""
    return _base64url(private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def public_key_from(x: str) -> Ed25519PublicKey:
    """The key of a JWK's `x`. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "="))


def thumbprint(x: str) -> str:
    """The key's id: SHA-256 of its required members in order (RFC 7638, 3)."""
    members = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return _base64url(hashlib.sha256(members.encode()).digest())


def jwk(kid: str, x: str) -> dict[str, str]:
    """A public key as the JWKS shows it."""
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": ALGORITHM}


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
