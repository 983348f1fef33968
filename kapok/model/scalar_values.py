"""Scalars as they come in, checked and turned into what Postgres reads.

In: a JSON value. Out: the value in Postgres' text input form, or `NotAValue` saying what is wrong. Whatever Postgres
gives back is accepted.
"""

from __future__ import annotations

import math
import re
from base64 import b64decode
from binascii import Error as Base64Error
from calendar import monthrange
from collections.abc import Callable, Mapping
from ipaddress import ip_interface, ip_network
from typing import Any


class NotAValue(ValueError):
    """A value that its type does not have. Its text is a sentence for whoever gave it."""


#: Longest text of a scalar that is no JSON, Bytes or String, in characters. A numeric has at most 131,072 digits before
#: and 16,383 after the point (PostgreSQL manual, 8.1.2).
_MAX_DECIMAL = 150_000
_MAX_TEXT = 200

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?|NaN|-?Infinity")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{32}")
_DAY = r"(?P<year>[0-9]{4,7})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]{1,12})?)?"
_ZONE = r" ?(?:[Zz]|[+-](?P<zone>[0-9]{2})(?::?(?P<zone_minute>[0-9]{2})(?::(?P<zone_second>[0-9]{2}))?)?)"
_ERA = r"(?P<era> BC)?"
_DATE = re.compile(_DAY + _ERA)
_LOCAL_DATE_TIME = re.compile(_DAY + "[Tt ]" + _CLOCK + _ERA)
_DATE_TIME = re.compile(_DAY + "[Tt ]" + _CLOCK + _ZONE + _ERA)
_TIME = re.compile(_CLOCK)
_TIME_TZ = re.compile(_CLOCK + _ZONE)
_AMOUNT = r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?"
_DURATION = re.compile(
    rf"P(?=.)(?:{_AMOUNT}Y)?(?:{_AMOUNT}M)?(?:{_AMOUNT}W)?(?:{_AMOUNT}D)?"
    rf"(?:T(?=.)(?:{_AMOUNT}H)?(?:{_AMOUNT}M)?(?:{_AMOUNT}S)?)?"
)
_MAC = re.compile(r"[0-9a-fA-F]{2}(?:([:-])[0-9a-fA-F]{2})(?:\1[0-9a-fA-F]{2}){4}(?:(?:\1[0-9a-fA-F]{2}){2})?")
_INFINITE = frozenset({"infinity", "-infinity"})


def _text(value: Any, form: str, longest: int = _MAX_TEXT) -> str:
    if value.__class__ is not str:
        raise NotAValue(f"Write it as a string: {form}.")
    if len(value) > longest:
        raise NotAValue("The text is too long.")
    return str(value)


def parse_big_int(value: Any) -> str:
    """A whole number within int8, from a string or a JSON number."""
    if value.__class__ is str and _INTEGER.fullmatch(value):
        number = int(value)
    elif value.__class__ is int:
        number = value
    else:
        raise NotAValue('Write a whole number, "9007199254740993" or 42.')
    if not -(2**63) <= number < 2**63:
        raise NotAValue("The number does not fit into 64 bits.")
    return str(number)


def parse_decimal(value: Any) -> str:
    """A decimal number of any size, from a string or a JSON number."""
    if value.__class__ is int:
        # int() and str() of a huge number take quadratic time; JSON readers give no more than 64 bits as int anyway.
        if value.bit_length() > 1024:
            raise NotAValue("Write large numbers as strings.")
        return str(value)
    if value.__class__ is float and math.isfinite(value):
        return repr(value)
    if value.__class__ is str and len(value) <= _MAX_DECIMAL and _DECIMAL.fullmatch(value):
        return str(value)
    raise NotAValue('Write a decimal number, "12.50".')


def parse_uuid(value: Any) -> str:
    """A UUID, with hyphens or without."""
    if not _UUID.fullmatch(_text(value, "123e4567-e89b-12d3-a456-426614174000")):
        raise NotAValue("Not a UUID, such as 123e4567-e89b-12d3-a456-426614174000.")
    return str(value)


