"""ID tokens and discovery documents of a hostile issuer: an HTTP server that says whatever a test tells it to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from apps.identity.social import discovery
from apps.identity.social.relying_party import Client, Secrets, check_sender, claims_for, verified_claims
from apps.identity.social.wire import post_form
from kapok import outbound
from kapok.errors import KapokError
from kapok.outside_urls import is_callable_url

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OURS = Secrets(nonce="n" * 40, verifier="v" * 60)


class Issuer(ThreadingHTTPServer):
    """answers: path -> JSON, or (status, headers, bytes). drips: whether it never comes to an end."""

    daemon_threads = True
    drips = False
    answers: dict[str, Any]
    asked: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def client(self) -> Client:
        return Client(self.url, "kapok", "secret", ("openid",), "https://kapok.example.com/oidc/shop/x/callback")


class Handler(BaseHTTPRequestHandler):
    """Says what it is told to."""

    server: Issuer

    def do_GET(self) -> None:
        """Answer."""
        self.server.asked.append(self.path)
        given = self.server.answers.get(self.path, (404, {}, b"{}"))
        status, headers, body = given if isinstance(given, tuple) else (200, {}, json.dumps(given).encode())
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            while self.server.drips:
                self.wfile.write(b" ")
                time.sleep(0.01)
            self.wfile.write(body)

    def do_POST(self) -> None:
        """The same."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.do_GET()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """One with a good document and one key."""
    discovery.forget()
    server = Issuer(("127.0.0.1", 0), Handler)
    url = server.url
    public = json.loads(RSAAlgorithm.to_jwk(KEY.public_key()))
    server.asked = []
    server.answers = {
        "/.well-known/openid-configuration": {
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/jwks",
            "userinfo_endpoint": f"{url}/userinfo",
        },
        "/jwks": {"keys": [{**public, "kid": "one", "use": "sig"}]},
    }
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
    discovery.forget()


def claims(issuer: Issuer, **more: Any) -> dict[str, Any]:
    now = int(time.time())
    said = {"iss": issuer.url, "aud": "kapok", "sub": "1", "iat": now, "exp": now + 300, "nonce": OURS.nonce, **more}
    return {name: value for name, value in said.items() if value is not None}


def signed(content: dict[str, Any], key: Any = KEY, alg: str = "RS256", kid: str | None = "one") -> str:
    return jwt.encode(content, key, algorithm=alg, headers={"kid": kid} if kid else {})


def refused(code: str, call: Any) -> None:
    with pytest.raises(KapokError) as caught:
        call()
    assert caught.value.code == code


def test_a_good_token(issuer: Issuer) -> None:
    verified = verified_claims(issuer.client(), signed(claims(issuer)), OURS.nonce)
    assert verified["sub"] == "1"
    assert verified_claims(issuer.client(), signed(claims(issuer), kid=None), OURS.nonce), "there is only one key"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": ["kapok", "another-client"]},
        {"aud": ["kapok", "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"nonce": "m" * 40},
        {"nonce": None},
        {"nonce": ["n" * 40]},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
    ],
    ids=str,
)
def test_a_token_that_says_something_wrong(issuer: Issuer, wrong: dict[str, Any]) -> None:
    token = signed(claims(issuer, **wrong))
    refused("PROVIDER_REFUSED", lambda: verified_claims(issuer.client(), token, OURS.nonce))


def test_a_token_that_others_signed(issuer: Issuer) -> None:
    content = claims(issuer)
    good = signed(content)
    head, body, signature = good.split(".")
    public_pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    confused = _hs256({"alg": "HS256", "kid": "one"}, content, public_pem)
    unsigned = jwt.encode(content, None, algorithm="none", headers={"kid": "one"})
    elliptic = signed(content, ec.generate_private_key(ec.SECP256R1()), "ES256")
    for token in (
        signed(content, OTHER_KEY),
        signed(content, OTHER_KEY, kid="two"),
        signed(content, kid="' or 1=1"),
        confused,
        unsigned,
        elliptic,
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}..{signature}",
        "a.b.c",
        "",
        None,
        7,
    ):
        refused("PROVIDER_REFUSED", lambda token=token: verified_claims(issuer.client(), token, OURS.nonce))


def test_a_shared_secret_among_the_keys_is_no_key(issuer: Issuer) -> None:
    shared = base64.urlsafe_b64encode(b"s" * 32).decode().rstrip("=")
    issuer.answers["/jwks"] = {"keys": [{"kty": "oct", "k": shared, "kid": "one", "alg": "HS256"}, "x", {"kty": "?"}]}
    token = _hs256({"alg": "HS256", "kid": "one"}, claims(issuer), b"s" * 32)
    refused("PROVIDER_REFUSED", lambda: verified_claims(issuer.client(), token, OURS.nonce))


def test_made_up_key_ids_do_not_make_us_a_hammer(issuer: Issuer) -> None:
    for number in range(5):
        token = signed(claims(issuer), kid=f"made-up-{number}")
        refused("PROVIDER_REFUSED", lambda token=token: verified_claims(issuer.client(), token, OURS.nonce))
    assert issuer.asked.count("/jwks") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://192.0.2.1/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": None},
        {"jwks_uri": "gopher://127.0.0.1/"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
def test_a_document_that_says_something_wrong(issuer: Issuer, wrong: dict[str, Any]) -> None:
    document = {**issuer.answers["/.well-known/openid-configuration"], **wrong}
    issuer.answers["/.well-known/openid-configuration"] = document
    refused("PROVIDER_UNAVAILABLE", lambda: discovery.metadata_of(issuer.url))
    assert issuer.asked == ["/.well-known/openid-configuration"]


@pytest.mark.parametrize(
    "answer",
    [
        (302, {"location": "/jwks"}, b""),
        (200, {}, b"x" * 1_100_000),
        (200, {}, b"[]"),
        (200, {}, b"\xff"),
        (500, {}, b"{}"),
        (200, {"content-encoding": "gzip"}, b"no gzip"),
    ],
)
def test_an_answer_that_is_none(issuer: Issuer, answer: Any) -> None:
    issuer.answers["/.well-known/openid-configuration"] = answer
    refused("PROVIDER_UNAVAILABLE", lambda: discovery.metadata_of(issuer.url))
    assert issuer.asked == ["/.well-known/openid-configuration"], "redirects are not followed"


def test_no_provider_is_in_the_private_network(issuer: Issuer, settings: Any) -> None:
    """Whoever may name a provider must not reach the platform's own network by it, whatever a name means."""
    settings.KAPOK_PRIVATE_ISSUERS = False
    inside = issuer.url.replace("http://127.0.0.1", "https://localhost")
    for url in (issuer.url, inside):
        refused("PROVIDER_UNAVAILABLE", lambda url=url: discovery.metadata_of(url))
        refused("PROVIDER_UNAVAILABLE", lambda url=url: post_form(url, {"code": "x"}))
    assert issuer.asked == []


