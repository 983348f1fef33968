"""Exports from the request to the download: who may, what is recorded, what is left when it goes wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from django.test import override_settings
from django.utils import timezone

from apps.audit.exports.spreadsheet import Spreadsheet
from apps.audit.time_stamps import Authority, Stamping
from apps.tenants import exporting
from apps.tenants.models import AuditExport, Operation, OperationState
from apps.tenants.services import do_delete_export, do_request_export
from apps.tenants.services.exports import MAX_PENDING
from apps.tenants.tasks import delete_expired_exports
from kapok.errors import KapokError
from kapok.ledger.problems import Code, Outcome
from tests.audit.auditing import Auditing, body_of, owner
from tests.audit.exported import EXAMPLE, EXAMPLE_KEYS, codes, contents, lines
from tests.audit.signing_sealer import signing_sealer
from tests.factories import TenantFactory
from tests.tenant_database import platform_conninfo, real_database
from tests.time_authority import TimeAuthority, served

__all__ = ["real_database"]


@pytest.fixture
def auditing(real_database: None, tmp_path: Path, settings: Any) -> Auditing:
    """Two tenants, and a directory for exports that is made when it is needed."""
    directory = tmp_path / "state" / "exports"
    settings.KAPOK_EXPORT_DIR = str(directory)
    return Auditing(directory)


def everything(auditing: Auditing) -> list[Any]:
    """All that a refused request must leave as it was."""
    logs = [auditing.events(tenant, "audit.export_requested") for tenant in (None, auditing.acme, auditing.globex)]
    taken = [auditing.events(tenant, "audit.exported") for tenant in (None, auditing.acme, auditing.globex)]
    rows = list(AuditExport.objects.values()), Operation.objects.count()
    return [*logs, *taken, rows, sorted(auditing.directory.glob("*"))]


def test_from_the_request_to_the_download_and_to_what_a_hand_did(
    auditing: Auditing, tmp_path: Path, update_golden: bool
) -> None:
    with owner(auditing.acme) as session:
        session.execute("update authors set name = 'Ada Byron' where name = 'Ada'")
        session.execute("insert into books (author_id, title) select id, 'Notes of ' || name from authors")
        session.execute("delete from books where title like 'Notes of Grace%'")
    auditing.ask("admin", "POST", "/tenants/acme/keys", {"kind": "secret", "name": "nightly import"})
    asked = auditing.ask("auditor", "POST", "/audit/exports", {"tenant": "acme", "profile": "soc2"})
    assert asked.status_code == 202
    made = asked.json()["data"]
    assert (made["state"], made["operation"]["state"], made["requestedBy"]) == (
        "queued",
        "queued",
        "auditor@example.com",
    )
    export = AuditExport.objects.get(pk=made["id"])
    auditing.seal(auditing.acme)
    if update_golden:
        _stamp(auditing, tmp_path)
    with signing_sealer(auditing.keyring, auditing.acme.schema_name):
        assert auditing.run(export).state == OperationState.SUCCEEDED
    shown = auditing.ask("auditor", "GET", f"/audit/exports/{export.pk}").json()["data"]
    assert (shown["state"], shown["operation"]["progress"]) == ("ready", 100)
    assert shown["facts"]["entries"] == shown["facts"]["shown"] > 0
    answer = auditing.ask("auditor", "GET", f"/audit/exports/{export.pk}/download")
    assert (answer.status_code, answer["content-type"], answer["cache-control"]) == (200, "application/zip", "no-store")
    assert answer["content-disposition"].startswith('attachment; filename="kapok-audit-acme-')
    taken = tmp_path / "taken.zip"
    taken.write_bytes(body_of(answer))
    key = auditing.keyring.current.key.text
    good = _verify(taken, key)
    assert (good.returncode, good.stderr) == (0, ""), good.stdout
    assert "Manifest     signed, made 20" in good.stdout
    assert {line["private"].get("after.name") for line in lines(taken)} >= {'"Ada Byron"'}
    if update_golden:
        shutil.copy(taken, EXAMPLE)
        EXAMPLE_KEYS.write_text(f"# What this operator's logs are signed with.\n{key}\n")
    # Somebody rules the database, and knows how Kapok itself gets past the triggers.
    with psycopg.connect(platform_conninfo(), autocommit=True) as session:
        changes = f'"{auditing.acme.schema_name}".kapok_change'
        session.execute("select set_config('kapok.log_upkeep', 'on', false)")
        session.execute(
            f"""update {changes} set after = after || '{{"name": "Eve"}}' where after->>'name' = 'Ada Byron'"""
        )
    again = do_request_export(auditing.acme, acting=auditing.people["auditor"])
    auditing.run(again)
    [bad] = [line["index"] for line in lines(taken) if line["private"].get("after.name") == '"Ada Byron"']
    assert codes(auditing.verify(auditing.bundle(again), auditing.acme)) == [(Code.ENTRY_CHANGED.value, bad)]
    told = _verify(auditing.bundle(again), key)
    assert told.returncode == 1
    assert f"Entry {bad} (authors, update, " in told.stdout


def _stamp(auditing: Auditing, directory: Path) -> None:
    """A notary stamps the log's newest checkpoint."""
    notary = TimeAuthority(directory / "notary", "Example Notary")
    with served(notary.answer) as url, psycopg.connect(platform_conninfo(), autocommit=True) as session:
        stamping = Stamping(platform_conninfo(), Authority(url), 0.0)
        assert stamping._stamp(session, auditing.log(auditing.acme)) is None
    shutil.copy(notary.root, EXAMPLE.with_name("notary.pem"))


