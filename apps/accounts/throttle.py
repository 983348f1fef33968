"""Slowing down those who guess: attempts are counted before they are made, and no longer once they succeed, so that
many at once are as many as one after another.

In: what is tried (an address, an account). Out: RATE_LIMITED once there were too many. The count lives in Redis; while
Redis is away nothing is counted, because signing in must still work then.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from dataclasses import dataclass

from django.core.cache import cache
from redis.exceptions import RedisError

from kapok.errors import KapokError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """At most `failures` in any window of `seconds` for one key."""

    name: str
    failures: int
    seconds: int

    def hit(self, key: str) -> None:
        """Count an attempt. Raises RATE_LIMITED, with `retryAfter` in seconds, when there were too many."""
        name = self._cache_key(key)
        try:
            cache.add(name, 0, self.seconds)
            count = cache.incr(name)
        except ValueError:
            # It expired between the two: the next attempt starts a new window.
            return
        except RedisError:
            logger.warning("sign-ins of operators are not counted: Redis is away")
            return
        if count > self.failures:
            raise KapokError("RATE_LIMITED", details={"retryAfter": self.seconds})

    def refund(self, key: str) -> None:
        """The attempt succeeded: it counts no more."""
        with suppress(ValueError, RedisError):
            cache.decr(self._cache_key(key))

    def _cache_key(self, key: str) -> str:
        # Hashed, so that what a caller sends cannot become a strange or long cache key.
        return f"kapok:failures:{self.name}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"


#: Wrong tokens from one address.
TOKENS = FailureLimit("token", failures=30, seconds=60)
#: Wrong passwords for one account from one address, and from one address for all accounts.
ACCOUNT_PASSWORDS = FailureLimit("password-account", failures=10, seconds=300)
ADDRESS_PASSWORDS = FailureLimit("password-address", failures=50, seconds=300)
