"""Access tokens end with what they stand for: on GraphQL a second after a sign-out, a change of roles, a theft."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.identity.client import AuthTenant, refusal
from tests.waiting import once_within, until

New = Callable[[], str]


def says(tenant: AuthTenant, token: str) -> str:
    """Why GraphQL refuses a token; "" where it does not."""
    headers = {"authorization": f"Bearer {token}"}
    answer = httpx.post(f"{tenant.url}/graphql", json={"query": "{ __typename }"}, headers=headers, timeout=30)
    if answer.status_code == 200:
        return ""
    assert answer.status_code == 401
    return str(answer.json()["errors"][0]["extensions"]["details"]["reason"])


def operator(tenant: AuthTenant, method: str, email: str, action: str = "", body: Any = None) -> None:
    answer = tenant.live.control(method, f"/tenants/{tenant.slug}/users/{email}{action}", json=body or {})
    assert answer.status_code < 300, answer.text


def sign_out(tenant: AuthTenant, tokens: dict[str, Any], email: str) -> None:
    assert tenant.post("/signout", tokens["accessToken"]).status_code == 204


def replay(tenant: AuthTenant, tokens: dict[str, Any], email: str) -> None:
    """Somebody uses a refresh token a second time: the session's newest token ends too."""
    tenant.ok("/refresh", refreshToken=tokens["refreshToken"])
    assert tenant.refused("/refresh", refreshToken=tokens["refreshToken"])[1] == "REFRESH_TOKEN_REUSED"


def disable(tenant: AuthTenant, tokens: dict[str, Any], email: str) -> None:
    operator(tenant, "POST", email, "/disable")


def revoke(tenant: AuthTenant, tokens: dict[str, Any], email: str) -> None:
    operator(tenant, "POST", email, "/revoke-sessions")


def delete(tenant: AuthTenant, tokens: dict[str, Any], email: str) -> None:
    operator(tenant, "DELETE", email, body={"confirm": email})


@pytest.mark.parametrize("end", [sign_out, replay, disable, revoke, delete])
def test_a_token_ends_within_a_second(north: AuthTenant, new_email: New, end: Any) -> None:
    bystander = north.signed_up(new_email())["accessToken"]

    def attempt() -> float:
        email = new_email()
        tokens = north.signed_up(email)
        for token in (tokens["accessToken"], bystander):
            assert says(north, token) == ""
        end(north, tokens, email)
        took = until(lambda: says(north, tokens["accessToken"]) == "revoked")
        assert says(north, bystander) == ""
        return took

    once_within(1, attempt)


def test_other_roles_take_a_new_token_and_that_one_counts_at_once(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    tokens = north.signed_up(email)
    assert says(north, tokens["accessToken"]) == ""
    operator(north, "PATCH", email, body={"roles": ["anon"]})
    newer = north.ok("/refresh", refreshToken=tokens["refreshToken"])
    assert newer["sessionId"] == tokens["sessionId"]
    until(lambda: says(north, tokens["accessToken"]) == "revoked")
    assert says(north, newer["accessToken"]) == ""


def test_a_users_token_opens_no_other_tenant(north: AuthTenant, south: AuthTenant, new_email: New) -> None:
    token = north.signed_up(new_email())["accessToken"]
    answer = httpx.post(
        f"{south.url}/graphql",
        json={"query": "{ __typename }"},
        headers={"authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "TENANT_MISMATCH")
    assert refusal(south.call("GET", "/user", token)) == (403, "TENANT_MISMATCH"), "and there alike"