def test_a_provider_that_drips_is_given_up(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time-out is for all of an answer, not for each part of it."""
    monkeypatch.setattr(outbound, "TIMEOUT_SECONDS", 0.5)
    issuer.drips = True
    refused("PROVIDER_UNAVAILABLE", lambda: discovery.metadata_of(issuer.url))


def test_the_access_token_belongs_to_the_id_token(issuer: Issuer) -> None:
    digest = hashlib.sha256(b"right").digest()
    at_hash = base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
    issuer.answers["/userinfo"] = {"sub": "1", "email": "ada@example.com", "email_verified": True}
    for access_token, right in (("right", True), ("swapped", False)):
        issuer.answers["/token"] = {"access_token": access_token, "id_token": signed(claims(issuer, at_hash=at_hash))}
        if right:
            assert claims_for(issuer.client(), "code", OURS)["email"] == "ada@example.com"
        else:
            refused("PROVIDER_REFUSED", lambda: claims_for(issuer.client(), "code", OURS))


def test_userinfo_is_about_the_same_person_and_does_not_overrule(issuer: Issuer) -> None:
    issuer.answers["/token"] = {"access_token": "a", "id_token": signed(claims(issuer, name="Ada"))}
    issuer.answers["/userinfo"] = {"sub": "2", "email": "ada@example.com"}
    refused("PROVIDER_REFUSED", lambda: claims_for(issuer.client(), "code", OURS))
    issuer.answers["/userinfo"] = {"sub": "1", "email": "ada@example.com", "name": "Eve", "iss": "x"}
    said = claims_for(issuer.client(), "code", OURS)
    assert (said["name"], said["email"], said["iss"]) == ("Ada", "ada@example.com", issuer.url)


@pytest.mark.parametrize("name", ["a\0b", "x" * 70_000, "\ud800"], ids=["NUL", "long", "half a character"])
def test_claims_that_cannot_be_stored_are_refused(issuer: Issuer, name: str) -> None:
    issuer.answers["/token"] = {"id_token": signed(claims(issuer, email="ada@example.com", name=name))}
    refused("PROVIDER_REFUSED", lambda: claims_for(issuer.client(), "code", OURS))


def test_a_provider_that_names_itself_must(issuer: Issuer) -> None:
    check_sender(issuer.client(), {"code": "x"})
    check_sender(issuer.client(), {"code": "x", "iss": issuer.url})
    refused("PROVIDER_REFUSED", lambda: check_sender(issuer.client(), {"iss": "https://evil.example"}))
    document = issuer.answers["/.well-known/openid-configuration"]
    document["authorization_response_iss_parameter_supported"] = True
    discovery.forget()
    refused("PROVIDER_REFUSED", lambda: check_sender(issuer.client(), {"code": "x"}))


def test_which_addresses_are_called() -> None:
    assert is_callable_url("https://id.example.com/realms/x", development=False)
    assert is_callable_url("http://127.0.0.1:8000", development=True)
    for url in ("http://127.0.0.1", "http://localhost", "https://", "https://u:p@id.example.com", "https://a b", "ftp://x",
                "https://id.example.com#x", "https://id.example.com:x", "https://ïd.example", "//x.example", None, 7,
                "https://id.example.com\n"):  # fmt: skip
        assert not is_callable_url(url, development=False), url
    assert not is_callable_url("http://192.0.2.1", development=True)


def _hs256(header: dict[str, str], content: dict[str, Any], secret: bytes) -> str:
    """Signed with a shared secret by hand: the library refuses to use a public key as one."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, content)]
    signature = hmac.new(secret, b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()
