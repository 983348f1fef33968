"""Signing up, in and out over HTTP, with real mails, a real worker and two tenants."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import jwt
import pytest

from tests.identity.client import PASSWORD, AuthTenant, refusal

New = Callable[[], str]
Tables = Callable[[str], dict[str, int]]
OTHER = "another horse battery"


def claims(token: str) -> dict[str, object]:
    said: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return said


def graphql(tenant: AuthTenant, token: str) -> httpx.Response:
    return httpx.post(
        f"{tenant.url}/graphql",
        json={"query": "{__typename}"},
        headers={"authorization": f"Bearer {token}"},
        timeout=30,
    )


def test_sign_up_verify_sign_in_refresh_sign_out(north: AuthTenant, new_email: New, tables: Tables) -> None:
    email, before = new_email(), tables("people-north")
    assert north.ok("/signup", email=email.upper(), password=PASSWORD, metadata={"name": "Ada"}) == {"mailSent": True}
    mail = north.mail(email, "sign_up")
    assert mail["token"] in mail["url"] and mail["url"].startswith(f"{north.url}/auth/v1/confirm?")
    assert north.refused("/signin", email=email, password=PASSWORD) == (401, "INVALID_CREDENTIALS")
    assert {**tables("people-north"), "kapok_one_time_token": 0} == {**before, "kapok_one_time_token": 0}

    tokens = north.ok("/verify", token=mail["token"])
    assert tokens["user"]["email"] == email and tokens["user"]["emailVerified"] and tokens["expiresIn"] == 900
    assert north.refused("/verify", token=mail["token"]) == (400, "TOKEN_INVALID")

    tokens = north.signed_in(email)
    said = claims(tokens["accessToken"])
    assert (said["sub"], said["email"], said["roles"], said["amr"], said["aal"]) == (
        tokens["user"]["id"], email, ["anon"], ["pwd"], "aal1"
    )  # fmt: skip
    assert graphql(north, tokens["accessToken"]).status_code == 200
    assert north.me(tokens["accessToken"])["metadata"] == {"name": "Ada"}

    newer = north.ok("/refresh", refreshToken=tokens["refreshToken"])
    assert newer["sessionId"] == tokens["sessionId"] and newer["refreshToken"] != tokens["refreshToken"]
    assert claims(newer["accessToken"])["amr"] == ["pwd"]

    assert north.post("/signout", newer["accessToken"]).status_code == 204
    for token in (tokens["accessToken"], newer["accessToken"]):
        assert refusal(north.call("GET", "/user", token)) == (401, "SESSION_ENDED")
    assert north.refused("/refresh", refreshToken=newer["refreshToken"]) == (401, "SESSION_ENDED")


def test_a_replayed_refresh_token_ends_its_session(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    other, first = north.signed_up(email), north.signed_in(email)
    second = north.ok("/refresh", refreshToken=first["refreshToken"])
    third = north.ok("/refresh", refreshToken=second["refreshToken"])
    assert north.refused("/refresh", refreshToken=first["refreshToken"]) == (401, "REFRESH_TOKEN_REUSED")
    assert north.refused("/refresh", refreshToken=third["refreshToken"]) == (401, "SESSION_ENDED")
    assert refusal(north.call("GET", "/user", third["accessToken"])) == (401, "SESSION_ENDED")
    assert north.me(other["accessToken"])["email"] == email, "the other session goes on"


def test_the_grace_gives_no_second_family(north: AuthTenant, new_email: New) -> None:
    north.settings(refreshGraceSeconds=30)
    first = north.signed_up(new_email())
    second = north.ok("/refresh", refreshToken=first["refreshToken"])
    assert north.refused("/refresh", refreshToken=first["refreshToken"]) == (409, "REFRESH_TOKEN_ROTATED")
    assert north.ok("/refresh", refreshToken=second["refreshToken"])["sessionId"] == first["sessionId"]


def test_the_same_address_in_two_tenants_is_two_people(north: AuthTenant, south: AuthTenant, new_email: New) -> None:
    email = new_email()
    mine = north.signed_up(email)
    assert south.refused("/signin", email=email, password=PASSWORD) == (401, "INVALID_CREDENTIALS")
    south.ok("/signup", email=email, password=OTHER)
    theirs = south.ok("/verify", token=south.mail(email, "sign_up", 2)["token"])
    assert mine["user"]["id"] != theirs["user"]["id"]
    assert north.refused("/signin", email=email, password=OTHER) == (401, "INVALID_CREDENTIALS")


def test_nothing_of_one_tenant_works_at_another(
    north: AuthTenant, south: AuthTenant, new_email: New, tables: Tables
) -> None:
    email = new_email()
    tokens = north.signed_up(email)
    waiting = new_email()
    north.ok("/signup", email=waiting, password=PASSWORD)
    mail = north.mail(waiting, "sign_up")
    before = tables("people-south")
    assert south.refused("/refresh", refreshToken=tokens["refreshToken"]) == (401, "SESSION_ENDED")
    assert refusal(south.call("GET", "/user", tokens["accessToken"])) == (403, "TENANT_MISMATCH")
    assert refusal(south.call("GET", "/sessions", tokens["accessToken"])) == (403, "TENANT_MISMATCH")
    assert south.refused("/signout", tokens["accessToken"], scope="everywhere") == (403, "TENANT_MISMATCH")
    assert south.refused("/verify", token=mail["token"]) == (400, "TOKEN_INVALID")
    assert tables("people-south") == before
    assert north.ok("/refresh", refreshToken=tokens["refreshToken"])["user"]["email"] == email
    assert north.ok("/verify", token=mail["token"])["user"]["email"] == waiting


def test_a_key_of_another_tenant_is_refused(north: AuthTenant) -> None:
    key = north.live.acme.publishable_key
    answer = north.call("POST", "/signin", json={"email": "a@example.com", "password": "x"}, headers={"apikey": key})
    assert refusal(answer) == (403, "TENANT_MISMATCH")


def test_password_reset_ends_every_session_and_works_once(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    tokens = north.signed_up(email)
    north.ok("/password/reset", email=email)
    token = north.mail(email, "password_reset")["token"]
    assert north.refused("/password/reset/confirm", token=token, password="short") == (422, "PASSWORD_UNFIT")
    assert north.signed_in(email), "a refused password leaves the old one"
    assert north.post("/password/reset/confirm", token=token, password=OTHER).status_code == 204
    assert north.refused("/password/reset/confirm", token=token, password=PASSWORD) == (400, "TOKEN_INVALID")
    assert refusal(north.call("GET", "/user", tokens["accessToken"])) == (401, "SESSION_ENDED")
    assert north.refused("/signin", email=email, password=PASSWORD) == (401, "INVALID_CREDENTIALS")
    assert north.signed_in(email, OTHER)
    assert north.mail(email, "password_changed")["url"] == ""


def test_change_of_password_keeps_this_session_only(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    other, mine = north.signed_up(email), north.signed_in(email)
    wrong = north.refused("/password", mine["accessToken"], currentPassword="wrong horse", password=OTHER)
    assert wrong == (403, "INVALID_CREDENTIALS")
    assert north.me(other["accessToken"]), "a refusal ends nothing"
    changed = north.post("/password", mine["accessToken"], currentPassword=PASSWORD, password=OTHER)
    assert changed.status_code == 204
    assert north.me(mine["accessToken"])
    assert refusal(north.call("GET", "/user", other["accessToken"])) == (401, "SESSION_ENDED")
    assert north.signed_in(email, OTHER)


def test_change_of_address_tells_both(north: AuthTenant, new_email: New) -> None:
    old, new = new_email(), new_email()
    tokens = north.signed_up(old)
    refused = north.refused("/email", tokens["accessToken"], email=new, password="wrong horse")
    assert refused == (403, "INVALID_CREDENTIALS")
    assert not north.mails(new)
    north.ok("/email", tokens["accessToken"], email=new, password=PASSWORD)
    assert north.me(tokens["accessToken"])["email"] == old, "not before the new address answered"
    said = north.ok("/verify", tokens["accessToken"], token=north.mail(new, "email_change")["token"])
    assert said == {"user": {**tokens["user"], **said["user"], "email": new}}
    assert north.mail(old, "email_changed") and north.mail(new, "email_changed")
    assert north.refused("/signin", email=old, password=PASSWORD) == (401, "INVALID_CREDENTIALS")
    assert north.signed_in(new)["user"]["id"] == tokens["user"]["id"]


def test_an_address_that_is_taken_says_so_to_its_owner_only(north: AuthTenant, new_email: New) -> None:
    taken, mine = new_email(), new_email()
    north.signed_up(taken)
    tokens = north.signed_up(mine)
    assert north.ok("/signup", email=taken, password=OTHER) == {"mailSent": True}
    assert north.ok("/email", tokens["accessToken"], email=taken, password=PASSWORD) == {"mailSent": True}
    assert north.mail(taken, "sign_up_known", 2)["token"] == ""
    assert north.refused("/signin", email=taken, password=OTHER) == (401, "INVALID_CREDENTIALS")
    assert north.me(tokens["accessToken"])["email"] == mine


def test_magic_link_signs_in_and_up(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    north.ok("/magiclink", email=email)
    token = north.mail(email, "magic_link")["token"]
    made = north.ok("/magiclink/verify", token=token)
    assert made["user"]["emailVerified"] and not made["user"]["hasPassword"]
    assert north.refused("/magiclink/verify", token=token) == (400, "TOKEN_INVALID")
    assert north.refused("/verify", token=token) == (400, "TOKEN_INVALID"), "good for its own purpose only"
    north.ok("/magiclink", email=email)
    again = north.ok("/magiclink/verify", token=north.mail(email, "magic_link", 2)["token"])
    assert again["user"]["id"] == made["user"]["id"]
    assert claims(again["accessToken"])["amr"] == ["email"]


def test_a_visitor_becomes_somebody_and_keeps_the_id(north: AuthTenant, new_email: New) -> None:
    assert north.refused("/anonymous") == (403, "SIGN_UP_CLOSED")
    north.settings(anonymousUsers=True)
    visitor = north.ok("/anonymous", metadata={"cart": [1]})
    assert visitor["user"]["isAnonymous"] and claims(visitor["accessToken"])["roles"] == ["anon"]
    email = new_email()
    north.settings(signUp=False)
    refused = north.refused("/user/upgrade", visitor["accessToken"], email=email, password=PASSWORD)
    assert refused == (403, "SIGN_UP_CLOSED") and not north.mails(email)
    north.settings(signUp=True)
    north.ok("/user/upgrade", visitor["accessToken"], email=email, password=PASSWORD)
    assert north.me(visitor["accessToken"])["isAnonymous"]
    north.ok("/verify", token=north.mail(email, "email_change")["token"], password=PASSWORD)
    somebody = north.signed_in(email)["user"]
    assert (somebody["id"], somebody["isAnonymous"], somebody["metadata"]) == (
        visitor["user"]["id"], False, {"cart": [1]}
    )  # fmt: skip
    tokens = north.signed_in(email)
    again = north.refused("/user/upgrade", tokens["accessToken"], email=new_email(), password=PASSWORD)
    assert again == (409, "INVALID_STATE")


def test_without_verification_an_account_is_there_at_once(north: AuthTenant, new_email: New) -> None:
    app = "https://app.example.com/welcome"
    north.settings(requireVerification=False, redirectUrls=[app])
    email = new_email()
    tokens = north.ok("/signup", email=email, password=PASSWORD, redirectTo=app)
    assert not tokens["user"]["emailVerified"]
    assert north.refused("/signup", email=email, password=PASSWORD) == (409, "ACCOUNT_EXISTS")
    mail = north.mail(email, "email_change")
    assert mail["url"].startswith(f"{app}?type=email_change&token=")
    assert north.refused("/verify", token=mail["token"]) == (403, "REAUTHENTICATION_REQUIRED")
    assert north.refused("/verify", "x.y.z", token=mail["token"]) == (401, "UNAUTHENTICATED")
    north.ok("/verify", tokens["accessToken"], token=mail["token"])
    assert north.signed_in(email)["user"]["emailVerified"]
    north.ok("/magiclink", email=email)
    north.mail(email, "magic_link")
    assert {each["purpose"] for each in north.mails(email)} == {"email_change", "magic_link"}, "no address was changed"


def test_who_owns_the_address_takes_over_what_somebody_prepared(north: AuthTenant, new_email: New) -> None:
    """Pre-hijacking: an account made with somebody else's address, in wait for its owner."""
    north.settings(requireVerification=False)
    email = new_email()
    prepared = north.ok("/signup", email=email, password="of the attacker 1")
    north.ok("/magiclink", email=email)
    owner = north.ok("/magiclink/verify", token=north.mail(email, "magic_link")["token"])
    assert owner["user"]["id"] == prepared["user"]["id"]
    assert north.refused("/signin", email=email, password="of the attacker 1") == (401, "INVALID_CREDENTIALS")
    assert refusal(north.call("GET", "/user", prepared["accessToken"])) == (401, "SESSION_ENDED")
    assert north.refused("/refresh", refreshToken=prepared["refreshToken"]) == (401, "SESSION_ENDED")


