"""Mutations that meet: other mutations, locks, constraints at commit, hostile triggers, connections that break."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from kapok.errors import KapokError
from tests.db.actors import Actor, Stage, stage
from tests.waiting import until
from tests.writes import writer

TABLES = """
create table accounts (id int primary key, owner text unique, amount int not null default 0);
create table parents (id int primary key, favourite int);
create table children (id int primary key, parent_id int not null references parents deferrable initially deferred,
  name text);
alter table parents add foreign key (favourite) references children deferrable initially deferred;
create table slow (id int primary key);
create function dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(0.2); return new; end $$;
create trigger dawdle before insert on slow for each row execute function dawdle();
create table traps (id int primary key, sql text);
create function spring() returns trigger language plpgsql as $$ begin
  if new.sql is not null then execute new.sql; end if; return new;
end $$;
create trigger spring before insert on traps for each row execute function spring();
create sequence tries;
create function fail_twice(state text) returns int language plpgsql as $$ begin
  insert into slow_log values ('ran');
  if nextval('tries') < 3 then raise exception using errcode = state; end if;
  return (select count(*)::int from slow_log);
end $$;
create table slow_log (what text);
create function richer(account int) returns accounts language sql as
  $$ update accounts set amount = amount + 1 where id = account returning * $$;
create table secrets (id int primary key, owner text, body text);
alter table secrets enable row level security;
create policy own on secrets using (owner = current_setting('request.jwt.claims')::jsonb ->> 'sub');
"""
ROWS = """
truncate accounts, parents, children, slow, traps, slow_log, secrets;
insert into accounts values (1, 'ann', 10), (2, 'bo', 10);
insert into secrets values (1, 'ann', 'a'), (2, 'bo', 'b');
select setval('tries', 1, false);
"""
RULES = """
roles: {member: {}}
tables:
  accounts: {member: {select: {columns: "*"}, insert: {columns: "*"},
    update: {columns: [amount], where: {amount: {lt: 100}}, check: {amount: {gte: 0}}}}}
  secrets: {member: {select: {columns: "*"}, insert: {columns: "*"}, update: {columns: "*"}, delete: {}}}
  traps: {member: {select: {columns: "*"}, insert: {columns: "*"}}}
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Stage]:
    with writer(os.environ["DATABASE_URL"], TABLES, ROWS) as found, stage(found, connections=4) as made:
        made.writer.tenant = replace(made.writer.tenant, limits=replace(made.writer.tenant.limits, statement_ms=10_000))
        yield made


@pytest.fixture
def root(place: Stage) -> Actor:
    """Somebody who may do everything."""
    place.writer.refill()
    return place.actor("roles: {}", "service")


