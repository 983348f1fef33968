"""The part of the smoke test that an app's user lives through: sign up, book, be refused, stay signed in.

In: a running `kapok dev`. Out: checks on the bookings template, of which a tenant with its sample data is made.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from smoke_driver import Smoke, code, graphql, kapok

EMAIL, PASSWORD = "nia@example.com", "a long walk by the river"
PATIENCE_SECONDS = 10

SESSIONS = """
query Sessions($now: DateTime!) {
  offerSlots(filter: {startsAt: {gt: $now}, cancelledAt: {isNull: true}}, orderBy: [{startsAt: DESC}], limit: 20) {
    id placesLeft offer { id title price }
  }
}
"""
BOOK = """
mutation Book($offer: ID!, $session: ID!) {
  createBooking(input: {
    offerId: $offer, slotId: $session, quantity: 2, bookingGuests: {create: [{position: 1, name: "Ola"}]}
  }) { id status total member { email } bookingGuests { name } }
}
"""
CANCEL = "mutation Cancel($id: ID!) { updateBooking(id: $id, input: {status: CANCELLED}) { id status } }"
MINE = "{ bookings { id } }"
OTHERS = "{ bookings(filter: {status: {eq: CONFIRMED}}, limit: 1, orderBy: [{id: ASC}]) { id status rowVersion } }"


def live_as_an_end_user(smoke: Smoke, home: Path, dev: dict[str, Any]) -> None:
    """The whole of it."""
    tenant = make_town(smoke, home, dev)
    with httpx.Client(
        base_url=f"{dev['baseUrl']}/t/town/auth/v1", headers={"apikey": tenant["publishable"]}, timeout=30
    ) as auth:
        sign_up(smoke, auth, dev["baseUrl"])
        tokens = sign_in(smoke, auth)
        book(smoke, tenant, tokens["accessToken"])
        be_refused(smoke, tenant, tokens["accessToken"])
        stay_signed_in(smoke, auth, tenant, tokens)


def make_town(smoke: Smoke, home: Path, dev: dict[str, Any]) -> dict[str, Any]:
    """A tenant of the bookings template with its sample data and both keys."""
    project = home / "outings"
    kapok(["init", str(project), "--template", "bookings"], home, dev)
    kapok(["migrate", "up"], project, dev)
    kapok(["project", "push"], project, dev)
    made = kapok(["tenant", "create", "town"], project, dev)
    kapok(["seed", "town", "--file", str(project / "seed" / "0001_sample.sql")], project, dev)
    smoke.check("tenant town, of the bookings template", "active", made["tenant"]["state"])
    keys = {
        kind: kapok(["keys", "create", "town", "--kind", kind], project, dev)["key"]
        for kind in ("publishable", "secret")
    }
    return {**made["tenant"], **keys}


def sign_up(smoke: Smoke, auth: httpx.Client, base: str) -> None:
    """An account is there once the link in the mail was used."""
    account = {"email": EMAIL, "password": PASSWORD, "metadata": {"displayName": "Nia"}}
    asked = auth.post("/signup", json=account)
    smoke.check("sign-up", 202, asked.status_code)
    early = auth.post("/signin", json={"email": EMAIL, "password": PASSWORD})
    smoke.check("sign-in before the address is verified", (401, "INVALID_CREDENTIALS"), _outcome(early))
    verified = auth.post("/verify", json={"token": mail(base, EMAIL)["token"]})
    smoke.check("the token from the mail", 200, verified.status_code)


def mail(base: str, to: str) -> dict[str, Any]:
    """The newest mail to an address in the development inbox, which the worker delivers to."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        mails: list[dict[str, Any]] = httpx.get(f"{base}/_dev/inbox.json", params={"to": to}).json()["mails"]
        if mails:
            return mails[0]
        if time.monotonic() > deadline:
            raise SystemExit(f"no mail to {to} within {PATIENCE_SECONDS} s")
        time.sleep(0.05)


