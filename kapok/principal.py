"""Who acts: an operator, an API key or (later) an end user, with the app role and the claims rules may read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from kapok.errors import KapokError


class PrincipalKind(StrEnum):
    """How the principal proved who it is."""

    API_KEY = "api_key"
    OPERATOR = "operator"
    END_USER = "end_user"


#: What a key may be for: queries, mutations.
READ, WRITE = "read", "write"
SCOPES = frozenset({READ, WRITE})

#: The role of a publishable key and of callers without a user.
ANON_ROLE = "anon"
#: The role of a secret key: sees everything in its tenant.
SERVICE_ROLE = "service"


@dataclass(frozen=True, slots=True)
class Principal:
    """One authenticated caller of one tenant. `claims` holds JSON-ready values; only keys may lack scopes."""

    kind: PrincipalKind
    id: str
    tenant_id: uuid.UUID
    role: str
    claims: Mapping[str, Any] = field(default_factory=dict)
    scopes: frozenset[str] = SCOPES
    #: What logs and the change log call this caller: `api_key:<id>`.
    actor: str = field(init=False)
    #: What `current_setting('request.jwt.claims')` holds in its requests: the claims, with the role.
    claims_json: bytes = field(init=False, repr=False, compare=False)
    #: claims_json and actor as every statement's preamble takes them.
    settings: tuple[bytes, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Made once, not for every request.
        object.__setattr__(self, "actor", f"{self.kind}:{self.id}")
        object.__setattr__(self, "claims_json", orjson.dumps({**self.claims, "role": self.role}))
        object.__setattr__(self, "settings", (self.claims_json, self.actor.encode()))

    def require(self, scope: str) -> None:
        """Raises FORBIDDEN for a key that is not for this."""
        if scope not in self.scopes:
            operations = "queries" if scope == READ else "mutations"
            raise KapokError("FORBIDDEN", f"This key may not run {operations}: it lacks the scope {scope}.")
