"""The end users of the development tenants, from users.yaml: rows of the sample data are theirs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import yaml


@dataclass(frozen=True, slots=True)
class Account:
    """An end user as far as the sample data needs one."""

    id: UUID
    email: str
    name: str


def _accounts() -> list[Account]:
    users = yaml.safe_load(Path(__file__).with_name("users.yaml").read_text(encoding="utf-8"))["users"]
    return [Account(UUID(user["id"]), user["email"], user["metadata"]["displayName"]) for user in users]


ACCOUNTS = _accounts()
#: A customer with bookings, and somebody who works for a partner.
MEMBER, MANAGER = ACCOUNTS[:2]
