"""API keys: making them, and the digest that is all we store.

In: a kind, or a key as a caller sent it. Out: a new key with its digest and display prefix, or the digest to look up.
A key is `kpub_` or `ksec_` and 43 base64url characters of 256 random bits; SHA-256 suffices for such entropy (a slow
hash protects guessable passwords).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

_KEY = re.compile(r"k(pub|sec)_[A-Za-z0-9_-]{43}")


class KeyKind(StrEnum):
    """PUBLISHABLE may be seen by anyone (role anon); SECRET stays on servers (role service, or any role)."""

    PUBLISHABLE = "publishable"
    SECRET = "secret"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is shown once. `prefix`: the first characters, to tell keys apart in lists."""

    key: str
    prefix: str
    digest: str


def new_key(kind: KeyKind) -> NewKey:
    """Make a key from the system's randomness."""
    key = ("kpub_" if kind is KeyKind.PUBLISHABLE else "ksec_") + secrets.token_urlsafe(32)
    return NewKey(key=key, prefix=key[:12], digest=key_digest(key))


def key_digest(key: str) -> str:
    """SHA-256 of the key, in hex: what the database holds."""
    return hashlib.sha256(key.encode()).hexdigest()


def looks_like_key(text: str) -> bool:
    """Whether the text has a key's form, so that anything else is refused without a look-up."""
    return _KEY.fullmatch(text) is not None