@asynccontextmanager
async def locked(place: Stage, statement: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Somebody else's transaction that has run a statement. Commit it to let go."""
    async with await psycopg.AsyncConnection.connect(place.writer._url) as connection:
        await connection.execute(f"set search_path = {place.writer.tenant.schema}")
        await connection.execute(statement)
        yield connection


def waiting(place: Stage, count: int = 1) -> None:
    """Until so many of the gateway's sessions wait for a lock."""
    text = "select count(*) from pg_stat_activity where usename = %s and wait_event_type = 'Lock'"
    role = (place.writer.tenant.gateway_role,)
    with psycopg.connect(place.writer._url, autocommit=True) as connection:
        until(lambda: connection.execute(text, role).fetchone() == (count,))


async def at_once(*runs: Any) -> list[Any]:
    return await asyncio.gather(*runs, return_exceptions=True)


def code(answer: Any) -> str:
    return answer.code if isinstance(answer, KapokError) else "done"


# --- two writers ------------------------------------------------------------------------------------------------------


def test_of_two_writers_with_one_version_one_wins(place: Stage, root: Actor) -> None:
    look = "mutation { updateAccount(id: 1, input: {}) { rowVersion } }"
    version = root.data(look)["updateAccount"]["rowVersion"]
    text = "mutation ($v: String, $a: Int) { updateAccount(id: 1, input: {amount: $a}, ifVersion: $v) { amount } }"
    for _ in range(5):
        runs = [root.write(text, {"v": version, "a": amount}) for amount in range(100, 104)]
        answers = place.run(at_once(*runs))
        assert sorted(code(answer) for answer in answers) == ["CONFLICT"] * 3 + ["done"]
        won = next(a["updateAccount"]["amount"] for a in answers if not isinstance(a, KapokError))
        assert place.writer.rows()["accounts"][0]["amount"] == won
        version = root.data("mutation { updateAccount(id: 1, input: {}) { rowVersion } }")["updateAccount"][
            "rowVersion"
        ]


def test_the_version_of_a_row_that_a_function_gives(root: Actor) -> None:
    version = root.data("mutation { richer(account: 1) { rowVersion } }")["richer"]["rowVersion"]
    text = "mutation ($v: String) { updateAccount(id: 1, input: {amount: 1}, ifVersion: $v) { id } }"
    assert root.data(text, {"v": version}) == {"updateAccount": {"id": "1"}}
    root.refused(text, "CONFLICT", {"v": version})


def test_a_rule_is_asked_again_of_a_row_that_was_waited_for(place: Stage, root: Actor) -> None:
    """The row leaves what the role may update while the update waits for it."""
    member = place.actor(RULES, "member")

    async def meet() -> Any:
        async with locked(place, "update accounts set amount = 500 where id = 1") as other:
            task = asyncio.create_task(member.write("mutation { updateAccount(id: 1, input: {amount: 1}) { id } }"))
            await asyncio.to_thread(waiting, place)
            await other.commit()
            return await task

    assert place.run(meet()) == {"updateAccount": None}
    assert place.writer.rows()["accounts"][0]["amount"] == 500


def test_upserts_race_without_an_error(place: Stage, root: Actor) -> None:
    text = """mutation ($id: ID!, $a: Int) {
      upsertAccount(input: {id: $id, owner: "cy", amount: $a}, onConflict: OWNER, update: [AMOUNT]) { owner } }"""
    answers = place.run(at_once(*(root.write(text, {"id": str(n), "a": n}) for n in range(10, 30))))
    assert {code(answer) for answer in answers} == {"done"}
    rows = [row for row in place.writer.rows()["accounts"] if row["owner"] == "cy"]
    assert len(rows) == 1
    assert rows[0]["amount"] in range(10, 30)


def test_upserts_that_keep_race_without_an_error(place: Stage, root: Actor) -> None:
    text = """mutation ($id: ID!) {
      upsertAccount(input: {id: $id, owner: "cy"}, onConflict: OWNER, update: []) { id owner } }"""
    answers = place.run(at_once(*(root.write(text, {"id": str(n)}) for n in range(10, 30))))
    assert {code(answer) for answer in answers} == {"done"}
    assert len({answer["upsertAccount"]["id"] for answer in answers}) == 1


def test_a_deadlock_is_run_again(place: Stage, root: Actor) -> None:
    text = """mutation ($a: ID!, $b: ID!) {
      x: updateAccount(id: $a, input: {amount: 1}) { id }
      w: createSlow(input: {id: $a}) { id }
      y: updateAccount(id: $b, input: {amount: 2}) { id }
    }"""
    runs = [root.write(text, {"a": "1", "b": "2"}), root.write(text, {"a": "2", "b": "1"})]
    answers = place.run(at_once(*runs))
    assert [code(answer) for answer in answers] == ["done", "done"]
    assert len(place.writer.rows()["slow"]) == 2


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_serialisation_failure_is_run_again(root: Actor, state: str) -> None:
    """Sequences are not rolled back: the third try succeeds. What the others wrote is gone."""
    assert root.data("mutation ($s: String!) { failTwice(state: $s) }", {"s": state}) == {"failTwice": 1}


def test_it_is_run_again_three_times_only(place: Stage, root: Actor) -> None:
    place.writer.execute("select setval('tries', 1, false); alter sequence tries minvalue -100 restart -20")
    try:
        root.refused('mutation { failTwice(state: "40001") }', "CONFLICT")
        assert place.writer.rows()["slow_log"] == []
    finally:
        place.writer.execute("alter sequence tries restart 1")
    assert root.data('mutation { failTwice(state: "40001") }') == {"failTwice": 1}


def test_other_errors_are_not_run_again(place: Stage, root: Actor) -> None:
    root.refused('mutation { failTwice(state: "23505") }', "CONFLICT")
    root.refused('mutation { failTwice(state: "P0001") }', "DATABASE_ERROR")
    assert root.data('mutation { failTwice(state: "P0001") }') == {"failTwice": 1}


# --- the end of a transaction -----------------------------------------------------------------------------------------


def test_what_fails_at_commit_writes_nothing(root: Actor) -> None:
    error = root.refused(
        """mutation {
      createChild(input: {id: 1, parentId: 99}) { id } createAccount(input: {id: 9}) { id } }""",
        "BAD_USER_INPUT",
    )
    assert error.details == {"constraint": "children_parent_id_fkey", "columns": ["parentId"]}


def test_rows_that_refer_to_each_other(root: Actor) -> None:
    answer = root.data("""mutation { a: createParent(input: {id: 1, favourite: 5}) { id }
      b: createChild(input: {id: 5, parentId: 1}) { id } }""")
    assert answer == {"a": {"id": "1"}, "b": {"id": "5"}}


def test_time_is_limited_for_all_statements_together(place: Stage, root: Actor) -> None:
    """Each takes 0.2 s; together they are over 2 s."""
    place.writer.tenant = replace(place.writer.tenant, limits=replace(place.writer.tenant.limits, statement_ms=1500))
    try:
        many = " ".join(f"m{n}: createSlow(input: {{id: {n}}}) {{ id }}" for n in range(10))
        root.refused(f"mutation {{ {many} }}", "TIMEOUT")
        few = " ".join(f"m{n}: createSlow(input: {{id: {n}}}) {{ id }}" for n in range(2))
        assert len(root.data(f"mutation {{ {few} }}")) == 2
    finally:
        limits = replace(place.writer.tenant.limits, statement_ms=10_000)
        place.writer.tenant = replace(place.writer.tenant, limits=limits)


# --- hostile triggers -------------------------------------------------------------------------------------------------

FORGERIES = (
    "select set_config('role', 'none', true)",
    "select set_config('request.jwt.claims', '{\"sub\": \"bo\"}', true)",
    "select set_config('search_path', 'pg_catalog', true)",
    "select set_config('statement_timeout', '0', true)",
)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_trigger_does_not_outlast_its_statement(place: Stage, root: Actor, forgery: str) -> None:
    """Its claims, role and settings are those of the preamble again in the next statement: Ann stays Ann."""
    ann = place.actor(RULES, "member", sub="ann")
    text = """mutation ($sql: String!) {
      createTrap(input: {id: 1, sql: $sql}) { id } deleteSecrets(filter: {}) }"""
    assert ann.data(text, {"sql": forgery}) == {"createTrap": {"id": "1"}, "deleteSecrets": 1}
    assert [row["owner"] for row in place.writer.rows()["secrets"]] == ["bo"]


def test_forged_keys_lead_to_nothing_more(place: Stage, root: Actor) -> None:
    """A trigger that rewrites what is kept changes which rows are meant; the rules still say what may be done."""
    ann = place.actor(RULES, "member", sub="ann")
    forged = "select set_config('kapok.w' || n, '[[1, \"2\"]]', true) from generate_series(0, 9) n"
    text = """mutation ($sql: String) {
      updateSecretsByKey(updates: [{key: {id: 1}, input: {body: "n"}}]) { owner }
      createTrap(input: {id: 5, sql: $sql}) { id }
    }"""
    assert ann.data(text, {"sql": forged})["updateSecretsByKey"] == [{"owner": "ann"}]
    place.writer.execute(
        "create function forge() returns trigger language plpgsql as $$ begin"
        f" perform {forged.removeprefix('select ')}; return null; end $$;"
        "create trigger forge after update on secrets for each statement execute function forge()"
    )
    try:
        assert ann.data(
            """mutation { updateSecretsByKey(updates: [{key: {id: 1}, input: {body: "n"}}]) { owner } }"""
        ) == {
            "updateSecretsByKey": []  # secret 2 is Bo's
        }
    finally:
        place.writer.execute("drop function forge cascade")


def test_a_session_that_was_tampered_with_writes_nothing(place: Stage, root: Actor) -> None:
    """The settings outlast the transaction; the next one runs on another connection."""
    text = "mutation ($id: ID!, $sql: String) { createTrap(input: {id: $id, sql: $sql}) { id } }"
    for name, value in (("timezone", "Asia/Tokyo"), ("datestyle", "SQL"), ("intervalstyle", "postgres")):
        for number in range(6):
            left = f"select set_config('{name}', '{value}', false)"
            root.data(text, {"id": str(number), "sql": left})
            seen = f"insert into slow_log values (current_setting('{name}'))"
            root.data(text, {"id": str(number + 10), "sql": seen})
        assert {row["what"] for row in place.writer.rows()["slow_log"]} <= {"UTC", "ISO, MDY", "iso_8601"}
        place.writer.refill()


def test_native_row_security_holds(place: Stage, root: Actor) -> None:
    ann = place.actor(RULES, "member", sub="ann")
    assert ann.data('mutation { updateSecret(id: 1, input: {body: "n"}) { body } }') == {"updateSecret": {"body": "n"}}
    assert ann.data('mutation { updateSecret(id: 2, input: {body: "n"}) { body } }') == {"updateSecret": None}
    assert ann.data("mutation { deleteSecret(id: 2) }") == {"deleteSecret": False}
    ann.refused('mutation { createSecret(input: {id: 3, owner: "bo"}) { id } }', "FORBIDDEN")
    ann.refused('mutation { updateSecret(id: 1, input: {owner: "bo"}) { id } }', "FORBIDDEN")
    assert ann.data('mutation { createSecret(input: {id: 3, owner: "ann"}) { id } }')


# --- connections ------------------------------------------------------------------------------------------------------


def terminate(place: Stage) -> None:
    with psycopg.connect(place.writer._url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s",
            (place.writer.tenant.gateway_role,),
        )


def test_idle_connections_that_ended_cost_nothing(place: Stage, root: Actor) -> None:
    for number in range(3):
        root.data("mutation { updateAccount(id: 1, input: {amount: 1}) { id } }")
        terminate(place)
        text = "mutation ($id: ID!) { createAccount(input: {id: $id}) { id } }"
        assert root.data(text, {"id": str(50 + number)})


def test_a_goodbye_that_was_read_before_the_end_is_heard(place: Stage, root: Actor) -> None:
    """A connection nobody uses gets the server's goodbye, and a write before it gets the end: nothing was written."""

    async def between() -> Any:
        await root.write("mutation { updateAccount(id: 1, input: {amount: 1}) { id } }")
        [pool] = place.runner.pools.values()
        for connection in pool._connections:
            asyncio.get_running_loop().remove_reader(connection._socket)
        terminate(place)
        for connection in pool._connections:
            assert select.select([connection._socket], [], [], 30)[0]
            connection._pgconn.consume_input()
            # The end of it, a moment after the goodbye.
            assert select.select([connection._socket], [], [], 30)[0]
            asyncio.get_running_loop().add_reader(connection._socket, connection._on_readable)
        return await root.write("mutation { createAccount(input: {id: 60}) { id } }")

    assert place.run(between()) == {"createAccount": {"id": "60"}}


def test_a_write_that_is_cut_off_is_not_run_again(place: Stage, root: Actor) -> None:
    """The server says that it goes away, so nothing was committed, and it is run again; a connection that just breaks
    leaves it open."""

    async def cut() -> Any:
        async with locked(place, "lock table slow in share mode"):
            task = asyncio.create_task(root.write("mutation { createSlow(input: {id: 1}) { id } }"))
            await asyncio.to_thread(waiting, place)
            for pool in place.runner.pools.values():
                for connection in list(pool._connections):
                    if connection.busy:
                        connection.close("cut by the test")
            return await task

    with pytest.raises(KapokError) as caught:
        place.run(cut())
    assert caught.value.code == "WRITE_OUTCOME_UNKNOWN"
    assert root.data("mutation { updateAccount(id: 1, input: {amount: 1}) { id } }")


def test_a_server_that_goes_away_has_written_nothing(place: Stage, root: Actor) -> None:
    async def cut() -> Any:
        async with locked(place, "lock table slow in share mode"):
            task = asyncio.create_task(root.write("mutation { createSlow(input: {id: 2}) { id } }"))
            await asyncio.to_thread(waiting, place)
            await asyncio.to_thread(terminate, place)
        return await task

    assert place.run(cut()) == {"createSlow": {"id": "2"}}
    assert [row for row in place.writer.rows()["slow"] if row["id"] == 2] == [{"id": 2}]


def test_a_caller_who_left_the_queue_writes_nothing(place: Stage, root: Actor) -> None:
    async def leave() -> None:
        text = "mutation ($n: ID!) { createSlow(input: {id: $n}) { id } }"
        [pool] = place.runner.pools.values()
        async with locked(place, "lock table slow in share mode"):
            slow = [asyncio.create_task(root.write(text, {"n": str(n)})) for n in range(4)]
            await asyncio.to_thread(waiting, place, 4)
            queued = asyncio.create_task(root.write("mutation { createAccount(input: {id: 77}) { id } }"))
            await asyncio.to_thread(until, lambda: pool.waiting)
            queued.cancel()
        await asyncio.gather(*slow, queued, return_exceptions=True)
        # Whatever came after it in the queue has been answered when this has.
        await root.write("mutation { updateAccount(id: 1, input: {amount: 1}) { id } }")

    place.run(leave())
    assert 77 not in [row["id"] for row in place.writer.rows()["accounts"]]
