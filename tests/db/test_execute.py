"""The execution layer on a real Postgres: roles, settings, errors, time-outs, lost connections, prepared statements."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

import orjson
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from kapok.errors import KapokError
from kapok.execute.failures import StalePlan
from kapok.execute.pool import PoolSettings
from kapok.execute.run import Runner
from kapok.identifiers import gateway_role, schema_name
from kapok.principal import Principal, PrincipalKind
from kapok.tenancy import Limits, TenantRef, TenantState

TITLES = "select (select json_agg(t.title order by t.title) from \x00schema\x00.album t)::text"


@dataclass
class Cast:
    """Two tenants of one project, and a third of another project."""

    acme: TenantRef
    globex: TenantRef
    stranger: TenantRef
    password: str

    def principal(self, tenant: TenantRef) -> Principal:
        return Principal(PrincipalKind.API_KEY, "key-1", tenant.id, "service")


@pytest.fixture(scope="module")
def cast() -> Iterator[Cast]:
    project, other = uuid.uuid4(), uuid.uuid4()
    made = [_tenant(slug, owner) for slug, owner in (("acme", project), ("globex", project), ("stranger", other))]
    cast = Cast(*made, password=uuid.uuid4().hex)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for role in {tenant.gateway_role for tenant in made}:
            connection.execute(f"create role {role} login noinherit password '{cast.password}'")
        for tenant in made:
            connection.execute(
                f"create role {tenant.schema} nologin; grant {tenant.schema} to {tenant.gateway_role};"
                f"create schema {tenant.schema}; grant usage on schema {tenant.schema} to {tenant.schema};"
                f"create table {tenant.schema}.album (title text);"
                f"create domain {tenant.schema}.positive as int not null check (value > 0);"
                f"grant select, insert on {tenant.schema}.album to {tenant.schema};"
                f"insert into {tenant.schema}.album values ('{tenant.slug}')"
            )
        yield cast
        for tenant in made:
            connection.execute(
                f"drop schema {tenant.schema} cascade; drop owned by {tenant.schema}; drop role {tenant.schema}"
            )
        for role in {tenant.gateway_role for tenant in made}:
            connection.execute(f"drop role {role}")


def _tenant(slug: str, project: uuid.UUID) -> TenantRef:
    tenant_id = uuid.uuid4()
    return TenantRef(
        tenant_id, slug, project, schema_name(tenant_id), gateway_role(project), TenantState.ACTIVE, Limits()
    )


@pytest.fixture
async def runner(cast: Cast) -> AsyncIterator[Runner]:
    runner = Runner(
        lambda role: make_conninfo(os.environ["DATABASE_URL"], user=role, password=cast.password),
        PoolSettings(size=2, spare=0, slots=3),
    )
    await runner.start()
    yield runner
    await runner.stop()


async def read(runner: Runner, cast: Cast, tenant: TenantRef, template: str, *parameters: bytes) -> bytes | None:
    return (await runner.read(tenant, cast.principal(tenant), "request-1", template, parameters))[0]


async def test_each_tenant_reads_its_own_rows_over_the_same_connections(runner: Runner, cast: Cast) -> None:
    tenants = [cast.acme, cast.globex] * 50
    rows = await asyncio.gather(*(read(runner, cast, tenant, TITLES) for tenant in tenants))
    assert rows == [f'["{tenant.slug}"]'.encode() for tenant in tenants]
    assert runner.pools[cast.acme.gateway_role].open <= 2


async def test_the_role_cannot_reach_across(runner: Runner, cast: Cast) -> None:
    hostile = f"select (select title from {cast.globex.schema}.album)::text"
    with pytest.raises(KapokError) as caught:
        await read(runner, cast, cast.acme, hostile)
    assert caught.value.code == "FORBIDDEN"
    assert cast.globex.schema not in str(caught.value.body())


async def test_another_projects_tenant_cannot_be_switched_to(runner: Runner, cast: Cast) -> None:
    with pytest.raises(KapokError) as caught:
        await read(runner, cast, cast.acme, f"select set_config('role', '{cast.stranger.schema}', true)")
    assert caught.value.code == "FORBIDDEN"


async def test_reads_cannot_write(runner: Runner, cast: Cast) -> None:
    insert = "with w as (insert into \x00schema\x00.album values ('x') returning title) select title from w"
    with pytest.raises(KapokError) as caught:
        await read(runner, cast, cast.acme, insert)
    assert caught.value.code == "FORBIDDEN"
    assert await read(runner, cast, cast.acme, TITLES) == b'["acme"]'


async def test_session_state_left_behind_does_not_reach_the_next_segment(runner: Runner, cast: Cast) -> None:
    names = ("search_path", "timezone", "datestyle", "intervalstyle", "statement_timeout", "request.jwt.claims")
    names += ("extra_float_digits", "bytea_output")
    values = ("public", "Asia/Tokyo", "SQL", "postgres", "0", '{"role":"admin"}', "0", "escape")
    for name, value in zip(names, values, strict=True):
        await asyncio.gather(
            *(read(runner, cast, cast.acme, f"select set_config('{name}', '{value}', false)") for _ in range(6))
        )
    shown = "select json_build_array(" + ",".join(f"current_setting('{name}')" for name in names) + ")"
    expected = [f"{cast.acme.schema}, pg_temp", "UTC", "ISO, MDY", "iso_8601", "10s", '{"role":"service"}', "1", "hex"]
    for answer in await asyncio.gather(*(read(runner, cast, cast.acme, shown) for _ in range(6))):
        assert answer is not None
        assert orjson.loads(answer) == expected


async def test_an_encoding_left_behind_does_not_garble_the_next_tenants_text(runner: Runner, cast: Cast) -> None:
    left = "select set_config('client_encoding', 'LATIN1', false)"
    await asyncio.gather(*(read(runner, cast, cast.acme, left) for _ in range(6)))
    echo = "select $1::text || ' ☃'"
    for answer in await asyncio.gather(*(read(runner, cast, cast.globex, echo, "żółw".encode()) for _ in range(6))):
        assert answer == "żółw ☃".encode()


async def test_deallocated_statements_cost_a_connection_and_nobody_an_answer(runner: Runner, cast: Cast) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(
            f"create function {cast.acme.schema}.spoil() returns text language plpgsql as "
            "$$ begin execute 'deallocate all'; return 'spoilt'; end $$;"
            f"grant execute on function {cast.acme.schema}.spoil() to {cast.acme.schema}"
        )
    for _ in range(3):
        spoil = [read(runner, cast, cast.acme, "select \x00schema\x00.spoil()") for _ in range(2)]
        assert await asyncio.gather(*spoil) == [b"spoilt"] * 2
        after = [read(runner, cast, cast.globex, TITLES) for _ in range(4)]
        assert await asyncio.gather(*after) == [b'["globex"]'] * 4


async def test_an_error_aborts_its_own_segment_only(runner: Runner, cast: Cast) -> None:
    divide = "select (1 / $1::int4)::text"
    answers = await asyncio.gather(
        *(read(runner, cast, cast.acme, divide, b"%d" % (number % 2)) for number in range(40)), return_exceptions=True
    )
    for number, answer in enumerate(answers):
        if number % 2:
            assert answer == b"1"
        else:
            assert isinstance(answer, KapokError)
            assert answer.code == "BAD_USER_INPUT"


async def test_a_value_that_its_domain_refuses_is_the_callers_mistake(runner: Runner, cast: Cast) -> None:
    """In a read it conflicts with nothing: it is an argument of a function."""
    template = "select ($1::\x00schema\x00.positive)::text"
    for value in (b"-1", None):
        with pytest.raises(KapokError) as caught:
            await runner.read(cast.acme, cast.principal(cast.acme), "request-1", template, [value])
        assert caught.value.code == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("naive", "zoned"),
    [
        ("2020-01-01", "2020-06-01T00:00:00Z"),
        ("2020-01-01T00:00:00", "2020-06-01T00:00:00+02"),
        ("10:00:00", "11:00:00+00"),
    ],
)
async def test_a_json_path_that_needs_a_time_zone_is_the_callers_mistake(
    runner: Runner, cast: Cast, naive: str, zoned: str
) -> None:
    """Postgres gives it the SQLSTATE of a stale plan."""
    template = f"""select ('{{"at": "{naive}"}}'::jsonb @? $1::jsonpath)::text"""
    path = f'$.at.datetime() ? (@ < "{zoned}".datetime())'.encode()
    with pytest.raises(KapokError, match="time zone") as caught:
        await read(runner, cast, cast.acme, template, path)
    assert caught.value.code == "BAD_USER_INPUT"


async def test_statement_time_is_limited_per_tenant(runner: Runner, cast: Cast) -> None:
    hurried = replace(cast.acme, limits=Limits(statement_ms=50))
    with pytest.raises(KapokError) as caught:
        await read(runner, cast, hurried, "select pg_sleep(5)::text")
    assert caught.value.code == "TIMEOUT"
    assert await read(runner, cast, cast.acme, "select 'patient' from pg_sleep(0.1)") == b"patient"


async def test_a_missing_column_says_that_the_plan_is_stale(runner: Runner, cast: Cast) -> None:
    with pytest.raises(StalePlan):
        await read(runner, cast, cast.acme, "select gone::text from \x00schema\x00.album")


async def test_lost_connections_are_replaced_without_the_caller_noticing(runner: Runner, cast: Cast) -> None:
    await asyncio.gather(*(read(runner, cast, cast.acme, TITLES) for _ in range(4)))
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for _ in range(3):
            waiting = asyncio.create_task(read(runner, cast, cast.acme, TITLES))
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (cast.acme.gateway_role,)
            )
            assert await waiting == b'["acme"]'


async def test_more_plans_than_slots(runner: Runner, cast: Cast) -> None:
    for turn in range(3):
        for number in range(8):
            assert await read(runner, cast, cast.acme, f"select 'plan {number}'") == f"plan {number}".encode(), turn
    for _ in range(4):
        counted = await read(runner, cast, cast.acme, "select count(*)::text from pg_prepared_statements")
    # Three slots, two preambles and what comes between statements.
    assert counted == b"6"


async def test_a_cancelled_caller_leaves_the_connection_usable(runner: Runner, cast: Cast) -> None:
    for _ in range(5):
        task = asyncio.create_task(read(runner, cast, cast.acme, "select pg_sleep(0.05)::text"))
        await asyncio.sleep(0.01)
        task.cancel()
    assert await read(runner, cast, cast.acme, TITLES) == b'["acme"]'


async def test_a_database_that_is_not_there(cast: Cast) -> None:
    runner = Runner(lambda role: "host=127.0.0.1 port=1 connect_timeout=1")
    await runner.start()
    with pytest.raises(KapokError) as caught:
        await read(runner, cast, cast.acme, TITLES)
    assert caught.value.code == "DATABASE_UNAVAILABLE"
    await runner.stop()


async def test_a_blocked_tenant_holds_up_only_itself(cast: Cast) -> None:
    runner = Runner(
        lambda role: make_conninfo(os.environ["DATABASE_URL"], user=role, password=cast.password),
        PoolSettings(size=3, spare=1),
    )
    await runner.start()
    lock = "select pg_advisory_xact_lock_shared(4711)::text"
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("select pg_advisory_xact_lock(4711)")
        blocked = [asyncio.create_task(read(runner, cast, cast.acme, lock)) for _ in range(6)]
        quick = [await read(runner, cast, cast.globex, TITLES) for _ in range(20)]
        assert quick == [b'["globex"]'] * 20
        assert not any(task.done() for task in blocked)
        assert runner.pools[cast.acme.gateway_role].waiting == 4
    await asyncio.gather(*blocked)
    await runner.stop()
