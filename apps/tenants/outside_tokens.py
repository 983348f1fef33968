"""Tokens of issuers outside that a project trusts.

In: a tenant and an unverified token. Out: the user it is about and the issuer it counts under, or a KapokError. Issuers
are kept until the database says that they changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from apps.tenants.answers import Answers, Kept
from apps.tenants.remote_keys import RemoteKeys
from kapok.bearer.claims import EndUser, end_user
from kapok.bearer.issuers import Issuer
from kapok.bearer.read import Unverified, invalid
from kapok.bearer.verify import check_algorithm, verify
from kapok.execute.platform import Platform
from kapok.sealing import SealBrokenError, unseal
from kapok.tenancy import ProjectRef, TenantRef

_ISSUERS = """
    select i.issuer, i.jwks_url, i.sealed_secret, i.audience, i.algorithms, i.subject_claim, i.roles_claim,
           i.role_mapping, coalesce(nullif(i.default_role, ''), p.auth ->> 'defaultRole', ''), i.tenant_claim
    from public.tenants_trustedissuer i join public.tenants_project p on p.id = i.project_id
    where i.project_id = $1 and i.enabled
"""


def secret_purpose(project_id: uuid.UUID, issuer: str) -> str:
    """What an issuer's shared secret is sealed for."""
    return f"shared secret of {issuer} for {project_id}"


class OutsideTokens:
    """Verifies them. secret_keys: the platform's; private: whether key sets may be on private addresses."""

    def __init__(self, platform: Platform, answers: Answers, secret_keys: Sequence[str], *, private: bool) -> None:
        self._platform = platform
        self._answers = answers
        self._secret_keys = secret_keys
        self._remote = RemoteKeys(private=private)
        self._issuers: Kept[Mapping[str, Issuer]] = Kept()

    async def verify(self, tenant: TenantRef, project: ProjectRef, token: Unverified) -> tuple[EndUser, Issuer]:
        """Who the token is about. Raises UNAUTHENTICATED, TENANT_MISMATCH, PROVIDER_UNAVAILABLE."""
        issuers = await self._answers.get(self._issuers, project.id, lambda: self._load(project.id))
        issuer = (issuers or {}).get(token.issuer)
        if issuer is None:
            raise invalid("wrong_issuer", "This project does not trust the token's issuer (iss).")
        check_algorithm(token, issuer.terms)
        claims = verify(token, await self._key(issuer, token), issuer.terms)
        issuer.check_tenant(tenant, claims)
        return end_user(tenant.id, issuer.normalised(claims), issuer.roles(claims)), issuer

    def still_trusts(self, project: ProjectRef, issuer: Issuer) -> bool:
        """Whether an issuer is at hand, unchanged."""
        issuers = self._answers.at_hand(self._issuers, project.id)
        return issuers is not None and issuers.get(issuer.issuer) == issuer

    def changed(self, project_id: uuid.UUID) -> None:
        """An issuer of the project was added, changed or removed."""
        self._issuers.drop(project_id)

    def forget_all(self) -> None:
        """Changes may have been missed."""
        self._issuers.clear()

    async def _key(self, issuer: Issuer, token: Unverified) -> Any:
        if issuer.secret:
            return issuer.secret
        found = await self._remote.key(issuer.jwks_url, token.kid)
        if token.algorithm not in found.algorithms:
            raise invalid("wrong_algorithm", "The token's key (kid) is for another algorithm.")
        return found.key

    async def _load(self, project_id: uuid.UUID) -> Mapping[str, Issuer]:
        rows = await self._platform.fetch(_ISSUERS, (project_id,))
        found = [self._issuer(project_id, *row) for row in rows]
        return {issuer.issuer: issuer for issuer in found if issuer is not None}

    def _issuer(self, project_id: uuid.UUID, issuer: str, jwks_url: str, sealed: str, *more: Any) -> Issuer | None:
        audience, algorithms, subject, roles, mapping, default_role, tenant = more
        try:
            purpose = secret_purpose(project_id, issuer)
            secret = unseal(self._secret_keys, purpose, sealed) if sealed else b""
        except SealBrokenError:
            return None  # sealed by a secret key that is gone: its tokens cannot be verified
        return Issuer(
            issuer=issuer,
            jwks_url=jwks_url,
            secret=secret,
            audience=audience,
            algorithms=frozenset(algorithms),
            subject_claim=subject,
            roles_claim=roles,
            role_mapping=tuple(sorted(mapping.items())),
            default_role=default_role,
            tenant_claim=tenant,
        )
