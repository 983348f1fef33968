"""Tokens of end users against a running Kapok: who gets in, and every way that must not let anyone in.

Each refusal is asked for twice, as a browser sends it and as one piece (the hot path), and proves that the database ran
nothing for it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kapok.bearer.keys import jwk
from tests.api.test_front_door import Wire
from tests.live import Live, LiveTenant
from tests.minting import Mint
from tests.proxy import Proxy
from tests.second_web import second_web
from tests.waiting import until

FIELDS = "{ __schema { queryType { fields { name } } mutationType { name } } }"
CITIES = "{ cities(limit: 3) { name } }"


@pytest.fixture(scope="module")
def mint(live: Live) -> Mint:
    """A key of acme's."""
    return Mint(live, live.acme).install()


@pytest.fixture(scope="module")
def strangers(live: Live) -> Mint:
    """A key of globex's."""
    return Mint(live, live.globex).install()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """The error's; "" where there is none."""
        return str(self._error.get("code", ""))

    @property
    def reason(self) -> str:
        """The error's; "" where there is none."""
        return str(self._error.get("details", {}).get("reason", ""))

    @property
    def _error(self) -> dict[str, Any]:
        errors = self.body.get("errors", [])
        return dict(errors[0]["extensions"]) if errors else {}


def ask(live: Live, tenant: LiveTenant, *lines: str) -> Answer:
    """One POST in one piece, with these header lines."""
    body = json.dumps({"query": CITIES})
    head = [f"POST /t/{tenant.slug}/graphql HTTP/1.1", "host: 127.0.0.1", "content-type: application/json", *lines]
    text = "\r\n".join([*head, f"content-length: {len(body)}", "", body])
    wire = Wire(live)
    with wire.socket:
        wire.send(text.encode("latin-1"))
        status, headers, answer = wire.response()
    return Answer(status, headers, json.loads(answer))


def bearer(token: str) -> str:
    return f"authorization: Bearer {token}"


def refuse(live: Live, tenant: LiveTenant, *lines: str) -> Answer:
    """Refused on both ways in alike, and the database was not asked for any row."""
    first = ask(live, tenant, *lines)
    headers = [tuple(line.split(": ", 1)) for line in lines]
    second = httpx.post(tenant.graphql_url, json={"query": CITIES}, headers=headers)
    assert (first.status, first.code) == (second.status_code, second.json()["errors"][0]["extensions"]["code"])
    for timing in (first.headers["server-timing"], second.headers["server-timing"]):
        assert "db;dur=0.00" in timing
    assert "data" not in first.body
    assert "data" not in second.json()
    return first


def allowed(live: Live, tenant: LiveTenant, *lines: str) -> None:
    for _ in range(2):  # the second time from the hot path
        answer = ask(live, tenant, *lines)
        assert answer.status == 200, answer.body
        assert answer.body["data"]["cities"]


def test_a_token_lets_its_user_in(live: Live, acme: LiveTenant, mint: Mint) -> None:
    token = mint.token()
    allowed(live, acme, bearer(token))
    allowed(live, acme, f"AUTHORIZATION: bearer {token}")
    allowed(live, acme, bearer(token), f"apikey: {acme.publishable_key}")
    allowed(live, acme, bearer(token), f"apikey: {acme.secret_key}")


def test_the_token_decides_who_acts_not_the_key(live: Live, acme: LiveTenant, mint: Mint) -> None:
    """With a secret key beside it: members is nothing a token of anon may name."""
    headers = {"authorization": f"Bearer {mint.token()}", "apikey": acme.secret_key}
    answer = httpx.post(acme.graphql_url, json={"query": "{ members { email } }"}, headers=headers).json()
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_a_key_beside_a_token_must_be_valid_and_the_same_tenants(
    live: Live, acme: LiveTenant, globex: LiveTenant, mint: Mint
) -> None:
    token = mint.token()
    allowed(live, acme, bearer(token))
    assert refuse(live, acme, bearer(token), f"apikey: {globex.publishable_key}").code == "TENANT_MISMATCH"
    assert refuse(live, acme, bearer(token), f"apikey: kpub_{'A' * 43}").code == "UNAUTHENTICATED"


def test_an_invalid_token_is_never_anon(live: Live, acme: LiveTenant, mint: Mint) -> None:
    """The publishable key alone would be let in."""
    answer = refuse(live, acme, bearer(mint.token(exp=int(time.time()) - 100)), f"apikey: {acme.publishable_key}")
    assert (answer.status, answer.reason) == (401, "expired")
    assert 'error="invalid_token", error_description="the token has expired."' in answer.headers["www-authenticate"]


