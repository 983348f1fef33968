"""Observations: the hot path emits one object a request; logs, metrics and metering are sinks.

In: an `Observation`. Out: every registered sink is called with it, in the order of registration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Observation:
    """One answered data-plane request. Times are seconds."""

    request_id: str
    method: str
    path: str
    tenant_id: str = ""
    tenant: str = ""
    role: str = ""
    operation: str = ""
    status: int = 0
    error: str = ""
    plan_cache: str = ""  # hit | miss | ""
    resolve: float = 0.0
    compile: float = 0.0
    execute: float = 0.0
    total: float = 0.0
    # Where the request came from.
    address: str = ""
    request_bytes: int = 0
    response_bytes: int = 0
    # What went wrong inside, for the log only.
    cause: BaseException | None = None


Sink = Callable[[Observation], None]
_sinks: list[Sink] = []


def add_sink(sink: Sink) -> None:
    """Register a sink once at start-up. Sinks must be quick and must not raise."""
    _sinks.append(sink)


def emit(observation: Observation) -> None:
    """Hand the observation to every sink."""
    for sink in _sinks:
        sink(observation)
