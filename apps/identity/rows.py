"""The rows a sign-in reads, by SQL written once: the ORM builds each statement anew, which takes longer than it runs.

In: a tenant and a value. Out: objects, as a queryset gives them. Inside tenant_context; tables are named with a schema.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import connection

from apps.identity.models import RefreshToken, Session, User
from apps.tenants.models import Project, Tenant
from apps.tenants.statements import render
from kapok.errors import KapokError

_TENANT = "select * from public.tenants_tenant where id = %s"
_PROJECT = "select * from public.tenants_project where id = %s"
_RULES = "select text from public.tenants_projectpermissions where project_id = %s order by version desc limit 1"
_BY_EMAIL = "select * from {schema}.kapok_user where email = %s"
_HAS_FACTOR = "select exists (select from {schema}.kapok_factor where user_id = %s and confirmed_at is not null)"
_SAME_PASSWORD = """
    select true from {schema}.kapok_user where id = %s and password_changed_at is not distinct from %s for no key update
"""
_SIGNING_IN = """
    update {schema}.kapok_user set last_sign_in_at = %s where id = %s and disabled_at is null returning *
"""
_OPEN = """
    with opened as (
        insert into {schema}.kapok_session (id, user_id, methods, level, authenticated_at, created_at, last_used_at,
            expires_at, address, user_agent, revoked_reason)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '')
    )
    insert into {schema}.kapok_refresh_token (digest, session_id, created_at, expires_at) values (%s, %s, %s, %s)
"""


def tenant_of(tenant_id: uuid.UUID) -> Tenant | None:
    """A tenant with its project."""
    tenant: Tenant | None = next(iter(Tenant.objects.raw(_TENANT, [tenant_id])), None)
    if tenant is not None:
        tenant.project = next(iter(Project.objects.raw(_PROJECT, [tenant.project_id])))
    return tenant


def rules_of(project: Project) -> str:
    """The text of a project's permissions; "" where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_RULES, [project.pk])
        row = cursor.fetchone()
    return "" if row is None else str(row[0])


def user_with(tenant: Tenant, email: str) -> User | None:
    """The user of an address, normalised."""
    return next(iter(User.objects.raw(render(_BY_EMAIL, schema=tenant.schema_name), [email])), None)


def has_factor(tenant: Tenant, user: User) -> bool:
    """Whether a user has a second factor that counts."""
    with connection.cursor() as cursor:
        cursor.execute(render(_HAS_FACTOR, schema=tenant.schema_name), [user.pk])
        return bool(cursor.fetchone()[0])


def same_password(tenant: Tenant, user: User) -> bool:
    """Whether the user still has the password that was read (it may have been hashed anew); locked until the
    transaction ends. To be asked after a check, which takes its time: meanwhile the owner may have set another one."""
    with connection.cursor() as cursor:
        cursor.execute(render(_SAME_PASSWORD, schema=tenant.schema_name), [user.pk, user.password_changed_at])
        return cursor.fetchone() is not None


def require_same_password(tenant: Tenant, user: User) -> None:
    """The same for whoever holds a session. Raises INVALID_CREDENTIALS."""
    if not same_password(tenant, user):
        raise KapokError("INVALID_CREDENTIALS", "The password has just been changed.", status=403)


def signing_in(tenant: Tenant, user_id: uuid.UUID, now: datetime) -> User | None:
    """A user who is not disabled, with a new time of his last sign-in; locked until the transaction ends, as by FOR NO
    KEY UPDATE."""
    return next(iter(User.objects.raw(render(_SIGNING_IN, schema=tenant.schema_name), [now, user_id])), None)


def store(tenant: Tenant, session: Session, token: RefreshToken) -> None:
    """Insert a session and its first refresh token; the token's id stays unknown."""
    values = [
        *(session.pk, session.user_id, session.methods, session.level, session.authenticated_at, session.created_at),
        *(session.last_used_at, session.expires_at, session.address, session.user_agent),
        *(token.digest, session.pk, token.created_at, token.expires_at),
    ]
    with connection.cursor() as cursor:
        cursor.execute(render(_OPEN, schema=tenant.schema_name), values)
    session._state.adding, session._state.db = False, connection.alias
