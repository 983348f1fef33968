"""Work on logs that must not keep sealing waiting: what asks others over a network.

In: what to do with a log, and which log. Out: it is done soon, by threads, each with a connection of its own; what
fails is tried again.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable

import psycopg

from apps.audit.logs import LogRef, log_of
from apps.audit.sealing_state import Session

log_lines = logging.getLogger("kapok.audit")

#: What failed is tried again after so many seconds.
RETRY_SECONDS = 15.0

#: Does it. Out: in how many seconds it wants to be called again, None for not. Raises OSError, psycopg.Error.
Act = Callable[[Session, LogRef], float | None]


class Background:
    """One kind of work. A log is worked on by one thread at a time."""

    def __init__(self, name: str, conninfo: str, act: Act, threads: int) -> None:
        self._name, self._conninfo, self._act, self._count = name, conninfo, act, threads
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        #: The logs whose turn is to come, by their schema: when, as a heap.
        self._due: list[tuple[float, str]] = []
        self._planned: set[str] = set()
        #: The logs that are worked on, and whether somebody has asked for them meanwhile.
        self._busy: dict[str, bool] = {}
        self._closed = False

    def soon(self, log: LogRef) -> None:
        """Do it with this log; where its turn is to come anyway, then."""
        with self._changed:
            if log.schema in self._busy:
                self._busy[log.schema] = True
            elif log.schema not in self._planned:
                self._plan(log.schema, 0.0)
            if len(self._threads) < min(self._count, len(self._planned)):
                thread = threading.Thread(target=self._run, name=f"kapok {self._name}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def drain(self, seconds: float) -> bool:
        """Wait until no log's turn is now. Out: whether it came to that in so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy and self._wait() != 0.0, seconds)

    def close(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(RETRY_SECONDS)

    def _run(self) -> None:
        session: Session | None = None
        while (schema := self._taken()) is not None:
            again: float | None = RETRY_SECONDS
            try:
                if session is None or session.closed:
                    session = psycopg.connect(self._conninfo, autocommit=True)
                again = self._act(session, log_of(schema))
            except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
                again = None  # the tenant was deleted meanwhile
            except (OSError, psycopg.Error) as exc:
                log_lines.debug("%s: the log in %s is tried again: %s", self._name, schema, exc)
            except Exception:  # whatever it is: a thread that ended would never be missed
                log_lines.exception("%s: the log in %s is tried again", self._name, schema)
            finally:
                self._done(schema, again)
        if session is not None:
            session.close()

    def _taken(self) -> str | None:
        """Wait for the next log; None at the end."""
        with self._changed:
            while not self._closed:
                if (wait := self._wait()) != 0.0:
                    self._changed.wait(wait)
                    continue
                _, schema = heapq.heappop(self._due)
                self._planned.discard(schema)
                self._busy[schema] = False
                return schema
            return None

    def _wait(self) -> float | None:
        """How long until the next log's turn, in seconds; None while there is none."""
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def _done(self, schema: str, again: float | None) -> None:
        with self._changed:
            asked = self._busy.pop(schema)
            if again is not None or asked:
                self._plan(schema, again or 0.0)
            self._changed.notify_all()

    def _plan(self, schema: str, seconds: float) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, schema))
        self._planned.add(schema)
        self._changed.notify_all()
