"""What a project's own SQL may try when a table enters the change log: names that are taken, functions that run while
its rows are read. It gains no rights, hides no rows and stops nothing."""

from __future__ import annotations

import pytest
from psycopg.errors import InsufficientPrivilege

from tests.db.change_logs import Logged

pytestmark = pytest.mark.superuser


def test_names_taken_before_a_table_is_made_silence_nothing(logged: Logged) -> None:
    """The next oids can be guessed, and so what the function of the next table's triggers will be called."""
    squat = """
        do $do$ declare next bigint; begin
            create table probe (); next := 'probe'::regclass::oid; drop table probe;
            for number in next + 200..next + 800 loop
                execute 'create KIND kapok_log_' || number || '() REST as $$ begin return null; end $$';
            end loop;
        end $do$
    """
    for kind, rest in (("function", "returns trigger language plpgsql"), ("procedure", "language plpgsql")):
        sql = (
            squat.replace("KIND", kind)
            .replace("REST", rest)
            .replace("return null", "return" + " null" * (kind[0] == "f"))
        )
        if not logged.database.managed:
            with pytest.raises(InsufficientPrivilege, match="change log"):
                logged.owner.execute(sql)  # type: ignore[call-overload]
            # While a tenant is set up nobody looks at its DDL.
            logged.platform.execute(f"revoke usage on schema {logged.schema} from {logged.schema}")
        logged.owner.execute(sql)  # type: ignore[call-overload]
        logged.platform.execute(f"grant usage on schema {logged.schema} to {logged.schema}")
        logged.owner.execute(f"create table {kind} (id int primary key)")  # type: ignore[call-overload]
        (oid,) = logged.owner.execute(f"select '{kind}'::regclass::oid").fetchone()  # type: ignore[call-overload, misc]
        taken = "select count(*) from pg_proc where proname = any(%s)"
        names = [f"kapok_log_{number}" for number in range(oid - 1, oid + 2)]
        assert logged.platform.execute(taken, [names]).fetchone() == (3,)
        logged.mend()
        logged.changes()
        owner = "select proowner::regrole::text, prokind from pg_proc where proname = %s"
        assert logged.platform.execute(owner, [f"kapok_log_{oid}"]).fetchall() == [
            (logged.platform.info.user, "f"),
        ]
        logged.owner.execute(f"insert into {kind} values (1)")  # type: ignore[call-overload]
        assert [row["table_name"] for row in logged.changes()] == [kind]
        assert logged.mend() == {}


def test_a_function_beside_that_of_the_triggers_changes_nothing(logged: Logged) -> None:
    (oid,) = logged.owner.execute("select 't'::regclass::oid").fetchone()  # type: ignore[misc]
    beside = "; ".join(
        f"create function kapok_log_{number} returns int language sql as 'select 1'"
        for number in (f"{oid}(a int)", "99999999999()")
    )
    if logged.database.managed:
        logged.owner.execute(beside)  # type: ignore[call-overload]
    else:
        with pytest.raises(InsufficientPrivilege, match="change log"):
            logged.owner.execute(beside)  # type: ignore[call-overload]
    assert logged.mend() == {}


def test_reading_a_new_table_runs_the_functions_of_its_indexes_with_the_owners_rights_only(logged: Logged) -> None:
    """What an index is made of is worked out when a statement that reads the table is planned, by whoever reads it."""
    tables = """
        create table seen (who text);
        grant all on seen to public;
        create function tell() returns void language plpgsql as $$
        begin insert into SCHEMA.seen values (current_user); end $$;
        create function spy(text) returns text language plpgsql immutable as $$
        begin perform SCHEMA.tell(); return $1; end $$;
        create table "Odd x" (id int primary key, name text);
        insert into "Odd x" values (1, 'a');
        create index on "Odd x" (spy('x'));
        create table nothing ();
        insert into nothing default values;
    """
    if not logged.database.managed:
        # A tenant that is being set up: its tables enter the log with the rows they have.
        logged.platform.execute(f"revoke usage on schema {logged.schema} from {logged.schema}")
    logged.owner.execute(tables.replace("SCHEMA", logged.schema))  # type: ignore[call-overload]
    logged.changes()
    assert logged.mend() != {}
    rows = [row for row in logged.changes() if row["table_name"] != "seen"]
    assert [(row["table_name"], row["after"]) for row in rows] == [
        ("Odd x", {"id": 1, "name": "a"}),
        ("nothing", {}),
    ]
    who = {row[0] for row in logged.owner.execute("select who from seen").fetchall()}
    assert who == {logged.owner.info.user}


@pytest.mark.parametrize("local", ["true", "false"])
@pytest.mark.parametrize("setting", ["search_path", "default_transaction_read_only"])
def test_a_cast_to_json_leaves_no_setting_to_what_runs_with_the_platforms_rights(
    logged: Logged, setting: str, local: str
) -> None:
    """A table that comes with rows is written down by a function whose search_path is fixed, until another sets it."""
    value = f"{logged.schema}, pg_catalog" if setting == "search_path" else "off"
    logged.owner.execute(
        f"""
        create table seen (who text);
        grant all on seen to public;
        create function spy(m mood) returns json language plpgsql as $$
        begin perform pg_catalog.set_config('{setting}', '{value}', {local}); return 'null'; end $$;
        create cast (mood as json) with function spy(mood);
        create function set_config(text, text, boolean) returns text language plpgsql as $$
        begin insert into {logged.schema}.seen values (current_user); return pg_catalog.set_config($1, $2, $3); end $$;
        """
    )
    logged.mend()
    make = "create table feeling as select 'good'::mood as m"
    if logged.database.managed:
        logged.owner.execute(make)
        with pytest.raises(InsufficientPrivilege, match="a function of the table has changed"):
            logged.mend()
        assert logged.platform.execute("show search_path").fetchone() == ('"$user", public',)
    else:
        with pytest.raises(InsufficientPrivilege, match="a function of the table has changed"):
            logged.owner.execute(make)
    assert logged.owner.execute(f"select who from {logged.schema}.seen").fetchall() == []


def test_policies_forced_on_a_new_table_hide_none_of_its_rows_and_run_as_nobody(logged: Logged) -> None:
    """A policy is the tenant's function. The platform reads the table when it enters the log."""
    logged.owner.execute(
        f"""
        create table seen (who text);
        grant all on seen to public;
        create function spy() returns boolean language plpgsql as $$
        begin insert into {logged.schema}.seen values (current_user); return false; end $$;
        create table hidden (id int primary key);
        insert into hidden values (1), (2);
        alter table hidden enable row level security;
        alter table hidden force row level security;
        create policy p on hidden using (spy());
        """
    )
    logged.mend()
    assert [row["key"] for row in logged.changes() if row["table_name"] == "hidden"] == [{"id": 1}, {"id": 2}]
    assert logged.owner.execute("select who from seen").fetchall() == []
    forced = "select relrowsecurity, relforcerowsecurity from pg_class where oid = 'hidden'::regclass"
    assert logged.owner.execute(forced).fetchone() == (True, True)
