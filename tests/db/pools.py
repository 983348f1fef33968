"""Pools for tests, and statements that wait until they may go on."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg

from kapok.execute.pool import Pool, PoolSettings
from kapok.execute.segment import Segment, WriteSegment
from kapok.identifiers import schema_name
from tests.waiting import until

PREAMBLE = [b"none", b"10000", b"public", b"{}"]
WRITE_PREAMBLE = [*PREAMBLE, b"actor", b"request"]
TENANTS = [schema_name(uuid.UUID(int=number)) for number in range(100)]
WHERE = "select pg_backend_pid()::text"
WAIT = "select pg_backend_pid()::text from pg_advisory_xact_lock_shared(4712)"


@asynccontextmanager
async def opened(settings: PoolSettings) -> AsyncIterator[Pool]:
    """A pool of four connections, all open."""
    pool = Pool(os.environ["DATABASE_URL"], settings)
    with held_up():
        running = [asyncio.create_task(write(pool, TENANTS[number], WAIT)) for number in range(4)]
        await asyncio.to_thread(until, lambda: pool.open == 4)
    await asyncio.gather(*running)
    yield pool
    await pool.close()


@contextmanager
def held_up() -> Iterator[None]:
    """Whoever runs WAIT waits until the block ends."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as session:
        session.execute("select pg_advisory_xact_lock(4712)")
        yield


async def settled(pool: Pool, in_use: int, waiting: int) -> None:
    """Once those that waited for a home have waited long enough; and so it stays."""
    await asyncio.to_thread(until, lambda: (pool.in_use, pool.waiting) == (in_use, waiting))
    await asyncio.sleep(3 * PoolSettings().patience)
    assert (pool.in_use, pool.waiting) == (in_use, waiting)


async def run(pool: Pool, schema: str, statement: str, *parameters: bytes) -> bytes:
    """The first column of what a read gives; WHERE and WAIT give the backend that ran them."""
    answer: asyncio.Future[Segment] = asyncio.get_running_loop().create_future()
    pool.submit(Segment(schema, statement, parameters, PREAMBLE, seconds=10, done=answer.set_result))
    segment = await answer
    if segment.error is not None:
        raise segment.error
    assert segment.row is not None
    return segment.row[0] or b""


async def write(pool: Pool, schema: str, statement: str, *parameters: bytes) -> None:
    """In a transaction that may write."""
    answer: asyncio.Future[Segment] = asyncio.get_running_loop().create_future()
    pool.submit(WriteSegment(schema, [(statement, parameters)], WRITE_PREAMBLE, seconds=10, done=answer.set_result))
    assert (await answer).error is None
