"""One mutation on its way: sent, sent again where that is safe, and its end told once.

In: an operation with its bound parameters. Out: the rows of its statements, or an error. A transaction that met a
concurrent one has been rolled back and runs again, a few times. One whose connection is lost after it was sent may have
been committed: it never runs again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from kapok.errors import KapokError
from kapok.execute.failures import STALE_PLAN, ConnectionLost, NotRun, StalePlan, StatementFailed, record_error
from kapok.execute.pool import Pool
from kapok.execute.segment import Row, Segment, WriteSegment
from kapok.execute.write_failures import write_error
from kapok.query.read_record import RECORD
from kapok.query.write_operation import WriteOperation

#: serialization_failure and deadlock_detected.
RETRIED = frozenset({"40001", "40P01"})
RETRIES = 3
#: Before a transaction runs again, up to so many seconds more each time: the others should get through first.
PAUSE_SECONDS = 0.02
#: Each of a pool's connections may have ended, or been tampered with, unnoticed.
CONNECTIONS = 12


class WriteRun:
    """One mutation of a request. rows or error is there when done is called, once, with this. record: parameters of the
    record of what it reads, which is then the transaction's last statement."""

    def __init__(
        self,
        pool: Pool,
        schema: str,
        operation: WriteOperation,
        bound: Sequence[Sequence[bytes | None]],
        preamble: Sequence[bytes],
        seconds: float,
        done: Callable[[WriteRun], None],
        record: Sequence[bytes] | None = None,
    ) -> None:
        self._pool = pool
        self._schema = schema
        self._operation = operation
        self._statements: list[tuple[str, Sequence[bytes | None]]] = [
            (s.template, given) for s, given in zip(operation.statements, bound, strict=True)
        ]
        self._recorded = record is not None
        if record is not None:
            self._statements.append((RECORD, record))
        self._preamble = preamble
        self._seconds = seconds
        self._done = done
        self._retries = RETRIES
        self._connections = CONNECTIONS
        self._segment: WriteSegment | None = None
        self.abandoned = False
        self.rows: list[Row] | None = None
        self.error: KapokError | StalePlan | None = None

    def start(self) -> None:
        """Send it."""
        if self.abandoned:
            return
        self._segment = WriteSegment(
            self._schema, self._statements, self._preamble, seconds=self._seconds, done=self._ended
        )
        self._pool.submit(self._segment)

    def abandon(self) -> None:
        """The caller has gone: what has not been sent yet is not sent any more."""
        self.abandoned = True
        if self._segment is not None:
            self._segment.abandoned = True

    def _ended(self, segment: Segment) -> None:
        assert isinstance(segment, WriteSegment)
        failure = segment.error
        if failure is None:
            self.rows = segment.rows
        elif self._again(failure):
            return
        else:
            self.error = self._meaning(failure, segment.failed)
            if self.error is not failure:
                self.error.__cause__ = failure
        self._done(self)

    def _again(self, failure: BaseException) -> bool:
        """Run it again, if nothing of it can have been committed."""
        loop = asyncio.get_running_loop()
        if isinstance(failure, StatementFailed) and failure.sqlstate in RETRIED and self._retries:
            self._retries -= 1
            loop.call_later(random.random() * PAUSE_SECONDS * (RETRIES - self._retries), self.start)
            return True
        if isinstance(failure, NotRun) and self._connections:
            self._connections -= 1
            loop.call_soon(self.start)
            return True
        return False

    def _meaning(self, failure: BaseException, statement: int) -> KapokError | StalePlan:
        match failure:
            case KapokError():
                return failure
            case StatementFailed() if self._recorded and statement == len(self._operation.statements):
                return record_error(failure.sqlstate)
            case StatementFailed() if failure.sqlstate in STALE_PLAN:
                return StalePlan()
            case StatementFailed():
                return write_error(failure, self._operation, statement)
            case NotRun():
                return KapokError("DATABASE_UNAVAILABLE")
            case ConnectionLost():
                return KapokError("WRITE_OUTCOME_UNKNOWN")
            case _:
                return KapokError("INTERNAL_SERVER_ERROR")
