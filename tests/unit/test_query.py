"""Parts of the query compiler by themselves: values to bytes, fragments, cursors, cost, one plan a structure."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.graphql_api.compile import compile_operation
from apps.graphql_api.document import coerce_variables, parse_document
from apps.graphql_api.schema.graphene_types import ApiSchema, build_schema
from apps.graphql_api.schema.surface import build_surface
from kapok.errors import KapokError
from kapok.query.cursor import CursorValue, KeyValue
from kapok.query.encoding import encode, encode_multirange
from kapok.query.fragments import Parameter, join, render, sql
from kapok.query.json_text import constant, nullable, object_of
from kapok.query.operation import Operation
from kapok.query.values import Given, JsonPath, Literal, RowLimit, Variable
from kapok.tenancy import Limits
from tests.unit.models import INT4, blog

LIMITS = Limits(document_bytes=1_000_000)


@pytest.fixture(scope="module")
def api() -> ApiSchema:
    return build_schema(build_surface(blog()))


def compiled(api: ApiSchema, text: str, variables: dict[str, Any] | None = None) -> tuple[Operation, dict[str, Any]]:
    document = parse_document(text, api, LIMITS)
    operation = document.operation(None)
    coerced = coerce_variables(document, operation, variables or {})
    compiled = compile_operation(api, document, operation, coerced)
    assert isinstance(compiled, Operation)
    return compiled, coerced


# ---------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", b""),
        ("ä🏃", "ä🏃".encode()),
        (-5, b"-5"),
        (1e300, b"1e+300"),
        (0.1, b"0.1"),
        (True, b"true"),
        (False, b"false"),
        ([], b"{}"),
        ([1, None, 2], b'{"1",NULL,"2"}'),
        (['a"b', "c\\d", "NULL", "", "{x,y}"], b'{"a\\"b","c\\\\d","NULL","","{x,y}"}'),
        ([["a"], ["b"]], b'{{"a"},{"b"}}'),
        (("a", ("b",)), b'{"a",{"b"}}'),
    ],
)
def test_values_are_postgres_input(value: Any, expected: bytes) -> None:
    assert encode(value) == expected


def test_a_multirange_is_its_ranges() -> None:
    assert encode_multirange(["[1,2)", "empty"]) == b"{[1,2),empty}"


@pytest.mark.parametrize("value", ["a\0b", "\ud800", ["x", "\0"]])
def test_what_postgres_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(KapokError) as refused:
        encode(value)
    assert refused.value.code == "BAD_USER_INPUT"


@pytest.mark.parametrize("path", ["$", "$[*].a ? (@ > 1)", 'lax $."$x" ? (@ == "$y \\" $z")', "$.a ? (@ == $.b)"])
def test_json_paths_without_variables(path: str) -> None:
    assert JsonPath(Given(Literal(path))).reader()({}, 10, {}) == path.encode()


@pytest.mark.parametrize("path", ["$x", "$.a ? (@ > $x)", '$.a ? (@ > $"x")', '$.a ? (@ == "" && @ > $ü)', "$\\u0061"])
def test_variables_of_json_paths_are_refused(path: str) -> None:
    with pytest.raises(KapokError, match="no variables") as refused:
        JsonPath(Given(Literal(path))).reader()({}, 10, {})
    assert refused.value.code == "BAD_USER_INPUT"


# ------------------------------------------------------------------------------------------------------- fragments


def test_equal_parameters_share_a_number() -> None:
    one, same, other = (Parameter(Given(Literal(value)), '"x"') for value in ("a", "a", "b"))
    text, parameters = render(join(", ", [sql("f(", one, ")"), other, same]))
    assert text == 'f($1::"x"), $2::"x", $1::"x"'
    assert parameters == (one, other)


def test_json_is_never_null_and_known_text_is_joined() -> None:
    found = object_of([("a", constant("1")), ("b", object_of([("c", nullable(sql("x")))])), ("d", object_of([]))])
    assert render(found.text())[0] == """'{"a":1,"b":{"c":' || coalesce(x, 'null') || '},"d":{}}'"""


def test_a_wide_row_is_no_deep_expression() -> None:
    """Postgres recurses into each || of a chain: a long one is nested in halves."""
    text = render(object_of((f"c{n}", nullable(sql(f"x{n}"))) for n in range(1600)).text())[0]
    depth = deepest = 0
    for character in text.replace("coalesce(", "").replace(", 'null')", ""):
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    assert deepest < 12
    assert max(part.count("||") for part in text.split("(")) < 120


# -------------------------------------------------------------------------------------------------------- variables


@pytest.mark.parametrize(
    "text",
    [
        "query ($x: Boolean = true) { blogPosts { id @include(if: $x) } }",
        "query ($x: Boolean = true) { blogPosts @skip(if: $x) { id } }",
        "query ($x: BlogPostColumn = TITLE) { blogPosts(distinctOn: [$x]) { id } }",
        'query ($x: ID = "1") { blogPost(id: $x) { id } }',
    ],
)
def test_null_for_a_variable_with_a_default_where_null_is_no_value(api: ApiSchema, text: str) -> None:
    compiled(api, text)
    with pytest.raises(KapokError, match="must not be null") as refused:
        compiled(api, text, {"x": None})
    assert refused.value.code == "BAD_USER_INPUT"


# --------------------------------------------------------------------------------------------------------- cursors


@given(st.binary(max_size=200) | st.text(max_size=50).map(lambda t: t.encode(errors="ignore")))
def test_no_bytes_break_the_readers(data: bytes) -> None:
    text = data.decode(errors="replace")
    cursor = CursorValue(Literal(text), "order", 0, 2, ("path",)).reader()
    with pytest.raises(KapokError) as refused:
        cursor({}, 10, {})
    assert refused.value.code == "BAD_CURSOR"
    assert KeyValue(Literal(text), "Post", INT4, 0, 1).reader()({}, 10, {}) is None


@pytest.mark.parametrize(("key", "expected"), [("7", b"7"), ("x", None), ("99999999999", None), (None, None)])
def test_an_id_that_no_row_can_have_finds_none(key: str | None, expected: bytes | None) -> None:
    text = b64encode(json.dumps(["Post", key]).encode()).decode()
    assert KeyValue(Literal(text), "Post", INT4, 0, 1).reader()({}, 10, {}) == expected


# ------------------------------------------------------------------------------------------------------------ caps


@pytest.mark.parametrize(
    ("asked", "table_cap", "expected"),
    [(None, None, 100), (None, 7, 7), (None, 500, 100), (0, None, 0), (100, None, 100), (7, 7, 7)],
)
def test_rows_are_capped(asked: int | None, table_cap: int | None, expected: int) -> None:
    limit = RowLimit(None if asked is None else Variable(("n",)), table_cap=table_cap)
    assert limit.reader()({"n": asked}, 100, {}) == b"%d" % expected


@pytest.mark.parametrize(("asked", "table_cap"), [(-1, None), (101, None), (8, 7)])
def test_more_than_the_cap_is_refused(asked: int, table_cap: int | None) -> None:
    limit = RowLimit(Variable(("n",)), "first", ("posts", "comments"), table_cap)
    with pytest.raises(KapokError) as refused:
        limit.reader()({"n": asked}, 100, {})
    assert refused.value.details == {"path": ["posts", "comments"], "argument": "first"}


def test_a_roles_row_limit_caps_lists_and_connections(api: ApiSchema) -> None:
    model = blog()
    capped = replace(model, tables=tuple(replace(table, row_limit=5) for table in model.tables))
    lean = build_schema(build_surface(capped))
    for text in ("{ blogPosts { id } }", "{ blogPostsConnection { nodes { id } } }"):
        assert b"5" in compiled(lean, text)[0].bind({}, 100, {})
        assert b"100" in compiled(api, text)[0].bind({}, 100, {})


# ------------------------------------------------------------------------------------------------------------ cost

POSTS = "query ($n: Int) { blogPosts(limit: $n) { comments { blogPost { comments(limit: 21) { id } } } } }"


@pytest.mark.parametrize(
    ("text", "variables", "row_cap", "expected"),
    [
        ("{ __typename }", {}, 1000, 0),
        ("{ blogPost(id: 1) { id author { id } } }", {}, 1000, 2),
        ("{ blogPosts { id } users { id } }", {}, 1000, 2),
        ("{ blogPosts { comments { blogPost { id } } } }", {}, 1000, 1 + 10 + 100),
        ("{ blogPosts { comments { blogPost { id } } } }", {}, 50, 1 + 5 + 25),
        (POSTS, {"n": 11}, 1000, 1 + 2 + 2 * 10 + 2 * 10),
        (POSTS, {"n": 0}, 1000, 1),
        (POSTS, {"n": 10_000}, 1000, 1 + 100 + 1000 + 1000),
        (POSTS, {}, 1000, 1 + 10 + 100 + 100),
        ("{ blogPostsConnection(first: 30) { edges { node { comments { id } } } nodes { author { id } } } }", {}, 9, 3),
        ("{ node(id: 1) { nodeId } }", {}, 1000, 1),
    ],
)
def test_cost(api: ApiSchema, text: str, variables: dict[str, Any], row_cap: int, expected: int) -> None:
    operation, coerced = compiled(api, text, variables)
    assert operation.cost(coerced, row_cap) == expected
    assert operation.cost(coerced, row_cap) == expected


# ------------------------------------------------------------------------------------------------------- operations


def test_no_value_is_in_the_text(api: ApiSchema) -> None:
    text = """{ blogPosts(filter: {title: {eq: "secret-1", in: ["secret-2"]}, or: [{views: {gt: "77001"}}]},
      search: "secret-3", limit: 771, offset: 772) { id } }"""
    operation, _ = compiled(api, text)
    assert "secret" not in operation.template
    assert "77" not in operation.template
    assert {b"secret-1", b'{"secret-2"}', b"secret-3", b"77001", b"771", b"772"} <= set(operation.bind({}, 1000, {}))


def test_one_operation_serves_all_values_of_a_structure(api: ApiSchema) -> None:
    text = """query ($f: BlogPostFilter!, $t: String!, $n: Int) {
      blogPosts(filter: {and: [$f, {title: {in: ["x", $t]}}]}, limit: $n) { id } }"""
    first = {"f": {"views": {"gt": "1"}, "or": [{"title": {"eq": "a"}}]}, "t": "b", "n": 1}
    second = {"f": {"views": {"gt": "2"}, "or": [{"title": {"eq": "c"}}]}, "t": "d", "n": 2}
    one, _ = compiled(api, text, first)
    other, coerced = compiled(api, text, second)
    assert one.template == other.template
    assert one.bind(coerced, 1000, {}) == other.bind(coerced, 1000, {}) == [b"2", b"c", b'{"x","d"}', b"2"]


def test_texts_are_equal_in_every_process(api: ApiSchema) -> None:
    """Prepared statements are found by their text, so hash seeds must not decide over it."""
    text = (
        "{ blogPostsConnection(orderBy: [{author: {email: ASC}}]) { edges { cursor node { id title } } totalCount } }"
    )
    program = (
        "from tests.unit.test_query import compiled; from tests.unit.models import blog;"
        "from apps.graphql_api.schema.graphene_types import build_schema;"
        "from apps.graphql_api.schema.surface import build_surface;"
        f"print(compiled(build_schema(build_surface(blog())), {text!r})[0].template, end='')"
    )
    for seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        )
        assert found.stdout == compiled(api, text)[0].template


def test_too_many_conditions_are_refused(api: ApiSchema) -> None:
    items = [{"title": {"eq": str(n)}} for n in range(501)]
    with pytest.raises(KapokError) as refused:
        compiled(api, "query ($f: BlogPostFilter) { blogPosts(filter: $f) { id } }", {"f": {"or": items}})
    assert refused.value.code == "QUERY_TOO_COMPLEX"
    assert refused.value.details == {"path": ["blogPosts"]}
