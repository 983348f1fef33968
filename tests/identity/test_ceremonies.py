"""WebAuthn ceremonies with a software authenticator, without a database."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import pytest

from apps.identity.factors.ceremonies import (
    Credential,
    Registered,
    RelyingParty,
    creation_options,
    credential_id_of,
    request_options,
    user_handle_of,
    verify_assertion,
    verify_creation,
)
from kapok.errors import KapokError
from tests.identity.authenticator import Authenticator, b64

ORIGIN = "https://app.example.com"
PARTY = RelyingParty("example.com", "Example", (ORIGIN, "https://example.com"))
USER = b"0123456789abcdef"


def registered(device: Authenticator) -> Registered:
    challenge = secrets.token_bytes(32)
    options = creation_options(PARTY, challenge, user_id=USER, user_name="ada@example.com", known=())
    return verify_creation(PARTY, challenge, device.create(options, ORIGIN))


def refused(call: Any) -> None:
    with pytest.raises(KapokError) as caught:
        call()
    assert caught.value.code == "FACTOR_REFUSED"


def test_a_passkey_is_made_and_used() -> None:
    device = Authenticator()
    made = registered(device)
    assert made.user_verified
    assert made.credential.transports == ("internal",)
    challenge = secrets.token_bytes(32)
    options = request_options(PARTY, challenge, allowed=[made.credential], verify_user=True)
    answer = device.get(options, ORIGIN)
    assert credential_id_of(answer) == made.credential.id
    assert user_handle_of(answer) == USER
    proved = verify_assertion(PARTY, challenge, answer, made.credential, verify_user=True)
    assert (proved.sign_count, proved.user_verified) == (1, True)


def test_a_device_is_told_which_passkeys_there_are() -> None:
    known = [Credential(b"one", b"", 0, ("usb", "nfc"))]
    options = creation_options(PARTY, b"c" * 32, user_id=USER, user_name="ada", known=known)
    assert options["excludeCredentials"] == [{"id": b64(b"one"), "type": "public-key", "transports": ["usb", "nfc"]}]
    assert options["rp"] == {"id": "example.com", "name": "Example"}
    assert options["attestation"] == "none"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://app.example.com", "https://app.example.com.evil.io"]
)
def test_a_page_elsewhere_gets_nothing(origin: str) -> None:
    device = Authenticator()
    challenge = secrets.token_bytes(32)
    options = creation_options(PARTY, challenge, user_id=USER, user_name="ada", known=())
    refused(lambda: verify_creation(PARTY, challenge, device.create(options, origin)))
    made = registered(device)
    options = request_options(PARTY, challenge, allowed=[made.credential], verify_user=False)
    refused(lambda: verify_assertion(PARTY, challenge, device.get(options, origin), made.credential, verify_user=False))


def test_another_relying_party_is_refused() -> None:
    device = Authenticator()
    challenge = secrets.token_bytes(32)
    options = creation_options(PARTY, challenge, user_id=USER, user_name="ada", known=())
    refused(lambda: verify_creation(PARTY, challenge, device.create(options, ORIGIN, rp_id="evil.example")))
    made = registered(device)
    device.passkeys[-1].rp_id = "evil.example"
    options = request_options(PARTY, challenge, allowed=(), verify_user=False)
    refused(lambda: verify_assertion(PARTY, challenge, device.get(options, ORIGIN), made.credential, verify_user=False))


def test_another_challenge_is_refused() -> None:
    device = Authenticator()
    made = registered(device)
    options = request_options(PARTY, b"a" * 32, verify_user=False)
    refused(lambda: verify_assertion(PARTY, b"b" * 32, device.get(options, ORIGIN), made.credential, verify_user=False))
    options = creation_options(PARTY, b"a" * 32, user_id=USER, user_name="ada", known=())
    refused(lambda: verify_creation(PARTY, b"b" * 32, device.create(options, ORIGIN)))


def test_another_key_is_refused() -> None:
    device, other = Authenticator(), Authenticator()
    made, foreign = registered(device), registered(other)
    options = request_options(PARTY, b"a" * 32, verify_user=False)
    mixed = replace(made.credential, public_key=foreign.credential.public_key)
    refused(lambda: verify_assertion(PARTY, b"a" * 32, device.get(options, ORIGIN), mixed, verify_user=False))


def test_a_copied_key_is_found_out() -> None:
    """A counter that does not grow: two devices hold the key."""
    device = Authenticator()
    made = registered(device)
    options = request_options(PARTY, b"a" * 32, verify_user=False)
    answer = device.get(options, ORIGIN)
    later = replace(made.credential, sign_count=1)
    refused(lambda: verify_assertion(PARTY, b"a" * 32, answer, later, verify_user=False))
    without = Authenticator(counts=False)
    synced = registered(without)
    answer = without.get(options, ORIGIN)
    assert verify_assertion(PARTY, b"a" * 32, answer, synced.credential, verify_user=False).sign_count == 0


def test_a_finger_is_asked_for_where_it_counts() -> None:
    device = Authenticator(verifies=False)
    made = registered(device)
    assert not made.user_verified
    options = request_options(PARTY, b"a" * 32, verify_user=True)
    assert options["userVerification"] == "required"
    refused(lambda: verify_assertion(PARTY, b"a" * 32, device.get(options, ORIGIN), made.credential, verify_user=True))
    assert not verify_assertion(
        PARTY, b"a" * 32, device.get(options, ORIGIN), made.credential, verify_user=False
    ).user_verified


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"id": 1, "rawId": None, "response": []},
        {"id": "x", "rawId": "x", "type": "public-key", "response": {}},
        {"id": "é", "rawId": "é", "type": "public-key", "response": {"clientDataJSON": "\x00", "signature": 1}},
        {"id": "aa", "rawId": "aa", "type": "public-key", "response": {
            "clientDataJSON": "e30", "attestationObject": "_w", "authenticatorData": "AA", "signature": "AA"}},
        {"id": "aa", "rawId": "aa", "type": "password", "response": {
            "clientDataJSON": "bnVsbA", "authenticatorData": "", "signature": "", "attestationObject": ""}},
        {"id": "aa", "rawId": "aa", "type": "public-key", "response": {
            "clientDataJSON": "bnVsbA", "authenticatorData": "AA", "signature": "AA", "attestationObject": "oA",
            "transports": [1, {}, "usb"]}},
    ],
)  # fmt: skip
def test_nonsense_is_refused(answer: dict[str, Any]) -> None:
    credential = Credential(b"x", b"\xa0", 0)
    refused(lambda: verify_creation(PARTY, b"a" * 32, answer))
    refused(lambda: verify_assertion(PARTY, b"a" * 32, answer, credential, verify_user=False))
    assert isinstance(credential_id_of(answer), bytes)
    assert isinstance(user_handle_of(answer), bytes)
