"""Changes are read in the order of commits, each exactly once, whoever commits when."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

from kapok.changelog.reader import HORIZON, Change, fields, read
from tests.db.change_logs import Database, Logged

pytestmark = pytest.mark.superuser


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    made = Database(os.environ["DATABASE_URL"])
    yield made
    made.remove()


@pytest.fixture
def logged(database: Database) -> Logged:
    return Logged(database, "create table t (id int primary key)")


class Reader:
    """Reads as a relay would, in small bites."""

    def __init__(self, logged: Logged) -> None:
        self.logged = logged
        self.horizon = self.new_horizon()

    def new_horizon(self) -> str:
        row = self.logged.platform.execute(HORIZON).fetchone()
        assert row is not None
        return str(row[0])

    def __call__(self) -> list[int]:
        """The ids of the rows of new changes."""
        until, place = self.new_horizon(), (self.horizon, -1)
        found: list[Change] = []
        while True:
            parameters = {"horizon": place[0], "position": place[1], "until": until, "limit": 2}
            rows = self.logged.platform.execute(read(self.logged.schema), parameters).fetchall()
            found += [Change.of(row) for row in rows]
            if len(rows) < 2:
                break
            place = (str(found[-1].place[0]), found[-1].place[1])
        self.horizon = until
        assert [change.place for change in found] == sorted(change.place for change in found)
        return [int(fields(change.key)["id"]) for change in found if change.op == "insert"]


def test_a_long_transaction_that_commits_after_later_positions_loses_nothing(logged: Logged) -> None:
    new = Reader(logged)
    with logged.request() as slow:
        slow.execute("insert into t values (1)")
        logged.owner.execute("insert into t values (2)")
        logged.owner.execute("insert into t values (3)")
        assert new() == []  # what began before them may still come
        slow.execute("insert into t values (4)")
    logged.owner.execute("insert into t values (5)")
    assert new() == [1, 4, 2, 3, 5]
    assert new() == []


def test_a_transaction_that_runs_holds_back_only_what_began_after_it(logged: Logged) -> None:
    new = Reader(logged)
    logged.owner.execute("insert into t values (1)")
    with logged.request() as slow:
        slow.execute("insert into t values (2)")
        logged.owner.execute("insert into t values (3)")
        assert new() == [1]
    assert new() == [2, 3]


def test_what_was_rolled_back_is_never_read(logged: Logged) -> None:
    new = Reader(logged)
    with logged.request() as session:
        session.execute("insert into t values (1)")
        with session.transaction() as inner:
            session.execute("insert into t values (2)")
            raise psycopg.Rollback(inner)
        with session.transaction():
            session.execute("insert into t values (3)")
    with logged.request() as session:
        session.execute("insert into t values (4)")
    with pytest.raises(psycopg.errors.DivisionByZero), logged.request() as session:
        session.execute("insert into t values (5)")
        session.execute("select 1 / 0")
    assert new() == [1, 3, 4]


def test_a_prepared_transaction_is_waited_for(logged: Logged) -> None:
    allowed = logged.platform.execute("show max_prepared_transactions").fetchone()
    if allowed == ("0",):
        pytest.skip("the server prepares no transactions")
    new = Reader(logged)
    logged.owner.execute("begin; insert into t values (1); prepare transaction 'kapok_log_test'")
    logged.owner.execute("insert into t values (2)")
    assert new() == []
    logged.owner.execute("commit prepared 'kapok_log_test'")
    assert new() == [1, 2]


def test_the_texts_of_values_are_postgres_own(logged: Logged) -> None:
    logged.owner.execute('create table v (id int primary key, price numeric, data jsonb, name text, "a,""}" int)')
    logged.changes()
    logged.owner.execute('insert into v values (1, 10.50, \'{"x": [1.0, "}"]}\', \'é ", } \\ {\', null)')
    (row,) = logged.platform.execute(
        f"select after::text, (select json_object_agg(k, (after -> k)::text) from jsonb_object_keys(after) k) "
        f"from {logged.schema}.kapok_change where table_name = 'v' and op = 'insert'"
    ).fetchall()
    assert fields(row[0]) == row[1] and row[1]["price"] == "10.50"
    assert fields("{}") == fields(None) == {}
