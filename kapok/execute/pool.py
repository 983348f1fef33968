"""The connections of one gateway role.

In: segments to run. Out: their rows. Connections open when they are needed, up to a limit; a segment goes to the least
busy one, and waits in a bounded queue when all are as deep as allowed. Multiplexing is bounded (`depth`) and only for
segments the caller calls quick: see docs/adr/0002.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass

import psycopg

from kapok.errors import KapokError
from kapok.execute.connection import Connection
from kapok.execute.segment import Segment
from kapok.execute.session import PREAMBLE

log = logging.getLogger("kapok.execute")


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """size: connections of one gateway role. depth: quick segments at once on one connection. queue: segments that may
    wait. slots: prepared statements a connection. Times are seconds."""

    size: int = 8
    depth: int = 1
    queue: int = 1000
    slots: int = 300
    max_age: float = 1800.0
    wait: float = 10.0
    retry_after: float = 0.5


class Pool:
    """Connections of one role. All methods belong to one event loop."""

    def __init__(self, conninfo: str, settings: PoolSettings) -> None:
        self._conninfo = conninfo
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._connections: list[Connection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: deque[Segment] = deque()
        self._failed_at = float("-inf")
        self.used_at = self._loop.time()

    @property
    def in_use(self) -> int:
        """Connections with a segment under way."""
        return sum(1 for connection in self._connections if connection.depth)

    @property
    def open(self) -> int:
        """Open connections."""
        return len(self._connections)

    @property
    def waiting(self) -> int:
        """Segments waiting for a connection."""
        return len(self._waiting)

    def submit(self, segment: Segment) -> None:
        """Run a segment; its future gives the row or raises StatementFailed, ConnectionLost, or KapokError
        (OVERLOADED, DATABASE_UNAVAILABLE)."""
        self.used_at = segment.since
        connection = None if self._waiting else self._pick(segment.quick)
        if connection is not None:
            connection.send(segment)
        elif len(self._waiting) >= self._settings.queue:
            segment.fail(KapokError("OVERLOADED"))
        elif not self._connections and self._loop.time() - self._failed_at < self._settings.retry_after:
            segment.fail(KapokError("DATABASE_UNAVAILABLE"))
        else:
            self._waiting.append(segment)
            self._grow()

    def _pick(self, quick: bool) -> Connection | None:
        """An idle connection, or for a quick segment the least deep one that runs quick ones only."""
        best: Connection | None = None
        lowest = self._settings.depth if quick else 1
        for connection in self._connections:
            depth = connection.depth
            if depth == 0:
                return connection
            if depth < lowest and connection.shares():
                best, lowest = connection, depth
        if best is not None:
            self._grow()
        return best

    def _grow(self) -> None:
        if len(self._connections) + len(self._opening) < self._settings.size:
            task = self._loop.create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        try:
            connection = await Connection.connect(
                self._conninfo, preamble=PREAMBLE, slots=self._settings.slots, on_free=self._on_free
            )
        except (psycopg.Error, OSError) as exc:
            self._failed_at = self._loop.time()
            log.warning("a database connection could not be opened", exc_info=exc)
            # Where nobody can be served, refuse at once instead of letting callers wait for the time-out.
            if not self._connections and len(self._opening) <= 1:
                self._refuse_waiting(KapokError("DATABASE_UNAVAILABLE"))
            return
        self._connections.append(connection)
        self._on_free(connection)

    def _on_free(self, connection: Connection) -> None:
        """A connection has answered a segment, was just opened, or is lost."""
        if connection.closed:
            if connection in self._connections:
                self._connections.remove(connection)
            if self._waiting:
                self._grow()
            return
        while self._waiting:
            segment = self._waiting[0]
            if segment.future.done():
                self._waiting.popleft()
            elif connection.depth == 0 or (
                segment.quick and connection.depth < self._settings.depth and connection.shares()
            ):
                connection.send(self._waiting.popleft())
            else:
                return
        if not connection.depth and self._loop.time() - connection.opened_at > self._settings.max_age:
            connection.close()

    def _refuse_waiting(self, error: KapokError) -> None:
        waiting, self._waiting = self._waiting, deque()
        for segment in waiting:
            segment.fail(error)

    def sweep(self, now: float) -> None:
        """Once a second: give up connections that do not answer and callers that have waited too long."""
        for connection in list(self._connections):
            if connection.overdue(now):
                connection.close("no answer in time")
        while self._waiting and self._waiting[0].since + self._settings.wait < now:
            self._waiting.popleft().fail(KapokError("OVERLOADED"))
        if self._waiting:
            self._grow()

    async def close(self) -> None:
        """Close every connection; what is under way fails."""
        opening = list(self._opening)
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        self._refuse_waiting(KapokError("DATABASE_UNAVAILABLE"))
        for connection in list(self._connections):
            connection.close()
