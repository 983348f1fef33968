"""Is a token true? Its signature, issuer, audience and times.

In: an unverified token, and the key and terms of the issuer it names. Out: its claims, or KapokError UNAUTHENTICATED
that says what is wrong. Which key belongs to the token is decided by who calls, among that issuer's keys only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from kapok.bearer.form import LEEWAY_SECONDS
from kapok.bearer.read import Unverified, invalid
from kapok.errors import KapokError

#: What the library finds wrong: the reason for programs and the sentence for people.
_PROBLEMS: tuple[tuple[type[Exception], str, str], ...] = (
    (jwt.ExpiredSignatureError, "expired", "The token has expired."),
    (jwt.ImmatureSignatureError, "not_yet_valid", "The token is not valid yet: its nbf or iat lies in the future."),
    (jwt.InvalidAudienceError, "wrong_audience", "The token is meant for another audience (aud)."),
    (jwt.InvalidIssuerError, "wrong_issuer", "The token was issued by somebody else (iss)."),
    (jwt.InvalidAlgorithmError, "wrong_algorithm", "The token's algorithm is not allowed for its issuer."),
    (jwt.InvalidSignatureError, "wrong_signature", "The token's signature is not right."),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the tokens of one issuer must hold. type: the header's `typ`, "" for any."""

    issuer: str
    audience: str
    algorithms: frozenset[str]
    required: tuple[str, ...]
    type: str = ""


def check_algorithm(token: Unverified, terms: Terms) -> None:
    """Before any key is looked up. Raises UNAUTHENTICATED."""
    if token.algorithm not in terms.algorithms:
        raise invalid("wrong_algorithm", "The token's algorithm is not allowed for its issuer.")
    if terms.type and token.type.removeprefix("application/") != terms.type:
        raise invalid("wrong_type", "This is not an access token.")


def verify(token: Unverified, key: Any, terms: Terms) -> Mapping[str, Any]:
    """The claims of a token signed by `key` under `terms`. key: a public key, or the bytes of a shared secret. Raises
    UNAUTHENTICATED."""
    check_algorithm(token, terms)
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token.text,
            key,
            algorithms=[token.algorithm],
            audience=terms.audience,
            issuer=terms.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": list(terms.required)},
        )
    except jwt.MissingRequiredClaimError as exc:
        raise invalid("missing_claim", f"The token has no claim {exc.claim!r}.") from exc
    except (jwt.PyJWTError, TypeError, ValueError) as exc:
        raise _problem(exc) from exc
    return claims


def _problem(exc: Exception) -> KapokError:
    for kind, reason, sentence in _PROBLEMS:
        if isinstance(exc, kind):
            return invalid(reason, sentence)
    return invalid("malformed", "The token is not valid.")
