"""From a true token to who acts: the claims' shapes, and the role.

In: verified claims, and the role a caller asks for. Out: `EndUser`, and its `Principal` in one role.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kapok.bearer.form import MAX_ROLES, is_name, is_role
from kapok.bearer.read import invalid
from kapok.errors import KapokError
from kapok.principal import ANON_ROLE, Principal, PrincipalKind

#: What the token itself needs and no rule does.
_TECHNICAL = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "role"})


@dataclass(frozen=True, slots=True)
class EndUser:
    """A user of one tenant, as a token says. Times are Unix seconds. sid: "" where an external issuer has none."""

    tenant_id: uuid.UUID
    sub: str
    sid: str
    roles: tuple[str, ...]
    issued: float
    expires: float
    claims: Mapping[str, Any]


def end_user(tenant_id: uuid.UUID, claims: Mapping[str, Any], roles: tuple[str, ...]) -> EndUser:
    """The user of a token. roles: without any, the user is one of anon. Raises UNAUTHENTICATED."""
    sub, sid, email = claims.get("sub"), claims.get("sid", ""), claims.get("email")
    if not is_name(sub):
        raise invalid("malformed", "The token's sub is not a user's id.")
    if sid != "" and not is_name(sid):
        raise invalid("malformed", "The token's sid is not a session's id.")
    if email is not None and not isinstance(email, str):
        raise invalid("malformed", "The token's email is not a text.")
    kept = {name: value for name, value in claims.items() if name not in _TECHNICAL}
    kept |= {"roles": list(roles), "tenant_id": str(tenant_id)}
    return EndUser(
        tenant_id=tenant_id,
        sub=str(sub),
        sid=str(sid),
        roles=roles or (ANON_ROLE,),
        issued=float(claims["iat"]),
        expires=float(claims["exp"]),
        claims=kept,
    )


def own_roles(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The roles of a token of Kapok's own. Raises UNAUTHENTICATED."""
    roles = claims.get("roles")
    if not isinstance(roles, list) or len(roles) > MAX_ROLES or not all(is_role(role) for role in roles):
        raise invalid("malformed", "The token's roles are not a list of roles.")
    return tuple(roles)


def acting(user: EndUser, wanted: str) -> Principal:
    """The user in one role: the one asked for by X-Kapok-Role, else the first. Raises FORBIDDEN."""
    if wanted and wanted not in user.roles:
        raise KapokError(
            "FORBIDDEN",
            "X-Kapok-Role names a role that the token does not have.",
            details={"roles": list(user.roles)},
        )
    return Principal(
        kind=PrincipalKind.END_USER,
        id=user.sub,
        tenant_id=user.tenant_id,
        role=wanted or user.roles[0],
        claims=user.claims,
    )
