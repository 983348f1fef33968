"""The connections of one gateway role, shared fairly by its tenants.

In: segments to run. Out: their rows. Connections open when they are needed, up to a limit. One tenant never holds all
of them, so one whose tables are locked holds up only itself; who waits is served in turns of tenants. Each tenant has a
home, the connection it is given where it is free or soon will be: its statements are prepared there, and Postgres has
its tables in that backend's caches. Where a tenant has its share and nobody else waits, its next reads are sent behind
those under way, so that a backend goes from one to the next without a pause.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from dataclasses import dataclass
from itertools import islice
from time import monotonic

import psycopg

from kapok.errors import KapokError
from kapok.execute.connection import Connection
from kapok.execute.segment import Segment

log = logging.getLogger("kapok.execute")

#: How many of the waiting tenants that there is room for are looked at. More than can have their share at once, so that
#: one that may run is always found.
_LOOK_AHEAD = 16
#: A connection is tried so often before it counts as one that cannot be opened, so many seconds apart, as long as a try
#: fails within so many.
OPEN_TRIES, OPEN_AGAIN_SECONDS, OPEN_FAILS_SECONDS = 4, 0.05, 0.5


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """size: connections of one gateway role. readers, writers: how many of them read, and write, at once; more only
    push each other out of the processors' caches, but the more there are, the more tenants find their home idle. More
    writes than reads, because they wait for the disk, and those that wait together share a flush. spare: how many of
    either one tenant alone may not take. queue: segments that may wait. slots: prepared statements a
    connection. patience: how long a read waits for its tenant's home while others are free, or for the read it was sent
    behind. Times are seconds."""

    size: int = 20
    readers: int = 10
    writers: int = 12
    spare: int = 2
    queue: int = 1000
    slots: int = 300
    patience: float = 0.005
    max_age: float = 1800.0
    wait: float = 10.0
    retry_after: float = 0.5


class Pool:
    """Connections of one role. All methods belong to one event loop."""

    def __init__(self, conninfo: str, settings: PoolSettings) -> None:
        self._conninfo = conninfo
        self._settings = settings
        # By whether a segment writes: how many at once, and of one tenant.
        self._limits = tuple(max(1, min(most, settings.size)) for most in (settings.readers, settings.writers))
        self._shares = tuple(max(1, limit - settings.spare) for limit in self._limits)
        self._loop = asyncio.get_running_loop()
        self._connections: list[Connection] = []
        # The most recently used last: its caches are warm, and the others may age.
        self._idle: list[Connection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._later: asyncio.TimerHandle | None = None
        # Segments under way, by whether they write, and by tenant; those waiting, the tenant next in turn first.
        self._at_work = [0, 0]
        self._running: dict[str, int] = {}
        self._waiting: OrderedDict[str, deque[Segment]] = OrderedDict()
        self._failed_at = float("-inf")
        self.waiting = 0
        self.used_at = monotonic()

    @property
    def in_use(self) -> int:
        """Connections with a segment under way."""
        return len(self._connections) - len(self._idle)

    @property
    def open(self) -> int:
        """Open connections."""
        return len(self._connections)

    def submit(self, segment: Segment) -> None:
        """Run a segment; it ends with the row, or with StatementFailed, ConnectionLost or KapokError (OVERLOADED,
        DATABASE_UNAVAILABLE), perhaps before this returns."""
        self.used_at = segment.since
        if not self._may_run(segment):
            if not self.waiting and self._send_behind(segment):
                return
        elif self._idle and segment.schema not in self._waiting:
            connection = self._place(segment)
            if connection is not None:
                self._send(connection, segment)
                return
        if self.waiting >= self._settings.queue:
            segment.fail(KapokError("OVERLOADED"))
        elif not self._connections and monotonic() - self._failed_at < self._settings.retry_after:
            segment.fail(KapokError("DATABASE_UNAVAILABLE"))
        else:
            self._waiting.setdefault(segment.schema, deque()).append(segment)
            self.waiting += 1
            if self._idle:
                self._serve_later()
            else:
                self._grow()

    def _may_run(self, segment: Segment) -> bool:
        return self._running.get(segment.schema, 0) < self._shares[segment.writes] and self._has_room(segment)

    def _has_room(self, segment: Segment) -> bool:
        return self._at_work[segment.writes] < self._limits[segment.writes]

    def _place(self, segment: Segment) -> Connection | None:
        """The idle connection for a segment: the tenant's home; one that has prepared the statement; the one used last.
        Before the last, a read waits for its home a moment, if no other waits for that: a statement that is prepared
        there costs a fraction of one that is not, and the processors have others to serve."""
        home = self._home(segment.schema)
        if home in self._idle:
            return home
        for connection in reversed(self._idle):
            if connection.knows(segment):
                return connection
        if not segment.writes and monotonic() - segment.since < self._settings.patience:
            if home.awaited_by is None:
                home.awaited_by = segment
            if home.awaited_by is segment:
                return None
        return self._idle[-1]

    def _home(self, schema: str) -> Connection:
        return self._connections[hash(schema) % len(self._connections)]

    def _send(self, connection: Connection, segment: Segment) -> None:
        self._idle.remove(connection)
        self._running[segment.schema] = self._running.get(segment.schema, 0) + 1
        self._at_work[segment.writes] += 1
        connection.send(segment)

    def _send_behind(self, segment: Segment) -> bool:
        """Send a read behind one of its own tenant's, if there is one to stand behind."""
        for connection in self._connections:
            if connection.takes_behind(segment, self._settings.patience):
                connection.send(segment)
                self._serve_later()
                return True
        return False

    def _follow(self, connection: Connection) -> None:
        """A connection has begun with what stood behind: the tenant's next read may stand there, if no other waits."""
        if len(self._waiting) != 1:
            return
        [(schema, queue)] = self._waiting.items()
        if not queue[0].abandoned and connection.takes_behind(queue[0], self._settings.patience):
            segment = self._take_turn(schema)
            assert segment is not None
            connection.send(segment)
            self._serve_later()

    def _take_back(self) -> None:
        """Reads that stand behind one that takes long go back to the head of their queue."""
        before = monotonic() - self._settings.patience
        for connection in self._connections:
            segment = connection.take_back(before)
            if segment is not None:
                self._waiting.setdefault(segment.schema, deque()).appendleft(segment)
                self.waiting += 1
        if any(connection.followed for connection in self._connections):
            self._serve_later()

    def _on_free(self, connection: Connection, segment: Segment | None) -> None:
        """A connection has answered a segment, was just opened, or is lost."""
        if connection.busy:
            self._follow(connection)
            return
        if segment is not None:
            self._at_work[segment.writes] -= 1
            running = self._running[segment.schema] - 1
            if running:
                self._running[segment.schema] = running
            else:
                del self._running[segment.schema]
        connection.awaited_by = None
        if not connection.closed:
            self._idle.append(connection)
        else:
            if connection in self._connections:
                self._connections.remove(connection)
            if connection in self._idle:
                self._idle.remove(connection)
            if self.waiting:
                self._grow()
        if self.waiting:
            self._serve()

    def _serve(self) -> None:
        """Give the idle connections to those who wait."""
        while self._idle and self.waiting:
            found = self._turn()
            if found is None:
                self._serve_later()
                return
            schema, connection = found
            segment = self._take_turn(schema)
            if segment is not None:
                self._send(connection, segment)

    def _serve_later(self) -> None:
        """Who waits for a home, or behind another read, does so for a moment only."""
        if self._later is None:
            self._later = self._loop.call_later(self._settings.patience, self._serve_now)

    def _serve_now(self) -> None:
        self._later = None
        self._take_back()
        self._serve()

    def _turn(self) -> tuple[str, Connection] | None:
        """The tenant whose turn it is, and where; None where those next have their share or wait for their homes."""
        # However many wait to write, somebody behind them who reads is found, and the other way round.
        startable = (item for item in self._waiting.items() if self._has_room(item[1][0]))
        for schema, queue in islice(startable, _LOOK_AHEAD):
            if self._may_run(queue[0]):
                connection = self._place(queue[0])
                if connection is not None:
                    return schema, connection
        return None

    def _take_turn(self, schema: str) -> Segment | None:
        """The tenant's next segment that somebody still wants; the tenant is last in turn then."""
        queue = self._waiting.pop(schema)
        while queue:
            segment = queue.popleft()
            self.waiting -= 1
            if not segment.abandoned:
                if queue:
                    self._waiting[schema] = queue
                return segment
        return None

    def _grow(self) -> None:
        if not self._idle and len(self._connections) + len(self._opening) < self._settings.size:
            self._opening.add(self._loop.create_task(self._open()))

    async def _open(self) -> None:
        connection = None
        try:
            connection = await self._connected()
        except (psycopg.Error, OSError) as exc:
            self._failed_at = monotonic()
            log.warning("a database connection could not be opened", exc_info=exc)
        finally:
            # Not when the task is done: who is refused below may ask again before that.
            task = asyncio.current_task()
            assert task is not None
            self._opening.discard(task)
        if connection is not None:
            self._connections.append(connection)
            self._on_free(connection, None)
        elif not self._connections and not self._opening:
            # Where nobody can be served, refuse at once instead of letting callers wait for the time-out.
            self._refuse_waiting(KapokError("DATABASE_UNAVAILABLE"))

    async def _connected(self) -> Connection:
        """A new connection. What fails in no time is tried again: a server that ends its sessions may have ended this
        one while it was being opened, and the next, too."""
        for tries_left in reversed(range(OPEN_TRIES)):
            started = monotonic()
            try:
                return await Connection.connect(self._conninfo, slots=self._settings.slots, on_free=self._on_free)
            except (psycopg.Error, OSError):
                if not tries_left or monotonic() - started > OPEN_FAILS_SECONDS:
                    raise
            await asyncio.sleep(OPEN_AGAIN_SECONDS)
        raise AssertionError("the last try returns or raises")

    def _refuse_waiting(self, error: KapokError) -> None:
        waiting, self._waiting, self.waiting = self._waiting, OrderedDict(), 0
        for queue in waiting.values():
            for segment in queue:
                segment.fail(error)

    def sweep(self, now: float) -> None:
        """Once a second: give up connections that do not answer and callers that have waited too long."""
        for connection in list(self._connections):
            if connection.overdue(now):
                connection.close("no answer in time")
            elif not connection.busy and now - connection.opened_at > self._settings.max_age:
                connection.close()
        for schema, queue in list(self._waiting.items()):
            while queue and queue[0].since + self._settings.wait < now:
                queue.popleft().fail(KapokError("OVERLOADED"))
                self.waiting -= 1
            if not queue:
                del self._waiting[schema]
        if self.waiting:
            self._grow()

    async def close(self) -> None:
        """Close every connection; what is under way fails."""
        opening = list(self._opening)
        for task in opening:
            task.cancel()
        if self._later is not None:
            self._later.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        self._refuse_waiting(KapokError("DATABASE_UNAVAILABLE"))
        for connection in list(self._connections):
            connection.close()
