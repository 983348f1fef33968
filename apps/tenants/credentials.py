"""What a caller showed: a key, a token, or both; and the role asked for. As sent, nothing of it checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """key, token: "" where not sent; at least one is. role: from X-Kapok-Role, "" where not sent."""

    key: str
    token: str
    role: str = ""
