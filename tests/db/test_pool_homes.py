"""Where a pool runs a tenant's statements: at its home among the connections, and fairly."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator

import pytest

from kapok.execute.pool import Pool, PoolSettings
from kapok.execute.segment import Segment
from kapok.identifiers import schema_name

_PREAMBLE = [b"none", b"10000", b"public", b"{}", b"actor", b"request"]
_TENANTS = [schema_name(uuid.UUID(int=number)) for number in range(100)]
_WHERE = "select pg_backend_pid()::text"
_SLEEP = "select pg_backend_pid()::text from pg_sleep(0.05)"


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(os.environ["DATABASE_URL"], PoolSettings(size=4, spare=1))
    # Open all of its connections.
    await asyncio.gather(*(_run(pool, _TENANTS[number], _SLEEP) for number in range(4)))
    assert pool.open == 4
    yield pool
    await pool.close()


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
    busy = asyncio.create_task(_run(pool, _TENANTS[1], _SLEEP))
    await asyncio.sleep(0.01)
    elsewhere = await _run(pool, _TENANTS[1], _WHERE)
    assert not busy.done()
    assert await busy != elsewhere


async def test_who_waits_is_served_whatever_its_home(pool: Pool) -> None:
    backends = await asyncio.wait_for(
        asyncio.gather(*(_run(pool, _TENANTS[number % 7], _WHERE) for number in range(500))), timeout=20
    )
    assert len(backends) == 500
    assert pool.in_use == 0
    assert pool.waiting == 0
