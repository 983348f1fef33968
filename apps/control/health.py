"""How the platform's parts are doing, for the dashboard and `kapok status`. In: nothing. Out: `Health`."""

from __future__ import annotations

from dataclasses import dataclass

from celery import current_app
from django.core.cache import cache
from django.db import Error, connection
from kombu.exceptions import OperationalError as QueueUnavailable
from redis.exceptions import RedisError

#: How long workers have to answer, in seconds.
PING_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Health:
    """database, redis: a version, or what is wrong. workers: how many answered."""

    database: str
    redis: str
    workers: int

    @property
    def problems(self) -> list[str]:
        """One sentence for everything that is wrong."""
        found = [text for text in (self.database, self.redis) if text.startswith("cannot")]
        if not self.workers:
            found.append("no worker answers: jobs wait")
        return found


def health() -> Health:
    """Ask everything now."""
    redis = _redis()
    return Health(_database(), redis, 0 if redis.startswith("cannot") else _workers())


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("show server_version")
            return f"PostgreSQL {cursor.fetchone()[0].split()[0]}"
    except Error:
        return "cannot reach the database"


def _redis() -> str:
    try:
        cache.get("kapok:health")
    except RedisError:
        return "cannot reach Redis"
    return "ok"


def _workers() -> int:
    try:
        return len(current_app.control.ping(timeout=PING_SECONDS) or [])
    except (QueueUnavailable, OSError, RedisError):
        return 0
