"""Claims: what of a token a rule compares with, and how a rule closes where the token lacks it."""

from __future__ import annotations

from typing import Any

import pytest

from kapok.identifiers import QualifiedName
from kapok.model.types import Column, EnumValue, PgType, Relation, RelationKind, Table, TableKind, TypeKind
from kapok.permissions.closing import closed
from kapok.query.claims import Claim, ClaimList
from kapok.query.expressions import And, Compared, Expression, Known, Not, Operand, Or, Quantifier, Related
from kapok.query.operators import Operator
from kapok.query.values import Given, Literal


def pg(name: str, scalar: str) -> PgType:
    return PgType(TypeKind.SCALAR, QualifiedName("pg_catalog", name), scalar)


TEXT, INT, INT2, UUID, BOOL = (
    pg("text", "String"),
    pg("int4", "Int"),
    pg("int2", "Int"),
    pg("uuid", "UUID"),
    pg("bool", "Boolean"),
)
MOOD = PgType(
    TypeKind.ENUM, QualifiedName(None, "mood"), "Mood", values=(EnumValue("so so", "SO_SO"), EnumValue("ok", "OK"))
)
TEXTS = PgType(TypeKind.ARRAY, QualifiedName("pg_catalog", "_text"), "String", element=TEXT)


def bound(type_: PgType, claims: dict[str, Any], path: tuple[str, ...] = ("x",), *, many: bool = False) -> bytes | None:
    return Claim(path, type_, many).reader()({}, 10, claims)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (TEXT, "a", b"a"),
        (TEXT, 5, b"5"),
        (TEXT, True, None),
        (TEXT, ["a"], None),
        (TEXT, "a\0b", None),
        (TEXT, "\ud800", None),
        (INT, 5, b"5"),
        (INT, "5", b"5"),
        (INT, 5.0, None),
        (INT, True, None),
        (INT, 2**31, None),
        (INT2, 40_000, None),
        (INT, "5; drop table x", None),
        (UUID, "123e4567-e89b-12d3-a456-426614174000", b"123e4567-e89b-12d3-a456-426614174000"),
        (UUID, "ann", None),
        (BOOL, True, b"true"),
        (BOOL, "true", None),
        (MOOD, "SO_SO", b"so so"),
        (MOOD, "so so", b"so so"),
        (MOOD, "sad", None),
        (TEXTS, ["a", "b"], b'{"a","b"}'),
        (TEXTS, ["a", None], None),
        (TEXTS, "a", None),
        (pg("jsonb", "JSON"), {"a": [1]}, b'{"a":[1]}'),
        (pg("jsonb", "JSON"), "\0", None),
        (pg("timestamptz", "DateTime"), "2024-01-31T12:00:00Z", b"2024-01-31T12:00:00Z"),
        (pg("timestamptz", "DateTime"), "now", None),
    ],
)
def test_a_claim_that_is_no_value_of_the_type_is_missing(type_: PgType, value: Any, expected: bytes | None) -> None:
    assert bound(type_, {"x": value}) == expected


def test_claims_inside_claims() -> None:
    claims = {"org": {"id": "o1", "none": None}, "sub": "u1"}
    assert bound(TEXT, claims, ("org", "id")) == b"o1"
    for path in (("org", "name"), ("org", "none"), ("sub", "id"), ("org",), ("absent", "id")):
        assert bound(TEXT, claims, path) is None


def test_lists_of_claims() -> None:
    assert bound(INT, {"x": [1, "2"]}, many=True) == b'{"1","2"}'
    assert bound(INT, {"x": []}, many=True) == b"{}"
    for wrong in (1, None, "1", [1, "x"], [None], {"a": 1}):
        assert bound(INT, {"x": wrong}, many=True) is None


def test_lists_with_claims_in_them() -> None:
    claim = Claim(("x",), TEXT)
    assert ClaimList(("a", claim)).reader()({}, 10, {"x": "b"}) == b'{"a","b"}'
    assert ClaimList(("a", claim)).reader()({}, 10, {}) == b'{"a",NULL}'
    assert ClaimList(("a", claim), loose=False).reader()({}, 10, {}) is None


CLAIM = Claim(("x",), TEXT)
NAME = Column("name", "name", TEXT, nullable=True)
PLAIN = Compared(Operand(NAME, TEXT), Operator.EQ, Given(Literal("a")))
CLAIMED = Compared(Operand(NAME, TEXT), Operator.NE, CLAIM)
POSTS = Table("posts", TableKind.TABLE, "Post", "post", "posts", (NAME,))


def related(quantifier: Quantifier, where: Expression | None) -> Related:
    return Related(Relation("posts", RelationKind.TO_MANY, "posts", ("id",), ("id",), "fk"), POSTS, quantifier, where)


def test_only_related_rows_are_closed() -> None:
    for expression in (CLAIMED, Not(CLAIMED), And((PLAIN, Or((CLAIMED, Not(PLAIN)))))):
        assert closed(expression) == expression
    for quantifier in Quantifier:
        for expression in (related(quantifier, PLAIN), related(quantifier, None)):
            assert closed(expression) == expression
            assert closed(Not(expression)) == Not(expression)


def test_none_needs_its_claims() -> None:
    none = related(Quantifier.NONE, CLAIMED)
    assert closed(none) == And((none, Known((CLAIM,))))
    for quantifier in (Quantifier.SOME, Quantifier.EVERY):
        assert closed(related(quantifier, CLAIMED)) == related(quantifier, CLAIMED)
        # Inside of them, it is as if it stood alone.
        assert closed(related(quantifier, none)) == related(quantifier, And((none, Known((CLAIM,)))))


def test_below_not_whatever_is_related_counts_as_true() -> None:
    for quantifier in Quantifier:
        inner = related(quantifier, CLAIMED)
        assert closed(Not(And((inner, PLAIN)))) == Not(And((Or((inner, Not(Known((CLAIM,))))), PLAIN)))
    none = related(Quantifier.NONE, CLAIMED)
    assert closed(Not(Not(none))) == Not(Not(And((none, Known((CLAIM,))))))