def parse_bytes(value: Any) -> str:
    """Base64 to Postgres' hex form."""
    if value.__class__ is not str:
        raise NotAValue("Write bytes as a string in base64.")
    try:
        # Postgres' own encode(..., 'base64') breaks lines.
        return "\\x" + b64decode(value.replace("\n", ""), validate=True).hex()
    except (Base64Error, ValueError) as exc:
        raise NotAValue("Not base64 (RFC 4648, with padding).") from exc


def _calendar(pattern: re.Pattern[str], form: str, endless: frozenset[str] = _INFINITE) -> Callable[[Any], str]:
    """A parser of a date, a time or both. form: an example for the error."""

    def parse(value: Any) -> str:
        text = _text(value, form)
        if text in endless:
            return text
        match = pattern.fullmatch(text)
        if match is None:
            raise NotAValue(f"Write it as {form}.")
        parts = {name: int(part) for name, part in match.groupdict().items() if part is not None and name != "era"}
        _check_parts(parts, before_christ=match.groupdict().get("era") is not None)
        return text

    return parse


def _check_parts(parts: Mapping[str, int], *, before_christ: bool) -> None:
    if "year" in parts:
        year, month, day = parts["year"], parts["month"], parts["day"]
        if not 1 <= year <= (4714 if before_christ else 294276 if "hour" in parts else 5874897):
            raise NotAValue("The year is out of range.")
        # The calendar repeats every 400 years; 1 BC is the astronomical year 0.
        leap_year = 2000 + ((1 - year if before_christ else year) % 400)
        if not 1 <= month <= 12 or not 1 <= day <= monthrange(leap_year, month)[1]:
            raise NotAValue("There is no such day in the calendar.")
    hour, minute, second = parts.get("hour", 0), parts.get("minute", 0), parts.get("second", 0)
    if minute > 59 or second > 60 or hour > 24 or (hour == 24 and (minute or second)):
        raise NotAValue("There is no such time of day.")
    if parts.get("zone", 0) > 15 or parts.get("zone_minute", 0) > 59 or parts.get("zone_second", 0) > 59:
        raise NotAValue("There is no such time zone offset.")


def parse_interval(value: Any) -> str:
    """An ISO 8601 duration; each part may have its sign, as Postgres writes it."""
    text = _text(value, "P1DT2H")
    if text not in _INFINITE and not _DURATION.fullmatch(text):
        raise NotAValue("Write a duration as in ISO 8601: P1Y2M3DT4H5M6S.")
    return text


def _network(read: Callable[[str], object], form: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        text = _text(value, form)
        try:
            if "%" in text:  # Python knows scoped addresses, Postgres does not.
                raise ValueError(text)
            read(text)
        except ValueError as exc:
            raise NotAValue(f"Not an address or network, such as {form}.") from exc
        return text

    return parse


def parse_mac_addr(value: Any) -> str:
    """Six or eight bytes in hex."""
    if not _MAC.fullmatch(_text(value, "08:00:2b:01:02:03")):
        raise NotAValue("Not a hardware address, such as 08:00:2b:01:02:03.")
    return str(value)


#: The parser of each scalar that is written as a text; those of the GraphQL specification and JSON are not here.
PARSERS: Mapping[str, Callable[[Any], str]] = {
    "BigInt": parse_big_int,
    "Bytes": parse_bytes,
    "Cidr": _network(ip_network, "192.168.0.0/24"),
    "Date": _calendar(_DATE, "2024-01-31"),
    "DateTime": _calendar(_DATE_TIME, "2024-01-31T12:00:00Z, with an offset (RFC 3339)"),
    "Decimal": parse_decimal,
    "Inet": _network(ip_interface, "192.168.0.1"),
    "Interval": parse_interval,
    "LocalDateTime": _calendar(_LOCAL_DATE_TIME, "2024-01-31T12:00:00, without an offset"),
    "MacAddr": parse_mac_addr,
    "Time": _calendar(_TIME, "12:00:00", frozenset()),
    "TimeTz": _calendar(_TIME_TZ, "12:00:00+00", frozenset()),
    "UUID": parse_uuid,
}