def _verify(bundle: Path, key: str) -> subprocess.CompletedProcess[str]:
    """`kapok audit verify`, in a process that knows no server."""
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    command = [str(Path(sys.executable).with_name("kapok")), "audit", "verify", str(bundle), "--trusted-key", key]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def nothing_of_another_tenant_is_in_a_bundle(auditing: Auditing) -> None:
    for slug in ("acme", "globex"):
        do_request_export(getattr(auditing, slug), acting=auditing.people["admin"], profile="iso27001")
    exports = {export.tenant_slug: export for export in AuditExport.objects.all()}
    for slug, export in exports.items():
        auditing.run(export)
        assert auditing.verify(auditing.bundle(export), getattr(auditing, slug)).outcome is Outcome.VERIFIED
    acme, globex = (contents(auditing.bundle(exports[slug])) for slug in ("acme", "globex"))
    for word in ("globex", "Globex", auditing.globex.schema_name, str(auditing.globex.pk)):
        assert word.encode() in globex or word == "Globex"
        assert word.encode() not in acme
    assert b"Secret Globex" in globex
    assert b"Only Acme" in acme
    assert b"Only Acme" not in globex


REFUSED = [
    (None, {"tenant": "acme"}, 401),
    ("stranger", {"tenant": "acme"}, 404),
    ("reader", {"tenant": "acme"}, 403),
    ("manager", {"tenant": "acme"}, 403),
    ("platform_auditor", {"tenant": "acme"}, 404),
    ("auditor", {"tenant": "globex"}, 404),
    ("auditor", {"platform": True}, 403),
    ("manager", {"platform": True}, 403),
    ("auditor", {"tenant": "nowhere"}, 404),
    ("auditor", {}, 422),
    ("admin", {"tenant": "acme", "platform": True}, 422),
    ("auditor", {"tenant": "acme", "profile": "../../etc"}, 422),
    ("auditor", {"tenant": "acme", "profile": "gdpr-access"}, 422),
    ("auditor", {"tenant": "acme", "profile": "gdpr-access", "subject": ["ada"]}, 422),
    ("auditor", {"tenant": "acme", "subject": ["ada@example.com"]}, 422),
    ("auditor", {"tenant": "acme", "from": "2026-02-01T00:00Z", "to": "2026-01-01T00:00Z"}, 422),
    ("auditor", {"tenant": "acme", "to": "2999-01-01T00:00Z"}, 422),
]


def who_may_not_export_leaves_nothing_behind(auditing: Auditing) -> None:
    before = everything(auditing)
    for who, body, status in REFUSED:
        answer = auditing.ask(who or "nobody", "POST", "/audit/exports", body)
        assert answer.status_code == status, (who, body, answer.content)
        assert b"globex" not in answer.content.lower() or body.get("tenant") == "globex"
    assert everything(auditing) == before


