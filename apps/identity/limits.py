"""Rate limits: attempts are counted in Redis, before they are made.

In: what is limited, a key (an account, an address) and the most attempts. Out: RATE_LIMITED with `retryAfter` in
seconds, or nothing. An attempt counts until it succeeds, so that a thousand guesses at once are as many as one after
another. While Redis is away each process counts for itself: neither open to guessing nor closed to everybody.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.exceptions import RedisError

from kapok.errors import KapokError
from kapok.networks import network_of as network_of

log = logging.getLogger("kapok.identity")

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


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many attempts in any `seconds` for one key; the window begins with its first attempt."""

    name: str
    seconds: int

    def hit(self, *key: object, most: int) -> None:
        """Count an attempt. Raises RATE_LIMITED when there are too many."""
        hit_all([(self, key, most)])

    def refund(self, *key: object) -> None:
        """The attempt succeeded: it counts no more."""
        refund_all([(self, key, 0)])

    def name_of(self, key: tuple[object, ...]) -> str:
        """The key in Redis: hashed, so that what a caller sends cannot become a strange or long one."""
        digest = hashlib.sha256("\x00".join(map(str, key)).encode()).hexdigest()[:40]
        return f"kapok:limit:{self.name}:{digest}"


#: What is limited, its key, and the most attempts.
Counted = tuple[RateLimit, tuple[object, ...], int]


def hit_all(counted: Sequence[Counted]) -> None:
    """Count one attempt under several limits, in one round trip. Raises RATE_LIMITED when it is too many for any."""
    names = [limit.name_of(key) for limit, key, _ in counted]
    counts = _counter().hit(names, [limit.seconds for limit, _, _ in counted])
    waits = [left for (count, left), (_, _, most) in zip(counts, counted, strict=True) if count > most]
    if waits:
        raise KapokError("RATE_LIMITED", "Too many attempts.", details={"retryAfter": max(1, *waits)})


def refund_all(counted: Sequence[Counted]) -> None:
    """The attempt succeeded: it counts no more."""
    _counter().refund([limit.name_of(key) for limit, key, _ in counted])


class _Counter:
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
                self._own.clear()
            self._own[name] = (count + 1, ends)
        return count + 1, int(ends - now)


@cache
def _counter() -> _Counter:
    return _Counter(settings.REDIS_URL)


#: Sign-ins that have not succeeded, and what else can be guessed.
ACCOUNT_FROM_ADDRESS = RateLimit("account-from-address", 300)
ACCOUNT = RateLimit("account", 300)
ADDRESS = RateLimit("address", 300)
#: Sign-ins that were begun where nothing can be guessed (passkeys, identity providers): each leaves a row. A limit of
#: their own, for pages may begin one for everybody who only looks at them.
BEGUN = RateLimit("begun", 300)
#: New accounts and mails.
SIGN_UPS = RateLimit("sign-ups", 3600)
MAILS = RateLimit("mails", 3600)
