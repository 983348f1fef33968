"""Who acts: an operator, an API key or (later) an end user, with the app role and the claims rules may read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class PrincipalKind(StrEnum):
    """How the principal proved who it is."""

    API_KEY = "api_key"
    OPERATOR = "operator"
    END_USER = "end_user"


#: The role of a publishable key and of callers without a user.
ANON_ROLE = "anon"
#: The role of a secret key: sees everything in its tenant.
SERVICE_ROLE = "service"


@dataclass(frozen=True, slots=True)
class Principal:
    """One authenticated caller of one tenant. `claims` holds JSON-ready values."""

    kind: PrincipalKind
    id: str
    tenant_id: uuid.UUID
    role: str
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def actor(self) -> str:
        """What logs and the change log call this caller: `api_key:<id>`."""
        return f"{self.kind}:{self.id}"
