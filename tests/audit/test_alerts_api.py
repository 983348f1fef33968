"""Alerts and the state of all logs by the API: who sees what, filters, and that a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from apps.tenants.access import Right, grant_platform_audit, grant_project
from apps.tenants.alerts import Problem, raise_alert, resolve_alert
from apps.tenants.models import AlertKind, AuditAlert, AuditLog
from tests.control.cast import Cast, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db: None) -> Cast:
    """With an alert about each tenant's log and one about the control plane's; stranger audits the platform only."""
    made = make_cast()
    grant_platform_audit(made.users["stranger"])
    for tenant in (made.tenant, made.other_tenant, None):
        schema = tenant.schema_name if tenant else "public"
        AuditLog.objects.create(schema=schema, tenant=tenant, size=7)
        name = tenant.slug if tenant else "the platform"
        raise_alert(schema, AlertKind.CHECK_FAILED, Problem(tenant, timezone.now(), f"{name} was changed"))
    return made


def tenants(answer: Any, named: str) -> list[str | None]:
    return sorted((row["tenant"] for row in answer.json()["data"][named]), key=str)


def test_everybody_sees_the_alerts_and_logs_that_are_theirs(cast: Cast) -> None:
    seen = {who: tenants(cast.ask(who, "GET", "/audit/alerts"), "alerts") for who in cast.users}
    assert seen == {"stranger": [None], "reader": [], "manager": ["acme"], "admin": [None, "acme", "globex"]}
    # Managing is not auditing: how a log stands is for auditors.
    logs = {who: tenants(cast.ask(who, "GET", "/audit/logs"), "logs") for who in cast.users}
    assert logs == {"stranger": [None], "reader": [], "manager": [], "admin": [None, "acme", "globex"]}
    grant_project(cast.users["reader"], cast.project, Right.AUDIT)
    assert tenants(cast.ask("reader", "GET", "/audit/alerts"), "alerts") == ["acme"]
    assert tenants(cast.ask("reader", "GET", "/audit/logs"), "logs") == ["acme"]


def test_alerts_are_filtered_and_say_what_to_do(cast: Cast) -> None:
    resolve_alert(AuditAlert.objects.get(tenant=cast.tenant))

    def listed(query: str) -> list[str | None]:
        return tenants(cast.ask("admin", "GET", f"/audit/alerts?{query}"), "alerts")

    assert listed("") == [None, "globex"]
    assert listed("state=resolved") == ["acme"]
    assert listed("state=all&sort=since") == [None, "acme", "globex"]
    assert listed("tenant=globex") == ["globex"]
    assert listed("kind=sealing_lags") == []
    assert listed("search=platform") == [None]
    assert cast.ask("admin", "GET", "/audit/alerts?state=maybe").status_code == 422
    (alert,) = cast.ask("admin", "GET", "/audit/alerts?tenant=globex").json()["data"]["alerts"]
    assert alert["title"] == "Self-check failed" and "backup" in alert["advice"] and not alert["platform"]


def test_who_looks_after_an_alert(cast: Cast) -> None:
    of_acme = AuditAlert.objects.get(tenant=cast.tenant)
    of_platform = AuditAlert.objects.get(tenant=None)
    grant_project(cast.users["reader"], cast.project, Right.AUDIT)

    def acknowledge(who: str, alert: AuditAlert, note: str = "mine") -> int:
        return int(cast.ask(who, "POST", f"/audit/alerts/{alert.pk}/acknowledge", {"note": note}).status_code)

    refused = {
        (who, alert): acknowledge(who, alert) for who in ("stranger", "reader") for alert in (of_acme, of_platform)
    }
    assert list(refused.values()) == [404, 403, 403, 404]
    assert acknowledge("manager", of_platform) == 404
    assert acknowledge("manager", of_acme, "x" * 501) == 422
    assert not AuditAlert.objects.exclude(acknowledged_at=None).exists()
    assert acknowledge("manager", of_acme, "restoring") == 200
    of_acme.refresh_from_db()
    assert (of_acme.acknowledged_by, of_acme.note) == (cast.users["manager"], "restoring")
    assert acknowledge("admin", of_platform) == 200
    resolve_alert(of_acme)
    assert acknowledge("manager", of_acme, "again") == 409
    of_acme.refresh_from_db()
    assert of_acme.note == "restoring"
