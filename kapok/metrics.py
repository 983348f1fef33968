"""Metrics of the data plane in Prometheus' form: a sink for observations.

In: observations. Out: counters and histograms in the default registry. Labels are bounded: requests by status and
error code, and per tenant only for the busiest.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from prometheus_client import Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector

from kapok.observe import Observation

#: Tenants that get lines of their own.
BUSIEST = 20
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_requests = Counter("kapok_requests", "Data-plane requests.", ["status", "error"])
_latency = Histogram("kapok_request_seconds", "Time from the first byte read to the answer.", buckets=_BUCKETS)
_execute = Histogram("kapok_database_seconds", "Time waiting for Postgres.", buckets=_BUCKETS)
_plans = Counter("kapok_plan_cache", "Operations found compiled, or not.", ["result"])
_hits, _misses = _plans.labels("hit"), _plans.labels("miss")


@lru_cache(maxsize=1024)
def _requests_of(status: int, error: str) -> Counter:
    return _requests.labels(str(status), error)


class TenantCounts(Collector):
    """Requests and seconds by tenant, of which the busiest are shown."""

    def __init__(self) -> None:
        self._counts: dict[str, list[float]] = {}

    def add(self, tenant: str, seconds: float) -> None:
        """Count one request."""
        counts = self._counts.get(tenant)
        if counts is None:
            self._counts[tenant] = [1.0, seconds]
        else:
            counts[0] += 1.0
            counts[1] += seconds

    def collect(self) -> Iterable[CounterMetricFamily]:
        """The busiest tenants, for a scrape."""
        yield from self._families()

    def _families(self) -> Iterator[CounterMetricFamily]:
        requests = CounterMetricFamily("kapok_tenant_requests", "Requests of the busiest tenants.", labels=["tenant"])
        seconds = CounterMetricFamily("kapok_tenant_seconds", "Time spent on the busiest tenants.", labels=["tenant"])
        for tenant, counts in heapq.nlargest(BUSIEST, self._counts.items(), key=lambda item: item[1][0]):
            requests.add_metric([tenant], counts[0])
            seconds.add_metric([tenant], counts[1])
        yield requests
        yield seconds


_tenants = TenantCounts()
REGISTRY.register(_tenants)


class PoolUse(Collector):
    """The database connections of this process. measure: gives (open, in use, segments waiting)."""

    def __init__(self, measure: Callable[[], tuple[int, int, int]]) -> None:
        self._measure = measure

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """What is so at this moment, for a scrape."""
        opened, in_use, waiting = self._measure()
        connections = GaugeMetricFamily("kapok_pool_connections", "Database connections.", labels=["state"])
        connections.add_metric(["in_use"], in_use)
        connections.add_metric(["idle"], opened - in_use)
        yield connections
        yield GaugeMetricFamily("kapok_pool_waiting", "Requests waiting for a connection.", value=waiting)


def watch_pools(measure: Callable[[], tuple[int, int, int]]) -> None:
    """Show the pools' use from now on; once a process."""
    REGISTRY.register(PoolUse(measure))


def count(seen: Observation) -> None:
    """The sink."""
    _requests_of(seen.status, seen.error).inc()
    _latency.observe(seen.total)
    if seen.plan_cache:
        (_hits if seen.plan_cache == "hit" else _misses).inc()
    if seen.execute:
        _execute.observe(seen.execute)
    if seen.tenant:
        _tenants.add(seen.tenant, seen.total)
