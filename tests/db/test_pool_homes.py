"""Where a pool runs a tenant's statements: at its home among the connections, and fairly."""

from __future__ import annotations

import asyncio
import os

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from kapok.errors import KapokError
from kapok.execute.failures import ConnectionLost
from kapok.execute.pool import OPEN_TRIES, Pool, PoolSettings
from kapok.execute.segment import Segment
from tests.db.pools import PREAMBLE, TENANTS, WAIT, WHERE, held_up, opened, run, settled, write
from tests.proxy import Proxy
from tests.waiting import until


async def test_a_tenant_stays_on_one_connection_and_tenants_spread_over_all(pool: Pool) -> None:
    homes = {}
    for _ in range(3):
        for number in range(100):
            schema = TENANTS[number]
            backend = await run(pool, schema, WHERE)
            assert homes.setdefault(schema, backend) == backend
    assert len(set(homes.values())) == 4


async def test_a_busy_home_holds_nobody_up_for_long(pool: Pool) -> None:
    with held_up():
        busy = asyncio.create_task(run(pool, TENANTS[1], WAIT))
        await asyncio.sleep(0)  # it comes first
        elsewhere = await run(pool, TENANTS[1], WHERE)
        assert not busy.done()
    assert await busy != elsewhere


async def test_a_read_waits_for_its_home_rather_than_be_prepared_elsewhere(patient_pool: Pool) -> None:
    """One read only: the next goes to another connection at once, and is known there from then on."""
    pool = patient_pool
    home = await run(pool, TENANTS[1], WHERE)
    other = next(schema for schema in TENANTS[2:] if pool._home(schema) is pool._home(TENANTS[1]))
    with held_up():
        busy = asyncio.create_task(run(pool, other, WAIT))
        await asyncio.sleep(0)
        patient = asyncio.create_task(run(pool, TENANTS[1], WHERE))
        await asyncio.sleep(0)
        elsewhere = await run(pool, other, WHERE)
        assert elsewhere != home
        assert await run(pool, other, WHERE) == elsewhere
        assert (pool.in_use, pool.waiting) == (1, 1)
    assert await patient == home
    assert await busy == home


async def test_nobody_waits_for_a_home_for_long(pool: Pool) -> None:
    home = await run(pool, TENANTS[1], WHERE)
    with held_up():
        busy = asyncio.create_task(run(pool, TENANTS[1], WAIT))
        await asyncio.sleep(0)
        assert await run(pool, TENANTS[1], WHERE) != home
    await busy


async def test_who_waits_is_served_whatever_its_home(pool: Pool) -> None:
    backends = await asyncio.wait_for(
        asyncio.gather(*(run(pool, TENANTS[number % 7], WHERE) for number in range(500))), timeout=60
    )
    assert len(backends) == 500
    assert pool.in_use == 0
    assert pool.waiting == 0


async def test_a_tenants_reads_take_fewer_connections_than_its_writes(pool: Pool) -> None:
    with held_up():
        reads = [asyncio.create_task(run(pool, TENANTS[1], WAIT)) for _ in range(4)]
        await settled(pool, 2, 2)
        assert await run(pool, TENANTS[2], WHERE)
        # All tenants together leave connections to writes, too.
        reads += [asyncio.create_task(run(pool, TENANTS[number], WAIT)) for number in (2, 3)]
        await settled(pool, 3, 3)
        await write(pool, TENANTS[4], WHERE)
    await asyncio.gather(*reads)
    with held_up():
        writes = [asyncio.create_task(write(pool, TENANTS[1], WAIT)) for _ in range(5)]
        await asyncio.sleep(0)
        assert (pool.in_use, pool.waiting) == (3, 2)
    await asyncio.gather(*writes)
    assert (pool.in_use, pool.waiting) == (0, 0)


async def test_a_waiting_read_is_not_overtaken_by_its_tenants_writes(pool: Pool) -> None:
    with held_up():
        tasks = [asyncio.create_task(run(pool, TENANTS[1], WAIT)) for _ in range(3)]
        await settled(pool, 2, 1)
        behind = asyncio.create_task(write(pool, TENANTS[1], WHERE))
        await settled(pool, 2, 2)
    await asyncio.gather(*tasks, behind)
    assert (pool.in_use, pool.waiting) == (0, 0)


async def test_writes_that_wait_hold_up_no_reads() -> None:
    """However many tenants stand before the one that reads, and though no connection was free when it came."""
    async with opened(PoolSettings(size=4, spare=1, readers=3, writers=2)) as pool:
        with held_up(), psycopg.connect(os.environ["DATABASE_URL"]) as session:
            session.execute("select pg_advisory_xact_lock(4713)")
            writes = [asyncio.create_task(write(pool, schema, WAIT)) for schema in TENANTS[:40]]
            await settled(pool, 2, 38)
            read = WAIT.replace("4712", "4713")
            reads = [asyncio.create_task(run(pool, schema, read)) for schema in TENANTS[40:43]]
            await settled(pool, 4, 39)
            session.rollback()
            async with asyncio.timeout(30):
                await asyncio.gather(*reads)
            assert (pool.in_use, pool.waiting) == (2, 38)
        await asyncio.gather(*writes)


async def test_a_lost_connection_leaves_nobody_waiting(pool: Pool) -> None:
    waiting = "from pg_stat_activity where datname = current_database() and wait_event = 'advisory'"
    with held_up(), psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as session:
        reads = [asyncio.create_task(run(pool, TENANTS[1], WAIT)) for _ in range(4)]
        await settled(pool, 2, 2)
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
        pool.submit(Segment(TENANTS[1], WHERE, [], PREAMBLE, seconds=10, done=answer.set_result))

    held = "from pg_stat_activity where datname = current_database() and wait_event = 'advisory'"
    with held_up(), psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as session:
        pool.submit(Segment(TENANTS[1], WAIT, [], PREAMBLE, seconds=10, done=again))
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
        assert await run(pool, TENANTS[0], "select 'answered'") == b"answered"
        await pool.close()
        proxy.refuse(OPEN_TRIES)
        with pytest.raises(KapokError, match="cannot be reached"):
            await run(pool, TENANTS[0], WHERE)
        assert await run(pool, TENANTS[0], "select 'answered'") == b"answered"
        await pool.close()
