"""Issuers outside: what their tokens must be, and what their claims mean here.

In: an issuer as a project configured it, and verified claims. Out: terms to verify by, the user's id and roles, and
whether the token is for a tenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kapok.bearer.form import MAX_ROLES, is_name, is_role
from kapok.bearer.read import invalid
from kapok.bearer.verify import Terms
from kapok.errors import KapokError
from kapok.tenancy import TenantRef

#: What may be allowed of an issuer with a JWKS, and of one with a shared secret. Never both: whoever knows a public
#: key could sign with it as if it were a secret.
ASYMMETRIC = frozenset({"EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
SYMMETRIC = frozenset({"HS256", "HS384", "HS512"})
_REQUIRED = ("iss", "aud", "exp", "iat")


@dataclass(frozen=True, slots=True)
class Issuer:
    """One issuer of one project. secret: where it signs with a shared one, else b"" and `jwks_url` counts."""

    issuer: str
    jwks_url: str
    secret: bytes
    audience: str
    algorithms: frozenset[str]
    subject_claim: str
    roles_claim: str
    role_mapping: tuple[tuple[str, str], ...]
    default_role: str
    tenant_claim: str

    @property
    def terms(self) -> Terms:
        """What its tokens are verified by."""
        allowed = self.algorithms & (SYMMETRIC if self.secret else ASYMMETRIC)
        return Terms(self.issuer, self.audience, allowed, _REQUIRED)

    def check_tenant(self, tenant: TenantRef, claims: Mapping[str, Any]) -> None:
        """Raises TENANT_MISMATCH for a token that is for another tenant."""
        if self.tenant_claim and claim(claims, self.tenant_claim) not in (tenant.slug, str(tenant.id)):
            raise KapokError("TENANT_MISMATCH")

    def roles(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """The user's roles here, in the order of the token's, each once. Raises UNAUTHENTICATED."""
        given = claim(claims, self.roles_claim)
        given = given.split() if isinstance(given, str) else given
        if given is None:
            given = []
        if not isinstance(given, list) or len(given) > 10 * MAX_ROLES:
            raise invalid("malformed", "The token's roles are not a list of roles.")
        mapping = dict(self.role_mapping)
        ours = [mapping.get(role, "") if mapping else role for role in given if isinstance(role, str)]
        roles = tuple(dict.fromkeys(role for role in ours if is_role(role)))[:MAX_ROLES]
        return roles or ((self.default_role,) if is_role(self.default_role) else ())

    def normalised(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """The claims as those of Kapok's own tokens are called. Raises UNAUTHENTICATED."""
        subject = claim(claims, self.subject_claim)
        if isinstance(subject, int) and not isinstance(subject, bool):
            subject = str(subject)
        session = claims.get("sid")
        email = None if claims.get("email_verified") is False else claims.get("email")
        return {
            **claims,
            "sub": subject,
            "sid": session if is_name(session) else "",
            "email": email if isinstance(email, str) else None,
        }


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or else by its path; None where there is none."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value
