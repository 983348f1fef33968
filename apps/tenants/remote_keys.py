"""The key sets of issuers outside, fetched when they are needed.

In: the URL of a JWKS and a kid. Out: the key, or a KapokError. A set is fetched anew when it has grown old, and at most
every half minute for a kid it does not have. Only requests with tokens of that issuer wait for it, all for one fetch.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kapok.bearer.key_sets import RemoteKey, read_key_set
from kapok.bearer.read import invalid
from kapok.errors import KapokError
from kapok.lru import Lru
from kapok.outbound import OutsideUnavailableError, fetch

#: After so many seconds a set is fetched again; while that fails, it is believed for STALE_SECONDS in all.
FRESH_SECONDS = 300.0
STALE_SECONDS = 3600.0
#: The least time between two fetches of one set, in seconds: callers choose kids, and must not make us fetch.
PAUSE_SECONDS = 30.0
#: The same after a fetch that failed.
RETRY_SECONDS = 5.0
MAX_SETS = 2000

log = logging.getLogger("kapok.tokens")


@dataclass(eq=False, slots=True)
class _KeySet:
    """keys: None before the first fetch that went well. Times are of the clock."""

    keys: Mapping[str, RemoteKey] | None = None
    fetched: float = float("-inf")
    tried: float = float("-inf")
    fetching: asyncio.Task[None] | None = field(default=None, repr=False)


class RemoteKeys:
    """Key sets by URL. private: whether they may be on private addresses."""

    def __init__(self, *, private: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._private = private
        self._clock = clock
        self._sets: Lru[str, _KeySet] = Lru(MAX_SETS)

    async def key(self, url: str, kid: str) -> RemoteKey:
        """A key of a set. Raises UNAUTHENTICATED, PROVIDER_UNAVAILABLE."""
        known = self._sets.get(url)
        if known is None:
            known = _KeySet()
            self._sets.put(url, known)
        if not self._has(known, kid, FRESH_SECONDS):
            await self._refresh(url, known)
        if known.keys is None or self._clock() - known.fetched > STALE_SECONDS:
            raise KapokError("PROVIDER_UNAVAILABLE", "The keys of the token's issuer cannot be fetched.")
        key = known.keys.get(kid)
        if key is None:
            raise invalid("unknown_key", "The token's key (kid) is not one of its issuer's.")
        return key

    def _has(self, known: _KeySet, kid: str, seconds: float) -> bool:
        return known.keys is not None and kid in known.keys and self._clock() - known.fetched < seconds

    async def _refresh(self, url: str, known: _KeySet) -> None:
        if known.fetching is None:
            pause = RETRY_SECONDS if known.tried > known.fetched else PAUSE_SECONDS
            if self._clock() - known.tried < pause:
                return
            known.tried = self._clock()
            known.fetching = asyncio.create_task(self._fetch(url, known))
        await asyncio.shield(known.fetching)

    async def _fetch(self, url: str, known: _KeySet) -> None:
        try:
            known.keys = read_key_set(await fetch(url, private=self._private))
            known.fetched = self._clock()
        except (OutsideUnavailableError, ValueError) as exc:
            log.warning("the key set of an issuer could not be fetched: %s", exc, extra={"url": url})
        finally:
            known.fetching = None
