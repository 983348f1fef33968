"""The data plane's directory: which tenant answers at an address, and who a caller is.

In: slugs, hosts and credentials as callers send them. Out: `Entry` and `Principal`, or a KapokError. Cached in the
process until the database says that something changed (triggers notify the channel kapok_directory); while that channel
is down, entries are believed for one second. Everything fails closed: no entry, no connection.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.audit.tally import TALLY
from apps.tenants.answers import Answers, Kept
from apps.tenants.credentials import Credentials
from apps.tenants.outside_tokens import OutsideTokens
from apps.tenants.trust import TokenTrust
from kapok.errors import KapokError
from kapok.execute.platform import Platform
from kapok.identifiers import gateway_role, schema_name
from kapok.principal import Principal, PrincipalKind
from kapok.slugs import may_be_slug
from kapok.tenancy import Limits, ProjectRef, TenantRef, TenantState
from kapok.tokens import looks_like_key

CHANNEL = "kapok_directory"
#: Refusals of callers that the tenant's log tells of; others are nobody's fault.
_TOLD = frozenset({"UNAUTHENTICATED", "KEY_REVOKED", "TENANT_MISMATCH", "FORBIDDEN"})
#: Most keys and addresses noted between two times that their use is written down.
_MOST_USES = 10_000

_TENANT = """
    select t.id, t.slug, t.schema_name, t.state, t.limits, p.id, p.slug, p.cors_origins, p.trusted_documents_only,
           p.introspection, p.draft_statuses, p.recorded_reads,
           coalesce((select max(v.version) from public.tenants_projectpermissions v where v.project_id = p.id), 0),
           coalesce((select max(o.version) from public.tenants_tenantpermissions o where o.tenant_id = t.id), 0)
    from public.tenants_tenant t join public.tenants_project p on p.id = t.project_id
"""
_BY_SLUG = _TENANT + " where t.slug = $1"
_BY_HOST = _TENANT + " join public.tenants_domain d on d.tenant_id = t.id where d.domain = $1"
_BY_DIGEST = """
    select k.id, k.tenant_id, k.role, k.expires_at, k.revoked_at, k.scopes
    from public.tenants_apikey k where k.digest = $1
"""
_PERMISSIONS = """
    select coalesce((select text from public.tenants_projectpermissions where project_id = $1 and version = $2), ''),
           coalesce((select text from public.tenants_tenantpermissions where tenant_id = $3 and version = $4), '')
"""
_USED = "update public.tenants_apikey set last_used_at = now() where id = any($1::uuid[]) returning id"
_DOCUMENT = "select document from public.tenants_trusteddocument where project_id = $1 and sha256 = $2"


@dataclass(frozen=True, slots=True)
class Entry:
    """A tenant with its project."""

    tenant: TenantRef
    project: ProjectRef
    #: The tenant's id as a text, for logs.
    tenant_id: str = field(init=False, repr=False, compare=False)
    #: What the rules are kept by: tenants without rules of their own share their project's.
    rules_key: str = field(init=False, repr=False, compare=False)
    #: The tenant's limits and whose reads are recorded, as a text: a key that is hashed once.
    settings_key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Made once: every request asks for them.
        tenant, project = self.tenant, self.project
        own = f"{tenant.id}:{tenant.permissions_version}" if tenant.permissions_version else ""
        object.__setattr__(self, "tenant_id", str(tenant.id))
        object.__setattr__(self, "rules_key", f"{project.id}:{project.permissions_version}:{own}")
        object.__setattr__(self, "settings_key", repr((tenant.limits, project.recorded_reads)))


@dataclass(frozen=True, slots=True)
class Key:
    """A known API key. expires: Unix time or None."""

    principal: Principal
    expires: float | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class PermissionTexts:
    """The rules that hold for a tenant: its project's permissions.yaml and its own entries ("" for none)."""

    project: str
    tenant: str
    #: Equal for equal texts: what everything compiled under these rules is kept by.
    digest: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        both = hashlib.sha256(self.project.encode()).digest() + hashlib.sha256(self.tenant.encode()).digest()
        object.__setattr__(self, "digest", hashlib.sha256(both).digest())


