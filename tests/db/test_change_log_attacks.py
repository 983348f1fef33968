"""What a project's own SQL may try against the change log: it gains no rights, forges no rows and stops nothing."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.db.change_logs import TABLES, Database, Logged

pytestmark = pytest.mark.superuser


@pytest.fixture(scope="module")
def shared(database: Database) -> Logged:
    """For tests that leave it as it is."""
    return Logged(database, TABLES)


@pytest.fixture
def watched(logged: Logged) -> Logged:
    """With event triggers."""
    if logged.database.managed:
        pytest.skip("nothing is refused without event triggers; test_what_was_tampered_with_is_mended_and_told")
    return logged


OUT_OF_REACH = (
    "select * from {s}.kapok_change",
    "select position from {s}.kapok_change_now",
    "insert into {s}.kapok_change (op, source) values ('insert', 'api')",
    "insert into {s}.kapok_change_now (xid, at, op, source) values ('1', now(), 'insert', 'api')",
    "update {s}.kapok_change set actor = 'me'",
    "delete from {s}.kapok_change",
    "truncate {s}.kapok_change",
    "copy {s}.kapok_change to stdout",
    "do $$ begin lock table {s}.kapok_change in access share mode; end $$",
    "select nextval('{s}.kapok_change_position_seq')",
    "select * from {s}.kapok_change_mode",
    "insert into {s}.kapok_change_mode values ('', 'off')",
    "drop table {s}.kapok_change",
    "alter table {s}.kapok_change add column x int",
    "alter table {s}.kapok_change_now no inherit {s}.kapok_change",
    "create index on {s}.kapok_change_now (actor)",
    "create table kapok_change_2020q1 () inherits ({s}.kapok_change)",
    "create rule r as on insert to {s}.kapok_change_now do instead nothing",
    "create trigger r before insert on {s}.kapok_change_now for each statement execute function {s}.kapok_log_1()",
    "create policy p on {s}.kapok_change_now using (false)",
    "grant select on {s}.kapok_change to {s}",
    "select kapok_log.note('{s}', 't', '{{}}')",
    "select kapok_log.protect_all('{s}', false)",
    "select kapok_log.{s}(row(1))",
    "drop function kapok_log.{s}(record)",
    "alter function kapok_log.{s}(record) security invoker",
    "set session_replication_role = replica",
    "drop event trigger kapok_change_2_ended",
    "alter event trigger kapok_change_2_ended disable",
)


@pytest.mark.parametrize("statement", OUT_OF_REACH)
def test_nobody_but_the_platform_reaches_the_log(shared: Logged, statement: str) -> None:
    logged, sql = shared, statement.format(s=shared.schema)
    refused = (InsufficientPrivilege, psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedObject)
    with pytest.raises(refused):
        logged.owner.execute(sql)  # type: ignore[call-overload]
    with pytest.raises(refused), logged.request() as session:
        session.execute(sql)  # type: ignore[call-overload]
    logged.owner.execute("insert into t values (1); delete from t")
    assert [row["op"] for row in logged.changes()] == ["insert", "delete"]


def test_the_functions_of_the_triggers_cannot_be_called_or_used(logged: Logged) -> None:
    (writer,) = logged.platform.execute(
        "select tgfoid::regproc from pg_trigger where tgname = 'kapok_insert'"
    ).fetchone()  # type: ignore[misc]
    logged.owner.execute("create table decoy (id int)")
    for sql in (
        f"select {writer}()",
        f"create trigger z after insert on decoy for each statement execute function {writer}()",
        f"alter function {writer}() security invoker",
        f"drop function {writer}() cascade",
        f"create or replace function {writer}() returns trigger language plpgsql as 'begin return null; end'",
    ):
        with pytest.raises(psycopg.Error):
            logged.owner.execute(sql)
    logged.owner.execute("insert into t values (1)")
    assert [row["table_name"] for row in logged.changes()] == ["t"]


TAMPERING = (
    "alter table t disable trigger kapok_insert",
    "alter table t disable trigger all",
    "alter table t enable trigger kapok_insert",
    "alter table t enable replica trigger kapok_insert",
    "drop trigger kapok_insert on t",
    "drop trigger kapok_truncate on t",
    "alter trigger kapok_insert on t rename to other",
    "create or replace trigger kapok_insert after insert on t for each row execute function nothing()",
    "create trigger kapok_other before insert on t for each row execute function nothing()",
    "create function f() returns void security definer language plpgsql as $$ begin "
    "execute 'drop trigger kapok_insert on t'; end $$; select f()",
    "set kapok.protecting = 'on'; set kapok.ddl_is_ours = 'on'; drop trigger kapok_insert on t",
)


@pytest.mark.parametrize("statement", TAMPERING)
def test_tampering_with_triggers_is_refused(watched: Logged, statement: str) -> None:
    watched.owner.execute("create function nothing() returns trigger language plpgsql as 'begin return null; end'")
    with pytest.raises(InsufficientPrivilege, match="change log"):
        watched.owner.execute(statement)  # type: ignore[call-overload]
    watched.owner.execute("insert into t values (1)")
    assert [row["op"] for row in watched.changes()] == ["insert"]
    assert watched.mend() == {}


def test_names_of_the_platforms_are_refused(watched: Logged) -> None:
    """Its own tables come and go under them; and what a project has under such a name already it can rename or drop."""
    watched.platform.execute(
        f"create table {watched.schema}.kapok_mine (a int);"
        f"alter table {watched.schema}.kapok_mine owner to {watched.schema}_owner"
    )
    before = watched.platform.execute("select count(*) from pg_class").fetchone()
    for statement in (
        "create table kapok_change_2030q1 (a int)",
        "create table kapok_x as select 1 as a",
        "select 1 as a into kapok_x",
        "create view kapok_x as select 1 as a",
        "create materialized view kapok_x as select 1 as a",
        "create sequence kapok_x",
        "create type kapok_x as enum ('a')",
        "create type kapok_x as (a int)",
        "create domain kapok_x as int",
        "create index kapok_x on t (id)",
        "create table x (id int constraint kapok_x unique)",
        "alter table t rename to kapok_x",
        "alter index t_pkey rename to kapok_x",
        "do $$ begin execute 'create table kapok_x (a int)'; end $$",
        "alter table kapok_mine add b int",
    ):
        with pytest.raises(psycopg.errors.ReservedName, match="kapok_"):
            watched.owner.execute(statement)  # type: ignore[call-overload]
    assert watched.platform.execute("select count(*) from pg_class").fetchone() == before
    watched.owner.execute("create function kapok_auth_hook() returns int language sql as 'select 1'")
    watched.owner.execute("alter table kapok_mine rename to mine; drop table mine")


@pytest.mark.parametrize("statement", TAMPERING[:5])
def test_what_was_tampered_with_is_mended_and_told(logged: Logged, statement: str) -> None:
    if not logged.database.managed:
        pytest.skip("it is refused")
    logged.owner.execute(statement)  # type: ignore[call-overload]
    assert "t" in logged.mend()
    told = [row for row in logged.changes(ddl=True) if row["op"] == "ddl"]
    assert told[-1]["table_name"] == "t" and told[-1]["after"]["command"] == "CHANGE LOG"
    logged.owner.execute("insert into t values (1)")
    assert [row["op"] for row in logged.changes()] == ["insert"]


def test_the_superusers_ddl_is_told_and_mended(watched: Logged) -> None:
    watched.platform.execute(f"alter table {watched.schema}.t disable trigger kapok_insert")
    watched.platform.execute(f"drop trigger kapok_update on {watched.schema}.t")
    told = [row for row in watched.changes(ddl=True) if row["op"] == "ddl"]
    assert [(row["after"]["command"], row["source"]) for row in told] == [
        ("ALTER TABLE", "platform"),
        ("DROP TRIGGER", "platform"),
    ]
    assert watched.mend() == {}


def test_replica_mode_does_not_silence_it(logged: Logged) -> None:
    with logged.database.log_in(None, "-c session_replication_role=replica") as session:
        session.execute(f"insert into {logged.schema}.t values (1); truncate {logged.schema}.t")
        if not logged.database.managed:
            session.execute(f"create table {logged.schema}.made (a int); insert into {logged.schema}.made values (1)")
    expected = ["insert", "truncate"] + ([] if logged.database.managed else ["insert"])
    assert [row["op"] for row in logged.changes()] == expected


def test_a_cast_to_json_runs_with_the_tenants_rights_only(logged: Logged) -> None:
    """to_jsonb runs the casts to json of types that are not PostgreSQL's own: here the project's function."""
    logged.owner.execute(
        """
        create table seen (who text, problem text);
        grant all on seen to public;
        create function spy(m mood) returns json language plpgsql as $$
        declare tried text; problem text := '';
        begin
            foreach tried in array array[
                format('insert into %1$I.kapok_change (op, source) values (''insert'', ''api'')', 'SCHEMA'),
                format('drop function kapok_log.%I(record)', 'SCHEMA'),
                format('alter function kapok_log.%I(record) security invoker', 'SCHEMA'),
                'reset role', 'set role kapok', 'set session authorization default',
                'create table kapok_log.x (a int)', 'create role intruder'
            ] loop
                begin execute tried; problem := problem || tried || ';';
                exception when others then null; end;
            end loop;
            insert into SCHEMA.seen values (current_user, problem);
            return to_json('forged'::text);
        end $$;
        create cast (mood as json) with function spy(mood);
        create table feeling (id int primary key, m mood, many mood[]);
        """.replace("SCHEMA", logged.schema)
    )
    logged.mend()
    logged.changes()
    logged.owner.execute("insert into feeling values (1, 'good', '{bad}')")
    seen = logged.owner.execute("select distinct who, problem from seen").fetchall()
    assert seen == [(logged.schema, "")]
    rows = [row for row in logged.changes() if row["table_name"] == "feeling"]
    assert [(row["op"], row["key"], row["source"]) for row in rows] == [("insert", {"id": 1}, "owner")]
    assert logged.platform.execute("select count(*) from pg_roles where rolname = 'intruder'").fetchone() == (0,)


def test_a_type_changed_and_used_at_once_gains_nothing(logged: Logged) -> None:
    """The table was plain when its trigger was made; without event triggers nobody has looked since."""
    logged.owner.execute(
        f"""
        create table seen (who text);
        create function spy(m mood) returns json language plpgsql as $$
        begin insert into {logged.schema}.seen values (current_user); return 'null'; end $$;
        create cast (mood as json) with function spy(mood);
        grant insert on seen to public;
        alter table t add column m mood default 'good';
        insert into t values (1, 'x', 'bad');
        """
    )
    assert set(logged.owner.execute("select who from seen").fetchall()) == {(logged.schema,)}


def test_the_converter_dropped_with_all_its_role_owns_stops_writes_and_is_mended(logged: Logged) -> None:
    logged.owner.execute("create table f (m mood)")
    logged.mend()
    dropped = False
    with logged.request() as session:
        try:
            with session.transaction():
                session.execute(f"drop owned by {logged.schema}")  # type: ignore[call-overload]
            dropped = True
        except InsufficientPrivilege:
            pass
    if not dropped:
        assert not logged.database.managed
        return
    with pytest.raises(psycopg.Error):
        logged.owner.execute("insert into f values ('good')")
    logged.mend()
    logged.owner.execute("insert into f values ('good')")
    assert [row["table_name"] for row in logged.changes()][-1] == "f"


def test_shadowed_functions_and_operators_are_not_used(logged: Logged) -> None:
    logged.owner.execute(
        """
        create table seen (who text);
        create function note(anyelement) returns void language plpgsql as $$
        begin insert into seen values (current_user); end $$;
        create function to_jsonb(anyelement) returns jsonb language sql as $$ select '"forged"'::jsonb $$;
        create function current_setting(text, boolean) returns text language sql as $$ select 'forged' $$;
        create function jsonb_build_object(variadic text[]) returns jsonb language sql as $$ select '{}'::jsonb $$;
        create function starts_with(text, text) returns boolean language sql as $$ select true $$;
        create function eq(text, text) returns boolean language sql as $$ select true $$;
        create operator = (leftarg = text, rightarg = text, function = eq);
        create function neq(name, name) returns boolean language sql as $$ select true $$;
        create operator = (leftarg = name, rightarg = name, function = neq);
        create function get(jsonb, text) returns jsonb language sql as $$ select '"forged"'::jsonb $$;
        create operator -> (leftarg = jsonb, rightarg = text, function = get);
        create function gt(integer, integer) returns boolean language sql as $$ select true $$;
        create operator > (leftarg = integer, rightarg = integer, function = gt);
        """
    )
    logged.changes()
    logged.owner.execute(
        f"set search_path = {logged.schema}, pg_catalog; insert into t values (1, 'x');"
        "update t set id = 2; delete from t"
    )
    assert logged.brief() == [
        ("t", "insert", {"id": 1}, None, {"id": 1, "name": "x"}),
        ("t", "update", {"id": 1}, {"id": 1, "name": "x"}, {"id": 2, "name": "x"}),
        ("t", "delete", {"id": 2}, {"id": 2, "name": "x"}, None),
    ]


def test_columns_and_tables_named_like_the_logs_own(logged: Logged) -> None:
    names = [
        "n",
        "o",
        "old",
        "new",
        "kapok_row",
        "kapok_new",
        "kapok_old",
        "place",
        "image",
        "tg_op",
        "key",
        "%s",
        "it's",
        'a"b',
        "\\x",
    ]
    columns = ", ".join('"' + name.replace('"', '""').replace("%", "%%") + '" int' for name in names)
    logged.owner.execute(f'create table tg_table_name ({columns}, primary key (n, "it\'s"))'.replace("%%", "%"))  # type: ignore[arg-type]
    logged.mend()
    logged.changes()
    values = ", ".join(str(place) for place in range(len(names)))
    logged.owner.execute(f"insert into tg_table_name values ({values})")  # type: ignore[arg-type]
    logged.owner.execute("update tg_table_name set o = 99; delete from tg_table_name")
    row = dict(zip(names, range(len(names)), strict=True))
    key = {"n": row["n"], "it's": row["it's"]}
    assert logged.brief() == [
        ("tg_table_name", "insert", key, None, row),
        ("tg_table_name", "update", key, row, {**row, "o": 99}),
        ("tg_table_name", "delete", key, {**row, "o": 99}, None),
    ]


def test_row_security_rules_and_views_hide_nothing(logged: Logged) -> None:
    logged.owner.execute(
        """
        alter table t enable row level security; alter table t force row level security;
        create policy p on t for all using (id < 10) with check (true);
        create view v as select * from t;
        create table other (id int);
        create rule r as on delete to other do instead insert into t values (50, 'rule');
        insert into t values (1), (20); insert into v values (2); insert into other values (1); delete from other;
        """
    )
    logged.mend()
    keys = [row["key"] for row in logged.changes() if row["table_name"] == "t"]
    assert keys == [{"id": 1}, {"id": 20}, {"id": 2}, {"id": 50}]


def test_settings_of_the_session_change_no_value(logged: Logged) -> None:
    logged.owner.execute(
        "create table v (id int primary key, at timestamptz, span interval, raw bytea, f float8, r tstzrange);"
        "insert into v values (1, '2026-01-01 00:00+00', '1 day 2 hours', '\\x00ff', 0.1::float8 + 0.2,"
        "'[2026-01-01 00:00+00,)')"
    )
    logged.mend()
    logged.changes()
    logged.owner.execute(
        "set timezone = 'Asia/Tokyo'; set datestyle = 'German'; set intervalstyle = 'sql_standard';"
        "set bytea_output = 'escape';"
        "set extra_float_digits = 0; update v set id = 2"
    )
    with logged.request() as session:
        session.execute(
            "set local datestyle to 'ISO, MDY'; set local intervalstyle = 'iso_8601'; set local extra_float_digits = 1;"
        )
        session.execute("update v set id = 1")
    (first, second) = logged.changes()
    assert first["before"] == second["after"] and first["after"] == second["before"]
    assert second["after"]["f"] == 0.30000000000000004 and second["after"]["span"] == "P1DT2H"
    assert logged.owner.execute("show timezone").fetchone() == ("Asia/Tokyo",)


def test_values_that_jsonb_cannot_hold_stop_nothing(logged: Logged) -> None:
    logged.owner.execute("create table j (id int primary key, doc json)")
    logged.mend()
    logged.changes()
    logged.owner.execute(
        r"""insert into j values (1, '{"a": "\u0000"}'), (2, '"\ud800"'), (3, '1e999999'),
        (4, '{"a": 1.50, "a": 2}'), (5, '"\\u0000"')"""
    )
    logged.owner.execute("update j set id = id + 10; delete from j")
    rows = logged.changes()
    assert [row["op"] for row in rows] == ["insert"] * 5 + ["update"] * 5 + ["delete"] * 5
    assert [row["after"]["doc"] for row in rows[:5]] == [{"a": "\\u0000"}, "\\ud800", "1e999999", {"a": 2}, "\\u0000"]


def test_settings_an_sql_sets_are_claims_but_the_login_is_not(logged: Logged) -> None:
    logged.owner.execute(
        "select set_config('kapok.actor', 'user:boss', false), set_config('request.jwt.claims', '{\"sid\": 1}', false)"
    )
    logged.owner.execute("insert into t values (1)")
    (row,) = logged.changes()
    assert (row["actor"], row["source"]) == ("user:boss", "owner")
