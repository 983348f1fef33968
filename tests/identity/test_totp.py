"""Time-based codes and recovery codes, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pyotp
import pytest

from kapok.recovery_codes import digest_of, new_codes
from kapok.totp import PERIOD_SECONDS, new_secret, otpauth_uri, qr_svg, step_of

NOW = datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC)
STEP = int(NOW.timestamp()) // PERIOD_SECONDS


def code_at(secret: str, seconds: int) -> str:
    return pyotp.TOTP(secret).at(NOW + timedelta(seconds=seconds))


def test_the_standards_own_example() -> None:
    """RFC 6238, appendix B (SHA-1, eight digits there: the last six are the code)."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert step_of(secret, "287082", datetime.fromtimestamp(59, UTC), None) == 1
    assert step_of(secret, "005924", datetime.fromtimestamp(1234567890, UTC), None) == 41152263


@pytest.mark.parametrize(("seconds", "right"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_one_step_off(seconds: int, right: bool) -> None:
    secret = new_secret()
    assert step_of(secret, code_at(secret, seconds), NOW, None) == (STEP + seconds // 30 if right else None)


def test_a_code_is_good_once() -> None:
    secret = new_secret()
    code = code_at(secret, 0)
    used = step_of(secret, code, NOW, None)
    assert used == STEP
    assert step_of(secret, code, NOW, used) is None
    assert step_of(secret, code_at(secret, -30), NOW, used) is None, "nor is an older one"
    assert step_of(secret, code_at(secret, 30), NOW, used) == STEP + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "' or 1=1", " 12345", "１２３４５６", "123456\n"])
def test_nonsense_is_no_code(code: str) -> None:
    assert step_of(new_secret(), code, NOW, None) is None


def test_the_address_for_apps() -> None:
    secret = new_secret()
    assert len(secret) == 32
    uri = otpauth_uri(secret, "ada@example.com", "Ac:me & Sons")
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query) == {"secret": [secret], "issuer": ["Ac me & Sons"]}
    assert pyotp.parse_uri(uri).at(NOW) == code_at(secret, 0)


def test_the_picture_is_one_svg_element() -> None:
    root = ElementTree.fromstring(qr_svg(otpauth_uri(new_secret(), "ada@example.com", "Acme")))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib


def test_recovery_codes_differ_and_are_easy_to_type() -> None:
    codes = new_codes()
    assert len(set(codes)) == len(codes) == 10
    code = codes[0]
    assert digest_of(code) == digest_of(code.upper().replace("-", " ")) == digest_of(f" {code} ")
    assert digest_of(code.replace("0", "O").replace("1", "l")) == digest_of(code)
    assert len({digest_of(each) for each in codes}) == 10
