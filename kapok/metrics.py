"""Metrics of the data plane in Prometheus' form: a sink for observations.

In: observations. Out: counters and histograms in the default registry. Labels are bounded: requests by status and
error code, and per tenant only for the busiest.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector

from kapok.observe import Observation

#: Tenants that get lines of their own.
BUSIEST = 20
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Times:
    """A histogram of durations in seconds. Kept here and rendered at a scrape: prometheus_client's own objects, with
    their locks, cost a twentieth of a read by key."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BUCKETS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(_BUCKETS, seconds)] += 1
        self.total += seconds

    def family(self, name: str, documentation: str) -> HistogramMetricFamily:
        """In Prometheus' form: cumulative buckets."""
        bounds = [*(str(bound) for bound in _BUCKETS), "+Inf"]
        return HistogramMetricFamily(
            name, documentation, buckets=list(zip(bounds, accumulate(self.counts), strict=True)), sum_value=self.total
        )


class Requests(Collector):
    """What was answered since the process started. All of it belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._by_outcome: dict[tuple[int, str], int] = {}
        self._plans = {"hit": 0, "miss": 0}
        self._latency = Times()
        self._execute = Times()
        self._by_tenant: dict[str, list[float]] = {}

    def count(self, seen: Observation) -> None:
        """The sink."""
        outcome = (seen.status, seen.error)
        self._by_outcome[outcome] = self._by_outcome.get(outcome, 0) + 1
        self._latency.add(seen.total)
        if seen.plan_cache:
            self._plans[seen.plan_cache] += 1
        if seen.execute:
            self._execute.add(seen.execute)
        if seen.tenant:
            counts = self._by_tenant.setdefault(seen.tenant, [0.0, 0.0])
            counts[0] += 1.0
            counts[1] += seen.total

    def collect(self) -> Iterable[Metric]:
        """Everything, for a scrape; of the tenants only the busiest."""
        requests = CounterMetricFamily("kapok_requests", "Data-plane requests.", labels=["status", "error"])
        for (status, error), number in list(self._by_outcome.items()):
            requests.add_metric([str(status), error], number)
        plans = CounterMetricFamily("kapok_plan_cache", "Operations found compiled, or not.", labels=["result"])
        for result, number in self._plans.items():
            plans.add_metric([result], number)
        yield requests
        yield plans
        yield self._latency.family("kapok_request_seconds", "Time from the request to its answer.")
        yield self._execute.family("kapok_database_seconds", "Time waiting for Postgres.")
        yield from self._busiest()

    def _busiest(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("kapok_tenant_requests", "Requests of the busiest tenants.", labels=["tenant"])
        seconds = CounterMetricFamily("kapok_tenant_seconds", "Time spent on the busiest tenants.", labels=["tenant"])
        for tenant, counts in heapq.nlargest(BUSIEST, list(self._by_tenant.items()), key=lambda item: item[1][0]):
            requests.add_metric([tenant], counts[0])
            seconds.add_metric([tenant], counts[1])
        yield requests
        yield seconds


_requests = Requests()
REGISTRY.register(_requests)
#: The sink for observations.
count = _requests.count


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
