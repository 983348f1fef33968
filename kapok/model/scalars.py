"""Postgres base types to GraphQL scalars: the one table. What is not in it is a `String`, in Postgres' own text form.

Sources: PostgreSQL manual, chapter 8; GraphQL specification 3.5. SCALARS describes those beyond GraphQL's five.
"""

from __future__ import annotations

from collections.abc import Mapping

from kapok.identifiers import QualifiedName

#: GraphQL scalar: what a value looks like on the wire. The five of the specification are left to GraphQL.
SCALARS: Mapping[str, str] = {
    "BigInt": "A whole number of 64 bits, as a string.",
    "Bytes": "Bytes in base64 (RFC 4648).",
    "Cidr": "An IPv4 or IPv6 network: `192.168.0.0/24`.",
    "Date": "A day: `2024-01-31` (RFC 3339 full-date), or `infinity`, `-infinity`.",
    "DateTime": "A moment: `2024-01-31T12:00:00+00:00` (RFC 3339), in UTC, or `infinity`, `-infinity`.",
    "Decimal": "A decimal number of any size, exact, as a string; also `NaN`, `Infinity`, `-Infinity`.",
    "Inet": "An IPv4 or IPv6 address, with or without its network: `192.168.0.1`.",
    "Interval": "A duration in ISO 8601: `P1DT2H`.",
    "JSON": "Any JSON value.",
    "LocalDateTime": "A date and time without a time zone: `2024-01-31T12:00:00`.",
    "MacAddr": "A hardware address: `08:00:2b:01:02:03`.",
    "Time": "A time of day: `12:00:00`.",
    "TimeTz": "A time of day with its offset: `12:00:00+00`.",
    "UUID": "A UUID (RFC 9562): `123e4567-e89b-12d3-a456-426614174000`.",
}

_BASE_TYPES: Mapping[str, str] = {
    "bool": "Boolean",
    "int2": "Int",
    "int4": "Int",
    "int8": "BigInt",
    "oid": "BigInt",
    "xid": "BigInt",
    "cid": "BigInt",
    "xid8": "BigInt",
    "float4": "Float",
    "float8": "Float",
    "numeric": "Decimal",
    "uuid": "UUID",
    "timestamptz": "DateTime",
    "timestamp": "LocalDateTime",
    "date": "Date",
    "time": "Time",
    "timetz": "TimeTz",
    "interval": "Interval",
    "json": "JSON",
    "jsonb": "JSON",
    "bytea": "Bytes",
    "inet": "Inet",
    "cidr": "Cidr",
    "macaddr": "MacAddr",
    "macaddr8": "MacAddr",
}

#: Built-in ranges whose names have no visible words.
RANGES: Mapping[str, str] = {
    "int4range": "Int4Range",
    "int8range": "Int8Range",
    "numrange": "NumRange",
    "tsrange": "TsRange",
    "tstzrange": "TstzRange",
    "daterange": "DateRange",
}

#: Scalars that may become `ID`: what keys are made of. Others keep their type, which says more (dates, enums, ...).
ID_SCALARS = frozenset({"Int", "BigInt", "Decimal", "String", "UUID"})


def scalar_of(name: QualifiedName) -> str:
    """The GraphQL scalar of a base type. Only pg_catalog's own types have one of their own."""
    return _BASE_TYPES.get(name.name, "String") if name.schema == "pg_catalog" else "String"
