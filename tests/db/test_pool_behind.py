"""Reads that are sent behind another of their tenant: what they wait for, what never, and their answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import psycopg
import pytest

from kapok.execute.failures import ConnectionLost, NotRun, StatementFailed
from kapok.execute.pool import Pool, PoolSettings
from kapok.execute.segment import Segment, WriteSegment
from tests.db.pools import PREAMBLE, TENANTS, WAIT, WHERE, WRITE_PREAMBLE, held_up, opened, run, settled, write
from tests.waiting import until

_ONE, _TWO, _THREE = TENANTS[1:4]
_OTHER_WAIT = WAIT.replace("4712", "4713")
_HELD = "from pg_stat_activity where datname = current_database() and wait_event = 'advisory'"


@pytest.fixture
async def waiting_pool() -> AsyncIterator[Pool]:
    """Who is behind another is taken back after a time that no busy machine lets pass meanwhile."""
    async with opened(PoolSettings(size=4, spare=1, readers=3, patience=0.5)) as pool:
        yield pool


async def _known(pool: Pool, schema: str, *statements: str) -> None:
    """Prepare statements on three connections, the home among them."""
    done = [asyncio.get_running_loop().create_future() for _ in range(3)]
    with held_up():
        for future in done:
            prepared = [(statement, []) for statement in (WAIT, *statements)]
            pool.submit(WriteSegment(schema, prepared, WRITE_PREAMBLE, seconds=10, done=future.set_result))
        assert (pool.in_use, pool.waiting) == (3, 0)
    for segment in await asyncio.gather(*done):
        assert segment.error is None


async def _begun(pool: Pool, schema: str, statement: str, times: int) -> list[asyncio.Task[bytes]]:
    tasks = [asyncio.create_task(run(pool, schema, statement)) for _ in range(times)]
    await asyncio.sleep(0)
    return tasks


async def test_two_stand_where_one_has_its_share(patient_pool: Pool) -> None:
    pool = patient_pool
    await _known(pool, _ONE)
    with held_up():
        reads = await _begun(pool, _ONE, WAIT, 4)
        # Where a statement is not prepared nobody is sent behind.
        reads += await _begun(pool, _ONE, WHERE, 1)
        assert (pool.in_use, pool.waiting) == (2, 1)
        reads += await _begun(pool, _ONE, WAIT, 1)
        assert (pool.in_use, pool.waiting) == (2, 2)
    backends = await asyncio.gather(*reads)
    assert len(set(backends[:4])) == 2
    assert (pool.in_use, pool.waiting) == (0, 0)


async def test_nobody_stands_behind_another_tenant(patient_pool: Pool) -> None:
    pool = patient_pool
    for schema in (_ONE, _TWO, _THREE):
        await _known(pool, schema)
    with held_up():
        reads = [*await _begun(pool, _ONE, WAIT, 2), *await _begun(pool, _TWO, WAIT, 1)]
        # There is no room for a third tenant, and no read of its own to stand behind.
        reads += await _begun(pool, _THREE, WAIT, 1)
        assert (pool.in_use, pool.waiting) == (3, 1)
        # While it waits, nobody is sent before it.
        reads += await _begun(pool, _ONE, WAIT, 1)
        assert (pool.in_use, pool.waiting) == (3, 2)
    await asyncio.gather(*reads)


async def test_writes_stand_behind_nobody_and_nobody_behind_them(patient_pool: Pool) -> None:
    pool = patient_pool
    await _known(pool, _ONE)
    with held_up():
        tasks = [asyncio.create_task(write(pool, _ONE, WAIT)) for _ in range(4)]
        await asyncio.sleep(0)
        assert (pool.in_use, pool.waiting) == (3, 1)
        reads = await _begun(pool, _ONE, WAIT, 1)
        assert (pool.in_use, pool.waiting) == (3, 2)
    await asyncio.gather(*tasks, *reads)
    with held_up():
        reads = await _begun(pool, _ONE, WAIT, 2)
        tasks = [asyncio.create_task(write(pool, _ONE, WAIT)) for _ in range(2)]
        await asyncio.sleep(0)
        # One has a connection of its own, the other waits for one.
        assert (pool.in_use, pool.waiting) == (3, 1)
    await asyncio.gather(*tasks, *reads)


async def test_what_takes_long_holds_up_nobody_behind_it(waiting_pool: Pool) -> None:
    pool = waiting_pool
    await _known(pool, _ONE, WHERE, _OTHER_WAIT)
    with held_up(), psycopg.connect(os.environ["DATABASE_URL"]) as session:
        session.execute("select pg_advisory_xact_lock(4713)")
        slow = [*await _begun(pool, _ONE, WAIT, 1), *await _begun(pool, _ONE, _OTHER_WAIT, 1)]
        behind = await _begun(pool, _ONE, WHERE, 2)
        assert pool.waiting == 0
        # Taken back; and there is no room for them elsewhere.
        await settled(pool, 2, 2)
        session.rollback()
        backends = await asyncio.gather(*behind)
        assert not slow[0].done()
        assert set(backends) == {await slow[1]}
    await slow[0]
    await settled(pool, 0, 0)


async def test_a_stream_of_one_tenant_does_not_keep_another_waiting(pool: Pool) -> None:
    await _known(pool, _ONE, WHERE)
    streaming = True

    async def stream() -> None:
        while streaming:
            await run(pool, _ONE, WHERE)

    with held_up():
        [held] = await _begun(pool, _TWO, WAIT, 1)
        streams = [asyncio.create_task(stream()) for _ in range(12)]
        await asyncio.sleep(0.1)
        async with asyncio.timeout(30):
            assert await asyncio.gather(*await _begun(pool, _THREE, WHERE, 20))
        assert not held.done()
        streaming = False
        await asyncio.gather(*streams)
    await held


async def test_a_lost_connection_tells_both(patient_pool: Pool) -> None:
    pool = patient_pool
    await _known(pool, _ONE)
    with held_up(), psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as session:
        reads = await _begun(pool, _ONE, WAIT, 4)
        assert (pool.in_use, pool.waiting) == (2, 0)
        await asyncio.to_thread(until, lambda: session.execute(f"select 1 {_HELD}").rowcount == 2)
        session.execute(f"select pg_terminate_backend(pid) {_HELD}")
        ended = await asyncio.gather(*reads, return_exceptions=True)
    assert all(isinstance(one, ConnectionLost) for one in ended)
    assert (pool.in_use, pool.waiting) == (0, 0)
    assert await run(pool, _ONE, WHERE)


async def test_no_answer_of_a_session_that_the_one_before_has_changed(patient_pool: Pool) -> None:
    pool = patient_pool
    change = "select set_config('TimeZone', $1, false) from pg_advisory_xact_lock_shared(4712)"
    await _known(pool, _ONE, WHERE)
    with held_up():
        warm = [asyncio.create_task(write(pool, _ONE, change, b"UTC")) for _ in range(3)]
        await asyncio.sleep(0)
    await asyncio.gather(*warm)
    with held_up():
        changing = [asyncio.create_task(run(pool, _ONE, change, b"Asia/Tokyo")) for _ in range(2)]
        await asyncio.sleep(0)
        behind = await _begun(pool, _ONE, WHERE, 2)
        assert (pool.in_use, pool.waiting) == (2, 0)
    assert await asyncio.gather(*changing) == [b"Asia/Tokyo"] * 2
    for one in await asyncio.gather(*behind, return_exceptions=True):
        assert isinstance(one, NotRun)
    assert await run(pool, _ONE, "select current_setting('TimeZone')") == b"UTC"


async def test_each_gets_its_own_answer_whatever_becomes_of_the_others(pool: Pool) -> None:
    """A third of them fails; some callers go away; some take longer than anybody waits."""
    statement = (
        "select (1 / ($1::int % 3) * 0 + $1::int)::text from pg_sleep(case when $1::int % 100 = 1 then 0.02 else 0 end)"
    )
    loop = asyncio.get_running_loop()
    answers: dict[int, asyncio.Future[Segment]] = {}
    for number in range(1500):
        answers[number] = loop.create_future()
        segment = Segment(_ONE, statement, [b"%d" % number], PREAMBLE, seconds=10, done=answers[number].set_result)
        if number % 11 == 0:
            segment.done = lambda _: None
            segment.abandoned = True
            del answers[number]
        pool.submit(segment)
        if number % 5 == 0:
            await asyncio.sleep(0.0005)
    async with asyncio.timeout(60):
        segments = dict(zip(answers, await asyncio.gather(*answers.values()), strict=True))
    for number, segment in segments.items():
        if number % 3:
            assert segment.row == [b"%d" % number]
            assert segment.error is None
        else:
            assert isinstance(segment.error, StatementFailed)
            assert segment.error.sqlstate == "22012"
    await settled(pool, 0, 0)
