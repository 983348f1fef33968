"""A database as an older Kapok left it, or somebody changed it: how it is made, and what it is compared by."""

from __future__ import annotations

import re
from typing import Any

from django.db import connection, transaction

from apps.tenants.names import Names
from tests.tenant_database import fetch

_FUNCTIONS = """
    select p.oid::regprocedure::text, pg_get_functiondef(p.oid), p.proowner::regrole::text, p.proacl::text
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where
"""
_OF_PLATFORM = (
    _FUNCTIONS
    + """
    n.nspname in ('kapok_log', 'kapok') and p.proname !~ '^t_[a-z2-7]{26}'
    or n.nspname = 'public' and starts_with(p.proname, 'kapok_') order by 1
"""
)
_OF_TENANT = (
    _FUNCTIONS
    + """
    n.nspname = %s and (p.proname = 'kapok_read' or starts_with(p.proname, 'kapok_log_'))
    or n.nspname = 'kapok_log' and starts_with(p.proname, %s) order by 1
"""
)
_EVENT_TRIGGERS = """
    select evtname, evtevent, evtenabled, evtfoid::regproc::text, evtowner::regrole::text
    from pg_event_trigger order by 1
"""
_SCHEMAS = (
    "select nspname, nspowner::regrole::text, nspacl::text from pg_namespace where nspname like 'kapok%%' order by 1"
)
_TRIGGERS = """
    select pg_get_triggerdef(t.oid), t.tgenabled from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = to_regnamespace(%s) and not t.tgisinternal order by 1
"""
_OIDS = "select c.oid, c.relname from pg_class c where c.relnamespace = to_regnamespace(%s)"


def platform_catalog() -> list[Any]:
    """Functions, event triggers and schemas, with bodies, owners and privileges."""
    return [fetch(_OF_PLATFORM), fetch(_EVENT_TRIGGERS), fetch(_SCHEMAS.replace("%%", "%"))]


def tenant_catalog(names: Names) -> list[str]:
    """Functions and triggers in a tenant's schema, and its converters, as they would be in any other schema."""
    rows = [*fetch(_OF_TENANT, names.schema, names.schema), *fetch(_TRIGGERS, names.schema)]
    tables = {str(oid): name for oid, name in fetch(_OIDS, names.schema)}
    text = [str(row).replace(names.schema, "SCHEMA") for row in rows]
    return sorted(re.sub(r"kapok_log_(\d+)", lambda match: f"kapok_log_{tables[match[1]]}", row) for row in text)


def versions() -> list[tuple[Any, ...]]:
    """Which row versions of the catalog are in force."""
    return fetch(
        "select 'f', oid, xmin::text from pg_proc union all select 't', oid, xmin::text from pg_trigger order by 1, 2"
    )


#: Functions with other bodies, arguments, privileges; too many and too few.
OLD = """
    comment on schema kapok_log is null;
    create or replace function kapok_log.context_of(schema text)
        returns text language sql as 'select ''null, null, null, null''';
    create or replace function kapok_log.make_reader(schema text)
        returns void language sql security definer as 'select';
    drop function kapok_log.write_down(oid, text, text, text, text[]);
    drop function kapok_log.refuse(text);
    create function kapok_log.refuse(what int) returns int language sql as 'select 1';
    create function kapok_log.of_an_older_kapok() returns void language sql as 'select';
    grant execute on function kapok_log.protect_all(text, boolean) to public;
    grant usage on schema kapok_log to {owner};
    create or replace function kapok.refuse(state text, detail text) returns text language sql as 'select state';
    create or replace function public.kapok_append_only() returns trigger language plpgsql as 'begin return new; end';
    create or replace function public.kapok_directory_changed()
        returns trigger language plpgsql as 'begin return new; end';
    grant execute on function public.kapok_revoked() to public, {owner};
"""
#: What only a superuser can do.
OLD_EVENTS = """
    alter function kapok_log.mode_of(text, text, oid) owner to {owner};
    alter function public.kapok_append_only() owner to {owner};
    drop event trigger kapok_change_1_dropped; alter event trigger kapok_change_2_ended disable;
    create event trigger kapok_change_3 on sql_drop execute function kapok_log.ddl_dropped();
    drop event trigger kapok_ddl_dropped;
    create or replace function public.kapok_ddl_changed() returns event_trigger language plpgsql as 'begin end';
    create or replace function kapok_log.see_caller() returns event_trigger language plpgsql as 'begin end';
"""
OLD_TENANT = """
    create or replace function {schema}.kapok_log_{authors}()
        returns trigger language plpgsql as 'begin return null; end';
    grant execute on function {schema}.kapok_log_{authors}() to {owner};
    grant execute on function {schema}.kapok_log_{books}() to public;
    alter function {schema}.kapok_log_{books}() security invoker;
    drop trigger kapok_insert on {schema}.authors;
    alter table {schema}.books disable trigger kapok_update;
    create or replace function kapok_log.{schema}(kapok_row record) returns jsonb
        language plpgsql security definer as 'begin return null; end';
    grant execute on function kapok_log.{schema}(record) to public;
    alter function kapok_log.{schema}_steady(record) reset all;
    grant execute on function {schema}.kapok_read(jsonb, text, text, text) to {owner};
    create or replace function {schema}.kapok_read(details jsonb, target text, address text, how text)
        returns void language sql as 'select';
"""


