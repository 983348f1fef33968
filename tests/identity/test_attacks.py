"""What strangers try at /auth/v1: every refusal also shows that nothing was changed."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.identity.client import PASSWORD, AuthTenant, refusal

New = Callable[[], str]
Tables = Callable[[str], dict[str, int]]

INJECTIONS = (
    "' or 1=1 --",
    "x'; drop table kapok_user; --",
    '"; delete from kapok_user where "a"="a',
    "$$ || (select version()) || $$",
    "%s %(x)s {0} {{ link }}",
    "\\'; select pg_sleep(60); --",
    "a\r\nBcc: victim@example.com",
    "🙂' union select 1",
    "x" * 5000,
    '"a\x0bb\x7f"@example.com',
)
PATHS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/signup", ("email", "redirectTo")),
    ("/signin", ("email", "password")),
    ("/verify", ("token",)),
    ("/refresh", ("refreshToken",)),
    ("/magiclink", ("email", "redirectTo")),
    ("/magiclink/verify", ("token",)),
    ("/password/reset", ("email", "redirectTo")),
    ("/password/reset/confirm", ("token", "password")),
)
EXTRA = (
    {"roles": ["admin"]},
    {"role": "service"},
    {"id": "00000000-0000-0000-0000-000000000001"},
    {"isAnonymous": False},
    {"is_anonymous": False},
    {"emailVerified": True},
    {"email_verified_at": "2020-01-01T00:00:00Z"},
    {"appMetadata": {"admin": True}},
    {"app_metadata": {"admin": True}},
    {"disabled_at": None},
    {"tenant": "south"},
    {"__proto__": {}},
)


@pytest.mark.parametrize("text", INJECTIONS, ids=range(len(INJECTIONS)))
def test_sql_and_header_lines_in_every_string(north: AuthTenant, tables: Tables, text: str) -> None:
    before = tables("people-north")
    for path, names in PATHS:
        for name in names:
            body = {"email": "known@example.com", "password": PASSWORD, "token": "x", "refreshToken": "x"}
            sent = {each: body.get(each, "") for each in names} | {name: text}
            # A statement that slept would not be answered in time.
            status, _ = north.refused(path, **sent)
            assert status in (400, 401, 422), (path, name)
    assert tables("people-north") == before


def test_sql_in_a_password_is_a_password(north: AuthTenant, new_email: New) -> None:
    for text in INJECTIONS[:8]:
        email, password = new_email(), text.ljust(10, "'")
        north.signed_up(email, password)
        assert north.signed_in(email, password)
        assert north.refused("/signin", email=email, password=password[:-1]) == (401, "INVALID_CREDENTIALS")


def test_sql_in_metadata_is_data(north: AuthTenant, new_email: New) -> None:
    metadata = {text: [text, {"deep": text}] for text in INJECTIONS[:6]}
    tokens = north.signed_up(new_email(), metadata=metadata)
    assert north.me(tokens["accessToken"])["metadata"] == metadata
    changed = north.call("PATCH", "/user", tokens["accessToken"], json={"metadata": {"a": INJECTIONS[1]}})
    assert changed.json()["metadata"] == {"a": INJECTIONS[1]}


@pytest.mark.parametrize("header", ["user-agent", "x-forwarded-for", "x-request-id", "accept", "origin"])
def test_sql_in_headers(north: AuthTenant, new_email: New, header: str) -> None:
    tokens = north.signed_up(new_email())
    answer = north.call("GET", "/user", tokens["accessToken"], headers={header: INJECTIONS[1]})
    assert answer.status_code in (200, 406)


@pytest.mark.parametrize("extra", EXTRA, ids=lambda extra: next(iter(extra)))
def test_nothing_can_be_set_that_is_not_the_callers(
    north: AuthTenant, new_email: New, tables: Tables, extra: dict[str, Any]
) -> None:
    north.settings(anonymousUsers=True)
    before, email = tables("people-north"), new_email()
    assert north.refused("/signup", email=email, password=PASSWORD, **extra) == (422, "VALIDATION_FAILED")
    assert north.refused("/anonymous", **extra) == (422, "VALIDATION_FAILED")
    assert tables("people-north") == before and not north.mails(email)
    tokens = north.signed_up(email)
    for body in ({**extra}, {"metadata": {}, **extra}):
        refused = refusal(north.call("PATCH", "/user", tokens["accessToken"], json=body))
        assert refused == (422, "VALIDATION_FAILED")
    user = north.me(tokens["accessToken"])
    assert (user["roles"], user["appMetadata"], user["id"]) == (["anon"], {}, tokens["user"]["id"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"email": 1, "password": []}',
        b'{"email": "\\u0000@example.com", "password": "\\u0000"}',
        b'{"email": "a@example.com", "password": "\\ud800 half a character"}',
        b'{"email": "a@example.com", "password": "correct horse battery", "metadata": {"a": "\\u0000"}}',
        b'{"email": "a@example.com", "password": "correct horse battery", "metadata": {"a": 1e999}}',
        b'{"email": "a@example.com", "password": "correct horse battery", "metadata": ' + b"[" * 30_000,
        b'{"email": "a@example.com", "password": "' + b"x" * 70_000 + b'"}',
        b"\xff\xfe",
    ],
    ids=range(13),
)
def test_a_body_that_is_not_what_it_should_be(north: AuthTenant, tables: Tables, body: bytes) -> None:
    before = tables("people-north")
    for path in ("/signup", "/signin"):
        answer = north.call("POST", path, content=body, headers={"content-type": "application/json"})
        assert refusal(answer)[0] in (400, 401, 413, 422), answer.text
    assert tables("people-north") == before


def test_only_json_is_read(north: AuthTenant) -> None:
    answer = north.call("POST", "/signin", data={"email": "a@example.com", "password": PASSWORD})
    assert refusal(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert refusal(north.call("GET", "/signin")) == (405, "METHOD_NOT_ALLOWED")
    assert refusal(north.call("GET", "/nothing")) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example.com/",
        "https://app.example.com.evil.example.com/welcome",
        "https://app.example.com/welcome/../evil",
        "https://app.example.com/welcome?next=https://evil.example.com",
        "https://app.example.com@evil.example.com/welcome",
        "//evil.example.com",
        "javascript:alert(1)",
        "https://app.example.com/welcome\r\nBcc: x@example.com",
        "HTTPS://app.example.com/welcome",
    ],
)
def test_links_lead_nowhere_else(north: AuthTenant, new_email: New, tables: Tables, redirect: str) -> None:
    north.settings(redirectUrls=["https://app.example.com/welcome"])
    before, email = tables("people-north"), new_email()
    for path in ("/signup", "/magiclink", "/password/reset"):
        body = {"email": email, "redirectTo": redirect} | ({"password": PASSWORD} if path == "/signup" else {})
        assert north.refused(path, **body) == (400, "REDIRECT_NOT_ALLOWED")
    assert tables("people-north") == before and not north.mails(email)
    north.ok("/magiclink", email=email, redirectTo="https://app.example.com/welcome")
    assert north.mail(email, "magic_link")["url"].startswith("https://app.example.com/welcome?type=magic_link&token=")


@pytest.mark.parametrize(
    "auth",
    [
        {"redirectUrls": ["javascript:alert(1)"]},
        {"redirectUrls": ["https://user@example.com/"]},
        {"siteUrl": "ftp://example.com"},
        {"siteUrl": "http://example.com"},
        {"mailFrom": "x@example.com\nBcc: y@example.com"},
        {"mailTemplates": {"sign_up": {"subject": "two\nlines"}}},
        {"mailTemplates": {"other": {"text": "x"}}},
        {"defaultRole": "service"},
        {"refreshDays": 0},
        {"refreshDays": True},
        {"signUp": "yes"},
        {"unknown": 1},
    ],
    ids=str,
)
def test_settings_are_checked(north: AuthTenant, auth: dict[str, Any]) -> None:
    before = north.live.control("GET", "/projects/people").json()["data"]["auth"]
    answer = north.live.control("PATCH", "/projects/people", json={"auth": auth})
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "VALIDATION_FAILED"
    assert north.live.control("GET", "/projects/people").json()["data"]["auth"] == before


def test_a_projects_own_mail_is_text_and_no_program(north: AuthTenant, new_email: New) -> None:
    text = "{{ app }} {{ email }} {% debug %} {{ settings.SECRET_KEY }} {{ link }}"
    north.settings(mailTemplates={"sign_up": {"subject": "Hi {{ email }}", "text": text, "html": "<b>{{ email }}</b>"}})
    email = new_email().replace("person", "o'neil+")
    north.ok("/signup", email=email, password=PASSWORD)
    mail = north.mail(email, "sign_up")
    assert mail["subject"] == f"Hi {email}"
    assert mail["text"].startswith(f"people-north {email} {{% debug %}} {{{{ settings.SECRET_KEY }}}} http")
    assert mail["html"] == f"<b>{email.replace(chr(39), '&#x27;')}</b>"


def test_guessing_one_account_is_stopped_for_the_guesser_only(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    north.signed_up(email)
    north.settings(accountFailures=5)
    for _ in range(5):
        assert north.refused("/signin", email=email, password="wrong horse battery") == (401, "INVALID_CREDENTIALS")
    answer = north.post("/signin", email=email, password=PASSWORD)
    assert refusal(answer) == (429, "RATE_LIMITED")
    assert 0 < int(answer.headers["retry-after"]) <= 300
    assert answer.json()["error"]["details"]["retryAfter"] == int(answer.headers["retry-after"])
    unknown = new_email()
    for _ in range(5):
        assert north.refused("/signin", email=unknown, password=PASSWORD) == (401, "INVALID_CREDENTIALS")
    assert north.refused("/signin", email=unknown, password=PASSWORD) == (429, "RATE_LIMITED"), "as for a known one"
    somebody = new_email()
    north.signed_up(somebody)
    assert north.signed_in(somebody), "other accounts are not locked"


def test_guessing_at_once_is_no_more_than_guessing_in_turn(north: AuthTenant, new_email: New) -> None:
    email = new_email()
    north.signed_up(email)
    north.settings(accountFailures=5)
    codes = _at_once(north, [{"email": email, "password": f"wrong horse {n}"} for n in range(40)])
    assert sorted(set(codes)) == [401, 429] and codes.count(401) == 5


def test_one_address_cannot_try_many_accounts(south: AuthTenant, north: AuthTenant, new_email: New) -> None:
    north.settings(addressFailures=3)
    codes = [south.post("/signin", email=new_email(), password=PASSWORD).status_code for _ in range(6)]
    # Others' failures in these five minutes count too: the address is one for the tests.
    assert codes[-1] == 429 and set(codes) <= {401, 429}


def test_who_only_looks_at_a_page_that_offers_passkeys_locks_nobody_out(north: AuthTenant, new_email: New) -> None:
    """Pages begin a sign-in to offer passkeys; everybody behind one address would soon be refused passwords."""
    north.settings(addressFailures=2)
    here = {"x-forwarded-for": "203.0.113.9"}
    for _ in range(20):
        assert north.call("POST", "/passkeys/options", json={}, headers=here).status_code == 200
    wrong = {"email": new_email(), "password": PASSWORD}
    assert refusal(north.call("POST", "/signin", json=wrong, headers=here)) == (401, "INVALID_CREDENTIALS")
    # They leave rows, so there is an end to them.
    challenge = {"redirectTo": "https://app.example.com/", "codeChallenge": "x" * 43}
    assert refusal(north.call("POST", "/passkeys/options", json={}, headers=here)) == (429, "RATE_LIMITED")
    begun = north.call("GET", "/oidc/nobodys/authorize", params=challenge, headers=here)
    assert refusal(begun) == (429, "RATE_LIMITED")
    assert refusal(north.call("GET", "/oidc/nobodys/authorize", params=challenge)) == (404, "NOT_FOUND")


def test_mails_to_one_address_are_few(north: AuthTenant, new_email: New) -> None:
    north.settings(accountMails=2)
    email = new_email()
    north.ok("/magiclink", email=email)
    north.ok("/password/reset", email=email)
    assert north.refused("/signup", email=email, password=PASSWORD) == (429, "RATE_LIMITED")
    assert north.refused("/magiclink", email=email.upper()) == (429, "RATE_LIMITED")


def test_known_and_unknown_accounts_get_the_same_answers(north: AuthTenant, new_email: New) -> None:
    known, unknown = new_email(), new_email()
    north.signed_up(known)
    for path, body in (
        ("/signin", {"password": "wrong horse battery"}),
        ("/magiclink", {}),
        ("/password/reset", {}),
        ("/signup", {"password": PASSWORD}),
    ):
        answers = [north.post(path, email=email, **body) for email in (known, unknown)]
        seen = [
            (a.status_code, {**a.json().get("error", a.json()), "requestId": ""}, sorted(a.headers)) for a in answers
        ]
        assert seen[0] == seen[1], path


@pytest.mark.parametrize(
    ("path", "body"),
    [("/signin", {"password": "wrong horse battery"}), ("/password/reset", {}), ("/signup", {"password": PASSWORD})],
)
def test_known_and_unknown_accounts_take_the_same_time(
    north: AuthTenant, new_email: New, path: str, body: dict[str, str]
) -> None:
    """Medians of interleaved pairs: what else the machine does reaches both alike. Without the hash of an unknown
    account the difference is the 12 ms of Argon2; a mail sent in the request is many more. Samples are added until they
    agree: more of them bring equal medians together, and medians that differ no nearer to each other."""
    known = new_email()
    north.signed_up(known)
    took: dict[bool, list[float]] = {True: [], False: []}
    with httpx.Client(timeout=60) as client:
        for pairs in range(1, 201):
            for is_known in random.sample([True, False], 2):
                email = known if is_known else new_email()
                started = time.perf_counter()
                client.post(f"{north.url}/auth/v1{path}", json={"email": email, **body})
                took[is_known].append(time.perf_counter() - started)
            one, other = statistics.median(took[True]), statistics.median(took[False])
            if pairs >= 20 and abs(one - other) < 0.25 * max(one, other) + 0.002:
                return
    pytest.fail(f"{one:.4f} s for a known account, {other:.4f} s for an unknown one")


def test_whoever_is_signed_out_reaches_nothing(north: AuthTenant, tables: Tables) -> None:
    before = tables("people-north")
    for method, path in (
        ("GET", "/user"), ("PATCH", "/user"), ("GET", "/sessions"), ("POST", "/signout"), ("POST", "/password"),
        ("POST", "/email"), ("POST", "/user/upgrade"), ("DELETE", "/sessions/00000000-0000-0000-0000-000000000001"),
    ):  # fmt: skip
        for token in ("", "x.y.z", "kpub_" + "a" * 43, north.live.acme.secret_key):
            status, code = refusal(north.call(method, path, token, json={}))
            assert (status, code) == (401, "UNAUTHENTICATED"), (path, token)
    assert tables("people-north") == before


def _at_once(tenant: AuthTenant, bodies: list[dict[str, str]]) -> list[int]:
    """The statuses of sign-ins sent at the same time, over raw connections."""
    return [status for status, _ in tenant.at_once("/signin", [json.dumps(body) for body in bodies])]
