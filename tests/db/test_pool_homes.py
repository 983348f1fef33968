"""Where a pool runs a tenant's statements: at its home among the connections, and fairly."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from kapok.errors import KapokError
from kapok.execute.failures import ConnectionLost
from kapok.execute.pool import OPEN_TRIES, Pool, PoolSettings
from kapok.execute.segment import Segment, WriteSegment
from kapok.identifiers import schema_name
from tests.proxy import Proxy
from tests.waiting import until

_PREAMBLE = [b"none", b"10000", b"public", b"{}"]
_WRITE_PREAMBLE = [*_PREAMBLE, b"actor", b"request"]
_TENANTS = [schema_name(uuid.UUID(int=number)) for number in range(100)]
_WHERE = "select pg_backend_pid()::text"
_WAIT = "select pg_backend_pid()::text from pg_advisory_xact_lock_shared(4712)"


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    async with _opened(PoolSettings(size=4, spare=1, readers=3)) as pool:
        yield pool


@pytest.fixture
async def patient_pool() -> AsyncIterator[Pool]:
    async with _opened(PoolSettings(size=4, spare=1, readers=3, patience=300)) as pool:
        yield pool


@asynccontextmanager
async def _opened(settings: PoolSettings) -> AsyncIterator[Pool]:
    pool = Pool(os.environ["DATABASE_URL"], settings)
    # Open all of its connections.
    with _held_up():
        running = [asyncio.create_task(_write(pool, _TENANTS[number], _WAIT)) for number in range(4)]
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


async def _settled(pool: Pool, in_use: int, waiting: int) -> None:
    """Once those that waited for a home have waited long enough; and so it stays."""
    await asyncio.to_thread(until, lambda: (pool.in_use, pool.waiting) == (in_use, waiting))
    await asyncio.sleep(3 * PoolSettings().patience)
    assert (pool.in_use, pool.waiting) == (in_use, waiting)


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


async def test_a_busy_home_holds_nobody_up_for_long(pool: Pool) -> None:
    with _held_up():
        busy = asyncio.create_task(_run(pool, _TENANTS[1], _WAIT))
        await asyncio.sleep(0)  # it comes first
        elsewhere = await _run(pool, _TENANTS[1], _WHERE)
        assert not busy.done()
    assert await busy != elsewhere


async def test_a_read_waits_for_its_home_rather_than_be_prepared_elsewhere(patient_pool: Pool) -> None:
    """One read only: the next goes to another connection at once, and is known there from then on."""
    pool = patient_pool
    home = await _run(pool, _TENANTS[1], _WHERE)
    other = next(schema for schema in _TENANTS[2:] if pool._home(schema) is pool._home(_TENANTS[1]))
    with _held_up():
        busy = asyncio.create_task(_run(pool, other, _WAIT))
        await asyncio.sleep(0)
        patient = asyncio.create_task(_run(pool, _TENANTS[1], _WHERE))
        await asyncio.sleep(0)
        elsewhere = await _run(pool, other, _WHERE)
        assert elsewhere != home
        assert await _run(pool, other, _WHERE) == elsewhere
        assert (pool.in_use, pool.waiting) == (1, 1)
    assert await patient == home
    assert await busy == home


async def test_nobody_waits_for_a_home_for_long(pool: Pool) -> None:
    home = await _run(pool, _TENANTS[1], _WHERE)
    with _held_up():
        busy = asyncio.create_task(_run(pool, _TENANTS[1], _WAIT))
        await asyncio.sleep(0)
        assert await _run(pool, _TENANTS[1], _WHERE) != home
    await busy


async def test_who_waits_is_served_whatever_its_home(pool: Pool) -> None:
    backends = await asyncio.wait_for(
        asyncio.gather(*(_run(pool, _TENANTS[number % 7], _WHERE) for number in range(500))), timeout=60
    )
    assert len(backends) == 500
    assert pool.in_use == 0
    assert pool.waiting == 0


async def _write(pool: Pool, schema: str, statement: str) -> None:
    answer: asyncio.Future[Segment] = asyncio.get_running_loop().create_future()
    pool.submit(WriteSegment(schema, [(statement, [])], _WRITE_PREAMBLE, seconds=10, done=answer.set_result))
    assert (await answer).error is None


async def test_a_tenants_reads_take_fewer_connections_than_its_writes(pool: Pool) -> None:
    with _held_up():
        reads = [asyncio.create_task(_run(pool, _TENANTS[1], _WAIT)) for _ in range(4)]
        await _settled(pool, 2, 2)
        assert await _run(pool, _TENANTS[2], _WHERE)
        # All tenants together leave connections to writes, too.
        reads += [asyncio.create_task(_run(pool, _TENANTS[number], _WAIT)) for number in (2, 3)]
        await _settled(pool, 3, 3)
        await _write(pool, _TENANTS[4], _WHERE)
    await asyncio.gather(*reads)
    with _held_up():
        writes = [asyncio.create_task(_write(pool, _TENANTS[1], _WAIT)) for _ in range(5)]
        await asyncio.sleep(0)
        assert (pool.in_use, pool.waiting) == (3, 2)
    await asyncio.gather(*writes)
    assert (pool.in_use, pool.waiting) == (0, 0)


async def test_a_waiting_read_is_not_overtaken_by_its_tenants_writes(pool: Pool) -> None:
    with _held_up():
        tasks = [asyncio.create_task(_run(pool, _TENANTS[1], _WAIT)) for _ in range(3)]
        await _settled(pool, 2, 1)
        write = asyncio.create_task(_write(pool, _TENANTS[1], _WHERE))
        await _settled(pool, 2, 2)
    await asyncio.gather(*tasks, write)
    assert (pool.in_use, pool.waiting) == (0, 0)


async def test_writes_that_wait_hold_up_no_reads() -> None:
    """However many tenants stand before the one that reads, and though no connection was free when it came."""
    async with _opened(PoolSettings(size=4, spare=1, readers=3, writers=2)) as pool:
        with _held_up(), psycopg.connect(os.environ["DATABASE_URL"]) as session:
            session.execute("select pg_advisory_xact_lock(4713)")
            writes = [asyncio.create_task(_write(pool, schema, _WAIT)) for schema in _TENANTS[:40]]
            await _settled(pool, 2, 38)
            read = _WAIT.replace("4712", "4713")
            reads = [asyncio.create_task(_run(pool, schema, read)) for schema in _TENANTS[40:43]]
            await _settled(pool, 4, 39)
            session.rollback()
            async with asyncio.timeout(30):
                await asyncio.gather(*reads)
            assert (pool.in_use, pool.waiting) == (2, 38)
        await asyncio.gather(*writes)


async def test_a_lost_connection_leaves_nobody_waiting(pool: Pool) -> None:
    waiting = "from pg_stat_activity where datname = current_database() and wait_event = 'advisory'"
    with _held_up(), psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as session:
        reads = [asyncio.create_task(_run(pool, _TENANTS[1], _WAIT)) for _ in range(4)]
        await asyncio.sleep(0)
        await asyncio.to_thread(until, lambda: session.execute(f"select 1 {waiting}").rowcount == 2)
        session.execute(f"select pg_terminate_backend(pid) {waiting}")
        # Those that waited run on the connections that were free.
        await asyncio.to_thread(until, lambda: (pool.in_use, pool.waiting) == (2, 0))
    ended = await asyncio.gather(*reads, return_exceptions=True)
    assert sum(isinstance(one, ConnectionLost) for one in ended) == 2


async def test_who_is_sent_again_as_the_connection_is_lost_runs_elsewhere(pool: Pool) -> None:
    answer: asyncio.Future[Segment] = asyncio.get_running_loop().create_future()

    def again(lost: Segment) -> None:
        assert isinstance(lost.error, ConnectionLost)
        pool.submit(Segment(_TENANTS[1], _WHERE, [], _PREAMBLE, seconds=10, done=answer.set_result))

    held = "from pg_stat_activity where datname = current_database() and wait_event = 'advisory'"
    with _held_up(), psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as session:
        pool.submit(Segment(_TENANTS[1], _WAIT, [], _PREAMBLE, seconds=10, done=again))
        await asyncio.to_thread(until, lambda: session.execute(f"select 1 {held}").rowcount == 1)
        session.execute(f"select pg_terminate_backend(pid) {held}")
        async with asyncio.timeout(30):
            segment = await answer
    assert segment.error is None
    assert segment.row
    assert (pool.in_use, pool.waiting) == (0, 0)


async def test_a_server_that_ends_what_is_being_opened_is_asked_again() -> None:
    """As often as is said there, and no oftener: a server that is away is told at once."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as session:
        address = (session.info.host, session.info.port)
    with Proxy(address) as proxy:
        conninfo = make_conninfo(
            os.environ["DATABASE_URL"], host="127.0.0.1", port=proxy.port, sslmode="disable", gssencmode="disable"
        )
        pool = Pool(conninfo, PoolSettings(size=1, retry_after=0))
        proxy.refuse(OPEN_TRIES - 1)
        assert await _run(pool, _TENANTS[0], "select 'answered'") == b"answered"
        await pool.close()
        proxy.refuse(OPEN_TRIES)
        with pytest.raises(KapokError, match="cannot be reached"):
            await _run(pool, _TENANTS[0], _WHERE)
        assert await _run(pool, _TENANTS[0], "select 'answered'") == b"answered"
        await pool.close()
