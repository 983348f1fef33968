"""Answers of the platform's database, kept until it says that they changed.

In: keys, and how to load what is not kept. Out: values (None: asked, and there is none). While changes cannot be heard,
an answer is believed for one second. Everybody who asks for the same thing at the same time waits for one load.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from kapok.execute.platform import Platform

#: How long an answer is believed while changes cannot be heard, in seconds.
DEAF_SECONDS = 1.0
#: Most answers of each kind kept at once; unknown slugs and keys count too, so they cannot fill the memory.
MAX_ENTRIES = 20_000

V = TypeVar("V")


class Kept(Generic[V]):
    """A bounded map of answers, each with the time it was loaded."""

    def __init__(self) -> None:
        self._items: OrderedDict[Hashable, tuple[float, V | None]] = OrderedDict()

    def get(self, key: Hashable) -> tuple[float, V | None] | None:
        """When it was loaded and what it is, or None where nothing is kept."""
        return self._items.get(key)

    def put(self, key: Hashable, loaded_at: float, value: V | None) -> None:
        """Keep an answer; the oldest goes where there are too many."""
        self._items[key] = (loaded_at, value)
        if len(self._items) > MAX_ENTRIES:
            self._items.popitem(last=False)

    def drop(self, key: Hashable) -> None:
        """Forget one answer."""
        self._items.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()

    def forget(self, matches: Callable[[V | None], bool]) -> None:
        """Forget what matches."""
        for key in [key for key, (_, value) in self._items.items() if matches(value)]:
            del self._items[key]


class Answers:
    """Gives kept answers, or loads them."""

    def __init__(self, platform: Platform, clock: Callable[[], float] = time.monotonic) -> None:
        self._platform = platform
        self._clock = clock
        self._loading: dict[Hashable, asyncio.Future[None]] = {}
        # Counts changes: what was read before one must not be kept after it.
        self._generation = 0

    def changed(self) -> None:
        """Something changed: what is being loaded now is not kept."""
        self._generation += 1

    def at_hand(self, kept: Kept[V], key: Hashable) -> V | None:
        """The answer, if it is kept and may be believed."""
        found = kept.get(key)
        if found is None or not (self._platform.listening or self._believable(found[0])):
            return None
        return found[1]

    async def get(self, kept: Kept[V], key: Hashable, load: Callable[[], Awaitable[V | None]]) -> V | None:
        """The answer, kept or loaded once for all who ask at the same time."""
        while True:
            found = kept.get(key)
            if found is not None and self._believable(found[0]):
                return found[1]
            pending = self._loading.get((id(kept), key))
            if pending is None:
                return await self._load(kept, key, load)
            await asyncio.wait([pending])

    def _believable(self, loaded_at: float) -> bool:
        return self._platform.listening or self._clock() - loaded_at < DEAF_SECONDS

    async def _load(self, kept: Kept[V], key: Hashable, load: Callable[[], Awaitable[V | None]]) -> V | None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._loading[id(kept), key] = done
        generation, loaded_at = self._generation, self._clock()
        try:
            value = await load()
            if generation == self._generation:
                kept.put(key, loaded_at, value)
            return value
        finally:
            del self._loading[id(kept), key]
            done.set_result(None)
