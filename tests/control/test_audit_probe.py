"""What probes say of audit logs: alerts by number, a watch that does not run, and nobody's name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from django.utils import timezone
from prometheus_client import generate_latest

from apps.control.audit_probe import audit_hint, measure_audit
from apps.tenants.alerts import Problem, raise_alert
from apps.tenants.models import AlertKind, AuditLog
from kapok.execute.platform import Platform
from tests.factories import TenantFactory
from tests.tenant_database import platform_conninfo

T = TypeVar("T")


def asked(question: Callable[[Platform], Awaitable[T]]) -> T:
    """An answer, by a pool of its own."""

    async def answer() -> T:
        platform = Platform(platform_conninfo())
        await platform.start([], lambda channel, payload: None, lambda: None)
        try:
            return await question(platform)
        finally:
            await platform.stop()

    return asyncio.run(answer())


@pytest.mark.django_db(transaction=True)
def test_probes_say_how_many_and_since_when() -> None:
    assert asked(audit_hint) == "ok"
    tenant = TenantFactory(slug="acme", state="active")
    log = AuditLog.objects.create(schema="public")
    assert asked(audit_hint) == "ok"
    for kind in (AlertKind.CHECK_FAILED, AlertKind.SEALING_LAGS):
        raise_alert("t_acme", kind, Problem(tenant, timezone.now(), "acme was changed"))
    AuditLog.objects.filter(pk=log.pk).update(looked_at=timezone.now() - timedelta(minutes=11))
    hint = asked(audit_hint)
    assert re.match(r"2 alerts about audit logs: .*; audit logs were not looked at for 1\d minutes", hint)
    assert "acme" not in hint
    asked(measure_audit)
    metrics = generate_latest().decode()
    assert 'kapok_audit_alerts{kind="check_failed"} 1.0' in metrics and "t_acme" not in metrics
    age = re.search(r"^kapok_audit_watch_age_seconds (\S+)$", metrics, re.MULTILINE)
    assert age is not None and float(age[1]) >= 660