def test_own_sessions_are_listed_and_ended_nobody_elses(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    other, mine, stranger = north.signed_up(email), north.signed_in(email), north.signed_up(new_email())
    listed = north.call("GET", "/sessions", mine["accessToken"]).json()["sessions"]
    assert {each["id"]: each["current"] for each in listed} == {other["sessionId"]: False, mine["sessionId"]: True}
    theirs = north.call("DELETE", f"/sessions/{stranger['sessionId']}", mine["accessToken"])
    assert refusal(theirs) == (404, "NOT_FOUND")
    assert north.me(stranger["accessToken"])
    assert north.call("DELETE", f"/sessions/{other['sessionId']}", mine["accessToken"]).status_code == 204
    assert refusal(north.call("GET", "/user", other["accessToken"])) == (401, "SESSION_ENDED")


@pytest.mark.parametrize(("scope", "ended"), [("this", (0,)), ("others", (1, 2)), ("everywhere", (0, 1, 2))])
def test_sign_out_of(north: AuthTenant, new_email: New, scope: str, ended: tuple[int, ...]) -> None:
    email = new_email()
    sessions = [north.signed_up(email), north.signed_in(email), north.signed_in(email)]
    assert north.post("/signout", sessions[0]["accessToken"], scope=scope).status_code == 204
    gone = [n for n, each in enumerate(sessions) if north.call("GET", "/user", each["accessToken"]).status_code == 401]
    assert tuple(gone) == ended


def test_the_confirm_page_does_nothing_until_its_button(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    north.ok("/signup", email=email, password=PASSWORD)
    url = north.mail(email, "sign_up")["url"]
    page = httpx.get(url, timeout=30)
    assert page.status_code == 200 and "<form" in page.text and "no-referrer" in page.headers["referrer-policy"]
    assert north.refused("/signin", email=email, password=PASSWORD) == (401, "INVALID_CREDENTIALS")
    fields = {"type": "sign_up", "token": httpx.URL(url).params["token"]}
    assert httpx.post(f"{north.url}/auth/v1/confirm", data=fields, timeout=30).status_code == 200
    assert north.signed_in(email)
    assert httpx.post(f"{north.url}/auth/v1/confirm", data=fields, timeout=30).status_code == 400


def test_a_suspended_tenant_signs_nobody_in(south: AuthTenant, new_email: New, tables: Tables) -> None:
    email = new_email()
    tokens = south.signed_up(email)
    assert south.live.control("POST", f"/tenants/{south.slug}/suspend", json={}).status_code == 200
    try:
        before = tables(south.slug)
        assert south.refused("/signin", email=email, password=PASSWORD) == (403, "TENANT_SUSPENDED")
        assert south.refused("/refresh", refreshToken=tokens["refreshToken"]) == (403, "TENANT_SUSPENDED")
        assert refusal(south.call("GET", "/user", tokens["accessToken"])) == (403, "TENANT_SUSPENDED")
        assert tables(south.slug) == before
    finally:
        assert south.live.control("POST", f"/tenants/{south.slug}/resume", json={}).status_code == 200
    assert south.signed_in(email)


def test_openapi_describes_every_address(north: AuthTenant) -> None:
    document = north.call("GET", "/openapi.json").json()
    assert document["info"]["title"] == "Kapok end users"
    assert {"/auth/v1/signup", "/auth/v1/signin", "/auth/v1/refresh", "/auth/v1/user"} <= set(document["paths"])
    assert not [path for path in document["paths"] if not path.startswith("/auth/v1/")]


def test_cors_of_the_project_applies(north: AuthTenant) -> None:
    changed = north.live.control("PATCH", "/projects/people", json={"corsOrigins": ["https://app.example.com"]})
    assert changed.status_code == 200
    asked = {"origin": "https://app.example.com", "access-control-request-method": "PATCH"}
    allowed = north.call("OPTIONS", "/user", headers=asked)
    assert allowed.status_code == 204 and "PATCH" in allowed.headers["access-control-allow-methods"]
    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    elsewhere = north.call("OPTIONS", "/user", headers={**asked, "origin": "https://evil.example.com"})
    assert "access-control-allow-origin" not in elsewhere.headers
