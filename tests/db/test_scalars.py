"""Scalars against a real Postgres: what it gives back is accepted and means the same; what is accepted, it can read."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from apps.graphql_api.schema.graphene_types import build_schema
from apps.graphql_api.schema.scalars import GRAPHENE_SCALARS, GRAPHQL_SCALARS
from apps.graphql_api.schema.surface import build_surface
from kapok.catalog.introspect import introspect
from kapok.catalog.parse import parse
from kapok.execute.session import LOGIN_OPTIONS
from kapok.model import scalar_values as scalars
from kapok.model.build import build
from kapok.model.scalar_values import NotAValue
from kapok.model.scalars import SCALARS
from kapok.model.types import Model, TypeKind

ZOO = [Path(__file__).with_name(name) for name in ("zoo.sql", "zoo_tables.sql")]
#: One Postgres type for each scalar.
TYPES = {
    "BigInt": "int8",
    "Bytes": "bytea",
    "Cidr": "cidr",
    "Date": "date",
    "DateTime": "timestamptz",
    "Decimal": "numeric",
    "Inet": "inet",
    "Interval": "interval",
    "JSON": "jsonb",
    "LocalDateTime": "timestamp",
    "MacAddr": "macaddr8",
    "Time": "time",
    "TimeTz": "timetz",
    "UUID": "uuid",
}
#: SQLSTATEs of a value that is well written and beyond what the type can hold.
OUT_OF_RANGE = (
    psycopg.errors.NumericValueOutOfRange,
    psycopg.errors.DatetimeFieldOverflow,
    psycopg.errors.IntervalFieldOverflow,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    """A connection with the settings of a request, in a schema of its own with the type zoo."""
    schema = f"t_{uuid.uuid4().hex[:26]}"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"create schema {schema}; create role {schema} nologin; set search_path = {schema}")
        connection.execute("set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'iso_8601'")
        for file in ZOO:
            connection.execute(file.read_text(encoding="utf-8"))
        connection.execute(f"grant usage on schema {schema} to {schema}")
        connection.execute(f"grant select on all tables in schema {schema} to {schema}")
        yield connection
        connection.execute(f"drop schema {schema} cascade; drop owned by {schema}; drop role {schema}")


@pytest.fixture(scope="module")
def zoo(connection: psycopg.Connection[Any]) -> Model:
    row = connection.execute("select current_schema()").fetchone()
    assert row is not None
    return build(parse(introspect(connection, row[0])))


def parsed(scalar: str, wire: Any) -> Any:
    return GRAPHQL_SCALARS[GRAPHENE_SCALARS[scalar]].parse_value(wire)


def test_settings_are_those_of_a_request() -> None:
    assert all(setting in LOGIN_OPTIONS for setting in ("intervalstyle=iso_8601", "datestyle=ISO,MDY", "timezone=UTC"))


def test_every_scalar_is_tried() -> None:
    assert set(TYPES) == set(SCALARS)


def test_the_zoo_makes_a_valid_schema(zoo: Model) -> None:
    assert len(build_schema(build_surface(zoo)).graphql.type_map) > 500


def test_what_postgres_gives_back_is_accepted_and_means_the_same(
    connection: psycopg.Connection[Any], zoo: Model
) -> None:
    tried: set[str] = set()
    for table in zoo.tables:
        for column in table.columns:
            if column.type.kind is not TypeKind.SCALAR or column.type.scalar not in SCALARS or column.is_id:
                continue
            if column.type.name.name == "xid8":
                continue  # unsigned: its upper half is beyond BigInt, as it is beyond int8
            name, type_ = sql.Identifier(column.name), sql.SQL(str(column.type.name.name))
            wire = "encode({0}, 'base64')" if column.type.scalar == "Bytes" else "to_jsonb({0}) #>> '{{}}'"
            if column.type.scalar == "JSON":
                wire = "{0}::text"
            rows = connection.execute(
                sql.SQL(f"select {wire}, {{0}}::text from {{1}} where {{0}} is not null").format(
                    name, sql.Identifier(table.name)
                )
            ).fetchall()
            for given_back, as_text in rows:
                text = given_back if column.type.scalar == "JSON" else parsed(column.type.scalar, given_back)
                again = connection.execute(sql.SQL("select %s::{}::text").format(type_), [text]).fetchone()
                assert again == (as_text,), (table.name, column.name, given_back)
                tried.add(column.type.scalar)
    assert tried == set(SCALARS)


def numbers(most: int, width: int = 2) -> st.SearchStrategy[str]:
    """Two digits, now and then beyond what is allowed."""
    return st.integers(0, most).map(lambda number: f"{number:0{width}}")


DAYS = st.builds("{}-{}-{}".format, numbers(9999, 4) | st.sampled_from(["294276", "5874897"]), numbers(13), numbers(32))
CLOCKS = st.builds(
    "{}:{}{}".format, numbers(24), numbers(60), st.just("") | numbers(60).map(":{}".format) | st.just(":59.123456789")
)
ZONES = st.sampled_from(["Z", "+00", "-03:30", "+15:59:59", "+1559", " z", "-16", "+00:60"])
ERAS = st.sampled_from(["", "", " BC"])
AMOUNTS = st.sampled_from(["", "", "1{}", "-2{}", "0.5{}", "178000000{}", "123456789012345678{}"])
DATE_PART = st.builds(lambda *given: "".join(a.format(u) for a, u in zip(given, "YMWD", strict=True)), *[AMOUNTS] * 4)
TIME_PART = st.builds(lambda *given: "".join(a.format(u) for a, u in zip(given, "HMS", strict=True)), *[AMOUNTS] * 3)
TEXTS = {
    "BigInt": st.from_regex(scalars._INTEGER, fullmatch=True),
    "Cidr": st.ip_addresses().flatmap(lambda a: st.integers(0, 128).map(lambda bits: f"{a}/{bits}")),
    "Date": st.builds("{}{}".format, DAYS, ERAS),
    "DateTime": st.builds("{}{}{}{}{}".format, DAYS, st.sampled_from("Tt "), CLOCKS, ZONES, ERAS),
    "Decimal": st.from_regex(scalars._DECIMAL, fullmatch=True),
    "Inet": st.ip_addresses().flatmap(lambda a: st.integers(0, 128).map(lambda bits: f"{a}/{bits}")),
    "Interval": st.builds("P{}T{}".format, DATE_PART, TIME_PART) | DATE_PART.map("P{}".format),
    "LocalDateTime": st.builds("{}{}{}{}".format, DAYS, st.sampled_from("Tt "), CLOCKS, ERAS),
    "MacAddr": st.from_regex(scalars._MAC, fullmatch=True),
    "Time": CLOCKS,
    "TimeTz": st.builds("{}{}".format, CLOCKS, ZONES),
    "UUID": st.from_regex(scalars._UUID, fullmatch=True),
}


@pytest.mark.parametrize("scalar", sorted(TEXTS))
def test_what_is_accepted_postgres_can_read(connection: psycopg.Connection[Any], scalar: str) -> None:
    """Text of about the right form: refused by us with a sentence, or read by Postgres (unless beyond its range)."""
    accepted = 0

    @settings(max_examples=200, suppress_health_check=list(HealthCheck))
    @given(TEXTS[scalar])
    def check(text: str) -> None:
        nonlocal accepted
        try:
            value = parsed(scalar, text)
        except NotAValue:
            return
        try:
            connection.execute(f"select %s::{TYPES[scalar]}", [value])
        except OUT_OF_RANGE:
            return
        accepted += 1

    check()
    assert accepted > 10
