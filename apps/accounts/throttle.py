"""Slowing down those who guess: failures are counted, successes cost nothing.

In: what was tried (an address, an account) and whether it failed. Out: RATE_LIMITED once there were too many. The count
lives in Redis; while Redis is away nothing is counted, because signing in must still work then.
"""

from __future__ import annotations

import hashlib
import logging
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

    def check(self, key: str) -> None:
        """Raises RATE_LIMITED, with `retryAfter` in seconds, when there were too many failures."""
        try:
            count = cache.get(self._cache_key(key), 0)
        except RedisError:
            logger.warning("failed sign-ins are not counted: Redis is away")
            return
        if count >= self.failures:
            raise KapokError("RATE_LIMITED", details={"retryAfter": self.seconds})

    def failed(self, key: str) -> None:
        """Count a failure."""
        name = self._cache_key(key)
        try:
            cache.add(name, 0, self.seconds)
            cache.incr(name)
        except ValueError:
            # It expired between the two: the next failure starts a new window.
            return
        except RedisError:
            logger.warning("failed sign-ins are not counted: Redis is away")

    def _cache_key(self, key: str) -> str:
        # Hashed, so that what a caller sends cannot become a strange or long cache key.
        return f"kapok:failures:{self.name}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"


#: Wrong tokens from one address.
TOKENS = FailureLimit("token", failures=30, seconds=60)
#: Wrong passwords for one account from one address, and from one address for all accounts.
ACCOUNT_PASSWORDS = FailureLimit("password-account", failures=10, seconds=300)
ADDRESS_PASSWORDS = FailureLimit("password-address", failures=50, seconds=300)
