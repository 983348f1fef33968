"""Which tokens of end users are true, for whom, and no longer: the data plane's look-ups.

In: a tenant's entry, a token as a caller sent it, and the role asked for. Out: `Principal`, or a KapokError. Keys and
revocations of a tenant are kept until the database says that they changed; verified tokens until they expire. Only
verified tokens are kept, so nobody can fill the memory with others.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from apps.tenants.answers import Answers, Kept
from apps.tenants.credentials import Credentials
from apps.tenants.outside_tokens import OutsideTokens
from kapok.bearer.claims import EndUser, acting, end_user, own_roles
from kapok.bearer.form import ALGORITHM, LEEWAY_SECONDS, TYPE
from kapok.bearer.issuers import Issuer
from kapok.bearer.keys import jwk, public_key_from
from kapok.bearer.read import Unverified, invalid, read_token
from kapok.bearer.verify import Terms, check_algorithm, verify
from kapok.errors import KapokError
from kapok.execute.platform import Platform
from kapok.lru import Lru
from kapok.principal import Principal
from kapok.public_urls import tenant_url
from kapok.tenancy import ProjectRef, TenantRef

#: Verified tokens kept, in bytes of their texts; what is kept of one takes a few times as much.
TOKEN_BYTES = 10_000_000
#: After so many revocations heard a tenant's are read anew, which drops the expired ones.
REVOCATIONS_HEARD = 1000
#: The longest value of a revocation, in characters.
_MAX_VALUE = 255

_KEYS = """
    select kid, public_key, verified_until from public.tenants_signingkey
    where tenant_id = $1 and (verified_until is null or verified_until > now()) order by active_from desc
"""
_REVOCATIONS = """
    select kind, value, floor(extract(epoch from revoked_at))::float8 from public.tenants_revocation
    where tenant_id = $1 and expires_at > now()
"""
_THESE = _REVOCATIONS + " and value = any($2)"
_REQUIRED = ("iss", "aud", "exp", "nbf", "iat", "sub", "sid", "tenant_id")


@dataclass(slots=True)
class Trust:
    """What is believed of one tenant's tokens. keys: by kid the JWK's x and until when it is believed (Unix time).
    users: until when a user's tokens were issued that are no longer believed (Unix time). said: values somebody said
    were revoked, not looked up yet; heard: how many there have been."""

    keys: Mapping[str, tuple[str, float]]
    sessions: set[str] = field(default_factory=set)
    users: dict[str, float] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    heard: int = 0

    def revoke(self, kind: str, value: str, moment: float) -> None:
        """Note a revocation."""
        if kind == "sid":
            self.sessions.add(value)
        else:
            self.users[value] = max(moment, self.users.get(value, 0.0))

    def has_key(self, kid: str) -> bool:
        """Whether a key is the tenant's and still believed."""
        _, until = self.keys.get(kid, ("", 0.0))
        return until > time.time()

    def is_revoked(self, user: EndUser) -> bool:
        """Whether the session, or the user's tokens of that time, were revoked."""
        return user.sid in self.sessions or self.users.get(user.sub, -1.0) >= user.issued


@dataclass(slots=True)
class Verified:
    """A true token: by a key of the tenant's own, or of an issuer outside. principals: by the role asked for."""

    user: EndUser
    signed_by: str | Issuer
    size: int
    principals: dict[str, Principal] = field(default_factory=dict)

    def acting(self, wanted: str) -> Principal:
        """The user in a role. Raises FORBIDDEN."""
        principal = self.principals.get(wanted)
        if principal is None:
            principal = self.principals[wanted] = acting(self.user, wanted)
        return principal


