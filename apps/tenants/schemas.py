"""A tenant's schema: made, opened to requests, checked and dropped.

In: `Names`. Out: the schema with `kapok_migration`, through Django's connection (the platform role, which owns both).
Every function can run again after any interruption.
"""

from __future__ import annotations

from django.db import connection, transaction

from apps.tenants.names import Names
from apps.tenants.statements import render
from kapok.catalog.introspect import introspect
from kapok.errors import KapokError

_CREATE = """
    create schema if not exists {schema};
    revoke all on schema {schema} from public;
    grant usage, create on schema {schema} to {owner};
    create table if not exists {schema}.kapok_migration (
        number integer primary key,
        name text not null,
        checksum text not null,
        duration_ms double precision not null,
        applied_at timestamptz not null default clock_timestamp()
    );
    comment on table {schema}.kapok_migration is '@hidden The migrations this schema has had.';
    revoke all on {schema}.kapok_migration from public;
    grant select, insert on {schema}.kapok_migration to {owner};
"""
# Whoever still works in the schema would make the drop wait for ever: their sessions end.
_HOLDERS = """
    select pg_terminate_backend(held.pid, 2000)
    from (
        select distinct l.pid
        from pg_locks l
        join pg_class c on c.oid = l.relation
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = %s and l.pid <> pg_backend_pid()
          and l.database = (select oid from pg_database where datname = current_database())
    ) held
"""
_VERIFY = """
    select
        exists (select from pg_namespace n join pg_roles r on r.oid = n.nspowner
                where n.nspname = %(schema)s and r.rolname = current_user),
        exists (select from pg_roles where rolname = %(schema)s and not rolcanlogin and not rolsuper
                and not rolbypassrls and not rolcreaterole and not rolcreatedb),
        exists (select from pg_roles where rolname = %(owner)s and rolcanlogin and not rolsuper
                and not rolbypassrls and not rolcreaterole and not rolcreatedb),
        exists (select from pg_roles where rolname = %(gateway)s and rolcanlogin and not rolinherit and not rolsuper
                and not rolbypassrls and not rolcreaterole and not rolcreatedb),
        pg_has_role(%(gateway)s, %(schema)s, 'member'),
        has_schema_privilege(%(schema)s, %(schema)s, 'usage'),
        not has_schema_privilege(%(schema)s, %(schema)s, 'create'),
        not has_schema_privilege('public', %(schema)s, 'usage, create')
"""
_RULES = (
    "the schema belongs to the platform",
    "the tenant's role cannot log in and has no special right",
    "the owner role can log in and has no special right",
    "the gateway role can log in, inherits nothing and has no special right",
    "the gateway may become the tenant's role",
    "the tenant's role may use the schema",
    "the tenant's role may not create anything in the schema",
    "nobody else may use the schema",
)


def ensure_schema(names: Names) -> None:
    """Make the schema, its `kapok_migration`, and the owner's rights in it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(render(_CREATE, schema=names.schema, owner=names.owner))


def open_schema(names: Names) -> None:
    """Let the tenant's role use the schema; what it may do with tables comes from the owner's default privileges."""
    with connection.cursor() as cursor:
        cursor.execute(render("grant usage on schema {schema} to {schema}", schema=names.schema))


def verify(names: Names) -> None:
    """Check what keeps this tenant apart. Raises PROVISIONING_FAILED naming the rule that does not hold."""
    with connection.cursor() as cursor:
        cursor.execute(_VERIFY, {"schema": names.schema, "owner": names.owner, "gateway": names.gateway})
        row = cursor.fetchone()
    broken = [rule for rule, holds in zip(_RULES, row, strict=True) if not holds]
    if broken:
        raise KapokError("PROVISIONING_FAILED", f"The tenant is not isolated: it does not hold that {broken[0]}.")


def drop_schema(names: Names) -> None:
    """Drop the schema with everything in it, ending the sessions that hold locks there."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, [names.schema])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local lock_timeout = '5s'")
        cursor.execute(render("drop schema if exists {schema} cascade", schema=names.schema))


def catalog_of(schema: str) -> str:
    """The catalog of a schema, as JSON, as its request role may see it."""
    connection.ensure_connection()
    return introspect(connection.connection, schema).decode()
