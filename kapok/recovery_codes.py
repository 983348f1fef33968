"""Recovery codes: ten to print, each good once, for the day the phone is gone.

In: nothing, or a code a person typed. Out: codes of 80 random bits, and the digest that is kept. Pure.
"""

from __future__ import annotations

import hashlib
import secrets

#: Crockford's base32: no letter that reads like another.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LOOKALIKES = str.maketrans("oil", "011")
COUNT = 10
_LENGTH = 16


def new_codes() -> list[str]:
    """Ten codes such as `k7qm-2xwp-9fth-03vb`."""
    return [_grouped("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))) for _ in range(COUNT)]


def digest_of(code: str) -> str:
    """SHA-256 in hex of a code as typed: case, spaces and hyphens do not matter. The codes are random enough for a hash
    without stretching."""
    typed = "".join(code.lower().split()).replace("-", "").translate(_LOOKALIKES)
    return hashlib.sha256(b"kapok recovery code " + typed.encode()).hexdigest()


def _grouped(text: str) -> str:
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
