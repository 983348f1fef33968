"""The database roles of projects and tenants: made, kept as they must be, and removed.

In: `Names`. Out: roles in the cluster, through Django's connection (the platform role). Every function can run again
after any interruption. The platform role is a superuser, or has CREATEROLE and owns the database.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import connection

from apps.tenants.names import Names
from apps.tenants.statements import render
from kapok.identifiers import quote_literal
from kapok.roles import role_password, scram_verifier

_CREATE_TENANT = "create role {tenant} nologin noinherit;"
_CREATE_OWNER = "create role {owner} login noinherit;"
_CREATE_GATEWAY = "create role {gateway} login noinherit;"
# A project's own SQL may have changed what a role can change of itself, so all of it is set again.
_SET_OWNER = """
    alter role {owner} reset all;
    alter role {owner} login valid until 'infinity' password PASSWORD;
    alter role {owner} set search_path = {tenant};
"""
# The request's own timeout is set in its transaction: a clock that already runs would not be restarted.
_SET_GATEWAY = """
    alter role {gateway} reset all;
    alter role {gateway} login valid until 'infinity' password PASSWORD;
    alter role {gateway} set statement_timeout = 0;
    alter role {gateway} set jit = off;
"""
_END_SESSIONS = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = any(%s)"
# Other tenants' owners who gave these roles rights: without the owner's rights those cannot be taken away.
_GRANTORS = """
    select distinct r.rolname
    from pg_shdepend given
    join pg_shdepend owner using (dbid, classid, objid)
    join pg_roles r on r.oid = owner.refobjid and r.rolname ~ '^t_[a-z2-7]{26}_owner$'
    where given.deptype = 'a' and owner.deptype = 'o'
      and given.dbid = (select oid from pg_database where datname = current_database())
      and given.refclassid = 'pg_authid'::regclass
      and given.refobjid in (select oid from pg_roles where rolname = any(%s))
"""
# Serialises what several workers do to one project's gateway role; freed at the end of the transaction.
_LOCK_ROLE = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"


def ensure_gateway(gateway: str) -> None:
    """Make the role a project's requests log in as."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_ROLE, [gateway])
        if not _existing([gateway]):
            cursor.execute(render(_CREATE_GATEWAY, gateway=gateway))
        cursor.execute(_with_password(render(_SET_GATEWAY, gateway=gateway), gateway))


def ensure_tenant_roles(names: Names) -> None:
    """Make a tenant's two roles, and the owner's password and search_path as they must be."""
    existing = _existing([names.schema, names.owner])
    statements = [_with_password(render(_SET_OWNER, owner=names.owner, tenant=names.schema), names.owner)]
    if names.owner not in existing:
        statements.insert(0, render(_CREATE_OWNER, owner=names.owner))
    if names.schema not in existing:
        statements.insert(0, render(_CREATE_TENANT, tenant=names.schema))
    with connection.cursor() as cursor:
        cursor.execute("".join(statements))


def reset_owner(names: Names) -> None:
    """Give the owner role its password and settings again."""
    with connection.cursor() as cursor:
        cursor.execute(_with_password(render(_SET_OWNER, owner=names.owner, tenant=names.schema), names.owner))


def admit_gateway(names: Names) -> None:
    """Let the project's gateway become the tenant's role, and only on request (SET ROLE), never by inheritance."""
    if names.gateway is None:
        return
    options = " with inherit false, set true" if connection.pg_version >= 160000 else ""
    with connection.cursor() as cursor:
        cursor.execute(render("grant {tenant} to {gateway}", tenant=names.schema, gateway=names.gateway) + options)


def lock_out(names: Names) -> None:
    """Nobody may become the tenant's role or log in as its owner any more; sessions of the owner end."""
    existing = _existing([names.schema, names.owner, names.gateway or names.schema])
    with connection.cursor() as cursor:
        if names.gateway in existing and names.schema in existing:
            cursor.execute(render("revoke {tenant} from {gateway}", tenant=names.schema, gateway=names.gateway or ""))
        if names.owner in existing:
            cursor.execute(render("alter role {owner} nologin", owner=names.owner))
            # The gateway's too: its sessions may hold locks in the schema.
            inherit(role for role in existing if role in (names.owner, names.gateway))
            cursor.execute(_END_SESSIONS, [[names.owner]])


def drop_roles(roles: Iterable[str]) -> None:
    """Drop roles with whatever they still own in this database."""
    with connection.cursor() as cursor:
        existing = _existing(list(roles))
        cursor.execute(_GRANTORS, [existing])
        inherit({*existing, *(row[0] for row in cursor.fetchall())})
        cursor.execute(_END_SESSIONS, [existing])
        for role in existing:
            cursor.execute(render("drop owned by {role} cascade; drop role {role}", role=role))


def _existing(roles: list[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("select rolname from pg_roles where rolname = any(%s)", [roles])
        return [row[0] for row in cursor.fetchall()]


def inherit(roles: Iterable[str]) -> None:
    """A platform role that is no superuser needs the rights of a role to end its sessions and drop what it owns."""
    with connection.cursor() as cursor:
        cursor.execute("select rolsuper from pg_roles where rolname = current_user")
        if cursor.fetchone()[0]:
            return
        for role in roles:
            cursor.execute(render("grant {role} to current_user", role=role))


def _with_password(statements: str, role: str) -> str:
    verifier = scram_verifier(role_password(settings.SECRET_KEY, role))
    return statements.replace("PASSWORD;", quote_literal(verifier) + ";", 1)