def test_a_token_of_another_tenant(live: Live, acme: LiveTenant, mint: Mint, strangers: Mint) -> None:
    token = strangers.token()
    allowed(live, live.globex, bearer(token))
    answer = refuse(live, acme, bearer(token))
    assert (answer.status, answer.code) == (403, "TENANT_MISMATCH")
    assert "globex" not in json.dumps(answer.body)
    # Their key under our name: no key of ours has that id.
    assert refuse(live, acme, bearer(strangers.token(iss=mint.issuer, tenant_id=acme.id))).reason == "unknown_key"
    # Their key under our key's id.
    forged = strangers.token({"kid": mint.kid}, iss=mint.issuer, tenant_id=acme.id)
    assert refuse(live, acme, bearer(forged)).reason == "wrong_signature"
    # Our key, another tenant's id.
    assert refuse(live, acme, bearer(mint.token(tenant_id=live.globex.id))).code == "TENANT_MISMATCH"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 0}, "expired"),
        ({"nbf": 4e9}, "not_yet_valid"),
        ({"iat": 4e9}, "not_yet_valid"),
        ({"aud": "another-project"}, "wrong_audience"),
        ({"aud": ...}, "missing_claim"),
        ({"exp": ...}, "missing_claim"),
        ({"sid": ...}, "missing_claim"),
        ({"tenant_id": ...}, "missing_claim"),
        ({"iss": "https://accounts.evil.test"}, "wrong_issuer"),
        ({"iss": ...}, "wrong_issuer"),
        ({"roles": ["service"]}, "malformed"),
        ({"roles": "anon"}, "malformed"),
        ({"roles": ...}, "malformed"),
        ({"sub": "x' or true --"}, "malformed"),
        ({"sid": {"a": 1}}, "malformed"),
        ({"email": ["a"]}, "malformed"),
    ],
)
def test_wrong_claims(live: Live, acme: LiveTenant, mint: Mint, claims: dict[str, Any], reason: str) -> None:
    answer = refuse(live, acme, bearer(mint.token(**claims)))
    assert (answer.status, answer.reason) == (401, reason)


def b64(content: bytes | str) -> str:
    content = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def forged(mint: Mint, header: dict[str, Any], signature: bytes | None = None, secret: bytes = b"") -> str:
    """A token with this header, signed with a secret, or with this signature."""
    text = f"{b64(json.dumps(header))}.{b64(json.dumps(mint.claims()))}"
    return f"{text}.{b64(hmac.digest(secret, text.encode(), hashlib.sha256) if signature is None else signature)}"


def test_alg_none_and_confusions(live: Live, acme: LiveTenant, mint: Mint) -> None:
    public = mint.private_key.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    rsa_key = rsa.generate_private_key(65537, 2048)
    header = {"typ": "at+jwt", "kid": mint.kid}
    attempts = [
        forged(mint, {**header, "alg": "none"}, b"xx"),
        forged(mint, {**header, "alg": "nOnE"}, b"xx"),
        *[forged(mint, {**header, "alg": "HS256"}, secret=secret) for secret in (pem, public.public_bytes_raw())],
        forged(mint, {**header, "alg": "HS256"}, secret=mint.public_key.encode()),
        mint.token(key=rsa_key, alg="RS256"),
    ]
    for token in attempts:
        assert refuse(live, acme, bearer(token)).reason == "wrong_algorithm"
    assert refuse(live, acme, bearer(forged(mint, {**header, "alg": "none"}, b""))).reason == "malformed"
    assert refuse(live, acme, bearer(forged(mint, {**header, "alg": "EdDSA"}, b"\0" * 64))).reason == "wrong_signature"


@pytest.mark.parametrize(
    "kid",
    [
        "' or true --",
        "x' union select kid, public_key, null from tenants_signingkey --",
        "../../../../dev/null",
        "/etc/passwd",
        "http://169.254.169.254/",
        "",
        "%s",
        "\u0000",
        "*",
    ],
)
def test_kid_is_only_ever_looked_up_among_the_tenants_keys(live: Live, acme: LiveTenant, mint: Mint, kid: str) -> None:
    own = Ed25519PrivateKey.generate()
    assert refuse(live, acme, bearer(mint.token({"kid": kid}, own))).reason in ("unknown_key", "malformed")


def test_a_token_with_its_own_key(live: Live, acme: LiveTenant, mint: Mint) -> None:
    own = Mint(live, acme)
    for header in (
        {"jwk": jwk(own.kid, own.public_key)},
        {"jku": "http://127.0.0.1:1/jwks.json"},
        {"x5u": "http://127.0.0.1:1/"},
        {"kid": mint.kid, "jwk": jwk(mint.kid, own.public_key)},
    ):
        assert refuse(live, acme, bearer(own.token(header))).reason == "malformed"
    assert refuse(live, acme, bearer(own.token())).reason == "unknown_key"


