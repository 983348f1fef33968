"""A software authenticator: real keys, real signatures (ES256), no attestation. In: options as JSON, and the origin of
the page that has them. Out: what navigator.credentials.create() and .get() would answer, as JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(content: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The other way round."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Passkey:
    """A credential in the authenticator."""

    id: bytes
    key: ec.EllipticCurvePrivateKey
    rp_id: str
    user_handle: bytes
    count: int = 0


@dataclass
class Authenticator:
    """verifies: whether it asks for a finger or PIN. counts: whether it has a sign counter."""

    verifies: bool = True
    counts: bool = True
    passkeys: list[Passkey] = field(default_factory=list)

    def create(self, options: dict[str, Any], origin: str, *, rp_id: str | None = None) -> dict[str, Any]:
        """Make a passkey. rp_id: another one than was asked for, as a browser would never let pass."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = Passkey(secrets.token_bytes(16), key, rp_id or options["rp"]["id"], unb64(options["user"]["id"]))
        self.passkeys.append(made)
        numbers = key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(made.id).to_bytes(2, "big") + made.id + cbor2.dumps(public)
        data = self._data(made, ATTESTED) + attested
        response = {
            "clientDataJSON": b64(self._client_data("webauthn.create", options, origin)),
            "attestationObject": b64(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            "transports": ["internal"],
        }
        return self._answer(made, response)

    def get(
        self, options: dict[str, Any], origin: str, *, passkey: Passkey | None = None, challenge: str | None = None
    ) -> dict[str, Any]:
        """Use a passkey: the given one, or one that fits. challenge: another one than was asked for."""
        allowed = {each["id"] for each in options.get("allowCredentials", [])}
        fitting = [each for each in self.passkeys if not allowed or b64(each.id) in allowed]
        used = passkey or fitting[-1]
        used.count += self.counts
        client_data = self._client_data(
            "webauthn.get", options if challenge is None else {"challenge": challenge}, origin
        )
        data = self._data(used, 0)
        signature = used.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": b64(client_data),
            "authenticatorData": b64(data),
            "signature": b64(signature),
            "userHandle": b64(used.user_handle),
        }
        return self._answer(used, response)

    def _data(self, passkey: Passkey, flags: int) -> bytes:
        flags |= USER_PRESENT | (USER_VERIFIED if self.verifies else 0)
        rp_hash = hashlib.sha256(passkey.rp_id.encode()).digest()
        return rp_hash + bytes([flags]) + passkey.count.to_bytes(4, "big")

    def _client_data(self, kind: str, options: dict[str, Any], origin: str) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, passkey: Passkey, response: dict[str, Any]) -> dict[str, Any]:
        identifier = b64(passkey.id)
        return {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        }
