"""The banner on every page of the admin: open alerts about audit logs, for those who may see them.

In: a request. Out: `audit_alerts` in the context of templates; it costs a query where a template asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.accounts.models import User
from apps.tenants.access import alerts_for
from apps.tenants.models import AlertKind


@dataclass(frozen=True, slots=True)
class Banner:
    """text: how many alerts of which kinds; "" for none, and then there is no banner."""

    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.text)


def audit_alerts(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""
    return {"audit_alerts": SimpleLazyObject(lambda: _banner(getattr(request, "user", None)))}


def _banner(user: Any) -> Banner:
    if not isinstance(user, User) or not user.is_active:
        return Banner()
    # One that somebody looks after is on the page of alerts, and not in everybody's way.
    waiting = alerts_for(user).filter(resolved_at=None, acknowledged_at=None).order_by()
    counts = dict(waiting.values_list("kind").annotate(count=Count("pk")))
    parts = [f"{AlertKind(kind).label} ({counts[kind]})" for kind in AlertKind.values if kind in counts]
    return Banner(f"Audit: {', '.join(parts)}" if parts else "")
