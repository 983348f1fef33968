"""The rows a sign-in and a refresh read and write, by few statements: each is a round trip.

In: a tenant and a value. Out: objects, as a queryset gives them. Inside tenant_context.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from apps.identity.models import RefreshToken, Session, User
from apps.identity.prepared import made, run, width
from apps.tenants.models import Project, Tenant
from kapok.errors import KapokError

_TENANT = """
    select {tenants}, {projects}
    from public.tenants_tenant t join public.tenants_project p on p.id = t.project_id where t.id = %s
"""
_BY_EMAIL = "select {users} from {schema}.kapok_user u where u.email = %s"
_HAS_FACTOR = "select exists (select from {schema}.kapok_factor where user_id = %s and confirmed_at is not null)"
_SAME_PASSWORD = """
    select true from {schema}.kapok_user where id = %s and password_changed_at is not distinct from %s for no key update
"""
#: Whether the project has a function to ask, and the text of its permissions.
_FACTS = """
    exists (
        select from pg_catalog.pg_proc
        where oid = pg_catalog.to_regprocedure(%s) and prorettype = 'pg_catalog.jsonb'::pg_catalog.regtype
            and prokind = 'f' and not proretset
    ),
    (select text from public.tenants_projectpermissions where project_id = %s order by version desc limit 1)
"""
_RULES = "select text from public.tenants_projectpermissions where project_id = %s order by version desc limit 1"
_SIGNING_IN = """
    update {schema}.kapok_user u set last_sign_in_at = %s
    where id = %s and disabled_at is null and (not %s or (
        password_changed_at is not distinct from %s
        and not exists (select from {schema}.kapok_factor f where f.user_id = u.id and f.confirmed_at is not null)
    ))
    returning {users}, {facts}
""".replace("{facts}", _FACTS)
_REFRESHING = """
    select {users}, {facts}
    from {schema}.kapok_user u where u.id = (
        select o.user_id from {schema}.kapok_refresh_token d join {schema}.kapok_session o on o.id = d.session_id
        where d.digest = %s
    ) for no key update of u
""".replace("{facts}", _FACTS)
_TOKEN = """
    select {tokens}, {sessions} from {schema}.kapok_refresh_token r join {schema}.kapok_session s on s.id = r.session_id
    where r.digest = %s for update
"""
_OPEN = """
    with opened as (
        insert into {schema}.kapok_session (id, user_id, methods, level, authenticated_at, created_at, last_used_at,
            expires_at, address, user_agent, revoked_reason)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '')
    )
    insert into {schema}.kapok_refresh_token (digest, session_id, created_at, expires_at) values (%s, %s, %s, %s)
"""
_ROTATE = """
    with used as (update {schema}.kapok_session set last_used_at = %s, expires_at = %s where id = %s),
    successor as (
        insert into {schema}.kapok_refresh_token (digest, session_id, created_at, expires_at)
        values (%s, %s, %s, %s) returning id
    )
    update {schema}.kapok_refresh_token set used_at = %s, replaced_by_id = (select id from successor) where id = %s
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides about a token besides its user. hook: whether the tenant has a function to ask; rules: the text of
    the project's permissions, "" where there is none."""

    hook: bool
    rules: str


@dataclass(frozen=True, slots=True)
class Entering:
    """A user whose row is locked until the transaction ends, as by FOR NO KEY UPDATE, and what was read with it."""

    user: User
    facts: Facts


def tenant_of(tenant_id: uuid.UUID) -> Tenant | None:
    """A tenant with its project."""
    for row in run(_TENANT, "public", [tenant_id]):
        tenant = made(Tenant, row)
        tenant.project = made(Project, row, width(Tenant))
        return tenant
    return None


def rules_of(project: Project) -> str:
    """The text of a project's permissions; "" where there is none."""
    rows = run(_RULES, "public", [project.pk])
    return str(rows[0][0]) if rows else ""


def user_with(tenant: Tenant, email: str) -> User | None:
    """The user of an address, normalised."""
    for row in run(_BY_EMAIL, tenant.schema_name, [email]):
        return made(User, row)
    return None


def has_factor(tenant: Tenant, user: User) -> bool:
    """Whether a user has a second factor that counts."""
    [(found,)] = run(_HAS_FACTOR, tenant.schema_name, [user.pk])
    return bool(found)


def same_password(tenant: Tenant, user: User) -> bool:
    """Whether the user still has the password that was read (it may have been hashed anew); locked until the
    transaction ends. To be asked after a check, which takes its time: meanwhile the owner may have set another one."""
    return bool(run(_SAME_PASSWORD, tenant.schema_name, [user.pk, user.password_changed_at]))


def require_same_password(tenant: Tenant, user: User) -> None:
    """The same for whoever holds a session. Raises INVALID_CREDENTIALS."""
    if not same_password(tenant, user):
        raise KapokError("INVALID_CREDENTIALS", "The password has just been changed.", status=403)


def signing_in(tenant: Tenant, user: User, now: datetime, *, by_password: bool) -> Entering | None:
    """A user who is not disabled, with a new time of his last sign-in. by_password: only one who has no second factor,
    and still the password that was read (same_password)."""
    values = [now, user.pk, by_password, user.password_changed_at, *_facts_values(tenant)]
    for row in run(_SIGNING_IN, tenant.schema_name, values):
        return Entering(made(User, row), _facts(row))
    return None


def refreshing(tenant: Tenant, digest: str) -> Entering | None:
    """The user of a refresh token."""
    for row in run(_REFRESHING, tenant.schema_name, [*_facts_values(tenant), digest]):
        return Entering(made(User, row), _facts(row))
    return None


def token_with(tenant: Tenant, digest: str) -> RefreshToken | None:
    """A refresh token with its session, both locked until the transaction ends."""
    for row in run(_TOKEN, tenant.schema_name, [digest]):
        token = made(RefreshToken, row)
        token.session = made(Session, row, width(RefreshToken))
        return token
    return None


def store(tenant: Tenant, session: Session, token: RefreshToken) -> None:
    """Insert a session and its first refresh token; the token's id stays unknown."""
    values = [
        *(session.pk, session.user_id, session.methods, session.level, session.authenticated_at, session.created_at),
        *(session.last_used_at, session.expires_at, session.address, session.user_agent),
        *(token.digest, session.pk, token.created_at, token.expires_at),
    ]
    run(_OPEN, tenant.schema_name, values)
    session._state.adding, session._state.db = False, connection.alias


def rotate(tenant: Tenant, session: Session, used: RefreshToken, successor: RefreshToken) -> None:
    """Store that a token was used, its successor, and what it changes of the session."""
    values = [
        *(session.last_used_at, session.expires_at, session.pk),
        *(successor.digest, session.pk, successor.created_at, successor.expires_at),
        *(used.used_at, used.pk),
    ]
    run(_ROTATE, tenant.schema_name, values)


def _facts_values(tenant: Tenant) -> list[Any]:
    return [f'"{tenant.schema_name}".kapok_auth_hook(jsonb)', tenant.project_id]


def _facts(row: tuple[Any, ...]) -> Facts:
    """They are a row's last two columns."""
    return Facts(bool(row[-2]), str(row[-1] or ""))
