"""Where a pool runs a tenant's statements: at its home among the connections, and fairly."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from kapok.execute.pool import Pool, PoolSettings
from kapok.execute.segment import Segment
from kapok.identifiers import schema_name
from tests.waiting import until

_PREAMBLE = [b"none", b"10000", b"public", b"{}", b"actor", b"request"]
_TENANTS = [schema_name(uuid.UUID(int=number)) for number in range(100)]
_WHERE = "select pg_backend_pid()::text"
_WAIT = "select pg_backend_pid()::text from pg_advisory_xact_lock_shared(4712)"


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(os.environ["DATABASE_URL"], PoolSettings(size=4, spare=1))
    # Open all of its connections.
    with _held_up():
        running = [asyncio.create_task(_run(pool, _TENANTS[number], _WAIT)) for number in range(4)]
        await asyncio.to_thread(until, lambda: pool.open == 4)
    await asyncio.gather(*running)
    yield pool
    await pool.close()


@contextmanager
def _held_up() -> Iterator[None]:
    """Whoever waits, waits until the block ends."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as session:
        session.execute("select pg_advisory_xact_lock(4712)")
        yield


async def _run(pool: Pool, schema: str, statement: str) -> bytes:
    """The backend that ran it."""
    answer: asyncio.Future[Segment] = asyncio.get_running_loop().create_future()
    pool.submit(Segment(schema, statement, [], _PREAMBLE, seconds=10, done=answer.set_result))
    segment = await answer
    if segment.error is not None:
        raise segment.error
    assert segment.row is not None
    return segment.row[0] or b""


async def test_a_tenant_stays_on_one_connection_and_tenants_spread_over_all(pool: Pool) -> None:
    homes = {}
    for _ in range(3):
        for number in range(100):
            schema = _TENANTS[number]
            backend = await _run(pool, schema, _WHERE)
            assert homes.setdefault(schema, backend) == backend
    assert len(set(homes.values())) == 4


async def test_a_busy_home_holds_nobody_up(pool: Pool) -> None:
    with _held_up():
        busy = asyncio.create_task(_run(pool, _TENANTS[1], _WAIT))
        await asyncio.sleep(0)  # it comes first
        elsewhere = await _run(pool, _TENANTS[1], _WHERE)
        assert not busy.done()
    assert await busy != elsewhere


async def test_who_waits_is_served_whatever_its_home(pool: Pool) -> None:
    backends = await asyncio.wait_for(
        asyncio.gather(*(_run(pool, _TENANTS[number % 7], _WHERE) for number in range(500))), timeout=60
    )
    assert len(backends) == 500
    assert pool.in_use == 0
    assert pool.waiting == 0
