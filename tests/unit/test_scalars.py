"""Scalars: what is accepted, what Postgres gets, what is refused and why."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLError, parse_value
from hypothesis import given
from hypothesis import strategies as st

from apps.graphql_api.schema.scalars import GRAPHENE_SCALARS, GRAPHQL_SCALARS
from kapok.model.scalar_values import NotAValue
from kapok.model.scalars import SCALARS

UTC_MOMENTS = st.datetimes(timezones=st.just(dt.UTC))
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab\\"é', max_size=4), inner, max_size=4),
    max_leaves=20,
)


def scalar(name: str) -> Callable[[Any], Any]:
    return GRAPHQL_SCALARS[GRAPHENE_SCALARS[name]].parse_value


def literal(name: str, text: str, variables: dict[str, Any] | None = None) -> Any:
    return GRAPHQL_SCALARS[GRAPHENE_SCALARS[name]].parse_literal(parse_value(text), variables)


@given(st.integers(-(2**70), 2**70))
def test_big_int_is_int8(number: int) -> None:
    for value in (number, str(number)):
        if -(2**63) <= number < 2**63:
            assert scalar("BigInt")(value) == str(number)
        else:
            with pytest.raises(NotAValue, match="64 bits"):
                scalar("BigInt")(value)


@given(st.decimals(allow_nan=True) | st.integers(-(10**30), 10**30) | st.floats())
def test_decimal_keeps_the_number(number: Decimal | int | float) -> None:
    try:
        text = scalar("Decimal")(number if isinstance(number, int | float) else str(number))
    except NotAValue:
        # NaN with a sign or payload, and floats that are none in JSON.
        assert not Decimal(number).is_finite()
    else:
        assert text in ("NaN", "Infinity", "-Infinity") or Decimal(text) == Decimal(
            repr(number) if isinstance(number, float) else number
        )


@given(st.uuids())
def test_uuid(value: uuid.UUID) -> None:
    for text in (str(value), str(value).upper(), value.hex):
        assert uuid.UUID(scalar("UUID")(text)) == value


@given(st.binary())
def test_bytes(value: bytes) -> None:
    assert scalar("Bytes")(base64.b64encode(value).decode()) == "\\x" + value.hex()
    # As Postgres' encode(value, 'base64') gives it: lines of 76 characters.
    assert scalar("Bytes")(base64.encodebytes(value).decode()) == "\\x" + value.hex()


@given(UTC_MOMENTS)
def test_moments(value: dt.datetime) -> None:
    assert scalar("DateTime")(value.isoformat()) == value.isoformat()
    assert scalar("DateTime")(value.isoformat().replace("+00:00", "Z"))
    local = value.replace(tzinfo=None).isoformat()
    assert scalar("LocalDateTime")(local) == local
    assert scalar("Date")(value.date().isoformat()) == value.date().isoformat()
    assert scalar("Time")(value.time().isoformat()) == value.time().isoformat()
    for name, text in (("DateTime", local), ("LocalDateTime", value.isoformat()), ("Time", value.isoformat())):
        with pytest.raises((GraphQLError, NotAValue)):
            scalar(name)(text)


@given(st.integers(1, 9999), st.integers(0, 20), st.integers(0, 40))
def test_days_of_the_calendar(year: int, month: int, day: int) -> None:
    text = f"{year:04}-{month:02}-{day:02}"
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        with pytest.raises((GraphQLError, NotAValue)):
            scalar("Date")(text)
    else:
        assert scalar("Date")(text) == text


@given(JSON_VALUES)
def test_json(value: Any) -> None:
    assert json.loads(scalar("JSON")(value)) == value


@given(st.ip_addresses())
def test_addresses(value: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert scalar("Inet")(str(value)) == str(value)
    assert scalar("Cidr")(f"{value}/{value.max_prefixlen}")


@given(st.sampled_from(sorted(SCALARS)), st.text() | JSON_VALUES | st.floats())
def test_anything_else_is_refused_with_a_sentence(name: str, value: Any) -> None:
    try:
        found = scalar(name)(value)
    except (GraphQLError, NotAValue) as error:
        assert str(error).endswith(".")
    else:
        assert isinstance(found, str)
        assert "\0" not in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BigInt", "12"),
        ("BigInt", "-9223372036854775808"),
        ("Decimal", "1e100000"),
        ("Decimal", ".5"),
        ("Decimal", "-Infinity"),
        ("Date", "4713-11-24 BC"),
        ("Date", "5874897-12-31"),
        ("Date", "0004-02-29"),
        ("Date", "0001-02-29 BC"),
        ("Date", "-infinity"),
        ("DateTime", "294276-12-31T23:59:59.999999+00:00"),
        ("DateTime", "0044-03-15T12:00:00+00:00 BC"),
        ("DateTime", "2024-02-29 24:00:00-15:59:59"),
        ("DateTime", "2024-01-31t12:00z"),
        ("LocalDateTime", "2024-06-30T23:59:60"),
        ("Time", "24:00:00"),
        ("TimeTz", "24:00:00-15:59"),
        ("TimeTz", "12:00:00+00:00:01"),
        ("Interval", "P1Y2M3DT4H5M6.789S"),
        ("Interval", "P-1Y2DT-3H-4M-5.000001S"),
        ("Interval", "PT0S"),
        ("Interval", "P-178000000Y"),
        ("MacAddr", "08:00:2b:01:02:03:04:05"),
        ("MacAddr", "08-00-2b-01-02-03"),
        ("Inet", "::ffff:1.2.3.4/96"),
        ("Cidr", "0.0.0.0/0"),
    ],
)
def test_accepted_as_it_is(name: str, value: str) -> None:
    assert scalar(name)(value) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("BigInt", value) for value in ("", "1.0", 1.5, True, "1_000", " 1", "١", "9" * 5000, "1e3", None, [], {})],
        *[("Decimal", value) for value in ("", ".", "1,5", "0x10", "nan", True, float("nan"), 2**5000, "1" * 200_000)],
        *[("UUID", value) for value in ("", "123e4567", "{123e4567-e89b-12d3-a456-426614174000}", 5)],
        *[("Bytes", value) for value in ("a", "====", "é", b"YQ==", "YQ", "a-_b")],
        *[("Date", value) for value in ("2024-1-1", "2023-02-29", "0000-01-01", "2024-13-01", "today", "24-01-01")],
        *[("Date", value) for value in ("5874898-01-01", "0002-02-29 BC", "2024-01-01T00:00:00", 20240101)],
        *[("DateTime", value) for value in ("2024-01-01", "2024-01-01T00:00:00", "now", "2024-01-01T24:00:01Z")],
        *[
            ("DateTime", value)
            for value in ("2024-01-01T12:00:00+16", "2024-01-01T12:61:00Z", "294277-01-01T00:00:00Z")
        ],
        *[("LocalDateTime", value) for value in ("2024-01-01T12:00:00Z", "2024-01-01")],
        *[("Time", value) for value in ("25:00:00", "12", "24:00:01", "12:00:00+00", "infinity", "allballs")],
        *[("TimeTz", value) for value in ("12:00:00", "12:00:00 Europe/Vienna")],
        *[("Interval", value) for value in ("P", "PT", "1 day", "P1DT", "-P1D", "P1S", "P1D; drop table x", 5)],
        *[("Inet", value) for value in ("256.0.0.1", "fe80::1%eth0", "", "localhost", 1)],
        *[("Cidr", value) for value in ("10.0.0.1/8", "10.0.0.0/33")],
        *[("MacAddr", value) for value in ("08:00:2b:01:02", "08:00-2b:01:02:03", "08:00:2b:01:02:0g")],
        *[("JSON", value) for value in ("\0", {"a": ["\0"]}, {"\0": 1}, "\ud800", {1, 2})],
    ],
)
def test_refused(name: str, value: Any) -> None:
    with pytest.raises((GraphQLError, NotAValue)):
        scalar(name)(value)


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert json.loads(scalar("JSON")("\\u0000")) == "\\u0000"
    with pytest.raises(GraphQLError, match="NUL"):
        scalar("JSON")("\\\0")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("BigInt", "9223372036854775807", "9223372036854775807"),
        ("BigInt", '"42"', "42"),
        ("Decimal", "1.10", "1.10"),
        ("Decimal", "1e3", "1e3"),
        ("Date", '"2024-01-31"', "2024-01-31"),
        ("JSON", "1.10", "1.10"),
        (
            "JSON",
            '{a: [1, 12345678901234567890123, "x", true, null, NAME]}',
            '{"a":[1,12345678901234567890123,"x",true,null,"NAME"]}',
        ),
    ],
)
def test_literals(name: str, text: str, expected: str) -> None:
    assert literal(name, text) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("BigInt", "1.5"),
        ("BigInt", "true"),
        ("Date", "20240131"),
        ("UUID", "null"),
        ("Decimal", "[1]"),
        ("Bytes", "YQ"),
    ],
)
def test_refused_literals(name: str, text: str) -> None:
    with pytest.raises((GraphQLError, NotAValue)):
        literal(name, text)


def test_variables_within_a_json_literal() -> None:
    inner = scalar("JSON")({"b": 1})
    assert literal("JSON", "{a: $x, c: [$y], d: $absent}", {"x": inner, "y": "text"}) == '{"a":{"b":1},"c":["text"]}'


def test_specified_by() -> None:
    assert GRAPHQL_SCALARS[GRAPHENE_SCALARS["UUID"]].specified_by_url == "https://www.rfc-editor.org/rfc/rfc9562"
