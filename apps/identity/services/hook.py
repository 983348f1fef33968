"""The project's own SQL function at sign-up and before each token: `kapok_auth_hook(event jsonb) returns jsonb`.

In: the event and the user. Out: `Verdict` (roles and claims), or a refusal. It runs as a request does: over the
project's gateway login as the tenant's role, with a time-out; never with the platform's rights. Whatever goes wrong in
it, nobody signs in.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connection

from apps.identity.models import User
from apps.tenants.migrations_runner import deadline
from apps.tenants.models import Tenant
from apps.tenants.owner import conninfo_of, terminate_session
from apps.tenants.statements import render
from kapok.bearer.form import MAX_ROLES, RESERVED, is_role
from kapok.errors import KapokError

log = logging.getLogger("kapok.identity")

FUNCTION = "kapok_auth_hook"
#: How long the function may take, and after how much more its session ends, in seconds.
TIMEOUT = 2.0
GRACE = 1.0
#: Connections of different projects that a thread keeps.
_KEPT = 4

USER_CREATED, TOKEN_ISSUED = "user.created", "token.issued"

_EXISTS = """
    select exists (
        select from pg_proc
        where oid = to_regprocedure(%s) and prorettype = 'jsonb'::regtype and prokind = 'f' and not proretset
    )
"""
_PREPARE = """
    select pg_catalog.set_config('statement_timeout', %(timeout)s, true),
           pg_catalog.set_config('search_path', %(path)s, true),
           pg_catalog.set_config('request.jwt.claims', %(claims)s, true),
           pg_catalog.set_config('kapok.actor', %(actor)s, true),
           pg_catalog.set_config('role', %(role)s, true)
"""
# What is cut off is no JSON any more, so it fails.
_CALL = "select pg_catalog.left({schema}.kapok_auth_hook(%s::pg_catalog.jsonb)::pg_catalog.text, 65536)"

_kept = threading.local()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the function said. roles: None where it said nothing of them."""

    roles: tuple[str, ...] | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)


def ask(tenant: Tenant, event: str, user: User, method: str, *, there: bool | None = None) -> Verdict:
    """Call the function, if the tenant has one. there: whether it has, where that is known. Raises SIGN_IN_REFUSED with
    its sentence, HOOK_FAILED."""
    if not (_exists(tenant) if there is None else there):
        return Verdict()
    said = json.dumps({"type": event, "method": method, "user": described(user)})
    try:
        answer = _call(tenant, user, said)
    except (psycopg.Error, OSError) as exc:
        # Not the rest of a database's error: it holds rows, and so people's addresses.
        why = (exc.diag.message_primary if isinstance(exc, psycopg.Error) else None) or type(exc).__name__
        log.warning("%s of tenant %s failed at %s: %s", FUNCTION, tenant.slug, event, why)
        raise KapokError("HOOK_FAILED") from exc
    return _verdict(answer)


def described(user: User) -> dict[str, Any]:
    """A user as the function sees it."""
    return {
        "id": str(user.pk),
        "email": user.email,
        "emailVerified": user.email_verified_at is not None,
        "isAnonymous": user.is_anonymous,
        "roles": user.roles,
        "appMetadata": user.app_metadata,
        "metadata": user.user_metadata,
        "createdAt": user.created_at.isoformat(),
    }


def _exists(tenant: Tenant) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_EXISTS, [f'"{tenant.schema_name}".{FUNCTION}(jsonb)'])
        return bool(cursor.fetchone()[0])


def _call(tenant: Tenant, user: User, said: str) -> str | None:
    session = _session(tenant.project.gateway_role)
    settings = {
        "timeout": str(int(TIMEOUT * 1000)),
        "path": f"{tenant.schema_name}, pg_temp",
        "claims": json.dumps({"role": "service", "sub": str(user.pk), "tenant_id": str(tenant.pk)}),
        "actor": f"end_user:{user.pk}",
        "role": tenant.schema_name,
    }
    # It must end with the time-out whatever the function does about that.
    with deadline(TIMEOUT + GRACE, session, terminate_session), session.pipeline(), session.transaction():
        session.execute(_PREPARE, settings)
        row = session.execute(render(_CALL, schema=tenant.schema_name), [said]).fetchone()
    return None if row is None else row[0]


def _session(gateway: str) -> psycopg.Connection[Any]:
    """This thread's connection of the project, without anything an earlier call left behind."""
    sessions: dict[str, psycopg.Connection[Any]] = _kept.__dict__.setdefault("sessions", {})
    session = sessions.pop(gateway, None)
    if session is not None:
        try:
            session.execute("discard all")
        except psycopg.Error:
            session.close()
            session = None
    if session is None:
        session = psycopg.connect(
            conninfo_of(gateway), autocommit=True, application_name="kapok hook", prepare_threshold=None
        )
    sessions[gateway] = session
    while len(sessions) > _KEPT:
        sessions.pop(next(iter(sessions))).close()
    return session


def _verdict(answer: str | None) -> Verdict:
    try:
        said = None if answer is None else json.loads(answer)
    except ValueError as exc:
        raise _misshapen("its answer is too long") from exc
    if said is None:
        return Verdict()
    if not isinstance(said, dict) or set(said) - {"roles", "claims", "error"}:
        raise _misshapen("its answer is not an object of roles, claims, error")
    if said.get("error"):
        raise KapokError("SIGN_IN_REFUSED", str(said["error"])[:300])
    roles, claims = said.get("roles"), said.get("claims") or {}
    right = isinstance(roles, list) and len(roles) <= MAX_ROLES and all(is_role(role) for role in roles)
    if roles is not None and not right:
        raise _misshapen("its roles are not a list of roles")
    if not isinstance(claims, dict) or RESERVED.intersection(claims):
        raise _misshapen("its claims are not an object without Kapok's own claims")
    return Verdict(None if roles is None else tuple(roles), claims)


def _misshapen(why: str) -> KapokError:
    log.warning("%s: %s", FUNCTION, why)
    return KapokError("HOOK_FAILED", details={"reason": why})
