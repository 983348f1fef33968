"""Issuers outside, against a running Kapok: a real JWKS over HTTP, trusted by command line, and what must not count."""

from __future__ import annotations

import json
import select
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.api.test_tokens import allowed, ask, bearer, refuse
from tests.live import Live, LiveTenant
from tests.waiting import PATIENCE, until

AUDIENCE = "bookings-app"


class Provider:
    """An issuer with two keys and a JWKS at http://127.0.0.1:<port>/jwks.json. asked: how often it was fetched."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.keys = [self.public("r1", RSAAlgorithm, self.rsa), self.public("e1", ECAlgorithm, self.ec)]
        self.asked = 0
        self.trusted: dict[str, Any] = {}
        self.body: bytes | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                body = outer.body or json.dumps({"keys": outer.keys}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def public(kid: str, algorithm: Any, key: Any) -> dict[str, Any]:
        return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}

    def token(self, kid: str = "r1", alg: str = "RS256", key: Any = None, **more: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": AUDIENCE, "sub": "auth0|7", "iat": now, "exp": now + 600, **more}
        return jwt.encode(
            {name: value for name, value in claims.items() if value is not ...},
            key or (self.rsa if kid == "r1" else self.ec),
            algorithm=alg,
            headers={"kid": kid},
        )

    def trust(self, live: Live, *more: str) -> dict[str, Any]:
        arguments = ["issuers", "trust", "bookings", self.issuer, "--audience", AUDIENCE]
        self.trusted = live.cli(*arguments, "--jwks", f"{self.issuer}jwks.json", *more)
        # Known once something else is said about a token whose algorithm is refused before any key is asked for.
        probe = bearer(self.token(alg="RS512"))
        until(lambda: ask(live, live.acme, probe).reason != "wrong_issuer")
        return self.trusted


@pytest.fixture
def provider(live: Live) -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()
    if provider.trusted:
        live.control("DELETE", f"/projects/bookings/issuers/{provider.trusted['id']}")


def test_its_tokens_count_once_it_is_trusted_and_no_longer_than_that(live: Live, provider: Provider) -> None:
    token = provider.token()
    assert refuse(live, live.acme, bearer(token)).reason == "wrong_issuer"
    made = provider.trust(live)
    for tenant in (live.acme, live.globex):
        allowed(live, tenant, bearer(token))
        allowed(live, tenant, bearer(provider.token("e1", "ES256")))
    assert provider.asked == 1
    live.cli("issuers", "distrust", "bookings", str(made["id"]))
    until(lambda: ask(live, live.acme, bearer(token)).reason == "wrong_issuer")
    assert refuse(live, live.acme, bearer(token)).reason == "wrong_issuer"


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda p: p.token(aud="another-app"), "wrong_audience"),
        (lambda p: p.token(aud=...), "missing_claim"),
        (lambda p: p.token(exp=...), "missing_claim"),
        (lambda p: p.token(exp=1), "expired"),
        (lambda p: p.token(sub=...), "malformed"),
        (lambda p: p.token(key=rsa.generate_private_key(65537, 2048)), "wrong_signature"),
        (lambda p: p.token("nobody", key=p.rsa), "unknown_key"),
        (lambda p: p.token(alg="RS512"), "wrong_algorithm"),
        (lambda p: p.token("e1", "RS256", p.rsa), "wrong_algorithm"),
        (lambda p: p.token("r1", "HS256", p.keys[0]["n"]), "wrong_algorithm"),
    ],
)
def test_what_does_not_count(live: Live, provider: Provider, forge: Any, reason: str) -> None:
    provider.trust(live)
    assert refuse(live, live.acme, bearer(forge(provider))).reason == reason


def test_the_tenant_and_the_roles_are_read_from_the_claims_named(live: Live, provider: Provider) -> None:
    mapping = ("--role", "visitors=anon", "--role", "bosses=staff")
    provider.trust(live, "--tenant-claim", "org.slug", "--roles-claim", "https://app/roles", *mapping)
    acme = {"org": {"slug": "acme"}}
    allowed(live, live.acme, bearer(provider.token(**acme)))
    assert refuse(live, live.globex, bearer(provider.token(**acme))).code == "TENANT_MISMATCH"
    assert refuse(live, live.acme, bearer(provider.token())).code == "TENANT_MISMATCH"
    roles = {"https://app/roles": ["visitors", "service", "staff", "bosses"]}
    token = bearer(provider.token(**acme, **roles))
    answer = ask(live, live.acme, token, "x-kapok-role: service")
    assert answer.body["errors"][0]["extensions"]["details"] == {"roles": ["anon", "staff"]}


def test_service_is_nobodys_role(live: Live, provider: Provider) -> None:
    provider.trust(live)
    token = provider.token(roles=["service"])
    answer = ask(live, live.acme, bearer(token), "x-kapok-role: service")
    assert (answer.status, answer.body["errors"][0]["extensions"]["details"]) == (403, {"roles": ["anon"]})
    query = {"query": "{ members { email } }"}
    body = httpx.post(live.acme.graphql_url, json=query, headers={"authorization": f"Bearer {token}"}).json()
    assert body["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_callers_cannot_make_us_fetch(live: Live, provider: Provider) -> None:
    """A set is fetched once for a kid nobody knows, however many are tried."""
    provider.trust(live)
    for number in range(10):
        assert ask(live, live.acme, bearer(provider.token(f"guess-{number}", key=provider.rsa))).status == 401
    assert provider.asked == 1


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"keys": 1}', b'{"keys":[{"kty":"oct","k":"AAAA","kid":"r1"}]}'])
def test_a_key_set_that_is_none(live: Live, provider: Provider, body: bytes) -> None:
    provider.body = body
    provider.trust(live)
    answer = refuse(live, live.acme, bearer(provider.token()))
    assert answer.code in ("PROVIDER_UNAVAILABLE", "UNAUTHENTICATED")
    assert "127.0.0.1" not in json.dumps(answer.body)


def test_an_issuer_that_does_not_answer_holds_up_nobody_else(live: Live, acme: LiveTenant, provider: Provider) -> None:
    provider.trust(live)
    provider.server.shutdown()  # connections are taken, and never answered
    waiting = threading.Thread(target=ask, args=(live, acme, bearer(provider.token())), daemon=True)
    waiting.start()
    assert select.select([provider.server.socket], [], [], PATIENCE)[0], "the key set is asked for"
    for _ in range(5):
        allowed(live, acme, f"apikey: {acme.secret_key}")
    assert waiting.is_alive(), "others were answered meanwhile"
    until(lambda: not waiting.is_alive())
    assert ask(live, acme, bearer(provider.token())).code == "PROVIDER_UNAVAILABLE"


def test_a_shared_secret_where_one_was_agreed_on(live: Live, acme: LiveTenant) -> None:
    secret = "a secret of more than thirty-two bytes"
    issuer = "legacy"
    body = {"issuer": issuer, "audience": AUDIENCE, "secret": secret, "algorithms": ["HS256"]}
    made = live.control("PUT", "/projects/bookings/issuers", json=body).json()["data"]
    assert secret not in json.dumps(made)
    assert made["hasSecret"] is True
    now = int(time.time())
    claims = {"iss": issuer, "aud": AUDIENCE, "sub": "7", "iat": now, "exp": now + 600}
    honest = bearer(jwt.encode(claims, secret, algorithm="HS256"))
    until(lambda: ask(live, acme, honest).status == 200)
    allowed(live, acme, honest)
    for forged in (
        jwt.encode(claims, "another secret of more than 32 bytes!!", algorithm="HS256"),
        jwt.encode(claims, secret * 2, algorithm="HS512"),
    ):
        assert refuse(live, acme, bearer(forged)).reason in ("wrong_signature", "wrong_algorithm")
    assert live.control("DELETE", f"/projects/bookings/issuers/{made['id']}").status_code == 204


def test_rotation_by_command(live: Live) -> None:
    """Every demo tenant has a key from the start; the successor is in the JWKS before it signs."""
    first = live.cli("signing-keys", "list", "globex")["keys"]
    assert [key["state"] for key in first if key["retiredAt"] is None] == ["active"]
    made = live.cli("signing-keys", "rotate", "globex")
    assert made["state"] == "upcoming"
    url = live.globex.graphql_url.replace("graphql", ".well-known/jwks.json")
    until(lambda: made["kid"] in {key["kid"] for key in httpx.get(url).json()["keys"]})
    at_once = live.cli("signing-keys", "rotate", "globex", "--at-once")
    assert at_once["state"] == "active"
    until(lambda: [key["kid"] for key in httpx.get(url).json()["keys"]] == [at_once["kid"]])
