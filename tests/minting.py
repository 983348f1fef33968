"""Tokens as an attacker or an honest issuer makes them: a tenant's signing key whose private part the test knows.

In: a running Kapok's database and a tenant. Out: tokens with any header and claims, and rows as services write them.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kapok.bearer.keys import encoded_public_key, thumbprint
from tests.live import Live, LiveTenant
from tests.waiting import until


@dataclass
class Mint:
    """Issues tokens of one tenant. Claims that are `...` are left out."""

    live: Live
    tenant: LiveTenant
    project: str = "bookings"
    private_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public_key(self) -> str:
        return encoded_public_key(self.private_key)

    @property
    def kid(self) -> str:
        return thumbprint(self.public_key)

    @property
    def issuer(self) -> str:
        return f"{self.live.base_url}/t/{self.tenant.slug}"

    def install(self, *, believed_for: str = "1 hour") -> Mint:
        """Make the key one of the tenant's, beside those it has, and wait until Kapok knows it."""
        self.run(
            "insert into tenants_signingkey (kid, tenant_id, public_key, sealed_private_key, created_at, active_from,"
            " retired_at, verified_until) values (%s, %s, %s, '', now(), now(), now(), now() + %s::interval)",
            self.kid,
            self.tenant.id,
            self.public_key,
            believed_for,
        )
        jwks = f"{self.issuer}/.well-known/jwks.json"
        until(lambda: self.kid in {key["kid"] for key in httpx.get(jwks, timeout=30).json()["keys"]})
        return self

    def claims(self, **more: Any) -> dict[str, Any]:
        now = int(time.time())
        who = {"sub": f"user-{uuid.uuid4()}", "sid": f"session-{uuid.uuid4()}", "email": "a@example.com"}
        where = {"iss": self.issuer, "aud": self.project, "tenant_id": self.tenant.id, "roles": ["anon"]}
        claims = {**who, **where, "iat": now, "nbf": now, "exp": now + 900, **more}
        return {name: value for name, value in claims.items() if value is not ...}

    def token(self, header: dict[str, Any] | None = None, key: Any = None, alg: str = "EdDSA", **more: Any) -> str:
        headers = {"typ": "at+jwt", "kid": self.kid, **(header or {})}
        return jwt.encode(self.claims(**more), key or self.private_key, algorithm=alg, headers=headers)

    def revoke(self, kind: str, value: str) -> None:
        self.run(
            "insert into tenants_revocation (tenant_id, kind, value, revoked_at, expires_at)"
            " values (%s, %s, %s, now(), now() + interval '20 minutes')",
            self.tenant.id,
            kind,
            value,
        )

    def run(self, statement: str, *parameters: Any) -> None:
        with psycopg.connect(self.live.database_url, autocommit=True) as connection:
            connection.execute(statement.encode(), parameters)
