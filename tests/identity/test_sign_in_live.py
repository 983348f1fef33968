"""Second factors, identity providers and operators' commands, over HTTP against a running Kapok."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import jwt
import pyotp
import pytest

from apps.identity.social.relying_party import challenge_of
from tests.identity.openid_provider import OpenIdProvider, running_provider
from tests.live import Live

APP, VERIFIER = "https://app.example.com/back", "v" * 50
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def provider(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIdProvider]:
    """A provider that bookings' users may sign in at; set up by the command line."""
    callback = f"{live.base_url}/oidc/bookings/test-id/callback"
    users = [{"name": "ada", "password": "pw", "email": f"{uuid.uuid4().hex}@example.com", "verified": True}]
    with running_provider(tmp_path_factory.mktemp("provider"), [callback], users) as running:
        body = {"issuer": running.issuer, "clientId": running.client_id, "clientSecret": running.client_secret}
        made = live.control("PUT", "/projects/bookings/providers/test-id", json=body).json()["data"]
        assert made["callbackUrl"] == callback
        assert running.client_secret not in str(live.cli("providers", "list", "bookings"))
        changed = live.control("PATCH", "/projects/bookings", json={"auth": {"redirectUrls": [APP]}})
        assert changed.status_code == 200, changed.text
        yield running
        live.control("PATCH", "/projects/bookings", json={"auth": {"redirectUrls": None}})
        live.cli("providers", "remove", "bookings", "test-id")


def auth(live: Live, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
    """A request to acme's /auth/v1."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.request(method, f"{live.base_url}/t/acme/auth/v1{path}", headers=headers, timeout=30, **more)


def signed_in(live: Live, email: str) -> Any:
    return auth(live, "POST", "/signin", json={"email": email, "password": PASSWORD}).json()


@pytest.fixture
def email(live: Live) -> str:
    """Of a new user of acme."""
    address = f"{uuid.uuid4().hex}@example.com"
    body = {"email": address, "password": PASSWORD}
    assert live.control("POST", "/tenants/acme/users", json=body).status_code == 201
    return address


def came_back(live: Live, provider: OpenIdProvider) -> str:
    """A browser's way from the app's link to the app's page: the one-time code there."""
    query = {"redirectTo": APP, "codeChallenge": challenge_of(VERIFIER)}
    sent = auth(live, "GET", "/oidc/test-id/authorize", params=query)
    assert sent.status_code == 302, sent.text
    back = provider.sign_in("ada", "pw", sent.headers["location"])
    assert back.startswith(f"{live.base_url}/oidc/bookings/test-id/callback?")
    relayed = httpx.get(back)
    assert relayed.status_code == 302
    assert relayed.headers["location"].startswith(f"{live.base_url}/t/acme/auth/v1/oidc/test-id/callback?")
    arrived = httpx.get(relayed.headers["location"])
    assert arrived.headers["location"].startswith(f"{APP}?code="), arrived.text
    assert arrived.headers["referrer-policy"] == "no-referrer"
    return dict(parse_qsl(urlsplit(arrived.headers["location"]).query))["code"]


def test_signing_in_at_a_provider(live: Live, provider: OpenIdProvider) -> None:
    assert auth(live, "GET", "/oidc").json() == {"providers": [{"name": "test-id", "title": "test-id"}]}
    code = came_back(live, provider)
    stolen = auth(live, "POST", "/oidc/exchange", json={"code": code, "codeVerifier": "w" * 50})
    assert stolen.json()["error"]["code"] == "TOKEN_INVALID"
    given = {"code": came_back(live, provider), "codeVerifier": VERIFIER}
    entered = auth(live, "POST", "/oidc/exchange", json=given)
    assert entered.status_code == 200, entered.text
    token = entered.json()["accessToken"]
    assert [each["provider"] for each in auth(live, "GET", "/identities", token).json()["identities"]] == ["test-id"]
    again = {"code": came_back(live, provider), "codeVerifier": VERIFIER}
    assert auth(live, "POST", "/oidc/exchange", json=again).json()["user"] == {
        **entered.json()["user"],
        "lastSignInAt": auth(live, "GET", "/user", token).json()["lastSignInAt"],
    }
    assert auth(live, "POST", "/oidc/exchange", json=again).status_code == 400
    # A factor is asked for here too.
    started = auth(live, "POST", "/factors/totp", token, json={}).json()
    code = pyotp.TOTP(started["secret"]).now()
    confirmed = auth(live, "POST", f"/factors/totp/{started['id']}/confirm", token, json={"code": code})
    assert confirmed.status_code == 200, confirmed.text
    third = {"code": came_back(live, provider), "codeVerifier": VERIFIER}
    asked = auth(live, "POST", "/oidc/exchange", json=third).json()
    assert set(asked) == {"challenge"}
    answer = {"token": asked["challenge"]["token"], "recoveryCode": confirmed.json()["recoveryCodes"][0]}
    assert auth(live, "POST", "/challenge", json=answer).json()["user"]["id"] == entered.json()["user"]["id"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"state": "x.y"},
        {"state": "../../evil.x", "code": "1"},
        {"state": "evil.example/x.y"},
        {"state": "ACME.x"},
        {"state": "acme@evil.x"},
        {"state": "acme", "code": "x" * 5000},
    ],
)
def test_the_relay_sends_nobody_elsewhere(live: Live, query: dict[str, str]) -> None:
    answer = httpx.get(f"{live.base_url}/oidc/bookings/test-id/callback?{urlencode(query)}")
    location = answer.headers.get("location", "")
    assert answer.status_code == 400 or location.startswith(f"{live.base_url}/t/"), location
    if location:
        assert httpx.get(location).status_code in (400, 404)


