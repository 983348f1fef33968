"""Events: written in the caller's transaction, never changed afterwards; refusals counted, and bounded."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django_tenants.utils import tenant_context

from apps.audit.actions import UnknownActionError
from apps.audit.flusher import flush
from apps.audit.logs import CONTROL_LOG, LogRef, log_of
from apps.audit.models import Event
from apps.audit.record import record
from apps.audit.tally import MOST, MOST_USES, TALLY, USE_WINDOW, WINDOW, Tally
from apps.audit.written_later import write_down
from apps.identity.services.sign_in import do_sign_in_password
from apps.tenants.provisioning import names_of
from kapok.errors import KapokError
from kapok.execute.platform import Platform
from tests.factories import TenantFactory
from tests.identity.accounts import HERE, make_tenant, make_user
from tests.tenant_database import as_gateway, as_owner, fetch, platform_conninfo, real_database

__all__ = ["real_database"]

pytestmark = pytest.mark.usefixtures("real_database")

SUSPENDED = {"actor": "operator:1", "target": "tenant:1", "details": {"slug": "acme", "reason": "unpaid"}}
REFUSED: dict[str, Any] = {"actor": "", "target": "", "address": "192.0.2.1", "request_id": "r"}


def rows(log: LogRef) -> list[tuple[Any, ...]]:
    columns = "action, outcome, target, address, details"
    return fetch(f'select {columns} from "{log.schema}".kapok_event order by position')


def test_an_event_stands_in_its_log_and_says_its_transaction() -> None:
    tenant = make_tenant()
    own, before = log_of(tenant.schema_name), len(rows(CONTROL_LOG))
    with transaction.atomic():
        record("tenant.suspended", log=own, **SUSPENDED)
        (xid,) = fetch("select pg_current_xact_id()::text")[0]
    with tenant_context(tenant):
        event = Event.objects.get(action=203)
    assert (event.xid, event.actor, event.details) == (int(xid), "operator:1", SUSPENDED["details"])
    assert len(rows(CONTROL_LOG)) == before


def test_it_goes_with_its_transaction() -> None:
    before = rows(CONTROL_LOG)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record("tenant.suspended", log=CONTROL_LOG, **SUSPENDED)
        assert len(rows(CONTROL_LOG)) == len(before) + 1
        raise ZeroDivisionError
    assert rows(CONTROL_LOG) == before


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"action": "tenant.exploded"}, UnknownActionError),
        ({"details": {"password": "x"}}, UnknownActionError),
        ({"outcome": "perhaps"}, ValueError),
    ],
)
def test_what_the_registry_does_not_know_is_refused_and_not_written(wrong: Any, error: type[Exception]) -> None:
    before = rows(CONTROL_LOG)
    with pytest.raises(error):
        record(**{"action": "tenant.suspended", "log": CONTROL_LOG, **SUSPENDED, **wrong})
    assert rows(CONTROL_LOG) == before


def test_hostile_texts_are_stored_as_far_as_postgres_can() -> None:
    nasty = "a\x00b\ud800c'\"; drop table kapok_event; --" + "x" * 5000
    record("tenant.suspended", log=CONTROL_LOG, actor=nasty, target=nasty, details={"reason": [nasty, {nasty: 1}]})
    target, details = fetch("select target, details::text from kapok_event order by position desc limit 1")[0]
    assert target.startswith("a\ufffdb?c'\"; drop table") and len(target) < 2100
    assert "drop table" in details


UPDATES = (
    "update {schema}.kapok_event set actor = 'somebody else'",
    "delete from {schema}.kapok_event",
    "truncate {schema}.kapok_event",
)


@pytest.mark.parametrize("statement", UPDATES)
@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.superuser
def test_even_the_platform_changes_no_event_by_mistake(statement: str, role: str) -> None:
    tenant = make_tenant()
    log = log_of(tenant.schema_name)
    before = rows(log)
    assert before
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('session_replication_role', %s, true)", [role])
        cursor.execute(statement.format(schema=f'"{log.schema}"'))
    assert rows(log) == before


@pytest.mark.parametrize("statement", [*UPDATES, "select * from {schema}.kapok_event", "drop table {schema}.kapok_log"])
def test_the_tenants_roles_do_not_reach_its_log(statement: str) -> None:
    tenant = make_tenant()
    log = log_of(tenant.schema_name)
    before = rows(log)
    sql = f"select set_config('kapok.log_upkeep', 'on', false); {statement}".format(schema=f'"{log.schema}"')
    with as_owner(names := names_of(tenant)) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(sql)
    with as_gateway(tenant.project) as session:
        session.execute(f'set role "{names.schema}"')
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(sql)
    assert rows(log) == before


# --- refusals


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def counts(tally: Tally, **options: bool) -> list[Any]:
    """(schema, details) of what is to be written."""
    return [(pending.schema, pending.values[6]) for pending in tally.take(**options)]


def test_the_first_refusal_is_told_at_once_and_the_others_once_a_minute() -> None:
    clock = Clock()
    tally = Tally(clock)
    refuse: Callable[[], None] = lambda: tally.refused("key.refused", "public", **REFUSED, reason="KEY_REVOKED")  # noqa: E731
    for _ in range(3):
        refuse()
    assert counts(tally) == [("public", '{"reason": "KEY_REVOKED", "count": 3}')]
    for _ in range(5):
        refuse()
        assert counts(tally) == []
    clock.now = WINDOW
    assert counts(tally) == [("public", '{"reason": "KEY_REVOKED", "count": 5}')]
    clock.now += WINDOW
    assert counts(tally) == []
    refuse()
    assert counts(tally, everything=True) == [("public", '{"reason": "KEY_REVOKED", "count": 1}')]
    assert counts(tally, everything=True) == []


def test_a_brute_force_fills_no_disk_and_no_memory() -> None:
    clock = Clock()
    tally = Tally(clock)
    for number in range(MOST * 100):
        tally.refused("key.refused", "public", **{**REFUSED, "address": f"2001:db8::{number:x}"}, reason="KEY_REVOKED")
    told = counts(tally)
    assert len(told) == MOST + 1
    assert told[-1] == ("public", f'{{"count": {MOST * 99}}}')
    assert counts(tally) == []


def test_what_cannot_be_kept_while_the_database_is_away_is_counted() -> None:
    tally = Tally(Clock())
    tally.refused("key.refused", "public", **REFUSED, reason="KEY_REVOKED")
    (event,) = tally.take()
    tally.put_back([event] * (MOST_USES + 5))
    told = counts(tally)
    assert len(told) == MOST_USES + 1 and told[-1] == ("public", '{"count": 5}')


def test_the_use_of_a_key_is_told_once_an_hour_and_address() -> None:
    clock = Clock()
    tally = Tally(clock)
    use: Callable[[str], None] = lambda address: tally.used(  # noqa: E731
        "key.used", "public", actor="key:1", target="key:1", address=address
    )
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        use(address)
    assert len(counts(tally)) == 2
    clock.now = USE_WINDOW - 1
    use("192.0.2.1")
    assert counts(tally) == []
    clock.now = USE_WINDOW
    use("192.0.2.1")
    assert len(counts(tally)) == 1


def test_nothing_is_lost_between_threads() -> None:
    tally = Tally()

    def refuse() -> None:
        for _ in range(500):
            tally.refused("key.refused", "public", **REFUSED, reason="KEY_REVOKED")

    threads = [threading.Thread(target=refuse) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(tally) == [("public", '{"reason": "KEY_REVOKED", "count": 2000}')]


def test_refused_sign_ins_are_the_same_for_an_account_and_for_none() -> None:
    TALLY.take(everything=True)
    tenant = make_tenant()
    make_user(tenant, "ada@example.com")
    for email in ("ada@example.com", "nobody@example.com"):
        with pytest.raises(KapokError) as caught:
            do_sign_in_password(tenant, email=email, password="a wrong password", origin=HERE)
        assert caught.value.code == "INVALID_CREDENTIALS"
    flush()
    refused = [row for row in rows(log_of(tenant.schema_name)) if row[0] == 622]
    assert [(outcome, target) for _, outcome, target, _, _ in refused] == [
        ("refused", "account:ada@example.com"),
        ("refused", "account:nobody@example.com"),
    ]
    first, second = (json.loads(row[4]) for row in refused)
    assert first == second == {"reason": "INVALID_CREDENTIALS", "method": "password", "count": 1}


def test_what_is_counted_for_a_tenant_that_is_gone_stands_in_the_control_planes_log() -> None:
    TALLY.take(everything=True)
    tenant = TenantFactory()  # no schema
    TALLY.refused("key.refused", tenant.schema_name, **REFUSED, reason="KEY_REVOKED")
    flush()
    assert rows(CONTROL_LOG)[-1][0] == 802


async def test_the_data_plane_writes_what_it_has_counted(django_db_blocker: Any) -> None:
    tally = Tally()
    platform = Platform(platform_conninfo())
    await platform.start((), lambda channel, payload: None, lambda: None)
    try:
        tally.refused("key.refused", "public", **REFUSED, reason="KEY_REVOKED")
        tally.refused("key.refused", "t_" + "a" * 26, **REFUSED, reason="TENANT_MISMATCH")
        await write_down(platform, tally)
    finally:
        await platform.stop()
    with psycopg.connect(platform_conninfo()) as session:
        found = session.execute("select action, address, details from public.kapok_event order by position").fetchall()
    assert [(action, details["reason"]) for action, _, details in found[-2:]] == [
        (802, "KEY_REVOKED"),
        (802, "TENANT_MISMATCH"),
    ]