class Directory:
    """Look-ups of tenants, hosts, credentials, permissions and trusted documents.

    origin: the service's public URL. secret_keys: the platform's. private_issuers: whether the key sets of issuers
    outside may be on private addresses.
    """

    def __init__(
        self,
        platform: Platform,
        origin: str,
        secret_keys: Sequence[str] = (),
        *,
        private_issuers: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._platform = platform
        self._answers = Answers(platform, clock)
        outside = OutsideTokens(platform, self._answers, secret_keys, private=private_issuers)
        self.tokens = TokenTrust(platform, self._answers, origin, outside)
        self._slugs: Kept[Entry] = Kept()
        self._hosts: Kept[Entry] = Kept()
        self._keys: Kept[Key] = Kept()
        self._permissions: Kept[PermissionTexts] = Kept()
        self._documents: Kept[str] = Kept()
        # Keys that have been used since that was last written down: id, schema, from where.
        self._used: set[tuple[str, str, str]] = set()

    async def by_slug(self, slug: str) -> Entry:
        """The tenant of a slug. Raises TENANT_NOT_FOUND."""
        entry = None
        if may_be_slug(slug):
            entry = await self._answers.get(self._slugs, slug, lambda: self._load_tenant(_BY_SLUG, slug))
        if entry is None:
            raise KapokError("TENANT_NOT_FOUND")
        return entry

    async def by_host(self, host: str) -> Entry | None:
        """The tenant a custom domain belongs to, or None."""
        return await self._answers.get(self._hosts, host, lambda: self._load_tenant(_BY_HOST, host))

    async def principal(self, entry: Entry, shown: Credentials) -> Principal:
        """Who a caller is for this tenant: the token's user, else the key. Raises UNAUTHENTICATED, KEY_REVOKED,
        TENANT_MISMATCH, FORBIDDEN."""
        try:
            if not shown.token:
                return _in_role(await self._key(entry, shown), shown.role)
            if shown.key:
                await self._key(entry, shown)
            return await self.tokens.principal(entry.tenant, entry.project, shown)
        except KapokError as error:
            self._tell(entry, shown, error)
            raise

    def entry_at_hand(self, slug: str) -> Entry | None:
        """The tenant of a slug, if it is cached and may be believed: the hot path's look-up."""
        return self._answers.at_hand(self._slugs, slug)

    def principal_at_hand(self, entry: Entry, shown: Credentials) -> Principal | None:
        """Who a caller is, if that is kept, may be believed and is valid for this tenant. Raises FORBIDDEN."""
        principal = self._key_at_hand(entry, shown) if shown.key else None
        if not shown.token:
            return None if principal is None else _in_role(principal, shown.role)
        if shown.key and principal is None:
            return None
        return self.tokens.principal_at_hand(entry.tenant, entry.project, shown)

    async def write_down_used_keys(self) -> None:
        """Note when keys were last used; called now and then. Raises DATABASE_UNAVAILABLE, and nothing is lost."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            await self._platform.fetch(_USED, (list({key for key, _, _ in used}),))
        except KapokError:
            self._used |= used
            raise
        for key, schema, address in used:
            TALLY.used("key.used", schema, actor=f"key:{key}", target=f"key:{key}", address=address)

    def permissions_at_hand(self, entry: Entry) -> PermissionTexts | None:
        """The rules of a tenant, if they are cached and may be believed."""
        return self._answers.at_hand(self._permissions, entry.rules_key)

    async def permissions(self, entry: Entry) -> PermissionTexts:
        """The rules of a tenant, in their current versions."""
        texts = await self._answers.get(self._permissions, entry.rules_key, lambda: self._load_permissions(entry))
        return texts or PermissionTexts("", "")

    async def trusted_document(self, project: ProjectRef, sha256: str) -> str | None:
        """The text of a registered document, or None."""
        return await self._answers.get(
            self._documents, (project.id, sha256), lambda: self._load_text(_DOCUMENT, project.id, sha256)
        )

    def notified(self, payload: str) -> None:
        """A row changed. payload: `<table>:<uuid of the tenant or project>`."""
        self._answers.changed()
        table, _, changed = payload.partition(":")
        if table == "tenants_revocation":
            self.tokens.revoked(changed)
            return
        if table == "tenants_trusteddocument":
            self._documents.clear()
            return
        try:
            owner = uuid.UUID(changed)
        except ValueError:
            self.forget_all()
            return
        if table == "tenants_signingkey":
            self.tokens.key_changed(owner)
        elif table == "tenants_trustedissuer":
            self.tokens.issuer_changed(owner)
        elif table == "tenants_apikey":
            self._keys.forget(lambda key: key is None or key.principal.tenant_id == owner)
        else:
            if table in ("tenants_projectpermissions", "tenants_tenantpermissions"):
                self._permissions.clear()
            if table == "tenants_project":  # the default role of users from outside
                self.tokens.issuer_changed(owner)
            concerns = _concerns(owner)
            self._slugs.forget(concerns)
            self._hosts.forget(concerns)

    def forget_all(self) -> None:
        """Notifications may have been missed."""
        self._answers.changed()
        for kept in (self._slugs, self._hosts, self._keys, self._permissions, self._documents):
            kept.clear()
        self.tokens.forget_all()

    async def _key(self, entry: Entry, shown: Credentials) -> Principal:
        if not looks_like_key(shown.key):
            raise KapokError("UNAUTHENTICATED", "The credentials are not an API key.")
        digest = shown.key_digest
        known = await self._answers.get(self._keys, digest, lambda: self._load_key(digest))
        if known is None:
            raise KapokError("UNAUTHENTICATED", "This API key is not known.")
        if known.principal.tenant_id != entry.tenant.id:
            raise KapokError("TENANT_MISMATCH")
        if known.revoked or (known.expires is not None and known.expires <= time.time()):
            raise KapokError("KEY_REVOKED")
        self._use(entry, known, shown)
        return known.principal

    def _key_at_hand(self, entry: Entry, shown: Credentials) -> Principal | None:
        known = self._answers.at_hand(self._keys, shown.key_digest)
        # Numbers: comparing UUIDs takes longer than finding the key.
        if known is None or known.revoked or known.principal.tenant_id.int != entry.tenant.id.int:
            return None
        if known.expires is not None and known.expires <= time.time():
            return None
        self._use(entry, known, shown)
        return known.principal

    def _use(self, entry: Entry, known: Key, shown: Credentials) -> None:
        address = shown.address if len(self._used) < _MOST_USES else ""
        self._used.add((known.principal.id, entry.tenant.schema, address))

    def _tell(self, entry: Entry, shown: Credentials, error: KapokError) -> None:
        """A caller was refused. That a token is over is no news: its user refreshes it."""
        reason = str(error.details.get("reason", error.code))
        if error.code not in _TOLD or reason == "expired":
            return
        known = self._answers.at_hand(self._keys, shown.key_digest) if looks_like_key(shown.key) else None
        action = "token.refused" if shown.token else "key.refused"
        who: dict[str, str] = {"actor": "", "target": "", "address": shown.address, "request_id": ""}
        if known is not None and known.principal.tenant_id != entry.tenant.id:
            # Neither tenant learns of the other.
            owner = schema_name(known.principal.tenant_id)
            key = {**who, "target": f"key:{known.principal.id}"}
            TALLY.refused("key.refused", owner, **key, reason="not this tenant's address")
        elif known is not None:
            who["target"] = f"key:{known.principal.id}"
        TALLY.refused(action, entry.tenant.schema, **who, reason=reason)

    async def _load_tenant(self, statement: Any, value: str) -> Entry | None:
        rows = await self._platform.fetch(statement, (value,))
        return _entry(rows[0]) if rows else None

    async def _load_key(self, digest: str) -> Key | None:
        rows = await self._platform.fetch(_BY_DIGEST, (digest,))
        if not rows:
            return None
        key_id, tenant_id, role, expires_at, revoked_at, scopes = rows[0]
        principal = Principal(
            kind=PrincipalKind.API_KEY, id=str(key_id), tenant_id=tenant_id, role=role, scopes=frozenset(scopes)
        )
        return Key(principal, _timestamp(expires_at), revoked_at is not None)

    async def _load_permissions(self, entry: Entry) -> PermissionTexts:
        project, tenant = entry.project, entry.tenant
        versions = (project.id, project.permissions_version, tenant.id, tenant.permissions_version)
        rows = await self._platform.fetch(_PERMISSIONS, versions)
        return PermissionTexts(*rows[0])

    async def _load_text(self, statement: Any, *parameters: object) -> str | None:
        rows = await self._platform.fetch(statement, parameters)
        return str(rows[0][0]) if rows else None


def _in_role(key: Principal, wanted: str) -> Principal:
    """A key has one role, and X-Kapok-Role can only name that. Raises FORBIDDEN."""
    if wanted and wanted != key.role:
        raise KapokError("FORBIDDEN", f"X-Kapok-Role names a role this key does not have; it has {key.role}.")
    return key


def admit(entry: Entry) -> None:
    """Whether the tenant answers requests now. Raises TENANT_SUSPENDED, TENANT_NOT_READY, TENANT_NOT_FOUND."""
    state = entry.tenant.state
    if state is TenantState.ACTIVE:
        return
    if state is TenantState.SUSPENDED:
        raise KapokError("TENANT_SUSPENDED")
    if state is TenantState.DELETING:
        raise KapokError("TENANT_NOT_FOUND")
    raise KapokError("TENANT_NOT_READY")


def _entry(row: tuple[Any, ...]) -> Entry:
    (
        tenant_id,
        slug,
        schema,
        state,
        limits,
        project_id,
        project_slug,
        origins,
        trusted,
        introspection,
        draft,
        recorded,
        version,
        own_version,
    ) = row
    tenant = TenantRef(
        id=tenant_id,
        slug=slug,
        project_id=project_id,
        schema=schema,
        gateway_role=gateway_role(project_id),
        state=TenantState(state),
        limits=limits_from(limits or {}),
        permissions_version=own_version,
    )
    project = ProjectRef(
        id=project_id,
        slug=project_slug,
        permissions_version=version,
        cors_origins=tuple(origins or ()),
        trusted_documents_only=trusted,
        introspection=introspection,
        draft_statuses=draft,
        recorded_reads=tuple(sorted(recorded.items())),
    )
    return Entry(tenant, project)


def limits_from(overrides: Mapping[str, Any]) -> Limits:
    """The default limits with a tenant's own; names that no longer exist are ignored."""
    known = Limits.__dataclass_fields__
    return Limits(**{name: int(value) for name, value in overrides.items() if name in known})


def _timestamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _concerns(owner: uuid.UUID) -> Callable[[Entry | None], bool]:
    return lambda entry: entry is None or owner in (entry.tenant.id, entry.project.id)
