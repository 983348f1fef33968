"""The public keys that logs are signed with, and what a signer is.

In: a key in the form of signed notes (`name+id+base64`) or as PEM. Out: `PublicKey`, which names and verifies.
Source: C2SP signed-note, Ed25519 (signature type 1).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

KEY_ID_BYTES = 4
PUBLIC_KEY_BYTES, SIGNATURE_BYTES = 32, 64
#: A key's name: no blanks and no plus sign.
NAME = re.compile(r"[^\s+]+")
_ED25519 = b"\x01"


class KeyFormatError(ValueError):
    """The text is not a key; the message says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key under a name. raw: its 32 bytes."""

    name: str
    raw: bytes

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or not self.name.isprintable():
            raise KeyFormatError("a key's name has neither blanks nor plus signs")
        if len(self.raw) != PUBLIC_KEY_BYTES:
            raise KeyFormatError(f"an Ed25519 public key has {PUBLIC_KEY_BYTES} bytes")

    @property
    def id(self) -> str:
        """C2SP's key id, 8 hex digits: the first 4 bytes of SHA-256(name || newline || 0x01 || key)."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:KEY_ID_BYTES].hex()

    @property
    def text(self) -> str:
        """`name+id+base64(0x01 || key)`: the form that `PublicKey.parse` reads."""
        return f"{self.name}+{self.id}+{base64.b64encode(_ED25519 + self.raw).decode()}"

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Read `name+id+base64`. Raises KeyFormatError, also when the id is not the key's."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            content = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise KeyFormatError("the key is not of the form name+id+base64") from None
        if content[:1] != _ED25519:
            raise KeyFormatError("the key is not of the form name+id+base64 with an Ed25519 key")
        key = cls(name, content[1:])
        if key.id != key_id:
            raise KeyFormatError(f"the key's id is {key.id}, not what it says")
        return key

    @classmethod
    def from_pem(cls, name: str, pem: str) -> PublicKey:
        """Read a PEM `PUBLIC KEY`. Raises KeyFormatError."""
        try:
            key = load_pem_public_key(pem.encode())
        except ValueError:
            raise KeyFormatError("this is not a public key in PEM") from None
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFormatError("the key is not an Ed25519 key")
        return cls(name, key.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature over the message is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer(Protocol):
    """What signs for a log: holds the private key, or asks who does."""

    @property
    def key(self) -> PublicKey:
        """The key that verifies what it signs."""

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature. Raises SigningError."""


class SigningError(Exception):
    """Nothing was signed; the message says why, without any secret."""


def parse_keys(text: str) -> list[PublicKey]:
    """The keys of a file: one `name+id+base64` a line, blank lines and lines with # left out. Raises KeyFormatError."""
    lines: Iterable[str] = (line.strip() for line in text.splitlines())
    return [PublicKey.parse(line) for line in lines if line and not line.startswith("#")]