def sign_in(smoke: Smoke, auth: httpx.Client) -> dict[str, Any]:
    """A wrong password is refused; the right one gives tokens."""
    wrong = auth.post("/signin", json={"email": EMAIL, "password": f"{PASSWORD}!"})
    smoke.check("a wrong password", (401, "INVALID_CREDENTIALS"), _outcome(wrong))
    right = auth.post("/signin", json={"email": EMAIL, "password": PASSWORD})
    smoke.check("sign-in", 200, right.status_code)
    tokens: dict[str, Any] = right.json()
    return tokens


def book(smoke: Smoke, tenant: Mapping[str, Any], token: str) -> None:
    """Two places in a session to come, with a guest, in one mutation."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    _, found = graphql(tenant, tenant["publishable"], SESSIONS, {"now": now}, token)
    session = next(slot for slot in found["data"]["offerSlots"] if slot["placesLeft"] >= 2)
    chosen = {"offer": session["offer"]["id"], "session": session["id"]}
    refused = graphql(tenant, tenant["publishable"], BOOK, chosen)
    smoke.check("a visitor books", (True, None), (bool(code(refused[1])), refused[1].get("data")))
    _, answer = graphql(tenant, tenant["publishable"], BOOK, chosen, token)
    made = (answer.get("data") or {}).get("createBooking")
    expected = {
        "status": "PENDING",
        "total": f"{2 * float(session['offer']['price']):.2f}",
        "member": {"email": EMAIL},
        "bookingGuests": [{"name": "Ola"}],
    }
    seen = {name: made.get(name) for name in expected} if made else answer
    smoke.check(f"Nia books {session['offer']['title']!r}", expected, seen)
    _, mine = graphql(tenant, tenant["publishable"], MINE, token=token)
    smoke.check("her bookings", {"bookings": [{"id": made["id"]}] if made else []}, mine.get("data"))


def be_refused(smoke: Smoke, tenant: Mapping[str, Any], token: str) -> None:
    """Somebody else's booking: not seen, not cancelled, and as it was afterwards."""
    _, before = graphql(tenant, tenant["secret"], OTHERS)
    [other] = before["data"]["bookings"]
    one = f'{{ booking(id: "{other["id"]}") {{ id }} }}'
    _, seen = graphql(tenant, tenant["publishable"], one, token=token)
    smoke.check("somebody else's booking", {"booking": None}, seen.get("data"))
    _, answer = graphql(tenant, tenant["publishable"], CANCEL, {"id": other["id"]}, token)
    smoke.check("cancelling it", {"updateBooking": None}, answer.get("data"))
    _, after = graphql(tenant, tenant["secret"], OTHERS)
    smoke.check("it is what it was, to the row's version", [other], after["data"]["bookings"])


def stay_signed_in(smoke: Smoke, auth: httpx.Client, tenant: Mapping[str, Any], tokens: dict[str, Any]) -> None:
    """A refresh token is good once; used twice it ends the session, the new tokens with it."""
    refreshed = auth.post("/refresh", json={"refreshToken": tokens["refreshToken"]})
    smoke.check("refresh", 200, refreshed.status_code)
    new = refreshed.json()
    status, mine = graphql(tenant, tenant["publishable"], MINE, token=new["accessToken"])
    smoke.check("her bookings with the new token", (200, 1), (status, len(mine["data"]["bookings"])))
    replayed = auth.post("/refresh", json={"refreshToken": tokens["refreshToken"]})
    smoke.check("the old refresh token again", (401, "REFRESH_TOKEN_REUSED"), _outcome(replayed))
    ended = auth.post("/refresh", json={"refreshToken": new["refreshToken"]})
    smoke.check("the new one after that", (401, "SESSION_ENDED"), _outcome(ended))
    deadline = time.monotonic() + 2
    while (status := graphql(tenant, tenant["publishable"], MINE, token=new["accessToken"])[0]) == 200:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    smoke.check("her access token, moments later", 401, status)


def _outcome(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, code(response.json())
