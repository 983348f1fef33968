"""Tokens are taken apart strictly and verified under their issuer's terms only; all else is UNAUTHENTICATED."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kapok.bearer.claims import acting, end_user, own_roles
from kapok.bearer.keys import encoded_public_key, jwk, public_key_from, thumbprint
from kapok.bearer.read import read_token
from kapok.bearer.verify import Terms, verify
from kapok.errors import KapokError

KEY = Ed25519PrivateKey.generate()
TERMS = Terms("https://kapok.test/t/acme", "bookings", frozenset({"EdDSA"}), ("exp", "iat", "sub"), "at+jwt")
TENANT = uuid.uuid4()


def b64(content: bytes | str) -> str:
    content = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def payload(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"iss": TERMS.issuer, "aud": TERMS.audience, "sub": "u1", "iat": now, "exp": now + 900, "nbf": now}
    return {name: value for name, value in {**claims, **more}.items() if value is not ...}


def signed(header: str | None = None, content: str | None = None, **more: Any) -> str:
    """A well-signed token, whatever its header and content are."""
    header = header or json.dumps({"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"})
    text = f"{b64(header)}.{b64(content if content is not None else json.dumps(payload(**more)))}"
    return f"{text}.{b64(KEY.sign(text.encode()))}"


def reason(token: str) -> str:
    """Why a token is refused."""
    with pytest.raises(KapokError) as caught:
        verify(read_token(token), KEY.public_key(), TERMS)
    assert (caught.value.code, caught.value.status) == ("UNAUTHENTICATED", 401)
    return str(caught.value.details["reason"])


def test_a_good_token_gives_its_claims() -> None:
    assert verify(read_token(signed(plan={"tier": 1})), KEY.public_key(), TERMS)["plan"] == {"tier": 1}


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": int(time.time()) - 61}, "expired"),
        # A day: they are made when the tests are collected.
        ({"nbf": int(time.time()) + 86_400}, "not_yet_valid"),
        ({"iat": int(time.time()) + 86_400}, "not_yet_valid"),
        ({"aud": "other"}, "wrong_audience"),
        ({"aud": ["other", "another"]}, "wrong_audience"),
        ({"iss": "https://evil.test"}, "wrong_issuer"),
        ({"exp": ...}, "missing_claim"),
        ({"aud": ...}, "missing_claim"),
        ({"exp": str(int(time.time()) + 900)}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"exp": 1e300}, "malformed"),
        ({"iat": -1}, "malformed"),
        ({"sub": "a\x00b"}, "malformed"),
        ({"note": "\ud800"}, "malformed"),
        ({"big": 2**70}, "malformed"),
        ({"deep": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}, "malformed"),
    ],
)
def test_what_makes_a_signed_token_worthless(claims: dict[str, Any], why: str) -> None:
    assert reason(signed(**claims)) == why


def test_clocks_may_differ_by_a_minute() -> None:
    now = int(time.time())
    assert verify(read_token(signed(exp=now - 50, nbf=now + 50, iat=now + 50)), KEY.public_key(), TERMS)


@pytest.mark.parametrize(
    "extra",
    [
        {"jku": "https://evil.test/jwks.json"},
        {"jwk": jwk("k1", encoded_public_key(KEY))},
        {"x5u": "https://evil.test/cert"},
        {"x5c": ["MII"]},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"zip": "DEF"},
    ],
)
def test_a_token_brings_no_key_and_no_extension(extra: dict[str, Any]) -> None:
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1", **extra}
    assert reason(signed(json.dumps(header))) == "malformed"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256", "RS256", "ES256", "eddsa", "Ed25519"])
def test_the_algorithm_is_the_issuers(algorithm: str) -> None:
    header = json.dumps({"alg": algorithm, "typ": "at+jwt", "kid": "k1"})
    assert reason(signed(header)) == "wrong_algorithm"


def test_alg_none_without_a_signature_has_not_even_the_form() -> None:
    token = jwt.encode(payload(), None, algorithm="none", headers={"typ": "at+jwt", "kid": "k1"})
    assert reason(token) == "malformed"
    assert reason(token + "AAAA") == "wrong_algorithm"


def test_hs256_with_the_public_key_as_secret() -> None:
    """The classic confusion: the attacker knows the public key and signs with it as if it were a shared secret."""

    public = KEY.public_key().public_bytes_raw()
    text = f"{b64(json.dumps({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'k1'}))}.{b64(json.dumps(payload()))}"
    token = f"{text}.{b64(hmac.digest(public, text.encode(), hashlib.sha256))}"
    assert reason(token) == "wrong_algorithm"
    lenient = Terms(TERMS.issuer, TERMS.audience, frozenset({"EdDSA", "HS256"}), (), "at+jwt")
    with pytest.raises(KapokError):  # even if someone allowed both: the key is no secret
        verify(read_token(token), KEY.public_key(), lenient)


def test_another_kind_of_token_signed_with_the_same_key() -> None:
    for kind in ("JWT", "", "logout+jwt"):
        assert reason(signed(json.dumps({"alg": "EdDSA", "typ": kind, "kid": "k1"}))) == "wrong_type"


@pytest.mark.parametrize(
    ("header", "content"),
    [
        ('{"alg":"EdDSA","typ":"at+jwt","kid":"k1","kid":"k2"}', None),
        ('{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"k1"}', None),
        (None, '{"sub":"u1","sub":"u2"}'),
        (None, '{"a":{"b":1,"b":2}}'),
        (None, '{"exp":NaN}'),
        (None, '{"exp":Infinity}'),
        (None, "[]"),
        (None, '"text"'),
        (None, "{"),
        (None, "\ufeff{}"),
        ('{"alg":"EdDSA","typ":"at+jwt","kid":7}', None),
        ('{"alg":["EdDSA"],"typ":"at+jwt","kid":"k1"}', None),
        ("[" * 2000 + "]" * 2000, None),
    ],
)
def test_what_two_readers_could_understand_differently(header: str | None, content: str | None) -> None:
    assert reason(signed(header, content)) == "malformed"


def test_forms() -> None:
    good = signed()
    head, body, signature = good.split(".")
    for wrong in (
        "",
        "undefined",
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{good}.{signature}",
        f"{good}=",
        f" {good}",
        f"{good}\n",
        f"{good},{good}",
        f"{head}.{body[:-1]}+.{signature}",
        good + "A" * 8000,
    ):
        assert reason(wrong) == "malformed", wrong[:80]
    assert reason(f"{head}.{body}.{signature[:40]}") == "wrong_signature"
    assert reason(f"{head}.{body}.{b64(b'0' * 64)}") == "wrong_signature"
    other = b64(json.dumps(payload(sub="u2")))
    assert reason(f"{head}.{other}.{signature}") == "wrong_signature"


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{2,40}\.[A-Za-z0-9_-]{2,40}\.[A-Za-z0-9_-]{2,40}"))
def test_whatever_comes_is_refused_politely(text: str) -> None:
    assert reason(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from(["alg", "typ", "kid", "iss", "aud", "exp", "nbf", "iat", "sub", "sid", "roles", "email", "x"])


@given(st.dictionaries(NAMES, JSON), st.dictionaries(NAMES, JSON))
def test_signed_nonsense_never_breaks_the_reader(header: dict[str, Any], claims: dict[str, Any]) -> None:
    """With a true signature too: an issuer may be careless. Either refused, or a principal that can be written down."""
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1", **header}
    token = signed(json.dumps(header), json.dumps(payload(roles=["member"]) | claims))
    try:
        verified = verify(read_token(token), KEY.public_key(), TERMS)
        principal = acting(end_user(TENANT, verified, own_roles(verified)), "")
    except KapokError as error:
        assert error.code == "UNAUTHENTICATED"
    else:
        assert principal.role != "service"
        assert json.loads(principal.claims_json)["role"] == principal.role


@pytest.mark.parametrize("roles", [None, "member", ["service"], ["a b"], [1], ["x" * 64], ["member"] * 51, {"a": 1}])
def test_roles_that_are_none(roles: object) -> None:
    with pytest.raises(KapokError) as caught:
        own_roles({"roles": roles})
    assert caught.value.code == "UNAUTHENTICATED"


def test_the_first_role_acts_unless_another_is_asked_for() -> None:
    user = end_user(TENANT, payload(email="a@example.com"), ("member", "staff"))
    assert acting(user, "").role == "member"
    assert acting(user, "staff").role == "staff"
    assert json.loads(acting(user, "staff").claims_json)["role"] == "staff"
    with pytest.raises(KapokError) as caught:
        acting(user, "service")
    assert (caught.value.code, caught.value.status) == ("FORBIDDEN", 403)
    assert acting(end_user(TENANT, payload(), ()), "").role == "anon"


def test_a_claim_cannot_pose_as_the_role_or_the_tenant() -> None:
    user = end_user(TENANT, payload(role="service", tenant_id="other"), ("member",))
    told = json.loads(acting(user, "").claims_json)
    assert (told["role"], told["tenant_id"]) == ("member", str(TENANT))


def test_a_key_is_named_by_its_thumbprint() -> None:
    """RFC 8037, A.3."""
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert thumbprint(x) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert public_key_from(x).public_bytes_raw().hex().startswith("d75a980182b1")
