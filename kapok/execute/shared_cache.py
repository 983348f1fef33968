"""What gateways share through Redis, and can do without.

In: keys and bytes. Out: the bytes, or None. Never raises for Redis being away: it is left alone for a second after a
failure, so that a dead Redis costs a request nothing.
"""

from __future__ import annotations

import logging
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger("kapok.execute")

PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 0.5


class SharedCache:
    """A cache in Redis that degrades to no cache. url: redis://..., or "" for none."""

    def __init__(self, url: str) -> None:
        self._redis: Redis | None = (
            Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS) if url else None
        )
        self._away_until = 0.0

    async def get(self, key: str) -> bytes | None:
        """The value, or None when there is none or Redis is away."""
        redis = self._usable()
        if redis is None:
            return None
        try:
            value = await redis.get(key)
            return value.encode() if isinstance(value, str) else value
        except (RedisError, OSError, TimeoutError) as exc:
            self._pause(exc)
            return None

    async def put(self, key: str, value: bytes, seconds: int) -> None:
        """Keep a value for so many seconds."""
        redis = self._usable()
        if redis is None:
            return
        try:
            await redis.set(key, value, ex=seconds)
        except (RedisError, OSError, TimeoutError) as exc:
            self._pause(exc)

    async def delete(self, *keys: str) -> None:
        """Forget values."""
        redis = self._usable()
        if redis is None or not keys:
            return
        try:
            await redis.delete(*keys)
        except (RedisError, OSError, TimeoutError) as exc:
            self._pause(exc)

    async def ping(self) -> bool:
        """Whether Redis answers now."""
        if self._redis is None:
            return False
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError, TimeoutError):
            return False

    async def close(self) -> None:
        """Close the connections."""
        if self._redis is not None:
            await self._redis.aclose()

    def _usable(self) -> Redis | None:
        return self._redis if time.monotonic() >= self._away_until else None

    def _pause(self, exc: BaseException) -> None:
        self._away_until = time.monotonic() + PAUSE_SECONDS
        log.warning("Redis is away; going on without the shared cache", exc_info=exc)