def make_old(names: Names, *, superuser: bool = True) -> None:
    """Of the platform, and of this tenant, whose project is factories.LIBRARY."""
    tables = {name: str(oid) for oid, name in fetch(_OIDS, names.schema) if name in ("authors", "books")}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local kapok.protecting = 'on'")
        for text in (OLD_TENANT, OLD_EVENTS if superuser else "select 1", OLD):
            for mark, value in {"schema": names.schema, "owner": names.owner, **tables}.items():
                text = text.replace(f"{{{mark}}}", value)
            cursor.execute(text)


PARTITIONED = """
    drop table {schema}.kapok_change cascade;
    create table {schema}.kapok_change (
        position bigint generated always as identity, xid xid8 not null default pg_current_xact_id(),
        at timestamptz not null default clock_timestamp(), table_name text, op text not null, key jsonb, before jsonb,
        after jsonb, actor text, session_id text, request_id text, source text not null
    ) partition by range (at);
    create index kapok_change_commits on {schema}.kapok_change (xid, position);
    create table {schema}.kapok_change_rest partition of {schema}.kapok_change default;
    create table {schema}.{past} (like {schema}.kapok_change including defaults including constraints);
    create table {schema}.{present} (like {schema}.kapok_change including defaults including constraints);
    alter table {schema}.kapok_change attach partition {schema}.{past}
        for values from ('2020-04-01Z') to ('2020-07-01Z');
    alter table {schema}.kapok_change attach partition {schema}.{present} for values from ({begin}) to ({end});
    insert into {schema}.kapok_change (at, op, source) values ('2020-05-01', 'ddl', 'owner'), (now(), 'ddl', 'owner');
"""


def make_partitioned(names: Names, *, has_written: bool) -> None:
    """A log of before kapok_change_now, with one row of a past quarter, and one of this where something was written."""
    begin = "date_trunc('quarter', now(), 'UTC')"
    [(present,)] = fetch("select to_char(now() at time zone 'UTC', '\"kapok_change_\"YYYY\"q\"Q')")
    text = PARTITIONED.replace("{schema}", names.schema).replace("{past}", "kapok_change_2020q2")
    text = (
        text.replace("{present}", present).replace("{begin}", begin).replace("{end}", f"{begin} + interval '3 months'")
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local kapok.protecting = 'on'")
        cursor.execute(text)
        if not has_written:
            cursor.execute(f"delete from {names.schema}.{present}")


# Works as it did, and is to be replaced all the same.
_OTHER_BODIES = """
    select replace(pg_get_functiondef(p.oid), p.prosrc, ' ' || p.prosrc)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = %s and (p.proname = 'kapok_read' or starts_with(p.proname, 'kapok_log_'))
        or n.nspname = 'kapok_log' and starts_with(p.proname, %s)
"""


def make_other(names: Names) -> None:
    """Every function another body that does the same: nothing else is old."""
    bodies = fetch(_OTHER_BODIES, names.schema, names.schema)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local kapok.protecting = 'on'; comment on schema kapok_log is null")
        for (definition,) in bodies:
            cursor.execute(definition)
