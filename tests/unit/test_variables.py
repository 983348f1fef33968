"""Variables: as strict as graphql-core, errors that name the place, and the signature operations are compiled for."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from graphql import get_variable_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.graphql_api.document import Document, coerce_variables, parse_document
from apps.graphql_api.schema.graphene_types import build_schema
from apps.graphql_api.schema.surface import build_surface
from kapok.errors import KapokError
from kapok.tenancy import Limits
from tests.unit.models import blog

SCHEMA = build_schema(build_surface(blog()))


def document(text: str) -> Document:
    return parse_document(text, SCHEMA, Limits())


def coerced(text: str, variables: dict[str, Any]) -> dict[str, Any]:
    parsed = document(text)
    return coerce_variables(parsed, parsed.operation(None), variables)


def signature(text: str, variables: dict[str, Any]) -> Any:
    parsed = document(text)
    return parsed.signature(None, coerce_variables(parsed, parsed.operation(None), variables))


def refusal(text: str, variables: dict[str, Any]) -> KapokError:
    with pytest.raises(KapokError) as caught:
        coerced(text, variables)
    return caught.value


EVERYTHING = document(
    """
    query Q(
      $id: ID!, $search: String = "x", $limit: Int = 5, $filter: BlogPostFilter, $order: [BlogPostOrderBy!],
      $columns: [BlogPostColumn!], $status: PostStatus, $tags: [String!], $views: BigInt, $when: DateTime,
      $range: TstzRangeInput, $json: JSON, $yes: Boolean = true, $statuses: [PostStatus!] = [DRAFT]
    ) {
      blogPost(id: $id) { id @include(if: $yes) title }
      blogPosts(filter: $filter, search: $search, orderBy: $order, limit: $limit, distinctOn: $columns) { id }
      other: blogPosts(filter: {
        status: {eq: $status, in: $statuses}, tags: {contains: $tags}, views: {gt: $views}, createdAt: {lt: $when},
        published: {overlaps: $range}, meta: {contains: $json}
      }) { id }
    }
    """.replace("$yes: Boolean = true", "$yes: Boolean! = true")
)

TEXTS = st.sampled_from(["a", "", "x" * 200, "12", "DRAFT", "2024-01-01T00:00:00Z", "TITLE", "DESC", "é"])
LEAVES = st.none() | st.booleans() | st.integers(-3, 2**33) | st.sampled_from([1.0, 1.5, -0.0, 1e20]) | TEXTS
JUNK = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2), max_leaves=5
)
STRING_OPERATORS = st.dictionaries(st.sampled_from(["eq", "in", "like", "isNull", "bogus"]), TEXTS | JUNK, max_size=2)
FILTERS = st.recursive(
    st.dictionaries(st.sampled_from(["title", "status", "views", "slug"]), STRING_OPERATORS | JUNK, max_size=2),
    lambda inner: (
        st.dictionaries(st.sampled_from(["and", "or"]), st.lists(inner, max_size=2) | inner, max_size=1)
        | st.dictionaries(st.sampled_from(["not", "author"]), inner, max_size=1)
        | st.builds(lambda found: {"comments": {"some": found}}, inner)
    ),
    max_leaves=4,
)
ORDERS = st.lists(
    st.dictionaries(
        st.sampled_from(["title", "author", "bogus"]),
        st.sampled_from(["ASC", "DESC", "DOWN", None]) | st.just({"name": "ASC"}),
        max_size=2,
    )
    | JUNK,
    max_size=2,
)
RANGES = st.dictionaries(
    st.sampled_from(["lower", "upper", "lowerInclusive", "isEmpty"]),
    st.sampled_from(["2024-01-01T00:00:00Z", None, True, "x"]),
)
VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "id": LEAVES,
        "search": JUNK,
        "limit": JUNK,
        "filter": FILTERS | JUNK,
        "order": ORDERS | JUNK,
        "columns": st.lists(st.sampled_from(["TITLE", "ID", "title"]), max_size=2) | JUNK,
        "status": st.sampled_from(["DRAFT", "PUBLISHED", "draft", None, 1]),
        "tags": st.lists(TEXTS | st.none(), max_size=2) | JUNK,
        "views": JUNK,
        "when": JUNK,
        "range": RANGES | JUNK,
        "json": JUNK,
        "yes": st.sampled_from([True, False, None, 1]),
        "statuses": st.lists(st.sampled_from(["DRAFT", "x"]), max_size=2) | JUNK,
        "extra": JUNK,
    },
)


@settings(deadline=None, max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(VARIABLES)
def test_coercion_is_graphql_cores(variables: dict[str, Any]) -> None:
    operation = EVERYTHING.operation("Q")
    expected = get_variable_values(SCHEMA.graphql, operation.variable_definitions or (), variables)
    try:
        found = coerce_variables(EVERYTHING, operation, variables)
    except KapokError as error:
        assert error.code == "BAD_USER_INPUT"
        assert isinstance(expected, list), expected
        assert error.details["path"][0] == error.details["variable"]
    else:
        assert found == expected
        hash(EVERYTHING.signature("Q", found))


def test_valid_values_are_often_enough_among_those() -> None:
    """What the property test relies on, in one value of each kind."""
    found = coerce_variables(
        EVERYTHING,
        EVERYTHING.operation("Q"),
        {
            "id": 7,
            "filter": {"title": {"eq": "a"}, "comments": {"some": {"rating": {"gt": 1}}}, "and": {"views": {"gt": 1}}},
            "order": {"author": {"name": "ASC"}},
            "columns": "TITLE",
            "status": "DRAFT",
            "when": "2024-01-01T00:00:00Z",
            "range": {"lower": "2024-01-01T00:00:00Z", "upperInclusive": True},
            "json": {"a": [1]},
        },
    )
    assert found == {
        "id": "7",
        "search": "x",
        "limit": 5,
        "filter": {
            "title": {"eq": "a"},
            "comments": {"some": {"rating": {"gt": 1}}},
            "and": [{"views": {"gt": "1"}}],
        },
        "order": [{"author": {"name": "ASC"}}],
        "columns": ["TITLE"],
        "status": "draft",
        "when": "2024-01-01T00:00:00Z",
        "range": '["2024-01-01T00:00:00Z",]',
        "json": '{"a":[1]}',
        "yes": True,
        "statuses": ["draft"],
    }


@pytest.mark.parametrize(
    ("variables", "path", "said"),
    [
        ({}, ["f"], "not given"),
        ({"f": None}, ["f"], "null"),
        ({"f": {"and": [{}, {"views": {"gte": "x"}}]}}, ["f", "and", 1, "views", "gte"], "whole number"),
        ({"f": {"title": {"in": ["a", 5]}}}, ["f", "title", "in", 1], "string"),
        ({"f": {"titel": {}}}, ["f"], "Did you mean 'title'"),
        ({"f": {"status": {"eq": "DRAFTED"}}}, ["f", "status", "eq"], "Did you mean 'DRAFT'"),
        ({"f": {"title": {"eq": "a\0b"}}}, ["f", "title", "eq"], "NUL"),
        ({"f": {"comments": 5}}, ["f", "comments"], "object"),
        ({"f": {"author": {"id": {"eq": 1.5}}}}, ["f", "author", "id", "eq"], "ID"),
    ],
)
def test_refusals_name_the_place(variables: dict[str, Any], path: list[Any], said: str) -> None:
    error = refusal("query ($f: BlogPostFilter!) { blogPosts(filter: $f) { id } }", variables)
    assert (error.code, error.details["path"]) == ("BAD_USER_INPUT", path)
    assert said in error.message and "$f" in error.message


def test_an_order_has_one_key() -> None:
    text = "query ($o: [BlogPostOrderBy!]) { blogPosts(orderBy: $o) { id } }"
    for order in ({}, {"title": "ASC", "slug": "ASC"}, {"title": None}):
        assert "Exactly one" in refusal(text, {"o": [order]}).message


def test_a_megabyte_of_variables_is_refused_at_once() -> None:
    text = "query ($f: BlogPostFilter!) { blogPosts(filter: $f) { id } }"
    ids = ["123e4567-e89b-12d3-a456-426614174000"] * 26_000
    for filter_ in ({"id": {"in": ids}}, {"title": {"eq": "x" * 1_000_000}}, {"and": [{}] * 350_000}):
        started = time.thread_time()
        assert refusal(text, {"f": filter_}).code == "QUERY_TOO_COMPLEX"
        assert time.thread_time() - started < 0.2


@pytest.mark.parametrize("depth", [60, 200, 900])
def test_deep_variables_are_refused(depth: int) -> None:
    filter_: dict[str, Any] = {}
    for _ in range(depth):
        filter_ = {"not": filter_}
    error = refusal("query ($f: BlogPostFilter!) { blogPosts(filter: $f) { id } }", {"f": filter_})
    assert error.code == "BAD_USER_INPUT" and "nested" in error.message


FILTERED = "query ($f: BlogPostFilter, $n: Int) { blogPosts(filter: $f, limit: $n) { id } }"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": 1}, {"n": 2}),
        ({"f": {"title": {"eq": "a"}}}, {"f": {"title": {"eq": "b"}}}),
        ({"f": {"title": {"in": ["a"]}}}, {"f": {"title": {"in": ["a", "b"]}}}),
        ({"f": {"and": {"title": {}}}}, {"f": {"and": [{"title": {}}]}}),
        ({"f": {"title": {"eq": "a"}, "slug": {"eq": "b"}}}, {"f": {"slug": {"eq": "b"}, "title": {"eq": "a"}}}),
        ({"f": {"status": {"eq": "DRAFT"}}}, {"f": {"status": {"eq": "PUBLISHED"}}}),
        ({"f": {"title": {"isNull": True}}}, {"f": {"title": {"isNull": False}}}),
        ({"f": {"published": {"overlaps": {}}}}, {"f": {"published": {"overlaps": {"isEmpty": True}}}}),
        ({"f": {"meta": {"eq": {"a": 1}}}}, {"f": {"meta": {"eq": [1, 2]}}}),
    ],
)
def test_one_operation_serves_both(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert signature(FILTERED, one) == signature(FILTERED, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"n": None}),
        ({"n": None}, {"n": 1}),
        ({"f": {}}, {"f": None}),
        ({"f": {"title": {"eq": "a"}}}, {"f": {"title": {"ne": "a"}}}),
        ({"f": {"title": {"eq": "a"}}}, {"f": {"title": {"eq": None}}}),
        ({"f": {"title": {"eq": "a"}}}, {"f": {"slug": {"eq": "a"}}}),
        ({"f": {"and": [{}]}}, {"f": {"and": [{}, {}]}}),
        ({"f": {"and": [{}]}}, {"f": {"or": [{}]}}),
        ({"f": {"comments": {"some": {}}}}, {"f": {"comments": {"none": {}}}}),
        ({"f": {"tags": {"length": {"gt": 1}}}}, {"f": {"tags": {"length": {"lt": 1}}}}),
    ],
)
def test_each_needs_an_operation_of_its_own(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert signature(FILTERED, one) != signature(FILTERED, other)


def test_enums_of_orders_and_columns_and_conditions_count_by_value() -> None:
    text = """query ($d: OrderDirection!, $c: [BlogPostColumn!], $w: Boolean!, $s: PostStatus) {
      blogPosts(orderBy: [{title: $d}], distinctOn: $c, filter: {status: {eq: $s}}) { id title @skip(if: $w) }
    }"""
    base = {"d": "ASC", "c": ["TITLE"], "w": True, "s": "DRAFT"}
    for change in ({"d": "DESC"}, {"c": ["ID"]}, {"c": ["TITLE", "ID"]}, {"w": False}):
        assert signature(text, base) != signature(text, base | change)
    assert signature(text, base) == signature(text, base | {"s": "PUBLISHED"})


def test_what_introspection_is_asked_with_counts_by_value() -> None:
    text = "query ($n: String!) { __type(name: $n) { name } }"
    assert signature(text, {"n": "User"}) != signature(text, {"n": "Label"})


def test_the_hot_path_takes_microseconds() -> None:
    parsed = document("query ($id: ID!, $n: Int) { blogPost(id: $id) { comments(limit: $n) { id } } }")
    operation = parsed.operation(None)
    variables = {"id": "123e4567-e89b-12d3-a456-426614174000", "n": 3}
    best = 1.0
    for _ in range(20):
        started = time.thread_time()
        for _ in range(500):
            coerce_variables(parsed, operation, variables)
        best = min(best, (time.thread_time() - started) / 500)
    assert best < 10e-6


CREATE = "mutation ($rows: [CreateUserInput!]!) { createUsers(input: $rows) { id } }"


def user(**more: Any) -> dict[str, Any]:
    return {"id": "1", "name": "Ann", "email": None, **more}


def test_rows_that_give_the_same_columns_are_one_signature_however_many() -> None:
    one = signature(CREATE, {"rows": [user()]})
    assert one == signature(CREATE, {"rows": [user(), user(email="a@b.c"), user(name="Bob")]})
    left_out = {"id": "1", "name": "Ann"}
    assert one != signature(CREATE, {"rows": [left_out]})
    assert one != signature(CREATE, {"rows": []})
    assert signature(CREATE, {"rows": [user(), left_out]}) != signature(CREATE, {"rows": [left_out, user()]})


def test_rows_with_related_rows_are_told_apart_by_all_of_them() -> None:
    def with_posts(*titles: str) -> dict[str, Any]:
        return user(blogPosts={"connect": [{"slug": title} for title in titles]})

    assert signature(CREATE, {"rows": [with_posts("a")]}) == signature(CREATE, {"rows": [with_posts("b")]})
    assert signature(CREATE, {"rows": [with_posts("a")]}) != signature(CREATE, {"rows": [with_posts("a", "b")]})
    assert signature(CREATE, {"rows": [with_posts("a")]}) != signature(CREATE, {"rows": [with_posts("a")] * 2})


def test_rows_that_hang_on_another_are_told_apart_by_their_number() -> None:
    text = """mutation ($rows: [CreateCommentInput!]) {
      updateBlogPost(id: 1, input: {comments: {create: $rows}}) { id }
    }"""
    row = {"id": "1", "body": "x", "rating": 1}
    assert signature(text, {"rows": [row]}) != signature(text, {"rows": [row, row]})


def test_a_boolean_that_says_what_to_do_counts() -> None:
    model = blog()
    comments = model.table("comments")
    loose = replace(comments, columns=tuple(replace(c, nullable=c.name == "blog_post_id") for c in comments.columns))
    tables = tuple(loose if table is comments else table for table in model.tables)
    schema = build_schema(build_surface(replace(model, tables=tables)))
    for text, wrap in (
        ("mutation ($v: UpdateCommentInput!) { updateComment(id: 1, input: $v) { id } }", True),
        ("mutation ($v: Boolean) { updateComment(id: 1, input: {blogPost: {disconnect: $v}}) { id } }", False),
    ):
        parsed = parse_document(text, schema, Limits())
        seen = set()
        for value in (True, False, None):
            given = {"v": {"blogPost": {"disconnect": value}} if wrap else value}
            seen.add(parsed.signature(None, coerce_variables(parsed, parsed.operation(None), given)))
        assert len(seen) == 3
