"""Reading a token without believing it: the strict form, the header, and who it says it is from.

In: a token as a caller sent it. Out: `Unverified`, or KapokError UNAUTHENTICATED. Stricter than RFC 7515 asks: no
duplicated members, no keys in the header, nothing deep, so that no two readers can understand a token differently.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kapok.bearer.form import MAX_TOKEN_BYTES
from kapok.errors import KapokError

_COMPACT = re.compile(r"([A-Za-z0-9_-]{2,})\.([A-Za-z0-9_-]{2,})\.([A-Za-z0-9_-]{2,})")
#: A token must not bring its own key, nor ask for anything we do not understand (RFC 7515, 4.1.2-4.1.6, 4.1.11).
_FORBIDDEN = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"})
#: NUL, which Postgres has no room for, and halves of characters.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TIMES = ("exp", "nbf", "iat")
_MAX_DEPTH = 16
#: The year 5138: later times are mistakes (milliseconds, mostly).
_MAX_TIME = 1e11
#: Integers beyond it are not the same number everywhere (RFC 8259, 6).
_MAX_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a token says. Nothing of it is known to be true."""

    text: str
    algorithm: str
    kid: str
    type: str
    claims: Mapping[str, Any]
    issuer: str


def invalid(reason: str, sentence: str) -> KapokError:
    """A refusal that says what is wrong with the token. reason: a stable word for programs."""
    return KapokError(
        "UNAUTHENTICATED", sentence, details={"reason": reason}, hint="Sign in again or refresh the token."
    )


def read_token(text: str) -> Unverified:
    """Take a token apart. Raises UNAUTHENTICATED."""
    if len(text) > MAX_TOKEN_BYTES:
        raise invalid("malformed", f"The token is longer than {MAX_TOKEN_BYTES} bytes.")
    parts = _COMPACT.fullmatch(text)
    if parts is None:
        raise invalid("malformed", "The credentials are neither an API key nor a token (JWT).")
    header = _object(parts[1], "header")
    forbidden = sorted(_FORBIDDEN.intersection(header))
    if forbidden:
        raise invalid("malformed", f"The token's header must not have {forbidden[0]!r}.")
    claims = _object(parts[2], "content")
    for name in _TIMES:
        _check_time(name, claims.get(name))
    return Unverified(
        text=text,
        algorithm=_text(header, "alg"),
        kid=_text(header, "kid"),
        type=_text(header, "typ").lower(),
        claims=claims,
        issuer=_text(claims, "iss"),
    )


def _object(part: str, name: str) -> dict[str, Any]:
    problem = invalid("malformed", f"The token's {name} is not valid.")
    try:
        content = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True).decode()
        value = json.loads(content, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except (binascii.Error, ValueError, RecursionError) as exc:
        raise problem from exc
    if not isinstance(value, dict) or not _is_plain(value, _MAX_DEPTH):
        raise problem
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _is_plain(value: Any, depth: int) -> bool:
    """Whether Postgres and every JSON parser take the value as it is."""
    if isinstance(value, str):
        return not _UNSTORABLE.search(value)
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int):
        return abs(value) <= _MAX_INTEGER
    if isinstance(value, float):
        return math.isfinite(value)
    if depth == 0:
        return False
    members = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return all(_is_plain(member, depth - 1) for member in members)


def _check_time(name: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_TIME:
        raise invalid("malformed", f"The token's {name} is not a time in seconds.")


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name, "")
    if not isinstance(value, str) or len(value) > 500:
        raise invalid("malformed", f"The token's {name} is not a text of at most 500 characters.")
    return value
