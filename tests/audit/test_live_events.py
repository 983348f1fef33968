"""Refusals in a running Kapok reach the logs, each from the process that refused."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from tests.live import Live, LiveTenant
from tests.waiting import until

FORWARDED = {"x-forwarded-for": "203.0.113.77"}
_SCHEMA = "select schema_name from tenants_tenant where slug = %s"

Events = Callable[[str, int], list[tuple[str, str, str, dict[str, Any]]]]


@pytest.fixture
def events(live: Live) -> Events:
    """(outcome, target, address, details) of the events of an action; slug "": the control plane's."""

    def find(slug: str, action: int) -> list[tuple[str, str, str, dict[str, Any]]]:
        with psycopg.connect(live.database_url) as session:
            found = session.execute(_SCHEMA, (slug,)).fetchone() if slug else ("public",)
            assert found is not None
            return session.execute(
                f'select outcome, target, address, details from "{found[0]}".kapok_event where action = %s', (action,)
            ).fetchall()

    return find


def asked(tenant: LiveTenant, key: str) -> httpx.Response:
    return httpx.post(
        tenant.graphql_url, json={"query": "{ __typename }"}, headers={"apikey": key, **FORWARDED}, timeout=30
    )


def test_a_key_of_another_tenant_is_told_to_both_and_neither_learns_of_the_other(
    events: Events, acme: LiveTenant, globex: LiveTenant
) -> None:
    for _ in range(3):
        assert asked(acme, globex.secret_key).status_code == 403

    # Other tests of the run are refused as well, from no other address than this machine's.
    def at_acme() -> list[Any]:
        return [row for row in told("acme") if row[3]["reason"] == "TENANT_MISMATCH"]

    def at_globex() -> list[Any]:
        return [row for row in told("globex") if row[3]["reason"] == "not this tenant's address"]

    def told(slug: str) -> list[Any]:
        return [row for row in events(slug, 802) if row[2] == FORWARDED["x-forwarded-for"]]

    until(lambda: at_acme() and at_globex())
    outcome, target, _, details = at_acme()[0]
    assert (outcome, target) == ("refused", "")
    assert 1 <= details["count"] <= 3
    assert at_globex()[0][1].startswith("key:")
    assert "globex" not in str(events("acme", 802)) and "acme" not in str(events("globex", 802))


def test_a_revoked_key_is_told(live: Live, events: Events, acme: LiveTenant) -> None:
    named = {"kind": "secret", "name": f"told-{uuid.uuid4().hex[:8]}"}
    made = live.control("POST", "/tenants/acme/keys", json=named).json()["data"]
    assert live.control("DELETE", f"/tenants/acme/keys/{made['id']}").is_success
    until(lambda: asked(acme, made["key"]).status_code == 401)
    until(lambda: [row for row in events("acme", 802) if row[1] == f"key:{made['id']}"])
    assert made["key"] not in str(events("acme", 802)) + str(events("acme", 301))


def test_a_wrong_password_of_a_user_is_told(live: Live, events: Events) -> None:
    email = f"nobody-{uuid.uuid4().hex[:8]}@example.com"
    url = f"{live.base_url}/t/acme/auth/v1/signin"
    body = {"email": email, "password": "a wrong password"}
    assert httpx.post(url, json=body, headers=FORWARDED, timeout=60).status_code == 401

    def told() -> list[Any]:
        return [row for row in events("acme", 622) if row[1] == f"account:{email}"]

    until(told)
    assert told()[0][0] == "refused"
    assert told()[0][2:] == (
        "203.0.113.77",
        {"reason": "INVALID_CREDENTIALS", "method": "password", "count": 1},
    )
    assert "a wrong password" not in str(events("acme", 622))


def test_a_wrong_password_of_an_operator_is_told(live: Live, events: Events) -> None:
    name = f"operator-{uuid.uuid4().hex[:8]}@example.com"
    with httpx.Client(base_url=live.base_url, timeout=60) as browser:
        browser.get("/admin/login/")
        form = {"username": name, "password": "a wrong one", "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        browser.post("/admin/login/", data=form, headers={"referer": f"{live.base_url}/admin/login/"})
    until(lambda: [row for row in events("", 502) if row[1] == f"account:{name}"])
    assert "a wrong one" not in str(events("", 502))
