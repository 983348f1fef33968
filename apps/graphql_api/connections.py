"""The connections of one web process: how many there may be, and who looks whether their clients keep up.

In: connections that come and go. Out: whether one more may stay, and a look at each, some times a minute. One timer for
all of them: one for each, set anew at each request, would cost as much as reading it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import Counter

from kapok.networks import network_of

#: Memory for bodies under way, in bytes, beyond BODY_SHARE of each connection.
BODIES_BYTES, BODY_SHARE = 256 * 1024 * 1024, 64 * 1024
#: How many looks at a connection there are while its client's time runs out.
LOOKS = 10
#: So many connections are looked at in one go, which takes less than a millisecond; then requests have their turn.
AT_ONCE, PAUSE_SECONDS = 500, 0.005

_refused = Counter("kapok_clients_refused", "Connections that were ended because of what the client did.", ["reason"])


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may do to one process. client_seconds: for a request's head; in as long a body and an answer must
    move by some bytes. connections_per_address: of IPv6 per /64."""

    client_seconds: float = 20.0
    connections: int = 10_000
    connections_per_address: int = 1_000


class Watched(Protocol):
    """A connection."""

    def look(self, now: float) -> None:
        """See whether the client keeps up. now: by the loop's clock."""


class Watch:
    """Every connection of a process."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._bodies = 0
        self._connections: dict[Watched, str] = {}
        self._of: dict[str, int] = {}
        # Those that this round of looks has not come to.
        self._left: list[Watched] = []
        self._timer: asyncio.TimerHandle | None = None

    def admit(self, connection: Watched, address: str, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it may stay; then it is looked at until it leaves. address: "" for a proxy, which speaks for many."""
        whose = network_of(address) if address else ""
        here = self._of.get(whose, 0)
        if len(self._connections) >= self.limits.connections or (whose and here >= self.limits.connections_per_address):
            return False
        self._connections[connection] = whose
        self._of[whose] = here + 1
        if self._timer is None:
            self._wait(loop, self._interval)
        return True

    def leave(self, connection: Watched) -> None:
        """It is gone, or was never admitted."""
        whose = self._connections.pop(connection, None)
        if whose is None:
            return
        self._of[whose] -= 1
        if not self._of[whose]:
            del self._of[whose]

    def hold(self, size: int) -> bool:
        """Whether there is memory for so many bytes more of bodies; negative: so many fewer. They count either way."""
        self._bodies += size
        return self._bodies <= BODIES_BYTES

    @staticmethod
    def note(reason: str) -> None:
        """Count a connection that was ended. reason: an error's code, or a word."""
        _refused.labels(reason).inc()

    @property
    def _interval(self) -> float:
        return self.limits.client_seconds / LOOKS

    def _wait(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._timer = loop.call_later(seconds, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now, left = loop.time(), self._left or list(self._connections)
        turn, self._left = left[:AT_ONCE], left[AT_ONCE:]
        self._timer = None
        if left:
            self._wait(loop, PAUSE_SECONDS if self._left else self._interval)
        for connection in turn:
            if connection in self._connections:
                connection.look(now)
