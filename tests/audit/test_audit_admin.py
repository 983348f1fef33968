"""The admin's pages about audit logs, alerts and exports: who sees and does what, and that services do it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.tenants.models import AuditAlert, AuditExport, AuditLog, Operation, OperationKind, OperationState
from apps.tenants.operations import run_operation
from apps.tenants.watching import watch_logs
from tests.audit.auditing import Auditing
from tests.tenant_database import platform_conninfo, real_database

__all__ = ["real_database"]

HOSTILE = "</pre><script>alert('log')</script>"


@pytest.fixture
def auditing(real_database: None, tmp_path: Path, settings: Any) -> Auditing:
    """Two tenants whose logs are sealed and were looked at; acme's has a problem, globex's another."""
    settings.KAPOK_EXPORT_DIR = str(tmp_path)
    settings.KAPOK_AUDIT_LAG_SECONDS = 86_400
    made = Auditing(tmp_path)
    User.objects.update(is_staff=True)
    for tenant in (None, made.acme, made.globex):
        made.seal(tenant)
    with psycopg.connect(platform_conninfo(), autocommit=True) as session:
        for tenant, problem in ((made.acme, f"acme is changed {HOSTILE}"), (made.globex, "globex is changed")):
            statement = f'update "{tenant.schema_name}".kapok_log set last_problem = %s'
            session.execute(statement.encode(), [problem])
    watch_logs()
    return made


def browser(auditing: Auditing, who: str) -> Client:
    client = Client()
    client.force_login(auditing.people[who], backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(client: Client, name: str, *args: Any, query: str = "") -> Any:
    return client.get(reverse(f"admin:tenants_{name}", args=args) + query)


def test_who_sees_which_pages(auditing: Auditing) -> None:
    acme, globex = auditing.acme.schema_name, auditing.globex.schema_name
    alert = AuditAlert.objects.get(tenant=auditing.acme)
    # (log list, acme's log, globex's, the platform's, alert list, acme's alert, exports, form)
    expected = {
        "stranger": (403, 403, 403, 403, 403, 403, 403, 403),
        "reader": (403, 403, 403, 403, 403, 403, 403, 403),
        "manager": (403, 403, 403, 403, 200, 200, 403, 403),
        "auditor": (200, 200, 302, 302, 200, 200, 200, 200),
        "platform_auditor": (200, 302, 302, 200, 200, 302, 200, 200),
        "admin": (200, 200, 200, 200, 200, 200, 200, 200),
    }
    for who, statuses in expected.items():
        client = browser(auditing, who)
        answers = [
            page(client, "auditlog_changelist"),
            *(page(client, "auditlog_change", schema) for schema in (acme, globex, "public")),
            page(client, "auditalert_changelist"),
            page(client, "auditalert_change", alert.pk),
            page(client, "auditexport_changelist"),
            page(client, "auditexport_add"),
        ]
        assert tuple(answer.status_code for answer in answers) == statuses, who
        text = "".join(answer.content.decode() for answer in answers)
        assert ("acme is changed" in text) == (who in ("manager", "auditor", "admin")), who
        assert ("globex is changed" in text) == (who == "admin"), who
        assert HOSTILE not in text

    # The banner is for those who may see the alert.
    def banner(who: str) -> bool:
        return b"Self-check failed (" in browser(auditing, who).get(reverse("admin:index")).content

    seen = {who: banner(who) for who in auditing.people}
    assert {who for who, sees in seen.items() if sees} == {"manager", "auditor", "admin"}
    assert b"Self-check failed (2)" in browser(auditing, "admin").get(reverse("admin:accounts_user_changelist")).content
    assert b"Self-check failed (1)" in browser(auditing, "manager").get(reverse("admin:index")).content

    # A log tells how it stands.
    auditor = browser(auditing, "auditor")
    text = page(auditor, "auditlog_change", auditing.acme.schema_name).content.decode()
    assert auditing.keyring.current.key.text in text
    assert auditing.log(auditing.acme).origin in text
    # What the watch remembers is not shown.
    assert "Unreadable since" not in text
    listed = page(auditor, "auditlog_changelist", query="?q=acme&well=no&o=-3").content.decode()
    assert "acme" in listed and "globex" not in listed
    assert b"acme" not in page(auditor, "auditlog_changelist", query="?well=yes").content


def post_action(client: Client, name: str, pk: Any, action: str, **data: Any) -> Any:
    return client.post(reverse(f"admin:tenants_{name}_{action}", args=[pk]), {"_form_submitted": "on", **data})


def test_checking_now_is_a_job_and_finds_what_there_is(auditing: Auditing) -> None:
    acme = auditing.acme.schema_name
    for who in ("reader", "manager", "platform_auditor"):
        assert post_action(browser(auditing, who), "auditlog", acme, "check_now").status_code in (302, 403, 404)
    assert not Operation.objects.filter(kind=OperationKind.AUDIT_CHECK).exists()
    post_action(browser(auditing, "auditor"), "auditlog", acme, "check_now")
    operation = Operation.objects.get(kind=OperationKind.AUDIT_CHECK)
    assert operation.tenant == auditing.acme and operation.requested_by == auditing.people["auditor"]
    done = run_operation(operation.pk)
    assert done is not None and done.state == OperationState.SUCCEEDED, done.error_message if done else ""
    assert done.result["problem"] == "" and done.result["entries"] > 0
    # What had been found is not there any more, and the job told the watch.
    assert not AuditAlert.objects.filter(tenant=auditing.acme, resolved_at=None).exists()
    assert AuditLog.objects.get(tenant=auditing.acme).checked_at is not None


def test_checking_now_says_that_an_anchor_is_not_mounted(auditing: Auditing, settings: Any, tmp_path: Path) -> None:
    settings.KAPOK_AUDIT_ANCHORS = (str(tmp_path / "not-mounted"),)
    with psycopg.connect(platform_conninfo(), autocommit=True) as session:
        session.execute("update public.kapok_log set anchored_size = size")
    post_action(browser(auditing, "auditor"), "auditlog", auditing.acme.schema_name, "check_now")
    done = run_operation(Operation.objects.get(kind=OperationKind.AUDIT_CHECK).pk)
    assert done is not None and (done.state, done.error_code) == (OperationState.FAILED, "ANCHOR_AWAY")
    assert not (tmp_path / "not-mounted").exists() and AuditLog.objects.get(tenant=auditing.acme).checked_at is None


def test_who_may_look_after_an_alert(auditing: Auditing) -> None:
    alert = AuditAlert.objects.get(tenant=auditing.acme)
    for who in ("stranger", "reader", "auditor", "platform_auditor"):
        post_action(browser(auditing, who), "auditalert", alert.pk, "acknowledge", note="mine")
        alert.refresh_from_db()
        assert alert.acknowledged_at is None, who
    post_action(browser(auditing, "manager"), "auditalert", alert.pk, "acknowledge", note=HOSTILE)
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.note) == (auditing.people["manager"], HOSTILE)
    shown = page(browser(auditing, "auditor"), "auditalert_change", alert.pk).content.decode()
    assert HOSTILE not in shown and "manager@example.com" in shown
    # Nobody has to be told any more on every page.
    assert b"Self-check failed" not in browser(auditing, "manager").get(reverse("admin:index")).content
    assert len(auditing.events(auditing.acme, "audit.alert_acknowledged")) == 1


def test_an_export_is_asked_for_followed_taken_and_deleted(auditing: Auditing) -> None:
    auditor = browser(auditing, "auditor")
    form = page(auditor, "auditexport_add", query="?tenant=acme&tables=authors,books&until=2026-01-02T03:04:05.5Z")
    text = form.content.decode()
    assert 'value="authors, books"' in text and "2026-01-02T03:04:06" in text
    assert "globex" not in text and "control plane’s own log" not in text
    wanted = {"tenant": "acme", "profile": "soc2", "tables": "authors", "since": "2020-01-01T00:00:00"}
    answer = auditor.post(reverse("admin:tenants_auditexport_add"), wanted)
    export = AuditExport.objects.get()
    assert answer.status_code == 302 and answer["Location"] == reverse(
        "admin:tenants_auditexport_change", args=[export.pk]
    )
    assert (export.tenant, export.profile, export.filters) == (auditing.acme, "soc2", {"tables": ["authors"]})
    assert b"data-operation" in page(auditor, "auditexport_change", export.pk).content
    auditing.run(export)
    done = page(auditor, "auditexport_change", export.pk).content.decode()
    assert export.sha256 in done and "data-operation" not in done
    assert page(browser(auditing, "manager"), "auditexport_change", export.pk).status_code == 403
    assert page(browser(auditing, "platform_auditor"), "auditexport_change", export.pk).status_code == 302
    address = auditor.get(reverse("admin:tenants_auditexport_download", args=[export.pk]))
    assert address["Location"] == reverse("control-export-download", args=[export.pk])
    post_action(browser(auditing, "platform_auditor"), "auditexport", export.pk, "remove")
    assert auditing.bundle(export).exists()
    post_action(auditor, "auditexport", export.pk, "remove")
    assert not auditing.bundle(export).exists()
    assert len(auditing.events(auditing.acme, "audit.export_deleted", export)) == 1


def test_what_cannot_be_exported_is_said_beside_the_field(auditing: Auditing) -> None:
    for who, wanted, words in (
        ("auditor", {"tenant": "globex"}, "Select a valid choice"),
        ("auditor", {"tenant": ""}, "This field is required"),
        ("platform_auditor", {"tenant": "acme"}, "Select a valid choice"),
        ("auditor", {"tenant": "acme", "until": "2999-01-01T00:00:00"}, "The future cannot be exported"),
        ("auditor", {"tenant": "acme", "profile": "gdpr-access"}, "needs `subject`"),
        ("auditor", {"tenant": "acme", "tables": "x" * 201}, "At most 200 values"),
        ("manager", {"tenant": "acme"}, ""),
    ):
        asked = {"profile": "general", **wanted}
        answer = browser(auditing, who).post(reverse("admin:tenants_auditexport_add"), asked)
        assert answer.status_code == (200 if words else 403) and words in answer.content.decode(), (who, wanted)
    assert not AuditExport.objects.exists()
    assert not Operation.objects.filter(kind=OperationKind.AUDIT_EXPORT).exists()
