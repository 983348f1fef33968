"""Mutations with users' tokens and with keys of one scope: a role writes what it may, and nothing refused writes."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import pytest

from tests.api.shops import Shop
from tests.live import Live
from tests.minting import Mint
from tests.waiting import until

MAKE = 'mutation { createTag(input: {name: "%s"}) { name } }'
CLERK = 'mutation { createCustomer(input: {email: "%s@example.com", name: "New"}) { name } }'


@pytest.fixture(scope="module")
def mint(live: Live, shops: tuple[Shop, Shop]) -> Mint:
    return Mint(live, shops[0].tenant, project="shop").install()


@pytest.fixture(scope="module")
def strangers(live: Live, shops: tuple[Shop, Shop]) -> Mint:
    return Mint(live, shops[1].tenant, project="shop").install()


def send(shop: Shop, token: str, query: str, **headers: str) -> dict[str, Any]:
    answer = httpx.post(
        shop.tenant.graphql_url, json={"query": query}, headers={"authorization": f"Bearer {token}", **headers}
    )
    body: dict[str, Any] = answer.json()
    return {"status": answer.status_code, **body}


def code(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


def test_a_clerk_writes_what_clerks_may(north: Shop, mint: Mint) -> None:
    token = mint.token(roles=["clerk"])
    assert send(north, token, CLERK % "cy")["data"] == {"createCustomer": {"name": "New"}}
    assert "cy@example.com" in json.dumps(north.rows()["customers"])
    with north.untouched():
        assert code(send(north, token, MAKE % "mine")) == "GRAPHQL_VALIDATION_FAILED"


def test_refused_tokens_write_nothing(north: Shop, mint: Mint, strangers: Mint) -> None:
    clerk: dict[str, Any] = {"roles": ["clerk"]}
    sid = f"session-{uuid.uuid4()}"
    ended = mint.token(**clerk, sid=sid)
    assert "data" in send(north, ended, CLERK % "before")
    mint.revoke("sid", sid)
    until(lambda: send(north, ended, "{ __typename }")["status"] == 401)
    attempts = {
        "revoked": ended,
        "expired": mint.token(**clerk, exp=1),
        "strangers": strangers.token(**clerk),
        "posing": strangers.token({"kid": mint.kid}, **clerk, iss=mint.issuer, tenant_id=north.tenant.id),
        "service": mint.token(roles=["service"]),
        "audience": mint.token(**clerk, aud="bookings"),
        "unknown": Mint(mint.live, north.tenant, project="shop").token(**clerk),
    }
    with north.untouched():
        for name, token in attempts.items():
            answer = send(north, token, CLERK % name)
            assert answer["status"] in (401, 403), name
            assert "data" not in answer
            # A key that could do it alone does not help.
            answer = send(north, token, CLERK % name, apikey=north.service)
            assert answer["status"] in (401, 403), name


def test_a_role_is_asked_for_within_the_tokens_roles(north: Shop, mint: Mint) -> None:
    token = mint.token(roles=["anon", "clerk"])
    with north.untouched():
        assert code(send(north, token, CLERK % "anon")) == "GRAPHQL_VALIDATION_FAILED"
        anon_only = mint.token(roles=["anon"])
        for role in ("clerk", "service"):
            assert code(send(north, anon_only, CLERK % role, **{"x-kapok-role": role})) == "FORBIDDEN"
    assert "data" in send(north, token, CLERK % "clerk", **{"x-kapok-role": "clerk"})


def test_sql_in_claims_is_text(north: Shop, mint: Mint) -> None:
    evil = "'; update orders set note = 'owned'; --"
    token = mint.token(roles=["clerk"], email=evil, note=evil, deep={"x": [evil, {"'": evil}]}, sub="a|b@c")
    assert "data" in send(north, token, CLERK % "evil")
    assert "owned" not in json.dumps(north.rows()["orders"])


@pytest.mark.parametrize(("scope", "may_read", "may_write"), [("read", True, False), ("write", False, True)])
def test_keys_of_one_scope(live: Live, north: Shop, scope: str, may_read: bool, may_write: bool) -> None:
    key = live.cli("keys", "create", "north", "--scope", scope)["key"]
    tenant = north.tenant
    for _ in range(2):  # the second time from the hot path
        answer = tenant.post("{ tags { name } }", key=key)
        assert (answer.status_code == 200) == may_read
        assert ("gift" in answer.text) == may_read
    before = north.rows()["tags"]
    for number in range(2):
        answer = tenant.post(MAKE % f"{scope}-{number}", key=key)
        if not may_write:
            assert (answer.status_code, code(answer.json())) == (403, "FORBIDDEN")
    assert (len(north.rows()["tags"]) - len(before)) == (2 if may_write else 0)
