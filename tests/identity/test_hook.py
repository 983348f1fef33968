"""The project's sign-in function: what it may decide, what it may not, and that nobody signs in when it fails."""

from __future__ import annotations

import time
from collections.abc import Callable

import jwt
import psycopg
import pytest

from tests.identity.client import PASSWORD, AuthTenant
from tests.live import Live

New = Callable[[], str]
Tables = Callable[[str], dict[str, int]]


def claims(token: str) -> dict[str, object]:
    said: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return said


def profile(live: Live, slug: str, user_id: str) -> tuple[str, str, str] | None:
    with psycopg.connect(live.database_url) as session:
        found = session.execute("select schema_name from tenants_tenant where slug = %s", (slug,)).fetchone()
        assert found is not None
        sql = f'select email, who, path from "{found[0]}".profiles where user_id = %s'
        return session.execute(sql, (user_id,)).fetchone()


def test_it_makes_the_projects_own_row_as_the_tenants_role(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    user = north.signed_up(email)["user"]
    row = profile(north.live, "people-north", user["id"])
    assert row is not None and row[0] == email
    role, _, login = row[1].partition(" of ")
    assert role.startswith("t_") and not role.endswith("_owner") and login.startswith("g_"), row
    assert row[2] == f"{role}, pg_temp"


def test_roles_and_claims_for_good_and_for_a_token(north: AuthTenant, new_email: New) -> None:
    stored = north.signed_up(new_email(), metadata={"wish": "stored"})
    assert (stored["user"]["roles"], stored["user"]["appMetadata"]) == (["editor"], {"team": 7})
    said = claims(stored["accessToken"])
    assert (said["roles"], said["app_metadata"]) == (["editor"], {"team": 7})
    passing = north.signed_up(new_email(), metadata={"wish": "roles"})
    said = claims(passing["accessToken"])
    assert (said["roles"], said["team"]) == (["partner", "member"], 9)
    assert passing["user"]["roles"] == ["partner", "member"], "what the token says"
    kept = north.live.control("GET", f"/tenants/{north.slug}/users/{passing['user']['id']}").json()["data"]
    assert kept["roles"] == [], "nothing of it is stored"


@pytest.mark.parametrize(
    ("wish", "expected"),
    [("refuse", (403, "SIGN_IN_REFUSED")), ("fail", (503, "HOOK_FAILED"))],
)
def test_who_is_refused_at_sign_up_is_not_there(
    north: AuthTenant, new_email: New, tables: Tables, wish: str, expected: tuple[int, str]
) -> None:
    email = new_email()
    north.ok("/signup", email=email, password=PASSWORD, metadata={"wish": wish})
    token = north.mail(email, "sign_up")["token"]
    before = tables("people-north")
    answer = north.post("/verify", token=token)
    assert (answer.status_code, answer.json()["error"]["code"]) == expected
    assert "secret" not in answer.text
    after = tables("people-north")
    # A refusal is an answer, so what the function did for it stays; a failure leaves nothing.
    assert {**after, "profiles": 0} == {**before, "profiles": 0}
    assert after["profiles"] - before["profiles"] == (1 if wish == "refuse" else 0)
    assert north.refused("/signin", email=email, password=PASSWORD) == (401, "INVALID_CREDENTIALS")


@pytest.mark.parametrize("wish", ["late", "service", "forge", "nonsense", "long", "escape"])
def test_nobody_gets_tokens_when_it_fails(north: AuthTenant, new_email: New, tables: Tables, wish: str) -> None:
    tokens = north.signed_up(new_email())
    changed = north.call("PATCH", "/user", tokens["accessToken"], json={"metadata": {"wish": wish}})
    assert changed.status_code == 200
    before = tables("people-north")
    assert north.refused("/refresh", refreshToken=tokens["refreshToken"]) == (503, "HOOK_FAILED")
    assert north.refused("/signin", email=tokens["user"]["email"], password=PASSWORD) == (503, "HOOK_FAILED")
    assert tables("people-north") == before
    north.call("PATCH", "/user", tokens["accessToken"], json={"metadata": {}})
    assert north.ok("/refresh", refreshToken=tokens["refreshToken"]), "a failure does not use the token up"


def test_it_cannot_claim_a_second_factor(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    north.signed_up(email, metadata={"wish": "level"})
    said = claims(north.signed_in(email)["accessToken"])
    assert (said["aal"], said["amr"]) == ("aal1", ["pwd"])


def test_it_ends_with_its_time(north: AuthTenant, new_email: New) -> None:
    tokens = north.signed_up(new_email())
    north.call("PATCH", "/user", tokens["accessToken"], json={"metadata": {"wish": "slow"}})
    started = time.monotonic()
    assert north.refused("/refresh", refreshToken=tokens["refreshToken"]) == (503, "HOOK_FAILED")
    assert time.monotonic() - started < 60, "it would sleep for two minutes"
    assert north.signed_up(new_email()), "others sign in meanwhile and afterwards"
