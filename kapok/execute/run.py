"""Running a compiled operation for a tenant: the data plane's one way into Postgres.

In: tenant, principal, request id, what to run and its parameters. Out: rows of JSON columns. Pools are kept by gateway
role and closed when a project has been idle; errors come out as KapokError, the server's words chained for the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

from kapok.errors import KapokError
from kapok.execute.failures import STALE_PLAN, ConnectionLost, StalePlan, StatementFailed, public_error
from kapok.execute.pool import Pool, PoolSettings
from kapok.execute.segment import RecordedSegment, Row, Segment
from kapok.execute.session import preamble_parameters, write_preamble_parameters
from kapok.execute.write_run import WriteRun
from kapok.principal import Principal
from kapok.query.write_operation import WriteOperation
from kapok.tenancy import TenantRef

#: A project's pool is closed after so many seconds without a request.
IDLE_POOL_SECONDS = 300.0
#: A read is tried so often: each of a pool's connections may have ended, or been tampered with, unnoticed.
ATTEMPTS = 12


def translated(failure: StatementFailed) -> KapokError | StalePlan:
    """What a failed statement means to the caller."""
    return StalePlan() if failure.sqlstate in STALE_PLAN else public_error(failure.sqlstate)


class Runner:
    """Pools by gateway role. conninfo_for: gateway role -> libpq connection string with its password."""

    def __init__(self, conninfo_for: Callable[[str], str], settings: PoolSettings | None = None) -> None:
        self._conninfo_for = conninfo_for
        self._settings = settings or PoolSettings()
        self._pools: dict[str, Pool] = {}
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def pools(self) -> dict[str, Pool]:
        """The open pools by gateway role."""
        return self._pools

    def use(self) -> tuple[int, int, int]:
        """Over all pools: connections open, in use, segments waiting."""
        pools = self._pools.values()
        return sum(p.open for p in pools), sum(p.in_use for p in pools), sum(p.waiting for p in pools)

    async def start(self) -> None:
        """Start the once-a-second housekeeping."""
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Stop housekeeping and close every pool."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeper
        for pool in list(self._pools.values()):
            await pool.close()
        self._pools.clear()

    async def read(
        self,
        tenant: TenantRef,
        principal: Principal,
        request_id: str,
        template: str,
        parameters: Sequence[bytes | None],
        record: Sequence[bytes] | None = None,
    ) -> Row:
        """Run one read-only statement. record: as in `submit`. Raises StalePlan, or KapokError for everything else
        that can go wrong."""
        for attempt in range(ATTEMPTS):
            try:
                return await self._answer(tenant, principal, request_id, template, parameters, record)
            except ConnectionLost as exc:
                # A restarted server is not an error to the caller: a read may run again.
                if attempt == ATTEMPTS - 1:
                    raise KapokError("DATABASE_UNAVAILABLE") from exc
            except StatementFailed as exc:
                raise translated(exc) from exc
        raise AssertionError("unreachable")

    async def _answer(
        self,
        tenant: TenantRef,
        principal: Principal,
        request_id: str,
        template: str,
        parameters: Sequence[bytes | None],
        record: Sequence[bytes] | None,
    ) -> Row:
        answer: asyncio.Future[Row] = asyncio.get_running_loop().create_future()

        def done(segment: Segment) -> None:
            if answer.done():  # the caller was cancelled
                return
            if segment.error is not None:
                answer.set_exception(segment.error)
            elif segment.row is not None:
                answer.set_result(segment.row)

        segment = self.submit(tenant, principal, request_id, template, parameters, done, record)
        try:
            return await answer
        except asyncio.CancelledError:
            segment.abandoned = True
            raise

    def submit(
        self,
        tenant: TenantRef,
        principal: Principal,
        request_id: str,
        template: str,
        parameters: Sequence[bytes | None],
        done: Callable[[Segment], None],
        record: Sequence[bytes] | None = None,
    ) -> Segment:
        """Start one read-only statement, once. done: called with the segment when it has its row, or an error:
        StatementFailed (see `translated`), ConnectionLost, or KapokError. record: parameters of its record, without
        which there is no row (kapok.query.read_record)."""
        seconds = tenant.limits.statement_ms / 1000
        if record is None:
            preamble = preamble_parameters(tenant, principal)
            segment = Segment(tenant.schema, template, parameters, preamble, seconds=seconds, done=done)
        else:
            preamble = write_preamble_parameters(tenant, principal, request_id)
            segment = RecordedSegment(tenant.schema, template, parameters, preamble, record, seconds=seconds, done=done)
        self._pool(tenant.gateway_role).submit(segment)
        return segment

    async def write(
        self,
        tenant: TenantRef,
        principal: Principal,
        request_id: str,
        operation: WriteOperation,
        bound: Sequence[Sequence[bytes | None]],
        record: Sequence[bytes] | None = None,
    ) -> list[Row]:
        """Run a mutation in one transaction: the row of each statement. bound: the parameters of each. record: as in
        `submit`. Raises
        StalePlan, or KapokError for everything else that can go wrong; nothing is written then, but for
        WRITE_OUTCOME_UNKNOWN."""
        answer: asyncio.Future[list[Row]] = asyncio.get_running_loop().create_future()

        def done(run: WriteRun) -> None:
            if answer.done():  # the caller was cancelled
                return
            if run.rows is not None:
                answer.set_result(run.rows)
            elif run.error is not None:
                answer.set_exception(run.error)

        run = self.submit_write(tenant, principal, request_id, operation, bound, done, record)
        try:
            return await answer
        except asyncio.CancelledError:
            run.abandon()
            raise

    def submit_write(
        self,
        tenant: TenantRef,
        principal: Principal,
        request_id: str,
        operation: WriteOperation,
        bound: Sequence[Sequence[bytes | None]],
        done: Callable[[WriteRun], None],
        record: Sequence[bytes] | None = None,
    ) -> WriteRun:
        """Start a mutation. record: as in `submit`. done: called once, when it has its rows or its error (KapokError,
        StalePlan)."""
        run = WriteRun(
            self._pool(tenant.gateway_role),
            tenant.schema,
            operation,
            bound,
            write_preamble_parameters(tenant, principal, request_id),
            tenant.limits.statement_ms / 1000,
            done,
            record,
        )
        run.start()
        return run

    def _pool(self, role: str) -> Pool:
        pool = self._pools.get(role)
        if pool is None:
            pool = self._pools[role] = Pool(self._conninfo_for(role), self._settings)
        return pool

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(1)
            now = monotonic()
            for role, pool in list(self._pools.items()):
                pool.sweep(now)
                if now - pool.used_at > IDLE_POOL_SECONDS and not pool.in_use and not pool.waiting:
                    del self._pools[role]
                    await pool.close()