def test_cut_and_swollen(live: Live, acme: LiveTenant, mint: Mint) -> None:
    token = mint.token()
    head, body, signature = token.split(".")
    for wrong in (token[:-40], f"{head}.{body}.{signature[:-2]}"):
        assert refuse(live, acme, bearer(wrong)).reason in ("wrong_signature", "malformed")
    for wrong in (f"{head}.{body}", f"{head}..{signature}", f"{token}.", "null", "undefined", "Bearer"):
        assert refuse(live, acme, bearer(wrong)).reason == "malformed"
    assert refuse(live, acme, bearer(mint.token(note="x" * 9000))).reason == "malformed"


def test_lines_that_stand_twice(live: Live, acme: LiveTenant, mint: Mint) -> None:
    token, other = mint.token(), mint.token()
    allowed(live, acme, bearer(token))
    assert refuse(live, acme, bearer(token), bearer(other)).status == 401
    assert refuse(live, acme, bearer(token), bearer(token)).status == 401
    assert refuse(live, acme, bearer(token), "x-kapok-role: anon", "x-kapok-role: anon").code == "FORBIDDEN"
    for line in ("authorization: Basic dXNlcjpwYXNz", "authorization: Bearer", f"authorization: {token}"):
        assert refuse(live, acme, line, f"apikey: {acme.publishable_key}").status == 401


def test_members_that_stand_twice(live: Live, acme: LiveTenant, mint: Mint) -> None:
    claims = json.dumps(mint.claims())
    for header, content in (
        (f'{{"alg":"EdDSA","typ":"at+jwt","kid":"x","kid":"{mint.kid}"}}', claims),
        (f'{{"alg":"EdDSA","typ":"at+jwt","kid":"{mint.kid}"}}', claims[:-1] + ', "roles": ["service"]}'),
        (f'{{"alg":"EdDSA","typ":"at+jwt","kid":"{mint.kid}"}}', claims[:-1] + ', "sub": "someone-else"}'),
    ):
        text = f"{b64(header)}.{b64(content)}"
        token = f"{text}.{b64(mint.private_key.sign(text.encode()))}"
        assert refuse(live, acme, bearer(token)).reason == "malformed"


def test_roles_are_those_of_the_token(live: Live, acme: LiveTenant, mint: Mint) -> None:
    token = mint.token(roles=["anon", "staff"])
    allowed(live, acme, bearer(token), "x-kapok-role: anon")
    for role in ("service", "admin", "staff,anon", "STAFF", "anon' --"):
        answer = refuse(live, acme, bearer(token), f"x-kapok-role: {role}")
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert refuse(live, acme, f"apikey: {acme.publishable_key}", "x-kapok-role: service").code == "FORBIDDEN"
    allowed(live, acme, f"apikey: {acme.publishable_key}", "x-kapok-role: anon")


def test_a_role_that_nobody_declared_reaches_nothing(live: Live, acme: LiveTenant, mint: Mint) -> None:
    """An issuer may name roles that the project has taken back since, or never had."""
    headers = {"authorization": f"Bearer {mint.token(roles=['undeclared', 'anon'])}"}
    for document in (CITIES, '{ searchOffers(search: "a") { id } }', "mutation { deleteCities(filter: {}) }"):
        answer = httpx.post(acme.graphql_url, json={"query": document}, headers=headers)
        assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED", answer.text
        assert "db;dur=0.00" in answer.headers["server-timing"]
    shown = httpx.post(acme.graphql_url, json={"query": FIELDS}, headers=headers).json()
    assert {field["name"] for field in shown["data"]["__schema"]["queryType"]["fields"]} <= {"node", "nodes", "_empty"}
    assert shown["data"]["__schema"]["mutationType"] is None
    allowed(live, acme, f"authorization: {headers['authorization']}", "x-kapok-role: anon")


@pytest.fixture(scope="module")
def second(live: Live) -> Iterator[Live]:
    with second_web(live) as url:
        yield Live(live.state_dir, url, "", {}, live.database_url, live.redis_url, live.log)


