"""The state at T plus the changes after T equals the state now: random statements, with cascades, triggers and COPY.

Inside one transaction a statement is written down when it ends, so what triggers did in it comes before it; each change
takes its before away and puts its after there, in whatever order.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.db.change_logs import Connection, Database, Logged

pytestmark = pytest.mark.superuser

TABLES = """
create type colour as enum ('red', 'blue');
create table team (id int primary key, name text, size int not null default 0);
create table member (
    id int, team_id int references team on delete cascade on update cascade, boss int, colour colour,
    shout text generated always as (upper(coalesce(note, ''))) stored, note text, primary key (id)
);
alter table member add foreign key (boss) references member on delete set null on update cascade;
create table visit (day int not null, id int, note text) partition by list (day);
create table visit_1 partition of visit for values in (1);
create table visit_rest (note text, id int, day int not null);
alter table visit attach partition visit_rest default;
create table animal (id int, name text);
create table dog (tricks text[]) inherits (animal);
create function count_up() returns trigger language plpgsql as $$
begin
    update team set size = size + 1 where id = new.team_id;
    update member set note = coalesce(note, '') || '.' where id = new.id and new.id % 2 = 0;
    return null;
end $$;
create trigger count_up after insert on member for each row execute function count_up();
create function mark() returns trigger language plpgsql as $$
begin new.name := new.name || '*'; if new.id = 7 then return null; end if; return new; end $$;
create trigger mark before insert or update of name on team for each row execute function mark();
create function echo() returns trigger language plpgsql as $$
begin insert into visit select 3, count(*)::int, tg_op from animal; return null; end $$;
create trigger aaa_echo after update or delete on animal for each statement execute function echo();
"""
NAMES = ("team", "member", "visit", "animal", "dog")
ids = st.integers(1, 8)

statements = st.one_of(
    st.builds(
        "insert into team values ({0}, '{1}') on conflict (id) do update set name = 'again'".format,
        ids,
        st.sampled_from("xyz"),
    ),
    st.builds(
        "insert into member (id, team_id, boss, colour) "
        "select {0}, (select min(id) from team), (select max(id) from member where id < {1}), 'red' "
        "on conflict do nothing".format,
        ids,
        ids,
    ),
    st.builds(
        "update team set id = id + {0} where id = {1} "
        "and not exists (select from team t where t.id = {0} + {1})".format,
        ids,
        ids,
    ),
    st.builds(
        "update member set id = id + 20, colour = 'blue' "
        "where id < {0} and id not in (select id - 20 from member)".format,
        ids,
    ),
    st.builds("update member set note = 'n' || boss where team_id = {0}".format, ids),
    st.builds("delete from team where id = {0}".format, ids),
    st.builds("delete from member where id = {0}".format, ids),
    st.builds("insert into visit select n % 4, n, 'v' from generate_series(1, {0}) n".format, ids),
    st.builds("update visit set day = 1 + (day + {0}) % 3 where id < {1}".format, ids, ids),
    st.builds("delete from visit_rest where id = {0}".format, ids),
    st.builds("insert into animal values ({0}, 'cat')".format, ids),
    st.builds("insert into dog values ({0}, 'rex', '{{sit}}')".format, ids),
    st.builds("update animal set name = name || '!' where id >= {0}".format, ids),
    st.builds("delete from animal where id = {0}".format, ids),
    st.builds("truncate {0}".format, st.sampled_from(["visit", "team, member", "dog", "only animal", "animal"])),
    st.builds("copy visit {0} {1}".format, ids, ids),
    st.just("update team set name = name"),
    st.just("select 1 / 0"),
)
transactions = st.lists(st.tuples(st.lists(statements, min_size=1, max_size=5), st.booleans()), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def logged() -> Iterator[Logged]:
    database = Database(os.environ["DATABASE_URL"])
    yield Logged(database, TABLES)
    database.remove()


def state(logged: Logged) -> dict[str, Counter[str]]:
    """The rows of every table as JSON."""
    found = {}
    for name in NAMES:
        only = "" if name == "visit" else "only"
        rows = logged.platform.execute(f"select to_jsonb(t)::text from {only} {logged.schema}.{name} t").fetchall()
        found[name] = Counter(text for (text,) in rows)
    return found


def apply(rows: dict[str, Counter[str]], logged: Logged) -> dict[str, Counter[str]]:
    """The state after all changes since it was read."""
    for change in logged.changes():
        if change["op"] == "truncate":
            # With a table, each of its partitions says so too.
            assert change["table_name"] in rows or change["after"] == {"partition of": "visit"}
            rows.get(change["table_name"], Counter()).clear()
            continue
        table = rows[change["table_name"]]
        for image, sign in ((change["before"], -1), (change["after"], 1)):
            if image is not None:
                text = json.dumps(image, sort_keys=True)
                table[text] += sign
    return rows


def run(session: Connection, statement: str) -> None:
    """One statement, in a subtransaction as clients make them."""
    with session.transaction():
        if not statement.startswith("copy"):
            session.execute(statement)  # type: ignore[call-overload]
            return
        _, table, day, number = statement.split()
        with session.cursor() as cursor, cursor.copy(f"copy {table} (day, id) from stdin") as copy:  # type: ignore[arg-type]
            copy.write(f"{day}\t{number}\n{number}\t{day}\n")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(transactions)
def test_the_state_then_and_the_changes_since_are_the_state_now(
    logged: Logged, work: list[tuple[list[str], bool]]
) -> None:
    logged.changes()
    then = normal(state(logged))
    for listed, committed in work:
        with logged.owner.transaction() as outer:
            for statement in listed:
                try:
                    run(logged.owner, statement)
                except psycopg.Error:
                    continue
            if not committed:
                raise psycopg.Rollback(outer)
    assert {name: +rows for name, rows in apply(then, logged).items()} == normal(state(logged))


def normal(rows: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    """The same with one way to write each row."""
    return {
        name: Counter({json.dumps(json.loads(text), sort_keys=True): count for text, count in table.items()})
        for name, table in rows.items()
    }
