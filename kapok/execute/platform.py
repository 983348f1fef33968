"""The data plane's view of the platform's own tables: a small pool for look-ups, and a listener for changes.

In: SQL with bound parameters; channels to listen to. Out: rows; notifications handed to a callback. While the listener
is not connected, `listening` is False and caches must not be trusted for long. LISTEN needs a session of its own, so
the listener's connection string must not lead through a transaction pooler.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from kapok.errors import KapokError

log = logging.getLogger("kapok.execute")

RETRY_SECONDS = 0.5


class Platform:
    """Look-ups in the platform's database. conninfo: the platform role's connection string."""

    def __init__(self, conninfo: str, *, size: int = 2) -> None:
        self._conninfo = conninfo
        self._pool = AsyncConnectionPool(
            conninfo, min_size=1, max_size=size, open=False, timeout=3.0, kwargs={"autocommit": True}
        )
        self._listener: asyncio.Task[None] | None = None
        self.listening = False

    async def start(
        self, channels: Sequence[str], notified: Callable[[str, str], None], lost: Callable[[], None]
    ) -> None:
        """Open the pool and listen. notified(channel, payload): on each notification. lost(): whenever notifications
        may have been missed. Returns at once, also when the database is down: it reconnects."""
        await self._pool.open(wait=False)
        self._listener = asyncio.create_task(self._listen(channels, notified, lost))

    async def stop(self) -> None:
        """Stop listening and close the pool."""
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
        await self._pool.close()

    async def fetch(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement with $1, $2 ... as placeholders. Raises KapokError DATABASE_UNAVAILABLE."""
        try:
            async with self._pool.connection() as connection:
                cursor = psycopg.AsyncRawCursor(connection)
                await cursor.execute(statement.encode(), parameters)
                return await cursor.fetchall()
        except (psycopg.OperationalError, PoolTimeout) as exc:
            raise KapokError("DATABASE_UNAVAILABLE") from exc

    async def _listen(
        self, channels: Sequence[str], notified: Callable[[str, str], None], lost: Callable[[], None]
    ) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    for channel in channels:
                        await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                    lost()  # whatever changed before this moment was not heard
                    self.listening = True
                    async for notification in connection.notifies():
                        notified(notification.channel, notification.payload)
            except (psycopg.Error, OSError) as exc:
                log.warning("the listener's connection is lost", exc_info=exc)
            finally:
                self.listening = False
                lost()
            await asyncio.sleep(RETRY_SECONDS)
