"""Predicates of rules: the callers' filter language with claims, read strictly."""

from __future__ import annotations

from typing import Any

import pytest

from kapok.permissions.predicates import RuleProblem, predicate, preset
from kapok.query.claims import Claim, ClaimList
from kapok.query.expressions import And, Compared, Expression, Not, Nullness, Or, Quantifier, Related
from kapok.query.operators import Operator
from kapok.query.values import Given, Literal
from tests.unit.models import blog

MODEL = blog()
POSTS = MODEL.table("blog_posts")


def read(data: Any) -> Expression | None:
    return predicate(MODEL, POSTS, data, "where")


def one(data: Any) -> Compared:
    found = read(data)
    assert isinstance(found, Compared)
    return found


def test_nothing_said() -> None:
    assert read({}) is None


def test_an_enum_is_written_as_callers_write_it_and_bound_as_its_label() -> None:
    assert one({"status": {"eq": "PUBLISHED"}}).value == Given(Literal("published"))


def test_sub_and_claims() -> None:
    compared = one({"authorId": {"eq": "$sub"}})
    assert isinstance(compared.value, Claim)
    assert compared.value.reader()({}, 10, {"sub": "6f1c0f7e-8f3c-4a53-9c53-0a9d4b3f1c11"}) is not None
    assert compared.value.reader()({}, 10, {}) is None
    nested = one({"title": {"eq": "$claims.org.name"}}).value
    assert isinstance(nested, Claim)
    assert nested.reader()({}, 10, {"org": {"name": "Acme"}}) == b"Acme"
    assert nested.reader()({}, 10, {"org": "Acme"}) is None


def test_a_claim_may_be_a_list_where_a_list_is_taken() -> None:
    value = one({"title": {"in": "$claims.titles"}}).value
    assert isinstance(value, Claim)
    assert value.reader()({}, 10, {"titles": ["a", "b"]}) == b'{"a","b"}'
    mixed = one({"title": {"in": ["a", "$claims.title"]}}).value
    assert isinstance(mixed, ClaimList)
    assert mixed.reader()({}, 10, {"title": "b"}) == b'{"a","b"}'


def test_a_text_that_begins_with_a_dollar() -> None:
    assert one({"title": {"eq": "$$5 off"}}).value == Given(Literal("$5 off"))


def test_groups_relations_and_null() -> None:
    found = read({"or": [{"not": {"title": {"isNull": True}}}, {"comments": {"some": {"body": {"eq": "x"}}}}]})
    assert isinstance(found, Or)
    negated, related = found.items
    assert isinstance(negated, Not)
    assert isinstance(negated.item, Nullness)
    assert isinstance(related, Related)
    assert related.quantifier is Quantifier.SOME
    assert type(related.target).__name__ == "Table"  # rules look at whole tables


def test_several_entries_are_all_required() -> None:
    found = read({"status": {"eq": "DRAFT"}, "views": {"gte": "10"}})
    assert isinstance(found, And)
    assert [item.operator for item in found.items if isinstance(item, Compared)] == [Operator.EQ, Operator.GTE]


@pytest.mark.parametrize(
    ("data", "place", "says"),
    [
        ({"titel": {"eq": "x"}}, "where", "title"),
        ({"title": {"eqq": "x"}}, "where.title", "eq"),
        ({"title": "x"}, "where.title", "pairs"),
        ({"title": None}, "where.title", "null"),
        ({"title": {"eq": None}}, "where.title.eq", "isNull"),
        ({"title": {"eq": ["x"]}}, "where.title.eq", ""),
        ({"title": {"eq": {"a": 1}}}, "where.title.eq", ""),
        ({"title": {"isNull": "yes"}}, "where.title.isNull", "true or false"),
        ({"title": {"isNull": "$claims.x"}}, "where.title.isNull", "true or false"),
        ({"title": {"distinctFrom": "$sub"}}, "where.title.distinctFrom", "no claim"),
        ({"title": {"eq": "$subject"}}, "where.title.eq", "no claim"),
        ({"title": {"eq": "$claims"}}, "where.title.eq", "no claim"),
        ({"title": {"eq": "$claims.a'b"}}, "where.title.eq", "no claim"),
        ({"status": {"eq": "published!"}}, "where.status.eq", "enum"),
        ({"authorId": {"eq": "not-a-uuid"}}, "where.authorId.eq", ""),
        ({"views": {"in": [1, "x"]}}, "where.views.in.1", ""),
        ({"comments": {"any": {}}}, "where.comments", "some"),
        ({"or": [None]}, "where.or.0", "null"),
        ({"or": {"and": {"titel": {}}}}, "where.or.0.and.0", "title"),
        ([1], "where", "pairs"),
        ("x", "where", "pairs"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(data: Any, place: str, says: str) -> None:
    with pytest.raises(RuleProblem) as caught:
        read(data)
    assert caught.value.place == place
    assert says in caught.value.problem


def test_a_predicate_is_bounded() -> None:
    deep: Any = {"title": {"eq": "x"}}
    for _ in range(30):
        deep = {"not": deep}
    with pytest.raises(RuleProblem, match="nested"):
        read(deep)
    with pytest.raises(RuleProblem, match="more than"):
        read({"or": [{"title": {"eq": "x"}}] * 300})


def test_presets() -> None:
    assert isinstance(preset(POSTS.column("author_id"), "$sub", "set.author_id"), Claim)
    assert preset(POSTS.column("title"), None, "set.title") == Given(Literal(None))
    assert preset(POSTS.column("status"), "DRAFT", "set.status") == Given(Literal("draft"))
    with pytest.raises(RuleProblem, match="enum"):
        preset(POSTS.column("status"), "GONE", "set.status")