def exports_are_seen_taken_and_deleted_by_their_auditors_only(auditing: Auditing) -> None:
    export = do_request_export(auditing.acme, acting=auditing.people["admin"])
    platform = do_request_export(None, acting=auditing.people["admin"])
    for one in (export, platform):
        assert auditing.run(one).state == OperationState.SUCCEEDED
    assert auditing.verify(auditing.bundle(platform), None).outcome is Outcome.VERIFIED
    seen = {
        who: [one["id"] for one in auditing.ask(who, "GET", "/audit/exports").json()["data"]["exports"]]
        for who in auditing.people
    }
    ours, theirs = str(export.pk), str(platform.pk)
    assert {who: sorted(ids) for who, ids in seen.items()} == {
        "stranger": [], "reader": [], "manager": [], "auditor": [ours], "platform_auditor": [theirs],
        "admin": sorted([ours, theirs]),
    }  # fmt: skip
    before = everything(auditing)
    for who, one in (("manager", export), ("platform_auditor", export), ("auditor", platform), ("reader", platform)):
        for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/download")):
            assert auditing.ask(who, method, f"/audit/exports/{one.pk}{path}").status_code == 404
    assert auditing.ask("auditor", "POST", f"/audit/exports/{export.pk}/download").status_code == 405
    assert everything(auditing) == before


def taking_away_and_deleting_are_recorded(auditing: Auditing) -> None:
    auditor = auditing.people["auditor"]
    export = do_request_export(auditing.acme, acting=auditor, filters={"tables": ["books"]})
    auditing.run(export)
    assert auditing.ask("auditor", "GET", f"/audit/exports/{export.pk}/download").status_code == 200
    assert auditing.ask("auditor", "DELETE", f"/audit/exports/{export.pk}").json()["data"]["state"] == "removed"
    assert list(auditing.directory.iterdir()) == []
    gone = auditing.ask("auditor", "GET", f"/audit/exports/{export.pk}/download")
    assert (gone.status_code, gone.json()["error"]["code"]) == (409, "INVALID_STATE")
    who = {"actor": f"operator:{auditor.pk}", "target": f"export:{export.pk}", "bundle": str(export.pk)}
    [asked] = auditing.events(auditing.acme, "audit.export_requested", export)
    [taken] = auditing.events(auditing.acme, "audit.exported", export)
    assert asked.items() >= {**who, "profile": "general", "filters": {"tables": ["books"]}}.items()
    assert taken.items() >= {**who, "sha256": export.sha256, "entries": export.facts["entries"]}.items()
    assert auditing.events(auditing.acme, "audit.export_deleted", export) == [who]
    export.refresh_from_db()
    assert export.downloads == 1


def a_bundle_holds_the_request_for_it(auditing: Auditing) -> None:
    export = do_request_export(auditing.acme, acting=auditing.people["auditor"])
    auditing.run(export)
    names = [line["public"].get("name") for line in lines(auditing.bundle(export))]
    assert names[-1] == "audit.export_requested"


