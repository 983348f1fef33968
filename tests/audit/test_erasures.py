"""Erasures from the request to the end of the job: who may, what is gone, what is recorded, what proves what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from apps.tenants.models import Operation, OperationState, Tenant
from apps.tenants.models.jobs import ASKED
from apps.tenants.operations import run_operation
from tests.audit.auditing import Auditing, owner
from tests.tenant_database import fetch, platform_conninfo, real_database

__all__ = ["real_database"]

ADA = {"tenant": "acme", "table": "authors", "key": {"id": 1}}
SURE = {"reason": "GDPR 17, case 12", "confirm": "acme"}


@pytest.fixture
def auditing(real_database: None, tmp_path: Path) -> Auditing:
    made = Auditing(tmp_path)
    for tenant in (made.acme, made.globex):
        with owner(tenant) as session:
            session.execute("update authors set name = name || ' Byron' where id = 1")
        made.seal(tenant)
    return made


def ask(auditing: Auditing, who: str, body: Any, path: str = "") -> Any:
    return auditing.ask(who, "POST", f"/audit/erasures{path}", body)


def log_text(auditing: Auditing, tenant: Tenant) -> str:
    """Every value of the tenant's change log."""
    return str(
        fetch(auditing.log(tenant).sql("select key, before, after from {schema}.kapok_change order by position"))
    )


def test_from_the_request_to_values_that_are_gone(auditing: Auditing) -> None:
    counted = ask(auditing, "manager", ADA, "/preview").json()["data"]
    before = log_text(auditing, auditing.globex)
    asked = ask(auditing, "manager", {**ADA, **SURE})
    assert asked.status_code == 202
    auditing.seal(auditing.acme)
    done = run_operation(Operation.objects.get(pk=asked.json()["data"]["id"]).pk)
    assert done is not None and done.state == OperationState.SUCCEEDED
    assert {name: done.result[name] for name in counted} == counted and counted["values"] > 0
    assert ASKED not in done.result
    assert "Byron" not in log_text(auditing, auditing.acme)
    assert "Byron" in before == log_text(auditing, auditing.globex)
    manager = f"operator:{auditing.people['manager'].pk}"
    for name in ("audit.erasure_requested", "audit.erased"):
        (event,) = auditing.events(auditing.acme, name)
        assert (event["actor"], event["reason"]) == (manager, SURE["reason"])


def test_a_job_that_runs_again_finds_nothing_left_to_do(auditing: Auditing) -> None:
    """A worker that died after the commit, before it said so."""
    made = ask(auditing, "manager", {**ADA, **SURE}).json()["data"]
    auditing.seal(auditing.acme)
    asked = Operation.objects.get(pk=made["id"]).result
    assert run_operation(Operation.objects.get().pk) is not None
    Operation.objects.update(state=OperationState.QUEUED, result=asked, step="erase")
    auditing.seal(auditing.acme)
    again = run_operation(Operation.objects.get().pk)
    assert again is not None and (again.state, again.result["values"]) == (OperationState.SUCCEEDED, 0)


def test_who_may_erase(auditing: Auditing) -> None:
    before = [log_text(auditing, tenant) for tenant in (auditing.acme, auditing.globex)]
    platform = {"platform": True, "actor": "operator:1", "reason": "r", "confirm": "platform"}
    refused = {
        ("stranger", "acme"): 404,
        ("reader", "acme"): 403,
        ("auditor", "acme"): 403,
        ("manager", "globex"): 404,
        ("platform_auditor", "acme"): 404,
    }
    for (who, slug), status in refused.items():
        for path in ("", "/preview"):
            body = {**ADA, "tenant": slug, **({} if path else {**SURE, "confirm": slug})}
            assert ask(auditing, who, body, path).status_code == status, (who, slug, path)
    for who in ("manager", "platform_auditor"):
        assert ask(auditing, who, platform).status_code == 403
    assert not Operation.objects.exists()
    assert [log_text(auditing, tenant) for tenant in (auditing.acme, auditing.globex)] == before
    assert ask(auditing, "admin", platform).status_code == 202


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"confirm": "globex"}, 422, "CONFIRMATION_REQUIRED"),
        ({"reason": " "}, 422, "VALIDATION_FAILED"),
        ({"table": None}, 422, "VALIDATION_FAILED"),
        ({"paths": []}, 422, "VALIDATION_FAILED"),
        ({"target": "user:1"}, 422, "VALIDATION_FAILED"),
        ({"key": {}}, 422, "VALIDATION_FAILED"),
        ({"key": {"id": "\x00"}}, 422, "VALIDATION_FAILED"),
        ({"platform": True}, 422, "VALIDATION_FAILED"),
        ({"tenant": "nobody", "confirm": "nobody"}, 404, "TENANT_NOT_FOUND"),
    ],
    ids=lambda value: str(value),
)
def test_a_mistake_erases_nothing(auditing: Auditing, changed: dict[str, Any], status: int, code: str) -> None:
    before = log_text(auditing, auditing.acme)
    body = {name: value for name, value in {**ADA, **SURE, **changed}.items() if value is not None}
    answer = ask(auditing, "admin", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.content
    assert not Operation.objects.exists() and log_text(auditing, auditing.acme) == before


def test_a_log_that_was_tampered_with_keeps_everything(auditing: Auditing) -> None:
    """The job fails, says so, and can be tried again."""
    asked = ask(auditing, "manager", {**ADA, **SURE}).json()["data"]
    auditing.seal(auditing.acme)
    with psycopg.connect(platform_conninfo()) as session:
        session.execute("select set_config('kapok.log_upkeep', 'on', true)")
        forged = "update {schema}.kapok_change set after = after || '{\"name\": \"Eve\"}' where op = 'update'"
        session.execute(auditing.log(auditing.acme).sql(forged))
    before = log_text(auditing, auditing.acme)
    done = run_operation(Operation.objects.get(pk=asked["id"]).pk)
    assert done is not None and (done.state, done.error_code) == (OperationState.FAILED, "INVALID_STATE")
    # What was to be erased is kept for that, and shown to nobody: it may name a person.
    assert done.result[ASKED]["selection"]["table"] == "authors"
    seen = auditing.ask("reader", "GET", f"/operations/{done.pk}")
    assert seen.status_code == 200 and ASKED not in seen.json()["data"]["result"]
    assert log_text(auditing, auditing.acme) == before
