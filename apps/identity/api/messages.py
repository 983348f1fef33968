"""What goes to the auth process and comes back, as plain data."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a tenant. path: below the tenant; client: the caller's IP address."""

    tenant_id: uuid.UUID
    request_id: str
    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    client: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """What goes back."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
