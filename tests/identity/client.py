"""A front-end's view of /auth/v1: a tenant of a running Kapok, spoken to over HTTP; mails are read in the inbox."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.live import Live
from tests.waiting import until

PASSWORD = "correct horse battery"


@dataclass
class AuthTenant:
    """One tenant's /auth/v1."""

    live: Live
    slug: str

    @property
    def url(self) -> str:
        return f"{self.live.base_url}/t/{self.slug}"

    def call(self, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
        """A request to /auth/v1<path>; token: an access token."""
        headers = {**({"authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        return httpx.request(method, f"{self.url}/auth/v1{path}", headers=headers, timeout=60, **more)

    def post(self, path: str, bearer: str = "", /, **body: Any) -> httpx.Response:
        return self.call("POST", path, bearer, json=body)

    def ok(self, path: str, bearer: str = "", /, **body: Any) -> dict[str, Any]:
        """The body of a POST that must succeed."""
        response = self.post(path, bearer, **body)
        assert response.status_code in (200, 201, 202), response.text
        said: dict[str, Any] = response.json()
        return said

    def refused(self, path: str, bearer: str = "", /, **body: Any) -> tuple[int, str]:
        """Status and code of a POST that must fail."""
        return refusal(self.post(path, bearer, **body))

    def mail(self, to: str, purpose: str, count: int = 1) -> dict[str, Any]:
        """The newest mail of a purpose, once there are `count` of them."""
        found: list[dict[str, Any]] = []

        def arrived() -> bool:
            found[:] = [mail for mail in self.mails(to) if mail["purpose"] == purpose]
            return len(found) >= count

        until(arrived, otherwise=lambda: f"no {purpose} for {to}: {self.mails(to)}")
        return found[0]

    def mails(self, to: str) -> list[dict[str, Any]]:
        """All mails to an address, newest first."""
        answer = httpx.get(f"{self.live.base_url}/_dev/inbox.json", params={"to": to}, timeout=30)
        found: list[dict[str, Any]] = answer.json()["mails"]
        return found

    def signed_up(self, email: str, password: str = PASSWORD, **more: Any) -> dict[str, Any]:
        """A user who has signed up and answered the mail: the tokens."""
        self.ok("/signup", email=email, password=password, **more)
        return self.ok("/verify", token=self.mail(email, "sign_up")["token"])

    def signed_in(self, email: str, password: str = PASSWORD) -> dict[str, Any]:
        """The tokens of a password."""
        return self.ok("/signin", email=email, password=password)

    def me(self, token: str) -> dict[str, Any]:
        """The user of an access token."""
        response = self.call("GET", "/user", token)
        assert response.status_code == 200, response.text
        said: dict[str, Any] = response.json()
        return said

    def at_once(self, path: str, bodies: list[str]) -> list[tuple[int, str]]:
        """POST many bodies at the same time. Out: status and code of each ("" for none)."""

        async def send(client: httpx.AsyncClient, body: str) -> tuple[int, str]:
            answer = await client.post(f"{self.url}/auth/v1{path}", content=body)
            return answer.status_code, answer.json().get("error", {}).get("code", "")

        async def everything() -> list[tuple[int, str]]:
            limits = httpx.Limits(max_connections=None)
            headers = {"content-type": "application/json"}
            async with httpx.AsyncClient(timeout=300, limits=limits, headers=headers) as client:
                return list(await asyncio.gather(*(send(client, body) for body in bodies)))

        return asyncio.run(everything())

    def settings(self, **auth: Any) -> None:
        """Change the project's auth settings."""
        response = self.live.control("PATCH", "/projects/people", json={"auth": auth})
        assert response.status_code == 200, response.text


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a request that must fail; it must not say more than it should."""
    assert response.status_code >= 400, response.text
    for secret in ("Traceback", "psycopg", "kapok_user", "select ", "SELECT "):
        assert secret not in response.text, response.text
    return response.status_code, response.json()["error"]["code"]


def make_people(live: Live, folder: Path, migrations: dict[str, str]) -> tuple[AuthTenant, AuthTenant]:
    """A project (named as the folder) with two tenants."""
    live.cli("init", str(folder), "--template", "blank")
    for name, sql in migrations.items():
        (folder / "migrations" / name).write_text(sql)
    live.cli("migrate", "up", cwd=folder)
    for slug in ("people-north", "people-south"):
        live.cli("tenant", "create", slug, cwd=folder)
    return AuthTenant(live, "people-north"), AuthTenant(live, "people-south")
