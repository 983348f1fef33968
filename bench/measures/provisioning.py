"""How long an operator waits for a tenant. In: Kapok. Out: the p95 from the request to an active tenant."""

from __future__ import annotations

import statistics

from bench.kapok_server import Kapok, project_files
from bench.targets import Target

TENANTS = 40
LIMIT_SECONDS = 1.0


def provisioning(kapok: Kapok, database_url: str) -> list[Target]:
    """Tenants one after another, each set up by a worker as in production."""
    kapok.make_project("provisioning", *project_files())
    with kapok.worker():
        # The first compiles the project's template, once for all tenants.
        kapok.time_provisioning("provisioning", "provisioning-template")
        times = [kapok.time_provisioning("provisioning", f"provisioning-{number:03d}") for number in range(TENANTS)]
    p95 = statistics.quantiles(times, n=20)[18]
    text = f"provisioning of a tenant, p95 of {TENANTS} (median {statistics.median(times):.3f} s)"
    return [Target(text, p95, LIMIT_SECONDS, " s")]
