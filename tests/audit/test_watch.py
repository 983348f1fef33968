"""The watch over all logs: what it sees, what it raises and resolves, and that it says so once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.audit import checkpointing
from apps.audit.anchors_named import anchors_named
from apps.audit.sealing import seal_up_to_now
from apps.tenants.models import AlertKind, AuditAlert, AuditLog, Tenant
from apps.tenants.tasks import watch_audit_logs
from apps.tenants.watching import judge, watch_logs
from tests.audit.auditing import Auditing, owner
from tests.tenant_database import platform_conninfo, real_database
from tests.waiting import until

__all__ = ["real_database"]


@pytest.fixture
def auditing(real_database: None, tmp_path: Path, settings: Any) -> Auditing:
    settings.KAPOK_AUDIT_LAG_SECONDS = 86_400
    return Auditing(tmp_path)


@pytest.fixture
def platform(auditing: Auditing) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(platform_conninfo(), autocommit=True) as session:
        yield session


def seal_everything(auditing: Auditing) -> None:
    for tenant in (None, auditing.acme, auditing.globex):
        auditing.seal(tenant)


def write_one(auditing: Auditing) -> None:
    with owner(auditing.acme) as session:
        session.execute("insert into authors (name) values (gen_random_uuid()::text)")


def open_alerts() -> set[tuple[str, str]]:
    return {(alert.log_name, alert.kind) for alert in AuditAlert.objects.filter(resolved_at=None)}


def log_of(tenant: Tenant | None) -> AuditLog:
    return AuditLog.objects.get(tenant=tenant)


def change_log(session: psycopg.Connection[Any], tenant: Tenant, what: str, *values: Any) -> None:
    session.execute(f'update "{tenant.schema_name}".kapok_log set {what}'.encode(), values or None)


def test_what_lies_unsealed_is_seen_and_told_until_it_is_sealed(
    auditing: Auditing, settings: Any, platform: psycopg.Connection[Any]
) -> None:
    watch_audit_logs()
    assert open_alerts() == set()
    assert log_of(auditing.acme).waiting_since is not None
    settings.KAPOK_AUDIT_LAG_SECONDS = 0
    watch_audit_logs()
    lagging = {(name, AlertKind.SEALING_LAGS) for name in ("acme", "globex", "control plane")}
    assert open_alerts() == lagging
    watch_audit_logs()
    assert AuditAlert.objects.count() == 3
    with platform.transaction():
        # Another process is at it.
        platform.execute("lock table public.tenants_auditlog in share update exclusive mode")
        assert watch_logs() == 0
    assert watch_logs() == 3
    assert [event["kind"] for event in auditing.events(auditing.acme, "audit.alert_raised")] == ["sealing_lags"]
    settings.KAPOK_AUDIT_LAG_SECONDS = 86_400
    seal_everything(auditing)
    watch_audit_logs()
    assert open_alerts() == set()
    seen = log_of(auditing.acme)
    # The alerts' own events have been written since.
    assert seen.size > 0 and seen.signed_size == seen.size and seen.key_id == auditing.keyring.current.key.id
    assert len(auditing.events(auditing.acme, "audit.alert_resolved")) == 1
    assert len(auditing.events(None, "audit.alert_raised")) == 1
    settings.KAPOK_AUDIT_LAG_SECONDS = 0
    with owner(auditing.acme) as session:
        session.execute("insert into authors (name) values ('again')")
    watch_audit_logs()
    assert ("acme", AlertKind.SEALING_LAGS) in open_alerts()
    assert AuditAlert.objects.filter(tenant=auditing.acme).count() == 2


def test_what_is_sealed_and_under_no_checkpoint(
    auditing: Auditing, settings: Any, tmp_path: Path, platform: psycopg.Connection[Any]
) -> None:
    """A sealer that was started while an anchor cannot be read appends entries and signs none of them."""
    seal_everything(auditing)
    settings.KAPOK_AUDIT_LAG_SECONDS = 0
    (tmp_path / "anchor").write_text("not a directory")
    anchors = anchors_named([str(tmp_path / "anchor")])
    with owner(auditing.acme) as session:
        session.execute("insert into authors (name) values ('Emmy')")
    with pytest.raises(NotADirectoryError):
        seal_up_to_now(platform, auditing.log(auditing.acme), auditing.keyring, anchors)
    watch_audit_logs()
    alert = AuditAlert.objects.get(tenant=auditing.acme, resolved_at=None)
    assert alert.kind == AlertKind.SEALING_LAGS and "no signed checkpoint" in alert.text
    # Where a problem says why, that is one alert and not two.
    settings.KAPOK_AUDIT_LAG_SECONDS = 86_400
    change_log(platform, auditing.acme, "sealing_problem = 'no key'")
    watch_audit_logs()
    assert ("acme", AlertKind.SEALING_REFUSED) in open_alerts() and log_of(auditing.acme).size
    assert log_of(auditing.acme).waiting_since != alert.since
    (tmp_path / "anchor").unlink()
    auditing.seal(auditing.acme)
    watch_audit_logs()
    assert open_alerts() == set()


def test_a_log_at_rest_is_left_alone_until_something_moves(
    auditing: Auditing, platform: psycopg.Connection[Any]
) -> None:
    seal_everything(auditing)

    def at_rest() -> bool:
        watch_audit_logs()
        return log_of(auditing.acme).calm

    # An analyze of autovacuum's may have a transaction id for a moment.
    until(at_rest)
    # Proof that it is not looked into: what a look would find is not found, as no position has moved.
    schema = auditing.acme.schema_name
    platform.execute(f"update \"{schema}\".kapok_checkpoint set at = now() - interval '1 day'".encode())
    watch_audit_logs()
    assert log_of(auditing.acme).signed_at > timezone.now() - timedelta(hours=1)  # type: ignore[operator]
    with owner(auditing.acme) as session:
        session.execute("insert into authors (name) values ('Katherine')")
    watch_audit_logs()
    seen = log_of(auditing.acme)
    assert not seen.calm and seen.waiting_since is not None
    assert seen.signed_at < timezone.now() - timedelta(hours=1)  # type: ignore[operator]
    with CaptureQueriesContext(connection) as asked:
        watch_audit_logs()
    assert len(asked) <= 8
    # A row that is committed late is seen although nothing else moves.
    with owner(auditing.globex) as session, session.transaction():
        session.execute("insert into authors (name) values ('late')")
        for _ in range(3):
            watch_audit_logs()
        assert log_of(auditing.globex).waiting_since is None
        assert not log_of(auditing.globex).calm
    watch_audit_logs()
    assert log_of(auditing.globex).waiting_since is not None


def test_the_transaction_that_holds_sealing_back_is_named(auditing: Auditing, settings: Any) -> None:
    settings.KAPOK_AUDIT_LAG_SECONDS = 0
    with owner(auditing.globex) as holding, holding.transaction():
        pid = holding.execute("select pg_backend_pid(), pg_current_xact_id()").fetchone()
        with owner(auditing.acme) as session:
            session.execute("insert into authors (name) values ('waits')")
        seal_partly(auditing)
        watch_audit_logs()
    assert pid is not None
    alert = AuditAlert.objects.get(tenant=auditing.acme, kind=AlertKind.SEALING_LAGS)
    assert f"(process {pid[0]})" in alert.text
    assert "globex" not in alert.text and auditing.globex.schema_name not in alert.text


def seal_partly(auditing: Auditing) -> None:
    with psycopg.connect(platform_conninfo(), autocommit=True) as session:
        assert not seal_up_to_now(session, auditing.log(auditing.acme), auditing.keyring)


def test_what_the_log_itself_says_is_raised_and_resolved(auditing: Auditing, platform: psycopg.Connection[Any]) -> None:
    seal_everything(auditing)
    change_log(platform, auditing.acme, "sealing_problem = %s", "the log was rolled back: <b>here</b>")
    change_log(platform, auditing.globex, "last_problem = %s", "entry 3 (kapok_change, position 3): changed")
    watch_audit_logs()
    assert open_alerts() == {("acme", "sealing_refused"), ("globex", "check_failed")}
    change_log(platform, auditing.acme, "sealing_problem = %s", "the log was changed: elsewhere")
    watch_audit_logs()
    assert AuditAlert.objects.get(tenant=auditing.acme).text == "the log was changed: elsewhere"
    change_log(platform, auditing.acme, "sealing_problem = '', last_checked_at = now() - interval '49 hours'")
    change_log(platform, auditing.globex, "last_problem = ''")
    AuditLog.objects.filter(tenant=auditing.globex).update(known_since=timezone.now() - timedelta(days=3))
    watch_audit_logs()
    assert AuditAlert.objects.exclude(resolved_at=None).count() == 2
    # One was not checked for two days, the other never.
    assert open_alerts() == {("acme", AlertKind.CHECK_OVERDUE), ("globex", AlertKind.CHECK_OVERDUE)}
    assert "never checked" in AuditAlert.objects.get(tenant=auditing.globex, resolved_at=None).text
    change_log(platform, auditing.acme, "last_checked_at = now()")
    watch_audit_logs()
    assert open_alerts() == {("globex", AlertKind.CHECK_OVERDUE)}
    # With its tenant an alert's reason is gone.
    Tenant.objects.filter(pk=auditing.globex.pk).update(state="deleting")
    watch_audit_logs()
    assert open_alerts() == set()
    assert not AuditLog.objects.filter(tenant=auditing.globex).exists()
    Tenant.objects.filter(pk=auditing.globex.pk).update(state="active")


def test_anchors_that_lack_checkpoints(
    auditing: Auditing, settings: Any, tmp_path: Path, platform: psycopg.Connection[Any]
) -> None:
    seal_everything(auditing)
    settings.KAPOK_AUDIT_LAG_SECONDS = -60
    AuditLog.objects.all().delete()
    watch_audit_logs()
    # No anchors are configured, and none ever had anything.
    assert AlertKind.ANCHORS_BEHIND not in {kind for _, kind in open_alerts()}
    settings.KAPOK_AUDIT_ANCHORS = (str(tmp_path / "anchors"),)
    watch_audit_logs()
    assert ("acme", AlertKind.ANCHORS_BEHIND) in open_alerts()
    anchors = anchors_named(settings.KAPOK_AUDIT_ANCHORS)
    assert seal_up_to_now(platform, auditing.log(auditing.acme), auditing.keyring, anchors)
    watch_audit_logs()
    assert ("acme", AlertKind.ANCHORS_BEHIND) not in open_alerts()
    assert ("globex", AlertKind.ANCHORS_BEHIND) in open_alerts()


def test_a_checkpoint_from_the_future_is_told(
    auditing: Auditing, platform: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sealer's clock was two hours ahead, and was set back: the log goes on, and its times never go back."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(hours=2)

    seal_everything(auditing)
    watch_audit_logs()
    assert open_alerts() == set()
    with monkeypatch.context() as ahead:
        ahead.setattr(checkpointing, "datetime", Ahead)
        write_one(auditing)
        auditing.seal(auditing.acme)
    watch_audit_logs()
    assert open_alerts() == {("acme", AlertKind.CLOCK_AHEAD)}
    assert "signed at" in AuditAlert.objects.get(resolved_at=None).text
    write_one(auditing)
    auditing.seal(auditing.acme)
    schema = auditing.acme.schema_name
    times = platform.execute(f'select at from "{schema}".kapok_checkpoint order by size'.encode()).fetchall()
    assert times[-1] == times[-2] > times[-3]
    assert not judge(AuditLog.objects.all(), None, timezone.now() + timedelta(hours=2))


def test_a_log_that_is_gone_is_told_and_stops_no_other(
    auditing: Auditing, settings: Any, platform: psycopg.Connection[Any]
) -> None:
    settings.KAPOK_AUDIT_LAG_SECONDS = 0
    seal_everything(auditing)
    platform.execute(f'drop table "{auditing.acme.schema_name}".kapok_event cascade'.encode())
    platform.execute(f'drop table "{auditing.acme.schema_name}".kapok_log cascade'.encode())
    change_log(platform, auditing.globex, "sealing_problem = 'no'")
    watch_audit_logs()
    assert {("acme", "unreadable"), ("globex", "sealing_refused")} <= open_alerts()
    # Its own log cannot say so any more.
    raised = auditing.events(None, "audit.alert_raised")
    assert auditing.acme.schema_name in [event["log"] for event in raised]
