"""What the change log says of every kind of statement, table and value."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.db.change_logs import Database, Logged

pytestmark = pytest.mark.superuser

TABLES = """
create table author (id int primary key, name text, born date);
create table book (
    id int primary key, author_id int references author on delete cascade on update cascade, title text,
    editor_id int references author on delete set null, price numeric(8, 2),
    length int generated always as (char_length(title)) stored
);
create table loose (a int, b text);
"""


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    made = Database(os.environ["DATABASE_URL"])
    yield made
    made.remove()


@pytest.fixture
def logged(database: Database) -> Logged:
    return Logged(database, TABLES)


def author(id: int, name: str | None = None) -> dict[str, Any]:
    return {"id": id, "name": name, "born": None}


def test_before_and_after_of_every_row(logged: Logged) -> None:
    logged.owner.execute("insert into author values (1, 'Ada'), (2, 'Bo')")
    logged.owner.execute("update author set name = 'Ann' where id = 1")
    logged.owner.execute("update author set id = id + 10")
    logged.owner.execute("delete from author where id = 11")
    assert logged.brief() == [
        ("author", "insert", {"id": 1}, None, author(1, "Ada")),
        ("author", "insert", {"id": 2}, None, author(2, "Bo")),
        ("author", "update", {"id": 1}, author(1, "Ada"), author(1, "Ann")),
        ("author", "update", {"id": 2}, author(2, "Bo"), author(12, "Bo")),
        ("author", "update", {"id": 1}, author(1, "Ann"), author(11, "Ann")),
        ("author", "delete", {"id": 11}, author(11, "Ann"), None),
    ]


def test_a_request_says_who_and_the_login_says_whence(logged: Logged) -> None:
    claims = '{"sub": "u1", "sid": "s1", "note": "\\"sid\\": \\"fake\\""}'
    with logged.request(actor="user:u1", request_id="req-7", claims=claims) as session:
        session.execute("insert into author values (1)")
        session.execute("insert into loose values (1, 'x')")
    with logged.request(actor="key:k", claims="no json") as session:
        session.execute("insert into author values (2)")
    logged.owner.execute("insert into author values (3)")
    logged.platform.execute(f"insert into {logged.schema}.author values (4)")
    rows = logged.changes()
    assert [(row["actor"], row["session_id"], row["request_id"], row["source"]) for row in rows] == [
        ("user:u1", "s1", "req-7", "api"),
        ("user:u1", "s1", "req-7", "api"),
        ("key:k", None, "r1", "api"),
        (None, None, None, "owner"),
        (None, None, None, "platform"),
    ]
    assert rows[0]["xid"] == rows[1]["xid"] != rows[2]["xid"]


def test_what_is_rolled_back_was_never_written(logged: Logged) -> None:
    with logged.owner.transaction() as outer:
        logged.owner.execute("insert into author values (1)")
        raise psycopg.Rollback(outer)
    with logged.owner.transaction():
        logged.owner.execute("insert into author values (2)")
        with logged.owner.transaction() as inner:
            logged.owner.execute("insert into author values (3)")
            raise psycopg.Rollback(inner)
    assert [row["key"] for row in logged.changes()] == [{"id": 2}]


def test_an_update_that_changes_nothing_is_no_change(logged: Logged) -> None:
    logged.owner.execute("insert into author values (1, 'Ada'); insert into book (id, price) values (1, 1.5)")
    logged.changes()
    logged.owner.execute("update author set name = name; update author set name = 'x' where false")
    logged.owner.execute("delete from author where false; insert into author select * from author where false")
    assert logged.changes() == []
    logged.owner.execute("update book set price = 1.50; update book set price = 1.6")
    assert [row["after"]["price"] for row in logged.changes()] == [1.6]


def test_upserts_and_merges_are_what_they_did(logged: Logged) -> None:
    upsert = (
        "insert into author values (1, 'Ada'), (2, 'Bo') on conflict (id) do update set name = excluded.name || '!'"
    )
    logged.owner.execute("insert into author values (1, 'Ann')")
    logged.owner.execute(upsert)
    logged.owner.execute("insert into author values (1, 'never') on conflict do nothing")
    assert sorted((row[1], row[2]["id"]) for row in logged.brief()) == [("insert", 1), ("insert", 2), ("update", 1)]
    if logged.owner.info.server_version >= 150000:
        logged.owner.execute(
            "merge into author a using (values (1), (2), (3)) v (id) on a.id = v.id "
            "when matched and v.id = 1 then delete "
            "when matched then update set name = 'merged' when not matched then insert values (v.id, 'new')"
        )
        assert sorted((row[1], row[2]["id"]) for row in logged.brief()) == [("delete", 1), ("insert", 3), ("update", 2)]


def test_foreign_keys_that_cascade(logged: Logged) -> None:
    logged.owner.execute(
        "insert into author values (1), (2); insert into book (id, author_id, editor_id, title) values (1, 1, 2, 'A')"
    )
    logged.changes()
    logged.owner.execute("update author set id = 3 where id = 1")
    assert [(row[0], row[1], row[4] and row[4].get("author_id")) for row in logged.brief()] == [
        ("author", "update", None),
        ("book", "update", 3),
    ]
    logged.owner.execute("delete from author where id = 2")
    assert [(row[0], row[1], row[4] and row[4]["editor_id"]) for row in logged.brief()] == [
        ("author", "delete", None),
        ("book", "update", None),
    ]
    logged.owner.execute("delete from author")
    assert [row[:3] for row in logged.brief()] == [("author", "delete", {"id": 3}), ("book", "delete", {"id": 1})]


def test_triggers_of_the_project_that_change_rows(logged: Logged) -> None:
    logged.owner.execute(
        """
        create function shout() returns trigger language plpgsql as $$
        begin new.name := upper(new.name); return new; end $$;
        create function tell() returns trigger language plpgsql as $$
        begin insert into loose values (new.id, new.name); return null; end $$;
        create trigger shout before insert or update on author for each row execute function shout();
        create trigger tell after insert on author for each row execute function tell();
        """
    )
    logged.changes()
    logged.owner.execute("insert into author values (1, 'ada')")
    # A statement is written down when it ends: what a trigger did inside it comes first.
    assert logged.brief() == [
        ("loose", "insert", None, None, {"a": 1, "b": "ADA"}),
        ("author", "insert", {"id": 1}, None, author(1, "ADA")),
    ]


def test_copy_and_truncate(logged: Logged) -> None:
    with logged.owner.cursor() as cursor, cursor.copy("copy author (id, name) from stdin") as copy:
        copy.write("1\tAda\n2\t\\N\n")
    logged.owner.execute("insert into book (id, author_id) values (1, 1)")
    logged.owner.execute("truncate author cascade")
    rows = logged.brief()
    assert rows[:2] == [
        ("author", "insert", {"id": 1}, None, author(1, "Ada")),
        ("author", "insert", {"id": 2}, None, author(2)),
    ]
    assert rows[3:] == [("author", "truncate", None, None, None), ("book", "truncate", None, None, None)]


def test_many_rows_at_once_are_paired_right(logged: Logged) -> None:
    """Also where the plan was made for one row."""
    logged.owner.execute("insert into loose values (0, 'x'); update loose set b = 'y'")
    logged.changes()
    logged.owner.execute("insert into loose select n, 'row ' || n from generate_series(1, 5000) n")
    logged.owner.execute("update loose set b = b || '!' where a > 0")
    rows = logged.changes()
    assert len(rows) == 10_000
    assert all(row["after"] == {**row["before"], "b": row["before"]["b"] + "!"} for row in rows[5000:])
    assert len({row["before"]["a"] for row in rows[5000:]}) == 5000


def test_partitions_are_rows_of_their_table(logged: Logged) -> None:
    logged.owner.execute(
        """
        create table visit (day int, id int, note text, primary key (day, id)) partition by list (day);
        create table visit_1 partition of visit for values in (1);
        create table visit_2 (note text, id int not null, day int not null);
        alter table visit attach partition visit_2 for values in (2);
        """
    )
    logged.changes()
    logged.owner.execute(
        "insert into visit values (1, 1, 'a'), (2, 2, 'b'); update visit set day = 3 - day where id = 1"
    )
    logged.owner.execute("insert into visit_1 values (1, 5, 'direct'); delete from visit where id = 2")
    rows = logged.brief()
    assert [(row[0], row[1]) for row in rows] == [
        ("visit", op) for op in ("insert", "insert", "update", "insert", "delete")
    ]
    assert rows[2][2:] == ({"day": 1, "id": 1}, {"day": 1, "id": 1, "note": "a"}, {"day": 2, "id": 1, "note": "a"})
    logged.owner.execute(
        "truncate visit_1; alter table visit detach partition visit_2; insert into visit_2 values ('x', 9, 2)"
    )
    assert [row[:2] + row[4:] for row in logged.brief()] == [
        ("visit_1", "truncate", {"partition of": "visit"}),
        ("visit_2", "insert", {"note": "x", "id": 9, "day": 2}),
    ]


def test_a_row_that_does_not_arrive_in_its_new_partition_is_deleted(logged: Logged) -> None:
    logged.owner.execute(
        """
        create table v (p int, id int) partition by list (p);
        create table v1 partition of v for values in (1); create table v2 partition of v for values in (2);
        create function no() returns trigger language plpgsql as $$
        begin return case when new.id = 2 then null else new end; end $$;
        create trigger no before insert on v2 for each row execute function no();
        insert into v values (1, 1), (1, 2), (1, 3);
        """
    )
    logged.changes()
    logged.owner.execute("update v set p = 2")
    rows = logged.brief()
    assert sorted(row[3]["id"] for row in rows if row[1] == "delete") == [1, 2, 3]
    assert sorted(row[4]["id"] for row in rows if row[1] == "insert") == [1, 3]


def test_inherited_tables_keep_the_columns_of_the_child(logged: Logged) -> None:
    logged.owner.execute(
        "create table poet (rhymes bool) inherits (author); insert into poet values (1, 'Ada', null, true)"
    )
    logged.changes()
    logged.owner.execute("insert into author values (2, 'Bo'); update author set name = 'x'; delete from author")
    rows = logged.brief()
    assert [(row[0], row[1]) for row in rows] == [
        ("author", "insert"), ("author", "update"), ("poet", "update"), ("author", "delete"), ("poet", "delete"),
    ]  # fmt: skip
    assert rows[4][3] == {"id": 1, "name": "x", "born": None, "rhymes": True}


def test_tables_get_their_triggers_however_they_are_made(logged: Logged) -> None:
    logged.owner.execute("create table t1 as select 1 as a; select 2 as a into t2; create table t3 (like t1)")
    with logged.owner.transaction():
        logged.owner.execute("create table t4 (a int); insert into t4 values (1)")
    logged.owner.execute("do $$ begin execute 'create unlogged table t5 (a int)'; end $$")
    logged.platform.execute(
        f"create table {logged.schema}.t6 (a int); grant insert on {logged.schema}.t6 to {logged.schema}_owner"
    )
    # As an older Kapok let a project do.
    logged.platform.execute(
        f"create table {logged.schema}.kapok_mine (a int); "
        f"alter table {logged.schema}.kapok_mine owner to {logged.schema}_owner"
    )
    logged.mend()
    logged.owner.execute("insert into kapok_mine values (1)")
    for name in ("t1", "t2", "t3", "t5", "t6"):
        logged.owner.execute(f"insert into {name} values (7)")
    rows = [(row[0], row[4]["a"]) for row in logged.brief()]
    assert sorted(rows) == [
        ("kapok_mine", 1), ("t1", 1), ("t1", 7), ("t2", 2), ("t2", 7), ("t3", 7), ("t4", 1), ("t5", 7), ("t6", 7),
    ]  # fmt: skip
    assert logged.mend() == {}


def test_a_log_follows_changed_tables(logged: Logged) -> None:
    logged.owner.execute(
        "alter table loose add primary key (a); insert into loose values (1, 'x');"
        "alter table loose rename column a to c;"
        "alter table loose rename to tight; update tight set c = 2; alter table tight drop column c; delete from tight"
    )
    assert [row[:3] for row in logged.brief()] == [
        ("loose", "insert", {"a": 1}),
        ("tight", "update", {"c": 1}),
        ("tight", "delete", None),
    ]
    logged.owner.execute("drop table tight, author cascade")
    functions = "select count(*) from pg_proc where pronamespace = %s::regnamespace and proname ~ '^kapok_log_'"
    assert logged.platform.execute(functions, [logged.schema]).fetchone() == (1,)  # book's


def test_ddl_is_written_without_its_text(logged: Logged) -> None:
    logged.owner.execute(
        "create view v as select 'secret' as s; comment on view v is 'secret'; grant select on v to public"
    )
    logged.owner.execute("create function f(a int) returns text language sql as $$ select 'secret' $$; drop view v")
    logged.owner.execute("alter table author add column password text default 'secret'; drop table loose")
    rows = logged.brief(ddl=True)
    assert {row[1] for row in rows} == {"ddl"} and "secret" not in str(rows)
    said = [(row[0], row[4]["command"], row[4].get("identity", "").removeprefix(f"{logged.schema}.")) for row in rows]
    assert said == [
        ("v", "CREATE VIEW", "v"), ("v", "COMMENT", "v"), (None, "GRANT", ""), (None, "CREATE FUNCTION", "f(integer)"),
        ("v", "DROP VIEW", "v"), ("author", "ALTER TABLE", "author"), ("loose", "DROP TABLE", "loose"),
    ]  # fmt: skip


def test_a_transaction_that_makes_a_table_and_fails_leaves_nothing(logged: Logged) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        logged.owner.execute("create table gone (a int); insert into gone values (1); select 1 / 0")
    assert logged.changes(ddl=True) == []