def files_are_their_owners_and_go_when_their_time_is_over(auditing: Auditing) -> None:
    export = do_request_export(auditing.acme, acting=auditing.people["auditor"])
    auditing.run(export)
    assert auditing.directory.stat().st_mode & 0o777 == 0o700
    assert auditing.bundle(export).stat().st_mode & 0o777 == 0o600
    delete_expired_exports()
    assert auditing.bundle(export).is_file()
    AuditExport.objects.filter(pk=export.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    delete_expired_exports()
    assert list(auditing.directory.iterdir()) == []
    export.refresh_from_db()
    assert export.removed_at is not None
    assert [event["actor"] for event in auditing.events(auditing.acme, "audit.export_deleted", export)] == ["system"]
    delete_expired_exports()
    assert len(auditing.events(auditing.acme, "audit.export_deleted", export)) == 1


def a_log_nobody_seals_ends_the_export(auditing: Auditing) -> None:
    fresh = TenantFactory(slug="initech", project=auditing.acme.project, ready=True)
    export = do_request_export(fresh, acting=auditing.people["auditor"])
    done = auditing.run(export, sealed=False)
    assert (done.state, done.error_code) == (OperationState.ROLLED_BACK, "AUDIT_NOT_SEALED")
    assert (export.is_ready, list(auditing.directory.glob("*"))) == (False, [])


def a_log_that_is_not_sealed_up_to_now_is_exported_as_far_as_it_is(auditing: Auditing) -> None:
    auditing.seal(auditing.acme)
    export = do_request_export(auditing.acme, acting=auditing.people["auditor"])
    done = auditing.run(export, sealed=False)
    assert done.state == OperationState.SUCCEEDED
    assert "nothing has sealed it" in done.result["notSealed"]
    assert b"the log is not sealed up to now" in contents(auditing.bundle(export))
    assert auditing.verify(auditing.bundle(export), auditing.acme).outcome is Outcome.VERIFIED


def a_job_that_was_interrupted_begins_again_and_leaves_no_pieces(auditing: Auditing) -> None:
    export = do_request_export(auditing.acme, acting=auditing.people["auditor"])
    with patch.object(Spreadsheet, "add", _broken):
        assert auditing.run(export).state == OperationState.QUEUED
    assert list(auditing.directory.iterdir()) == []
    # A killed worker cleans up nothing.
    auditing.bundle(export).with_suffix(".part").write_bytes(b"half a bundle")
    assert auditing.run(export).state == OperationState.SUCCEEDED
    assert [path.name for path in auditing.directory.iterdir()] == [f"{export.pk}.zip"]
    assert auditing.verify(auditing.bundle(export), auditing.acme).outcome is Outcome.VERIFIED


def _broken(*arguments: Any) -> None:
    raise OSError("no space left on device")


def only_some_exports_of_a_log_are_made_at_once(auditing: Auditing) -> None:
    before = len(auditing.events(auditing.acme, "audit.export_requested"))
    for _ in range(MAX_PENDING):
        do_request_export(auditing.acme, acting=auditing.people["auditor"])
    with pytest.raises(KapokError, match="being made already"):
        do_request_export(auditing.acme, acting=auditing.people["auditor"])
    assert AuditExport.objects.count() == MAX_PENDING
    assert len(auditing.events(auditing.acme, "audit.export_requested")) == before + MAX_PENDING


def without_a_directory_nothing_is_exported(auditing: Auditing) -> None:
    with override_settings(KAPOK_EXPORT_DIR=""):
        answer = auditing.ask("auditor", "POST", "/audit/exports", {"tenant": "acme"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "EXPORTS_OFF")
    assert AuditExport.objects.count() == 0


def an_export_outlives_its_tenant(auditing: Auditing) -> None:
    export = do_request_export(auditing.acme, acting=auditing.people["auditor"])
    auditing.run(export)
    AuditExport.objects.filter(pk=export.pk).update(tenant=None)
    assert auditing.ask("auditor", "GET", f"/audit/exports/{export.pk}/download").status_code == 200
    assert len(auditing.events(None, "audit.exported", export)) == 1
    export.refresh_from_db()
    do_delete_export(export, acting=auditing.people["auditor"])
    assert list(auditing.directory.iterdir()) == []


WHO = (
    nothing_of_another_tenant_is_in_a_bundle,
    who_may_not_export_leaves_nothing_behind,
    exports_are_seen_taken_and_deleted_by_their_auditors_only,
    an_export_outlives_its_tenant,
)
LIFE = (
    taking_away_and_deleting_are_recorded,
    a_bundle_holds_the_request_for_it,
    files_are_their_owners_and_go_when_their_time_is_over,
    only_some_exports_of_a_log_are_made_at_once,
)
ENDS = (
    a_log_nobody_seals_ends_the_export,
    a_log_that_is_not_sealed_up_to_now_is_exported_as_far_as_it_is,
    a_job_that_was_interrupted_begins_again_and_leaves_no_pieces,
    without_a_directory_nothing_is_exported,
)


@pytest.mark.parametrize("cases", [WHO, LIFE, ENDS], ids=["who", "life", "ends"])
def test_exports(
    auditing: Auditing, monkeypatch: pytest.MonkeyPatch, cases: tuple[Callable[[Auditing], None], ...]
) -> None:
    """Setting up tenants takes longer than what is tested, so several cases share them."""
    if cases is ENDS:
        monkeypatch.setattr(exporting, "SEAL_SECONDS", 0.01)
    for case in cases:
        case(auditing)
        auditing.clear()
