"""What Kapok's own access tokens look like, and what every token must.

Source: RFC 7519 (JWT), RFC 9068 (access tokens as JWT), RFC 8037 (EdDSA keys).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kapok.errors import KapokError
from kapok.principal import SERVICE_ROLE

ALGORITHM = "EdDSA"
#: The `typ` of Kapok's access tokens, so that nothing else signed with the same key passes for one.
TYPE = "at+jwt"
#: How long an access token lasts, and how far clocks may differ, in seconds.
ACCESS_SECONDS = 15 * 60
LEEWAY_SECONDS = 60
#: How long a JWKS may be cached, in seconds.
JWKS_CACHE_SECONDS = 300
#: The longest token that is looked at, in bytes: proxies commonly refuse headers beyond 8 KB.
MAX_TOKEN_BYTES = 7000
MAX_ROLES = 50

#: Claims with a meaning of their own: custom claims cannot replace them.
RESERVED = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "email", "role", "roles", "tenant_id"}
    | {"azp", "scope", "client_id", "auth_time", "nonce"}
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@|/+=~-]{0,254}")
_ROLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


def is_name(value: object) -> bool:
    """Whether a value can be a `sub` or `sid`: 1 to 255 harmless characters."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def is_role(value: object) -> bool:
    """Whether a value can be the role of an end user. service is none: it sees everything."""
    return isinstance(value, str) and _ROLE.fullmatch(value) is not None and value != SERVICE_ROLE


def check_content(sub: str, sid: str, roles: Iterable[str], claims: Mapping[str, Any]) -> None:
    """Refuse what no token may hold. Raises VALIDATION_FAILED."""
    wrong = [role for role in roles if not is_role(role)]
    if not is_name(sub) or not is_name(sid):
        raise KapokError("VALIDATION_FAILED", "sub and sid must be 1 to 255 letters, digits or _ . : @ | / + = ~ -.")
    if wrong:
        raise KapokError("VALIDATION_FAILED", f"A user cannot have the role {str(wrong[0])[:63]!r}.")
    taken = sorted(RESERVED.intersection(claims))
    if taken:
        raise KapokError("VALIDATION_FAILED", f"The claim {taken[0]!r} is Kapok's own.", details={"fields": taken})