def test_a_code_after_the_password(live: Live, email: str) -> None:
    token = signed_in(live, email)["accessToken"]
    started = auth(live, "POST", "/factors/totp", token, json={"name": "Phone"})
    assert started.status_code == 201
    assert started.headers["cache-control"] == "no-store"
    app = pyotp.TOTP(started.json()["secret"])
    done = auth(live, "POST", f"/factors/totp/{started.json()['id']}/confirm", token, json={"code": app.now()})
    codes = done.json()["recoveryCodes"]
    assert auth(live, "GET", "/factors", token).json()["recoveryCodesLeft"] == len(codes) == 10
    asked = signed_in(live, email)
    assert set(asked) == {"challenge"}, "no token before the second step"
    challenge = asked["challenge"]["token"]
    for wrong in ({}, {"code": "1", "recoveryCode": "2"}, {"code": ["1"]}, {"credential": "x"}, {"code": "1", "x": 1}):
        refused = auth(live, "POST", "/challenge", json={"token": challenge, **wrong})
        assert refused.status_code == 422, refused.text
    nonsense = {"token": challenge, "credential": {"id": "x", "response": {"clientDataJSON": "e30"}}}
    assert auth(live, "POST", "/challenge", json=nonsense).json()["error"]["code"] == "FACTOR_REFUSED"
    entered = auth(live, "POST", "/challenge", json={"token": challenge, "recoveryCode": codes[0]})
    assert entered.status_code == 200, entered.text
    for path in ("/factors", "/factors/recovery-codes", "/identities"):
        assert auth(live, "GET" if path != "/factors/recovery-codes" else "POST", path).status_code == 401


def test_the_level_of_a_sign_in_is_in_the_token(live: Live, email: str) -> None:
    """What rules ask for: $claims.aal and $claims.amr."""
    token = signed_in(live, email)["accessToken"]
    assert {name: claims(token)[name] for name in ("aal", "amr")} == {"aal": "aal1", "amr": ["pwd"]}
    started = auth(live, "POST", "/factors/totp", token, json={}).json()
    code = pyotp.TOTP(started["secret"]).now()
    done = auth(live, "POST", f"/factors/totp/{started['id']}/confirm", token, json={"code": code}).json()
    challenge = signed_in(live, email)["challenge"]["token"]
    answer = {"token": challenge, "recoveryCode": done["recoveryCodes"][0]}
    entered = auth(live, "POST", "/challenge", json=answer).json()
    refreshed = auth(live, "POST", "/refresh", json={"refreshToken": entered["refreshToken"]}).json()
    for each in (entered, refreshed):
        said = claims(each["accessToken"])
        assert (said["aal"], said["amr"]) == ("aal2", ["pwd", "recovery", "mfa"])


def test_operators_commands(live: Live, email: str) -> None:
    token = signed_in(live, email)["accessToken"]
    assert [user["email"] for user in live.cli("users", "list", "acme", "--search", email)["users"]] == [email]
    shown = live.cli("users", "show", "acme", email)
    assert (shown["sessionCount"], shown["state"]) == (1, "active")
    assert live.cli("users", "set-roles", "acme", email, "partner")["roles"] == ["partner"]
    changed = live.cli("users", "set-metadata", "acme", shown["id"], "--app-metadata", '{"plan": "pro"}')
    assert changed["appMetadata"] == {"plan": "pro"}
    assert live.cli("users", "revoke-sessions", "acme", email)["sessionCount"] == 0
    assert auth(live, "GET", "/user", token).status_code == 401
    assert live.cli("users", "disable", "acme", email)["state"] == "disabled"
    assert signed_in(live, email)["error"]["code"] == "ACCOUNT_DISABLED"
    assert live.cli("users", "enable", "acme", email)["state"] == "active"
    assert live.cli("users", "reset-factors", "acme", email)["factors"] == []
    assert live.cli("users", "reset-password", "acme", email)["id"] == shown["id"]
    live.cli("users", "delete", "acme", email, "--confirm", email)
    assert live.cli("users", "list", "acme", "--search", email)["users"] == []
    made = live.cli("users", "create", "acme", f"x{email}", "--role", "member", "--invite")
    assert (made["roles"], made["email"]) == (["member"], f"x{email}")


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found
