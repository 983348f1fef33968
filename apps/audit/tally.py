"""Events that strangers can cause as often as they like: refusals, and the use of keys. Counted here, written later.

In: what happened, from any thread; costs no round trip, so an answer takes as long for an account that is there as for
one that is not. Out: `take()`, which gives what is to be written: the first of a kind at once, what follows once a
minute with a count. What a brute force can write is bounded; beyond that it is counted in one event.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from apps.audit.statement import Values, event_values

#: How long what is the same is counted in one event, in seconds.
WINDOW = 60.0
#: How long the use of one key from one address is not told again, in seconds.
USE_WINDOW = 3600.0
#: Most different refusals in a window, and most keys and addresses in an hour, that are told one by one.
MOST, MOST_USES = 300, 10_000

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Pending:
    """An event to write into the log of a schema."""

    schema: str
    values: Values


@dataclass(slots=True)
class _Count:
    ends: float
    request_id: str
    told: bool = False
    count: int = 0


class Tally:
    """Counts for one process. clock: seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._counts: dict[tuple[str, str, str, str, str, tuple[tuple[str, str], ...]], _Count] = {}
        self._told: dict[Hashable, float] = {}
        self._ready: list[Pending] = []
        self._beyond = 0

    def refused(
        self, action: str, schema: str, *, actor: str, target: str, address: str, request_id: str, **details: str
    ) -> None:
        """Somebody was refused. The action must allow the detail `count`."""
        key = (schema, action, actor, target, address, tuple(sorted(details.items())))
        with self._lock:
            found = self._counts.get(key)
            if found is None and len(self._counts) >= MOST:
                self._beyond += 1
                return
            if found is None:
                found = self._counts[key] = _Count(self._clock() + WINDOW, request_id)
            found.count += 1

    def used(self, action: str, schema: str, *, actor: str, target: str, address: str, **details: Any) -> None:
        """Something was used: told once an hour and address."""
        now = self._clock()
        with self._lock:
            key = (schema, action, target, address)
            if self._told.get(key, now) > now:
                return
            if len(self._told) >= MOST_USES:
                self._told = {known: ends for known, ends in self._told.items() if ends > now}
            if len(self._told) >= MOST_USES:
                return
            self._told[key] = now + USE_WINDOW
            self._ready.append(
                Pending(
                    schema,
                    event_values(
                        action,
                        outcome="ok",
                        actor=actor,
                        target=target,
                        request_id="",
                        address=address,
                        details=details,
                    ),
                )
            )

    def take(self, *, everything: bool = False) -> list[Pending]:
        """What is to be written now. everything: also what would be counted further; for the end of a process."""
        now = self._clock()
        with self._lock:
            ready, self._ready = self._ready, []
            for key, found in list(self._counts.items()):
                over = everything or found.ends <= now
                if found.count and (over or not found.told):
                    ready.append(_refusal(key, found))
                    found.told, found.count = True, 0
                if over:
                    del self._counts[key]
            if self._beyond:
                ready.append(_overflow(self._beyond))
                self._beyond = 0
        return ready

    def put_back(self, pending: Iterable[Pending]) -> None:
        """It could not be written now; the most recent are kept, the others counted."""
        with self._lock:
            waiting = [*pending, *self._ready]
            self._ready = waiting[-MOST_USES:]
            self._beyond += len(waiting) - len(self._ready)


def _refusal(key: tuple[str, str, str, str, str, tuple[tuple[str, str], ...]], found: _Count) -> Pending:
    schema, action, actor, target, address, details = key
    values = event_values(
        action,
        outcome="refused",
        actor=actor,
        target=target,
        request_id="" if found.told else found.request_id,
        address=address,
        details={**dict(details), "count": found.count},
    )
    return Pending(schema, values)


def _overflow(count: int) -> Pending:
    facts = {"outcome": "refused", "actor": "", "target": "", "request_id": "", "address": ""}
    return Pending(PUBLIC, event_values("audit.overflow", **facts, details={"count": count}))


#: This process'.
TALLY = Tally()
