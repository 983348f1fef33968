"""Slowing down those who guess: attempts are counted before they are made, and no longer once they succeed, so that
many at once are as many as one after another.

In: what is tried (an address, an account). Out: RATE_LIMITED once there were too many. The count lives in Redis; while
Redis is away each process counts for itself, in so much memory and no more: neither open to guessing nor closed to
everybody.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import redis
from django.conf import settings
from redis.exceptions import RedisError

from kapok.errors import KapokError

log = logging.getLogger(__name__)

#: How long Redis may take to answer (a busy machine must not make each process count for itself), and how long it is
#: left alone after it did not, in seconds.
REDIS_TIMEOUT = 1.0
REDIS_REST = 1.0
#: Most keys a process counts for itself.
MAX_OWN_KEYS = 50_000

_HIT = """
    local counts = {}
    for i, key in ipairs(KEYS) do
        local count = redis.call('incr', key)
        if count == 1 then redis.call('expire', key, ARGV[i]) end
        counts[i] = {count, redis.call('ttl', key)}
    end
    return counts
"""
_REFUND = """
    for _, key in ipairs(KEYS) do
        local count = tonumber(redis.call('get', key) or '0')
        if count > 0 then redis.call('decr', key) end
    end
"""


class Counter:
    """Counts in Redis, or, while that is away, in this process."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT)
        self._away_until = 0.0
        self._own: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def hit(self, names: Sequence[str], seconds: Sequence[int]) -> list[tuple[int, int]]:
        """For each name the count with this attempt, and how many seconds of its window are left."""
        if time.monotonic() >= self._away_until:
            try:
                counts: Any = self._redis.eval(_HIT, len(names), *names, *seconds)
            except (RedisError, OSError):
                self._lost()
            else:
                return [(int(count), int(left)) for count, left in counts]
        return [self._own_hit(name, window) for name, window in zip(names, seconds, strict=True)]

    def refund(self, names: Sequence[str]) -> None:
        """One attempt less for each."""
        if time.monotonic() >= self._away_until:
            try:
                self._redis.eval(_REFUND, len(names), *names)
            except (RedisError, OSError):
                self._lost()
        with self._lock:
            for name in names:
                count, ends = self._own.get(name, (0, 0.0))
                if count > 0:
                    self._own[name] = (count - 1, ends)

    def _lost(self) -> None:
        log.warning("sign-ins are counted by each process for itself: Redis is away")
        self._away_until = time.monotonic() + REDIS_REST

    def _own_hit(self, name: str, seconds: int) -> tuple[int, int]:
        now = time.monotonic()
        with self._lock:
            count, ends = self._own.get(name, (0, 0.0))
            if ends <= now:
                count, ends = 0, now + seconds
            if len(self._own) >= MAX_OWN_KEYS:
                self._make_room(now)
            self._own[name] = (count + 1, ends)
        return count + 1, int(ends - now)

    def _make_room(self, now: float) -> None:
        """Windows that are over go, else the oldest tenth: not all, or who fills the memory could guess on."""
        self._own = {name: kept for name, kept in self._own.items() if kept[1] > now}
        if len(self._own) >= MAX_OWN_KEYS:
            for name in list(islice(self._own, MAX_OWN_KEYS // 10 + 1)):
                del self._own[name]


@cache
def counter() -> Counter:
    """This process's counter."""
    return Counter(settings.REDIS_URL)


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """At most `failures` in any window of `seconds` for one key."""

    name: str
    failures: int
    seconds: int

    def hit(self, key: str) -> None:
        """Count an attempt. Raises RATE_LIMITED, with `retryAfter` in seconds, when there were too many."""
        [(count, left)] = counter().hit([self._name_of(key)], [self.seconds])
        if count > self.failures:
            raise KapokError("RATE_LIMITED", details={"retryAfter": max(1, left)})

    def refund(self, key: str) -> None:
        """The attempt succeeded: it counts no more."""
        counter().refund([self._name_of(key)])

    def _name_of(self, key: str) -> str:
        # Hashed, so that what a caller sends cannot become a strange or long key.
        return f"kapok:failures:{self.name}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"


#: Wrong tokens from one address.
TOKENS = FailureLimit("token", failures=30, seconds=60)
#: Wrong passwords for one account from one address, and from one address for all accounts.
ACCOUNT_PASSWORDS = FailureLimit("password-account", failures=10, seconds=300)
ADDRESS_PASSWORDS = FailureLimit("password-address", failures=50, seconds=300)