def test_a_revoked_session_ends_on_every_process(live: Live, second: Live, acme: LiveTenant, mint: Mint) -> None:
    sid = f"session-{uuid.uuid4()}"
    tokens = [mint.token(sid=sid), mint.token(sid=sid), mint.token()]
    for web in (live, second):
        for token in tokens:
            allowed(web, acme, bearer(token))
    mint.revoke("sid", sid)
    for web in (live, second):
        until(lambda web=web: ask(web, acme, bearer(tokens[0])).reason == "revoked")
        for token in tokens[:2]:
            answer = ask(web, acme, bearer(token))
            assert (answer.status, answer.reason) == (401, "revoked")
            assert "db;dur=0.00" in answer.headers["server-timing"]
        allowed(web, acme, bearer(tokens[2]))
    assert ask(live, acme, bearer(mint.token(sid=sid))).reason == "revoked"


def test_a_user_whose_rights_changed(live: Live, second: Live, acme: LiveTenant, mint: Mint) -> None:
    """Tokens issued until then end, those issued later do not; the other users' neither."""
    sub = f"user-{uuid.uuid4()}"
    before, bystander = mint.token(sub=sub), mint.token()
    for web in (live, second):
        allowed(web, acme, bearer(before))
        allowed(web, acme, bearer(bystander))
    mint.revoke("sub", sub)
    after = mint.token(sub=sub, iat=int(time.time()) + 1)
    for web in (live, second):
        until(lambda web=web: ask(web, acme, bearer(before)).reason == "revoked")
        allowed(web, acme, bearer(after))
        allowed(web, acme, bearer(bystander))


def test_a_revocation_of_one_tenant_is_nothing_to_another(live: Live, mint: Mint, strangers: Mint) -> None:
    sid = f"session-{uuid.uuid4()}"
    token, revoked = strangers.token(sid=sid), mint.token(sid=sid)
    allowed(live, live.globex, bearer(token))
    mint.revoke("sid", sid)
    until(lambda: ask(live, live.acme, bearer(revoked)).reason == "revoked")
    allowed(live, live.globex, bearer(token))


def test_a_session_revoked_while_nobody_could_hear(live: Live, acme: LiveTenant, mint: Mint) -> None:
    """A web process cut from Postgres answers nothing; when it is back it knows."""
    address = httpx.URL(live.database_url.replace("postgresql", "http"))
    with Proxy((address.host, address.port or 5432)) as proxy:
        through = re.sub(r"@[^/]+/", f"@127.0.0.1:{proxy.port}/", live.database_url)
        with second_web(live, database_url=through) as url:
            web = Live(live.state_dir, url, "", {}, live.database_url, live.redis_url, live.log)
            sid = f"session-{uuid.uuid4()}"
            token, bystander = mint.token(sid=sid), mint.token()
            allowed(web, acme, bearer(token))
            proxy.cut()
            mint.revoke("sid", sid)
            # An answer is believed for a second while changes cannot be heard.
            until(lambda: ask(web, acme, bearer(token)).code == "DATABASE_UNAVAILABLE")
            proxy.mend()
            until(lambda: ask(web, acme, bearer(bystander)).status == 200)
            assert ask(web, acme, bearer(token)).reason == "revoked"


def test_keys_that_overlap(live: Live, acme: LiveTenant, mint: Mint) -> None:
    """The former key is believed until its time is over; removed, it is not."""
    former, successor = Mint(live, acme).install(), Mint(live, acme).install()
    old, new = former.token(), successor.token()
    allowed(live, acme, bearer(old))
    allowed(live, acme, bearer(new))
    assert {former.kid, successor.kid, mint.kid} <= set(kids(acme))
    former.run("update tenants_signingkey set verified_until = now() + interval '2 s' where kid = %s", former.kid)
    until(lambda: ask(live, acme, bearer(old)).reason == "unknown_key")
    allowed(live, acme, bearer(new))
    assert former.kid not in kids(acme)
    successor.run("update tenants_signingkey set verified_until = now() where kid = %s", successor.kid)
    until(lambda: ask(live, acme, bearer(new)).reason == "unknown_key")


def kids(tenant: LiveTenant) -> list[str]:
    answer = httpx.get(tenant.graphql_url.replace("/graphql", "/.well-known/jwks.json"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    keys = answer.json()["keys"]
    assert all(key.keys() == {"kty", "crv", "x", "kid", "use", "alg"} for key in keys)
    return [key["kid"] for key in keys]


def test_the_jwks_has_no_private_parts_and_only_its_tenants_keys(live: Live, mint: Mint, strangers: Mint) -> None:
    assert mint.kid in kids(live.acme)
    assert mint.kid not in kids(live.globex)
    assert httpx.post(live.acme.graphql_url.replace("graphql", ".well-known/jwks.json")).status_code == 405
    assert httpx.get(f"{live.base_url}/t/nobody-here/.well-known/jwks.json").status_code == 404
    assert httpx.get(f"{live.base_url}/.well-known/jwks.json").status_code == 404
