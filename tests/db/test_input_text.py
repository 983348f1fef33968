"""Ranges and composites of a request against a real Postgres: the text they become is read as what was given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.graphql_api.schema.text import range_text, record_text
from kapok.identifiers import QualifiedName
from kapok.model.types import Attribute, PgType, TypeKind
from tests.unit.models import INT4, TEXT, array

INNER = PgType(
    TypeKind.COMPOSITE,
    QualifiedName(None, "inner_type"),
    "Inner",
    attributes=(Attribute("a", "a", TEXT), Attribute("b", "b", INT4)),
)
ATTRIBUTES = (
    Attribute("one", "one", TEXT),
    Attribute("numbers", "numbers", array(INT4)),
    Attribute("texts", "texts", array(TEXT)),
    Attribute("inner", "inner", INNER),
    Attribute("flag", "flag", PgType(TypeKind.SCALAR, QualifiedName("pg_catalog", "bool"), "Boolean")),
)
STRINGS = st.text(
    st.sampled_from("ab,()[]{}\"'\\ NUL\n\té🏃") | st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
FUZZ = settings(max_examples=150, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    """A connection with the types above, as temporary ones."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("create type pg_temp.inner_type as (a text, b int)")
        connection.execute(
            "create type pg_temp.outer_type as"
            " (one text, numbers int[], texts text[], inner_value pg_temp.inner_type, flag bool)"
        )
        connection.execute('create type pg_temp.text_range as range (subtype = text, collation = "C")')
        yield connection


@FUZZ
@given(
    one=st.none() | STRINGS,
    numbers=st.none() | st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3),
    texts=st.none() | st.lists(STRINGS | st.none(), max_size=3),
    inner=st.none() | st.tuples(st.none() | STRINGS, st.none() | st.integers(-5, 5)),
    flag=st.none() | st.booleans(),
)
def test_composites(
    connection: psycopg.Connection[Any], one: Any, numbers: Any, texts: Any, inner: Any, flag: Any
) -> None:
    nested = None if inner is None else record_text(INNER.attributes, dict(zip("ab", inner, strict=True)))
    text = record_text(ATTRIBUTES, {"one": one, "numbers": numbers, "texts": texts, "inner": nested, "flag": flag})
    row = connection.execute(
        "select (v).one, (v).numbers, (v).texts, ((v).inner_value).a, ((v).inner_value).b, (v).flag"
        " from (select %s::pg_temp.outer_type as v) t",
        [text],
    ).fetchone()
    assert row == (one, numbers, texts, *(inner or (None, None)), flag)


@FUZZ
@given(
    lower=st.none() | STRINGS,
    upper=st.none() | STRINGS,
    flags=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(["lowerInclusive", "upperInclusive"], st.booleans() | st.none())
    ),
)
def test_ranges(connection: psycopg.Connection[Any], lower: Any, upper: Any, flags: dict[str, Any]) -> None:
    if lower is not None and upper is not None:
        lower, upper = sorted([lower, upper], key=str.encode)
    row = connection.execute(
        "select isempty(v), lower(v), upper(v), lower_inc(v), upper_inc(v) from (select %s::pg_temp.text_range as v) t",
        [range_text({"lower": lower, "upper": upper, **flags})],
    ).fetchone()
    assert row is not None
    starts, ends = flags.get("lowerInclusive") is not False, flags.get("upperInclusive") is True
    if row[0]:
        assert lower == upper and not (starts and ends)
    else:
        assert row[1:] == (lower, upper, starts and lower is not None, ends and upper is not None)


def test_the_empty_range(connection: psycopg.Connection[Any]) -> None:
    assert connection.execute(
        "select isempty(%s::int4range)", [range_text({"isEmpty": True, "lower": 1})]
    ).fetchone() == (True,)


def test_nothing_escapes_into_another_value(connection: psycopg.Connection[Any]) -> None:
    hostile = '",null),("x'
    text = record_text(INNER.attributes, {"a": hostile, "b": 1})
    assert connection.execute("select (v).a, (v).b from (select %s::pg_temp.inner_type as v) t", [text]).fetchone() == (
        hostile,
        1,
    )
