"""What probes say of audit logs: how many alerts are open, and whether anybody still looks.

In: the platform's pool. Out: a sentence for /readyz, gauges for /metrics. No names: anybody may ask.
"""

from __future__ import annotations

from prometheus_client import Gauge

from kapok.execute.platform import Platform

#: The watch looks once a minute; when it has not for so long, it does not run. In seconds.
OVERDUE_SECONDS = 600.0

ALERTS = Gauge("kapok_audit_alerts", "Open alerts about audit logs.", ["kind"])
WATCH_AGE = Gauge("kapok_audit_watch_age_seconds", "Seconds since all audit logs were looked at.")

_ALERTS = "select kind, count(*) from tenants_auditalert where resolved_at is null group by kind"
_AGE = "select extract(epoch from now() - max(looked_at))::float8 from tenants_auditlog"


async def audit_hint(platform: Platform) -> str:
    """`ok`, or what an operator should look at. Raises DATABASE_UNAVAILABLE."""
    alerts, age = await _asked(platform)
    found = []
    if alerts:
        count = sum(alerts.values())
        found.append(f"{count} alert{'s' if count > 1 else ''} about audit logs: see `kapok audit alerts list`")
    if age is not None and age > OVERDUE_SECONDS:
        found.append(f"audit logs were not looked at for {age / 60:.0f} minutes: see whether the beat runs")
    return "; ".join(found) or "ok"


async def measure_audit(platform: Platform) -> None:
    """Set the gauges. Raises DATABASE_UNAVAILABLE; they say nothing then."""
    ALERTS.clear()
    WATCH_AGE.set(float("nan"))
    alerts, age = await _asked(platform)
    for kind, count in alerts.items():
        ALERTS.labels(kind).set(count)
    if age is not None:
        WATCH_AGE.set(age)


async def _asked(platform: Platform) -> tuple[dict[str, int], float | None]:
    """Open alerts by kind, and the age of the last look; None before the first."""
    alerts: dict[str, int] = dict(await platform.fetch(_ALERTS))
    rows = await platform.fetch(_AGE)
    return alerts, rows[0][0]
