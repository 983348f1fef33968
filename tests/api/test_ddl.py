"""Changes of tables, by Kapok or by hand, are visible to the next requests and hold nobody else up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from tests.live import Live, LiveTenant
from tests.waiting import PATIENCE, once_within, until

SECOND = 1.0


def schema_of(live: Live, tenant: LiveTenant) -> str:
    with psycopg.connect(live.database_url) as connection:
        row = connection.execute("select schema_name from tenants_tenant where id = %s", (tenant.id,)).fetchone()
    assert row is not None
    return str(row[0])


@contextmanager
def table(live: Live, tenant: LiveTenant, name: str) -> Iterator[tuple[psycopg.Connection, sql.Identifier]]:
    """A table made by hand, as a superuser in psql would, and readable by the tenant's requests."""
    schema = schema_of(live, tenant)
    made = sql.Identifier(schema, name)
    with psycopg.connect(live.database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create table {} (id int primary key)").format(made))
        connection.execute(sql.SQL("grant select on {} to {}").format(made, sql.Identifier(schema)))
        try:
            yield connection, made
        finally:
            connection.execute(sql.SQL("drop table if exists {}").format(made))


def answered(tenant: LiveTenant, query: str, *, fails: bool = False) -> float:
    """The seconds until the query succeeds (or fails)."""
    return until(lambda: ("errors" in tenant.post(query).json()) is fails)


def test_a_change_by_hand_is_visible_within_a_second(live: Live, acme: LiveTenant, globex: LiveTenant) -> None:
    def changes() -> float:
        """The longest of five."""
        with table(live, acme, "gadgets") as (connection, name):
            took = [answered(acme, "{ gadgets { id } }")]
            connection.execute(sql.SQL("alter table {} add column colour text default 'red'").format(name))
            took.append(answered(acme, "{ gadgets { id colour } }"))
            connection.execute(sql.SQL("comment on column {}.colour is '@name hue'").format(name))
            took.append(answered(acme, "{ gadgets { id hue } }"))
            connection.execute(sql.SQL("alter table {} drop column colour").format(name))
            took.append(answered(acme, "{ gadgets { id hue } }", fails=True))
            assert globex.error("{ gadgets { id } }")["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        return max(*took, answered(acme, "{ gadgets { id } }", fails=True))

    once_within(SECOND, changes)


def test_a_locked_table_of_one_tenant_does_not_hold_up_another(
    live: Live, acme: LiveTenant, globex: LiveTenant
) -> None:
    with table(live, acme, "gadgets") as (_, name), psycopg.connect(live.database_url) as changing:
        answered(acme, "{ gadgets { id } }")
        changing.execute(sql.SQL("alter table {} add column colour text").format(name))
        answers: list[object] = []
        waiting = [threading.Thread(target=lambda: answers.append(acme.post("{ gadgets { id } }"))) for _ in range(5)]
        for thread in waiting:
            thread.start()
        for _ in range(20):
            assert globex.data("{ cities(limit: 1) { id } }")["cities"]
        assert not answers, "acme's table is locked, so its callers must still be waiting"
        changing.commit()
        for thread in waiting:
            thread.join(PATIENCE)
        assert len(answers) == 5


@pytest.mark.parametrize("turns", [15])
def test_changes_while_reading_never_answer_wrongly(live: Live, acme: LiveTenant, turns: int) -> None:
    """Readers see the column, or an error that says that it is not there or is being changed: no internal error."""
    stop, wrong = threading.Event(), list[object]()

    def read() -> None:
        while not stop.is_set():
            body = acme.post("{ gadgets { id colour } }").json()
            codes = {error["extensions"]["code"] for error in body.get("errors", ())}
            if codes - {"GRAPHQL_VALIDATION_FAILED", "SCHEMA_CHANGING"}:
                wrong.append(body)

    with table(live, acme, "gadgets") as (connection, name):
        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for _ in range(turns):
            connection.execute(sql.SQL("alter table {} add column colour text default 'red'").format(name))
            time.sleep(0.03)
            connection.execute(sql.SQL("alter table {} drop column colour").format(name))
        stop.set()
        for reader in readers:
            reader.join(PATIENCE)
    assert not wrong
