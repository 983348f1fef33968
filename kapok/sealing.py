"""Sealing: secrets that must be read again, encrypted where they are stored.

In: the platform's secret keys (the current one first, then former ones), a purpose and bytes. Out: text for a column,
and the bytes again. Each purpose has a key of its own, so what is sealed for one tenant or use opens for no other.
Source: Fernet (AES-128-CBC with HMAC-SHA256) and HKDF-SHA256 of the library `cryptography`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class SealBrokenError(Exception):
    """The text was not sealed for this purpose by any of the secret keys, or it was changed."""


def seal(secret_keys: Sequence[str], purpose: str, content: bytes) -> str:
    """Encrypt with the first secret key."""
    return _box(tuple(secret_keys), purpose).encrypt(content).decode()


def unseal(secret_keys: Sequence[str], purpose: str, sealed: str) -> bytes:
    """Decrypt with any of the secret keys. Raises SealBrokenError."""
    try:
        return _box(tuple(secret_keys), purpose).decrypt(sealed.encode())
    except InvalidToken as exc:
        raise SealBrokenError(purpose) from exc


@lru_cache(maxsize=256)
def _box(secret_keys: tuple[str, ...], purpose: str) -> MultiFernet:
    return MultiFernet([Fernet(_derived(secret_key, purpose)) for secret_key in secret_keys])


def _derived(secret_key: str, purpose: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"kapok sealing " + purpose.encode())
    return base64.urlsafe_b64encode(kdf.derive(secret_key.encode()))