class TokenTrust:
    """Verifies tokens. origin: the service's public URL."""

    def __init__(self, platform: Platform, answers: Answers, origin: str, outside: OutsideTokens) -> None:
        self._platform = platform
        self._answers = answers
        self._origin = origin
        self._outside = outside
        self._trusts: Kept[Trust] = Kept()
        # Those of which some revocations are still to be read.
        self._behind: Kept[Trust] = Kept()
        self._verified: Lru[tuple[str, bytes], Verified] = Lru(TOKEN_BYTES, lambda _, item: item.size)

    async def principal(self, tenant: TenantRef, project: ProjectRef, shown: Credentials) -> Principal:
        """Who a token is for this tenant. Raises UNAUTHENTICATED, TENANT_MISMATCH, FORBIDDEN."""
        trust = await self._trust(tenant.id)
        key = (tenant.schema, shown.token_digest)
        verified = self._verified.get(key)
        if verified is None or not self._counts(project, trust, verified):
            verified = await self._verify(tenant, project, trust, read_token(shown.token))
            if trust.is_revoked(verified.user):
                raise invalid("revoked", "The session was ended or the user's rights have changed.")
            self._verified.put(key, verified)
        return verified.acting(shown.role)

    def principal_at_hand(self, tenant: TenantRef, project: ProjectRef, shown: Credentials) -> Principal | None:
        """Who a token is, if it was verified before and still counts. Raises FORBIDDEN."""
        verified = self._verified.get((tenant.schema, shown.token_digest))
        if verified is None:
            return None
        trust = self._answers.at_hand(self._trusts, tenant.id)
        if trust is None or not self._counts(project, trust, verified):
            return None
        return verified.acting(shown.role)

    async def jwks(self, tenant: TenantRef) -> bytes:
        """The public keys of the tenant's tokens as JSON, the newest first."""
        trust = await self._trust(tenant.id)
        return orjson.dumps({"keys": [jwk(kid, x) for kid, (x, until) in trust.keys.items() if until > time.time()]})

    def key_changed(self, tenant_id: uuid.UUID) -> None:
        """A signing key was made, retired or removed."""
        self._trusts.drop(tenant_id)
        self._behind.drop(tenant_id)

    def revoked(self, said: str) -> None:
        """Something was revoked, it is said: `<tenant>:<kind>:<value>`. Without a value, anything may have changed."""
        tenant, _, what = said.partition(":")
        try:
            tenant_id = uuid.UUID(tenant)
        except ValueError:
            self.forget_all()
            return
        loaded_at, trust = self._trusts.get(tenant_id) or self._behind.get(tenant_id) or (0.0, None)
        self._trusts.drop(tenant_id)
        if trust is None:
            return
        value = what.partition(":")[2]
        trust.heard += 1
        trust.said.add(value)
        if value and len(value) <= _MAX_VALUE and trust.heard <= REVOCATIONS_HEARD:
            self._behind.put(tenant_id, loaded_at, trust)
        else:
            self._behind.drop(tenant_id)

    def issuer_changed(self, project_id: uuid.UUID) -> None:
        """An issuer a project trusts was added, changed or removed."""
        self._outside.changed(project_id)

    def forget_all(self) -> None:
        """Changes may have been missed. Verified tokens stay: whether they still count is asked each time."""
        self._trusts.clear()
        self._behind.clear()
        self._outside.forget_all()

    def _counts(self, project: ProjectRef, trust: Trust, verified: Verified) -> bool:
        """Whether a token that was verified once still counts."""
        user, signed_by = verified.user, verified.signed_by
        if user.expires + LEEWAY_SECONDS <= time.time() or trust.is_revoked(user):
            return False
        if isinstance(signed_by, Issuer):
            return self._outside.still_trusts(project, signed_by)
        return trust.has_key(signed_by)

    async def _trust(self, tenant_id: uuid.UUID) -> Trust:
        trust = await self._answers.get(self._trusts, tenant_id, lambda: self._load(tenant_id))
        assert trust is not None  # _load always finds one
        return trust

    async def _load(self, tenant_id: uuid.UUID) -> Trust:
        known = self._answers.at_hand(self._behind, tenant_id)
        if known is not None:
            return await self._catch_up(tenant_id, known)
        keys = await self._platform.fetch(_KEYS, (tenant_id,))
        trust = Trust({kid: (x, float("inf") if until is None else until.timestamp()) for kid, x, until in keys})
        for kind, value, moment in await self._platform.fetch(_REVOCATIONS, (tenant_id,)):
            trust.revoke(kind, value, moment)
        return trust

    async def _catch_up(self, tenant_id: uuid.UUID, trust: Trust) -> Trust:
        """Read what is said to be revoked, and only that: signing out must stay cheap where many do."""
        said = set(trust.said)
        for kind, value, moment in await self._platform.fetch(_THESE, (tenant_id, list(said))):
            trust.revoke(kind, value, moment)
        trust.said -= said
        if not trust.said:
            self._behind.drop(tenant_id)
        return trust

    async def _verify(self, tenant: TenantRef, project: ProjectRef, trust: Trust, token: Unverified) -> Verified:
        """Raises UNAUTHENTICATED, TENANT_MISMATCH, PROVIDER_UNAVAILABLE."""
        terms = self._terms(tenant, project)
        if token.issuer == terms.issuer:
            return Verified(self._own(tenant, trust, token, terms), token.kid, len(token.text))
        if token.issuer.startswith(tenant_url(self._origin, "")):
            raise KapokError("TENANT_MISMATCH")
        user, issuer = await self._outside.verify(tenant, project, token)
        return Verified(user, issuer, len(token.text))

    def _own(self, tenant: TenantRef, trust: Trust, token: Unverified, terms: Terms) -> EndUser:
        """A token of Kapok's own."""
        check_algorithm(token, terms)
        if not trust.has_key(token.kid):
            raise invalid("unknown_key", "The token's key (kid) is not one of this tenant's.")
        x, _ = trust.keys[token.kid]
        claims = verify(token, public_key_from(x), terms)
        if claims["tenant_id"] != str(tenant.id):
            raise KapokError("TENANT_MISMATCH")
        return end_user(tenant.id, claims, own_roles(claims))

    def _terms(self, tenant: TenantRef, project: ProjectRef) -> Terms:
        issuer = tenant_url(self._origin, tenant.slug)
        return Terms(issuer, project.slug, frozenset({ALGORITHM}), _REQUIRED, TYPE)
