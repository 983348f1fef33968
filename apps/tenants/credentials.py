"""What a caller showed: a key, a token, or both; and the role asked for. As sent, nothing of it checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from kapok.tokens import key_digest


@dataclass(frozen=True, slots=True)
class Credentials:
    """key, token: "" where not sent; at least one is. role: from X-Kapok-Role, "" where not sent. address: whose."""

    key: str = field(repr=False)
    token: str = field(repr=False)
    role: str = ""
    address: str = ""
    #: What they are looked up by; made once, because many requests show the same.
    key_digest: str = field(init=False, repr=False, compare=False)
    token_digest: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key_digest", key_digest(self.key))
        object.__setattr__(self, "token_digest", hashlib.sha256(self.token.encode()).digest())
