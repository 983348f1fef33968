"""Signers of logs: a private key of this process, or a command that has one (for a KMS).

In: PEM text, from a file or the environment, or a command line. Out: `Signer`s.
"""

from __future__ import annotations

import base64
import binascii
import subprocess
from collections.abc import Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from kapok.ledger.keys import SIGNATURE_BYTES, KeyFormatError, PublicKey, SigningError

#: How long a command may take to sign, in seconds.
COMMAND_SECONDS = 10.0


def new_private_key() -> str:
    """A new Ed25519 private key, as unencrypted PKCS #8 PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class LocalSigner:
    """Signs with a private key in memory."""

    def __init__(self, name: str, pem: str) -> None:
        """pem: an unencrypted Ed25519 private key. Raises KeyFormatError."""
        try:
            private = load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeyFormatError("this is not an unencrypted private key in PEM") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyFormatError("the key is not an Ed25519 key")
        self._private = private
        self._key = PublicKey(name, private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def key(self) -> PublicKey:
        """The key that verifies what it signs."""
        return self._key

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the signature."""
        return self._private.sign(message)


class CommandSigner:
    """Has a program sign: the message on its standard input, the signature (64 bytes, or base64) on its output."""

    def __init__(self, key: PublicKey, command: Sequence[str], seconds: float = COMMAND_SECONDS) -> None:
        self._key, self._command, self._seconds = key, list(command), seconds

    @property
    def key(self) -> PublicKey:
        """The key that verifies what it signs."""
        return self._key

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the signature. Raises SigningError when the program fails or signs with another key."""
        try:
            done = subprocess.run(self._command, input=message, capture_output=True, timeout=self._seconds, check=True)
        except subprocess.TimeoutExpired:
            raise SigningError(f"the signing command took longer than {self._seconds:g} s") from None
        except subprocess.CalledProcessError as exc:
            raise SigningError(f"the signing command ended with {exc.returncode}") from None
        except OSError as exc:
            raise SigningError(f"the signing command could not be started: {exc.strerror}") from None
        signature = _signature(done.stdout)
        if not self._key.verify(signature, message):
            raise SigningError("what the signing command printed is not a signature of this key")
        return signature


def _signature(printed: bytes) -> bytes:
    if len(printed) == SIGNATURE_BYTES:
        return printed
    try:
        return base64.b64decode(b"".join(printed.split()), validate=True)
    except (binascii.Error, ValueError):
        raise SigningError("the signing command printed neither 64 bytes nor base64") from None
