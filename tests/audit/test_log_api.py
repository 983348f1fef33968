"""The state of an audit log by the control API: who may see it, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.audit.auditing import Auditing
from tests.factories import TenantFactory
from tests.tenant_database import platform_conninfo, real_database

__all__ = ["real_database"]


@pytest.fixture
def auditing(real_database: None, tmp_path: Path) -> Auditing:
    return Auditing(tmp_path)


def state(auditing: Auditing, who: str, query: str) -> Any:
    return auditing.ask(who, "GET", f"/audit/log?{query}")


def test_a_log_says_how_far_it_is_sealed_and_by_whom(auditing: Auditing) -> None:
    before = state(auditing, "auditor", "tenant=acme").json()["data"]
    assert (before["size"], before["checkpoint"], before["key"], before["problems"]) == (0, None, "", [])
    auditing.seal(auditing.acme)
    after = state(auditing, "auditor", "tenant=acme").json()["data"]
    assert after["size"] == after["checkpoint"]["size"] > 0
    assert after["key"] == auditing.keyring.current.key.text
    assert after["origin"] in after["checkpoint"]["note"]
    assert after["problems"] == []


def test_problems_are_shown(auditing: Auditing) -> None:
    auditing.seal(None)
    with psycopg.connect(platform_conninfo(), autocommit=True) as session:
        session.execute("update public.kapok_log set last_problem = 'entry 3 is not what was sealed'")
    assert state(auditing, "admin", "platform=true").json()["data"]["problems"] == ["entry 3 is not what was sealed"]


def test_who_may_see_a_log(auditing: Auditing) -> None:
    expected = {
        ("stranger", "tenant=acme"): 404,
        ("reader", "tenant=acme"): 403,
        ("manager", "tenant=acme"): 403,
        ("auditor", "tenant=acme"): 200,
        ("auditor", "tenant=globex"): 404,
        ("auditor", "platform=true"): 403,
        ("platform_auditor", "tenant=acme"): 404,
        ("platform_auditor", "platform=true"): 200,
        ("admin", "tenant=globex"): 200,
        ("admin", ""): 422,
        ("admin", "tenant=acme&platform=true"): 422,
        ("admin", "tenant=nobody"): 404,
    }
    assert {asked: state(auditing, *asked).status_code for asked in expected} == expected


def test_a_tenant_that_is_not_set_up_has_no_log(auditing: Auditing) -> None:
    TenantFactory(slug="early", project=auditing.acme.project)
    answer = state(auditing, "auditor", "tenant=early")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "INVALID_STATE")
