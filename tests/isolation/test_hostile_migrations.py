"""What a project's SQL tries to reach: another tenant, the platform, the server, more rights, a way out of its
transaction. Each attempt fails, says why, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from apps.tenants.migrations_runner import Failure, MigrationFile, RunnerSettings, applied, checksum_of, migrate
from apps.tenants.models import Tenant
from apps.tenants.owner import conninfo_of, terminate_session
from apps.tenants.provisioning import names_of
from tests.factories import LIBRARY, ProjectFactory, TenantFactory, make_key
from tests.tenant_database import as_owner, fetch, platform_conninfo

pytestmark = pytest.mark.usefixtures("real_database")

#: Written into each attempt's file before what it tries, so that "nothing left behind" can be seen.
MARK = "create table mark (id int);\n"


@pytest.fixture
def cast() -> Iterator[tuple[Tenant, Tenant]]:
    """acme, which attacks, and globex of the same project, with a row worth stealing."""
    project = ProjectFactory(migrations=LIBRARY, compiled=True)
    acme = TenantFactory(project=project, slug="acme", ready=True)
    globex = TenantFactory(project=project, slug="globex", ready=True)
    make_key(globex)
    with as_owner(names_of(globex)) as session:
        session.execute("insert into authors (name) values ('globex secret')")
    yield acme, globex


def run(tenant: Tenant, *texts: str, settings: RunnerSettings | None = None) -> list[Failure | None]:
    """Run files after the library's two. Out: each one's failure."""
    files = [
        MigrationFile(number, name, checksum_of(sql), sql)
        for number, (name, sql) in enumerate([*((f[5:-4], s) for f, s in LIBRARY.items())], start=1)
    ]
    files += [MigrationFile(n, "attempt", checksum_of(sql), sql) for n, sql in enumerate(texts, start=3)]
    names = names_of(tenant)
    with as_owner(names) as session:
        outcomes = migrate(session, names, files, terminate=terminate_session, settings=settings)
    return [outcome.failure for outcome in outcomes]


def state(*tenants: Tenant) -> Any:
    """Everything an attempt might change, outside its own schema and in it."""
    names = [tenant.schema_name for tenant in tenants]
    return (
        fetch("select nspname, nspowner::regrole::text, nspacl::text from pg_namespace "
              "where nspname !~ '^pg_' order by 1"),
        fetch("select rolname, rolsuper, rolcanlogin, rolcreaterole, rolbypassrls, rolpassword, rolvaliduntil::text "
              "from pg_authid order by 1"),
        fetch("select roleid::regrole::text, member::regrole::text from pg_auth_members order by 1, 2"),
        fetch("select setdatabase, setrole::regrole::text, setconfig from pg_db_role_setting order by 1, 2"),
        fetch("select c.oid::regclass::text, c.relacl::text, c.relowner::regrole::text, n.nspname from pg_class c "
              "join pg_namespace n on n.oid = c.relnamespace "
              "where n.nspname = any(%s) or n.nspname = 'public' order by 1", names),
        fetch("select proname, proowner::regrole::text from pg_proc join pg_namespace n on n.oid = pronamespace "
              "where n.nspname = any(%s) or n.nspname = 'public' order by 1, 2", names),
        fetch("select extname from pg_extension"),
        fetch("select evtname, evtenabled from pg_event_trigger"),
        fetch("select lomowner::regrole::text from pg_largeobject_metadata"),
        fetch("select id, slug, state from tenants_tenant order by 1"),
        fetch("select digest, revoked_at from tenants_apikey order by 1"),
        [fetch(f'select * from "{name}".authors order by id') for name in names],
        [fetch(f'select * from "{name}".kapok_migration order by number') for name in names],
    )  # fmt: skip


ATTEMPTS = {
    # --- another tenant
    "read another tenant": "select * from {globex}.authors",
    "copy another tenant": "create table stolen as select * from {globex}.authors",
    "write another tenant": "insert into {globex}.authors (name) values ('x')",
    "another tenant by search_path": "set search_path = {globex}; create table stolen as select * from authors",
    "create in another tenant": "create table {globex}.mine (id int)",
    "drop another tenant": "drop schema {globex} cascade",
    "its own schema": "drop schema {acme} cascade",
    "rename its own schema": "alter schema {acme} rename to acme",
    "own its own schema": "alter schema {acme} owner to {acme}_owner",
    "open its own schema": "do $$ begin grant usage on schema {acme} to {globex}; "
    "if not has_schema_privilege('{globex}', '{acme}', 'usage') then raise 'not granted'; end if; end $$",
    "view of another tenant": "create view peek as select * from {globex}.authors",
    "foreign key into another tenant": "create table f (a bigint references {globex}.authors)",
    "inherit from another tenant": "create table f () inherits ({globex}.authors)",
    # --- another role
    "set role to the other owner": "set role {globex}_owner",
    "set role to the other tenant": "set role {globex}",
    "set role by function": "select set_config('role', '{globex}', true)",
    "set role to the platform": "set role {platform}",
    "reset role": "reset role; select * from {globex}.authors",
    "set role none": "set role none; select * from {globex}.authors",
    "set session authorization": "set session authorization {platform}",
    "session authorization of a tenant": "set session authorization {globex}_owner",
    "reset session authorization": "reset session authorization; select * from {globex}.authors",
    "become a member": "grant {globex} to {acme}_owner",
    "make a superuser": "alter role {acme}_owner superuser",
    "bypass row security": "alter role {acme}_owner bypassrls",
    "create a role": "create role mallory login superuser",
    "change another password": "alter role {globex}_owner password 'x'",
    "change one's own password": "alter role {acme}_owner password 'known'",
    "change one's own settings": "alter role {acme}_owner set search_path = {globex}",
    "change settings by current_user": "alter role current_user set statement_timeout = 0",
    "rename oneself": "alter role {acme}_owner rename to mallory",
    "drop the gateway": "drop role {gateway}",
    "read passwords": "create table stolen as select * from pg_authid",
    # --- the platform
    "read the platform": "create table stolen as select * from public.tenants_apikey",
    "write the platform": "update public.tenants_tenant set state = 'suspended'",
    "create in public": "create table public.mine (id int)",
    "function in public": "create function public.now() returns int language sql as 'select 1'",
    "alter the platform's table": "alter table public.tenants_tenant disable trigger all",
    "trigger on Kapok's table": "create trigger t before insert on kapok_migration execute function touch()",
    "rewrite history": "update kapok_migration set checksum = 'x'",
    "delete history": "delete from kapok_migration",
    "drop history": "drop table kapok_migration",
    "call the platform's trigger": "create trigger t after insert on authors for each row "
    "execute function public.kapok_directory_changed('id')",
    "event trigger": "create event trigger e on ddl_command_end execute function touch()",
    "drop the event trigger": "drop event trigger kapok_ddl_changed",
    "disable triggers": "set session_replication_role = replica",
    "take a coming name of the platform's": "create type kapok_change_2030q1 as enum ('a')",
    "name an index like the platform's": "create index kapok_change_2030q1 on authors (name)",
    # --- the server
    "extension": "create extension dblink",
    "trusted extension": "create extension hstore",
    "language": "create language plpython3u",
    "c function": "create function sys(text) returns int language c as '/lib/x86_64-linux-gnu/libc.so.6', 'system'",
    "copy from program": "copy mark from program 'id'",
    "copy to program": "copy mark to program 'cat > /tmp/kapok_hostile'",
    "copy from a file": "copy mark from '/etc/passwd'",
    "read a file": "create table f as select pg_read_file('/etc/passwd')",
    "list a folder": "create table f as select pg_ls_dir('/')",
    "server settings": "alter system set log_statement = 'none'",
    "server settings by function": "select set_config('session_preload_libraries', 'x', false)",
    "load a library": "load '/tmp/x.so'",
    "database settings": "do $$ begin execute format('alter database %I set jit = off', current_database()); end $$",
    "create a database": "create database evil",
    "create a schema": "create schema evil",
    "tablespace": "create tablespace evil location '/tmp'",
    "temporary table": "create temporary table albums (id int)",
    "foreign data wrapper": "create foreign data wrapper w",
    "end the platform's sessions": "do $$ declare p int; begin "
    "for p in select pid from pg_stat_activity where usename = '{platform}' and pid <> pg_backend_pid() loop "
    "perform pg_terminate_backend(p); end loop; end $$",
    "publication": "create publication p for all tables",
    "large object from a file": "select lo_import('/etc/passwd')",
    # --- security definer and friends
    "security definer": "create function f() returns setof {globex}.authors language sql security definer "
    "as 'select * from {globex}.authors'; select * from f()",
    "security definer owned by another": "create function f() returns int language sql security definer as 'select 1'; "
    "alter function f() owner to {globex}_owner",
    "security definer that sets a role": "create function f() returns void language plpgsql security definer "
    "as $$ begin execute 'set role {globex}'; end $$; select f()",
    "function with a setting": "create function f() returns void language sql set role = '{globex}' "
    "as 'select 1'; select f()",
    "dynamic sql": "do $$ begin execute 'select * from ' || quote_ident('{globex}') || '.authors'; end $$",
    "swallowed error": "do $$ begin perform 1 from {globex}.authors; exception when division_by_zero then null; end $$",
    # --- out of the transaction
    "commit": "commit; select 1/0",
    "commit and go on": "commit; create table escaped (id int); select 1/0",
    "rollback": "rollback",
    "begin": "begin",
    "commit in a block": "do $$ begin commit; end $$",
    "commit in a procedure": "create procedure p() language plpgsql as $$ begin commit; end $$; call p()",
    "prepare transaction": "prepare transaction 'x'",
    "savepoint": "savepoint s; rollback to s",
    "end": "end; drop table mark",
    "close the quote": "$kapok$; commit; do $kapok$ begin null; end",
    "close the block": "'; end $kapok$; commit; --",
}  # fmt: skip


#: "Does not exist" would mean that the attempt is not what it says; it is right where the schema cannot be seen at all.
MISSING = {"42P01", "42703", "42883", "42704"}
HIDDEN = {"another tenant by search_path"}


def filled(text: str, acme: Tenant, globex: Tenant) -> str:
    platform = fetch("select current_user")[0][0]
    for name, value in {
        "acme": acme.schema_name,
        "globex": globex.schema_name,
        "gateway": acme.project.gateway_role,
        "platform": platform,
    }.items():
        text = text.replace("{" + name + "}", value)
    return text


@pytest.mark.superuser
def test_every_attempt_fails_and_leaves_nothing(cast: tuple[Tenant, Tenant]) -> None:
    acme, globex = cast
    before = state(acme, globex)
    for what, text in ATTEMPTS.items():
        failures = run(acme, MARK + filled(text, acme, globex))
        assert len(failures) == 1 and failures[0] is not None, f"{what}: it went through"
        assert (failures[0].sqlstate in MISSING) == (what in HIDDEN), f"{what}: {failures[0]}"
        assert state(acme, globex) == before, what
    with as_owner(names_of(acme)) as session:
        assert session.execute("select to_regclass('mark'), to_regclass('escaped')").fetchone() == (None, None)


PRIVILEGES = (
    "read another tenant",
    "set role to the other tenant",
    "create in public",
    "extension",
    "alter the platform's table",
    "create a role",
    "copy from program",
    "temporary table",
    "read the platform",
    "drop another tenant",
    "trigger on Kapok's table",
)


def test_refusals_are_of_privileges(cast: tuple[Tenant, Tenant]) -> None:
    for what in PRIVILEGES:
        (failure,) = run(cast[0], MARK + filled(ATTEMPTS[what], *cast))
        assert failure is not None and failure.sqlstate == "42501", f"{what}: {failure}"


def test_resetting_the_role_leads_to_the_owner_itself(cast: tuple[Tenant, Tenant]) -> None:
    check = """do $$ begin
        if current_user <> '{acme}_owner' or session_user <> '{acme}_owner' then raise 'escaped'; end if; end $$"""
    resets = ["reset role", "set role none", "reset session authorization", "set role {acme}_owner"]
    assert run(cast[0], *(filled(f"{text}; {check}", *cast) for text in resets)) == [None] * len(resets)


def test_what_a_file_leaves_in_the_session_does_not_reach_the_next(cast: tuple[Tenant, Tenant]) -> None:
    first = """
        set search_path = pg_catalog; set statement_timeout = 900; set lock_timeout = 1;
        set default_transaction_read_only = on;
        select pg_advisory_lock(1); prepare p as select 1; listen x; set check_function_bodies = off;
    """
    second = """
        create table here (id int);
        do $$ begin
            if current_setting('statement_timeout') <> '10min' or (select count(*) from pg_prepared_statements) > 0
               or exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())
               or current_setting('check_function_bodies') = 'off'
            then raise 'left behind'; end if;
        end $$;
    """
    assert run(cast[0], first, second) == [None, None]
    assert fetch("select relnamespace::regnamespace::text from pg_class where relname = 'here'") == [
        (cast[0].schema_name,)
    ]


@pytest.mark.superuser
def test_operators_of_the_project_cannot_hide_a_change_of_roles(cast: tuple[Tenant, Tenant]) -> None:
    """The check after the file must not meet what the file made: here an `=` that is never true."""
    acme, globex = cast
    text = f"""
        create function never(text, text) returns boolean language sql immutable as 'select false';
        create operator {acme.schema_name}.= (leftarg = text, rightarg = text, function = never);
        create function never(oid, integer) returns boolean language sql immutable as 'select false';
        create operator {acme.schema_name}.= (leftarg = oid, rightarg = integer, function = never);
        create view pg_locks as select 1 as pid where false;
        set search_path = {acme.schema_name}, pg_catalog;
        alter role {acme.schema_name}_owner password 'known';
    """
    before = state(acme, globex)
    (failure,) = run(acme, text)
    assert failure is not None and "must not change database roles" in failure.message
    assert state(acme, globex) == before


@pytest.mark.superuser
def test_dropping_all_it_owns_takes_nothing_else(cast: tuple[Tenant, Tenant]) -> None:
    acme, globex = cast
    before = state(globex)
    assert run(acme, "drop owned by current_user cascade") == [None]
    assert state(globex) == before
    with as_owner(names_of(acme)) as session:
        assert set(applied(session, names_of(acme))) == {1, 2, 3}


def test_a_file_that_catches_its_timeout_loses_its_session(cast: tuple[Tenant, Tenant]) -> None:
    """Nothing a file does keeps a worker for ever."""
    endless = """
        do $$ begin
            loop begin perform pg_sleep(3600); exception when query_canceled then null; end; end loop;
        end $$
    """
    names = names_of(cast[0])
    file = MigrationFile(3, "endless", checksum_of(endless), endless)
    settings = RunnerSettings(statement_timeout=0.2, grace=0.5)
    files = [MigrationFile(n, f[5:-4], checksum_of(s), s) for n, (f, s) in enumerate(LIBRARY.items(), start=1)]
    with psycopg.connect(conninfo_of(names.owner), autocommit=True) as session:
        with pytest.raises(psycopg.OperationalError):
            migrate(session, names, [*files, file], terminate=terminate_session, settings=settings)
        assert session.closed
    with psycopg.connect(platform_conninfo()) as platform:
        waiting = platform.execute("select count(*) from pg_stat_activity where usename = %s", [names.owner]).fetchone()
    assert waiting == (0,)
    with as_owner(names) as session:
        assert set(applied(session, names)) == {1, 2}


OWN = "do $$ begin execute format('{0}', current_schema, current_schema); end $$"
#: Statements of other servers, and which part of each is named, with what to write instead.
FROM_ELSEWHERE = {
    "grant all on all tables in schema public to anon": "permissions.yaml",
    "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO postgres, anon": "permissions.yaml",
    "revoke all on all functions in schema public from public": "name the tables",
    "grant select on all tables in schema app to public": "name the tables",
    "alter default privileges in schema public grant select on tables to anon": "leave it out",
    "alter default privileges for role {platform} grant select on tables to public": "leave it out",
    "grant usage on schema public to anon": "roles of another server",
    "grant select on authors to anon": "roles of another server",
    "alter table authors owner to postgres": "--no-owner",
    "alter table authors owner to {platform}": "--no-owner",
    "create table public.genres (id int)": "leave `public.` out",
}


def test_statements_of_other_servers_are_named_with_what_to_write_instead(
    cast: tuple[Tenant, Tenant], subtests: pytest.Subtests
) -> None:
    acme, globex = cast
    before = state(acme, globex)
    for statement, words in FROM_ELSEWHERE.items():
        with subtests.test(statement=statement):
            text = statement.format(platform=conninfo_to_dict(platform_conninfo())["user"])
            [failure] = run(acme, f"-- grant nothing on all tables in schema x to y\n{MARK}{text};\nselect 1;")
            assert failure is not None and words in failure.message, failure
            named = "`public.genres`" if "genres" in text else f"`{text}`"
            assert f"{named} (line 3): " in failure.message, failure
    for grant in ("grant select on all tables in schema %I to %I", "revoke all on all tables in schema %I from %I"):
        [failure] = run(acme, MARK + OWN.format(grant))
        assert failure is not None and "Kapok's own tables" in failure.message and grant in failure.message
    assert state(acme, globex) == before


def test_rights_of_the_projects_own_things_can_be_changed(cast: tuple[Tenant, Tenant]) -> None:
    acme, _ = cast
    changes = (
        "alter default privileges in schema %I grant select on tables to %I",
        "revoke delete on authors from %2$I",
    )
    assert run(acme, *(OWN.format(change) for change in changes)) == [None, None]
    role = acme.schema_name
    [rights] = fetch(
        "select has_table_privilege(%s, %s, 'delete'), has_table_privilege(%s, %s, 'select')",
        *(role, f"{role}.authors") * 2,
    )
    assert rights == (False, True)
