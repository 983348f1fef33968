"""Documents: what is refused, with which code, and how quickly; what a document keeps."""

from __future__ import annotations

import hashlib
import json
import time

import pytest
from graphql import get_introspection_query

from apps.graphql_api.document import Document, DocumentInvalid, parse_document
from apps.graphql_api.introspect import answer_introspection
from apps.graphql_api.schema.graphene_types import ApiSchema, build_schema
from apps.graphql_api.schema.surface import build_surface
from kapok.errors import KapokError
from kapok.tenancy import Limits
from tests.unit.models import blog, wide

SCHEMA = build_schema(build_surface(blog()))
WIDE = build_schema(build_surface(wide()))
#: As GraphiQL sends it.
INTROSPECTION = get_introspection_query(
    specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
)


def document(text: str, schema: ApiSchema = SCHEMA, **limits: int) -> Document:
    return parse_document(text, schema, Limits(**limits))


def refused(text: str, schema: ApiSchema = SCHEMA, **limits: int) -> DocumentInvalid:
    with pytest.raises(DocumentInvalid) as caught:
        document(text, schema, **limits)
    assert all(error["extensions"]["code"] == caught.value.code for error in caught.value.errors)
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("{", "GRAPHQL_PARSE_FAILED", "Syntax Error: Expected Name, found <EOF>."),
        ("", "GRAPHQL_PARSE_FAILED", "Syntax Error: Unexpected <EOF>."),
        ("{ blogPost }", "GRAPHQL_VALIDATION_FAILED", "must have a selection of subfields"),
        ("{ blogPst(id: 1) { id } }", "GRAPHQL_VALIDATION_FAILED", "Did you mean 'blogPost'"),
        ("{ blogPost { id } }", "GRAPHQL_VALIDATION_FAILED", "argument 'id' of type 'ID!' is required"),
        ("{ blogPosts(orderBy: {titel: ASC}) { id } }", "GRAPHQL_VALIDATION_FAILED", "Did you mean 'title'"),
        ("{ blogPosts(orderBy: {title: ASC, slug: ASC}) { id } }", "GRAPHQL_VALIDATION_FAILED", "xactly one"),
        ('{ blogPosts(filter: {views: {gt: "x"}}) { id } }', "GRAPHQL_VALIDATION_FAILED", "Write a whole number"),
        ("query ($a: Int) { users { id } }", "GRAPHQL_VALIDATION_FAILED", "never used"),
        ("fragment F on User { id }", "GRAPHQL_VALIDATION_FAILED", "never used"),
        ("{ ...F } fragment F on Query { ...F }", "GRAPHQL_VALIDATION_FAILED", "within itself"),
        ("subscription { blogPosts { id } }", "GRAPHQL_VALIDATION_FAILED", "no subscriptions"),
        ("type A { b: Int }", "GRAPHQL_VALIDATION_FAILED", "not executable"),
    ],
)
def test_invalid_documents(text: str, code: str, message: str) -> None:
    error = refused(text)
    assert error.code == code
    assert message in error.errors[0]["message"]


def test_errors_have_places() -> None:
    assert refused("{\n  blogPosts {\n    titl\n  }\n}").errors[0]["locations"] == [{"line": 3, "column": 5}]


def test_suggestions_name_nothing_a_role_does_not_see() -> None:
    model = blog()
    hidden = type(model)("hidden", tuple(t for t in model.tables if t.name != "users"))
    error = refused("{ user(id: 1) { id } }", build_schema(build_surface(hidden)))
    assert "User" not in json.dumps(error.errors).replace("'user'", "")
    assert "users" not in json.dumps(error.errors)


@pytest.mark.parametrize(
    ("text", "limits", "said"),
    [
        ("{ blogPosts { author { name } } }", {"depth": 2}, "fields above each other"),
        (
            "{ blogPosts { ...P } } fragment P on BlogPost { author { ...U } } fragment U on User { name }",
            {"depth": 2},
            "above",
        ),
        ("{ blogPosts { ... { ... on BlogPost { author { name } } } } }", {"depth": 2}, "above"),
        ("{ a: users { id } b: users { id } }", {"aliases": 1}, "2 aliases"),
        (
            "{ ...A ...B } fragment A on Query { a: users { id } } fragment B on Query { b: users { id } ...A }",
            {"aliases": 2},
            "3 aliases",
        ),
        ("{ users { id name } }", {"document_bytes": 20}, "bytes"),
        ("{ " + " ".join(f"a{n}: users {{ id }}" for n in range(51)) + " }", {"aliases": 1000}, "at the root"),
    ],
)
def test_limits(text: str, limits: dict[str, int], said: str) -> None:
    error = refused(text, **limits)
    assert error.code == "QUERY_TOO_COMPLEX"
    assert said in error.errors[0]["message"]


def test_limits_are_exact() -> None:
    document("{ blogPosts { author { name } } }", depth=3)
    document("{ a: users { id } }", aliases=1)
    text = "{ users { id name } }"
    document(text, document_bytes=len(text))
    # Not an alias: the name itself.
    document("{ users: users { id } }", aliases=0)


def test_many_variables() -> None:
    declared = " ".join(f"$v{n}: Int" for n in range(201))
    assert "201 variables" in refused(f"query ({declared}) {{ users {{ id }} }}").errors[0]["message"]


def chain(length: int, body: str) -> str:
    """Fragments that spread each other, each `body` with the next one's name in it."""
    return "".join(f"fragment f{n} on Query {{ {body.format(f'...f{n + 1}')} }}" for n in range(length))


HOSTILE = {
    "100 KB of fields": "{" + "a " * 49_000 + "}",
    "fields up to the token limit": "{" + "a " * 4900 + "}",
    "the same field again and again": "{ users {" + "id " * 2900 + "}}",
    "open braces": "{a" * 49_000,
    "open lists": "{ users(filter:" + "[" * 49_000,
    "a deep value": "{ users(filter:" + "{not:" * 190 + "{}" + "}" * 190 + ") { id } }",
    "a deep selection": "{ users " + "{ blogPosts { author " * 60 + "{ id }" + "} }" * 60 + " }",
    "a long name": "{" + "a" * 99_000 + "}",
    "a long string": '{ users(filter: {name: {eqq: "' + "a" * 99_000 + '"}}) { id } }',
    "a long comment": "#" * 99_000,
    "a chain of fragments": "{ ...f0 }" + chain(400, "{}") + "fragment f400 on Query { users { id } }",
    "a bomb of fragments": "{ ...f0 }" + chain(60, "{0} {0} {0} {0}") + "fragment f60 on Query { users { id } }",
    "a circle of fragments": "{ ...f0 }" + chain(400, "{}") + "fragment f400 on Query { ...f0 }",
    "fragments that all spread each other": "{ ...f0 }"
    + "".join(f"fragment f{n} on Query {{ {' '.join(f'...f{m}' for m in range(40))} }}" for n in range(40)),
    "unknown arguments": "{ users(" + " ".join(f"filtr{n}: 1" for n in range(1200)) + ") { id } }",
    "unknown fields": "{ users {" + " ".join(f"nam{n}" for n in range(2900)) + "} }",
    "unknown types": "{ users { id " + " ".join(f"... on Usr{n} {{ id }}" for n in range(700)) + "} }",
    "unused variables": "query (" + " ".join(f"$v{n}: Int" for n in range(1200)) + ") { users { id } }",
    "the same variable": "query (" + "$v: Int " * 1200 + ") { users { id } }",
    "unknown directives": "{ users { id " + "@a " * 2400 + "} }",
    "the same key": "{ users(filter: {" + "name: {} " * 1200 + "}) { id } }",
    "conflicting arguments": "{" + " ".join(f"x: users(limit: {n}) {{ id }}" for n in range(49)) + "}",
    "introspection in circles": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "introspection many times": "{"
    + " ".join(f"a{n}: __schema {{ types {{ fields {{ args {{ type {{ name }} }} }} }} }}" for n in range(40))
    + " "
    + " ".join(f"b{n}: __schema {{ types {{ inputFields {{ type {{ fields {{ name }} }} }} }} }}" for n in range(9))
    + " ".join(
        f"c{n}: __schema {{ types {{ fields {{ type {{ fields {{ name isDeprecated }} }} }} }} }}" for n in range(9)
    )
    + "}",
    "introspection far down": "{ __schema { types { " + "ofType { " * 30 + "name" + " }" * 33,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_refused_quickly(name: str) -> None:
    best = 1.0
    for _ in range(3):
        started = time.thread_time()
        error = refused(HOSTILE[name], WIDE if "introspection" in name else SCHEMA)
        best = min(best, time.thread_time() - started)
        assert len(json.dumps(error.errors)) < 20_000
    assert best < 0.2


def test_the_largest_documents_that_are_valid_take_no_longer() -> None:
    conditions = " ".join("{rating: {gt: 1}}" for _ in range(480))
    best = 3.0
    for _ in range(3):
        started = time.thread_time()
        document("{ comments(filter: {and: [" + conditions + "]}) { id } }")
        document("{ comments(filter: {rating: {in: [" + "1 " * 4900 + "]}}) { id } }")
        best = min(best, time.thread_time() - started)
    assert best < 0.6


def test_a_documents_own_cost_does_not_outlive_it() -> None:
    parsed = document("{ users { id blogPosts(limit: 1) { id } } }")
    assert all(node.loc is None for node in (parsed.ast, parsed.operation(None), parsed.operation(None).selection_set))


def test_hash() -> None:
    text = "{ users { id } }"
    assert document(text).sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_operations_by_name() -> None:
    parsed = document("query A { users { id } } query B { labels { id } }")
    operation = parsed.operation("B")
    assert operation.name is not None and operation.name.value == "B"
    for name in (None, "C", ""):
        with pytest.raises(KapokError) as caught:
            parsed.operation(name)
        assert caught.value.code == "OPERATION_RESOLUTION_FAILURE"
    only = document("query A { users { id } }")
    assert only.operation(None) is only.operation("A")


def introspect(text: str, variables: dict[str, object] | None = None, schema: ApiSchema = SCHEMA) -> bytes:
    parsed = document(text, schema)
    operation = parsed.operation(None)
    assert parsed.introspects(None)
    (node, *_) = operation.selection_set.selections
    return answer_introspection(schema, parsed, operation, variables or {}, node)  # type: ignore[arg-type]


def test_the_standard_introspection_query_passes_the_default_limits() -> None:
    found = json.loads(introspect(INTROSPECTION, schema=WIDE))
    assert len(found["types"]) == len(WIDE.graphql.type_map)
    assert found["queryType"]["name"] == "Query"


def test_introspection_with_variables() -> None:
    text = """query ($n: String!, $id: ID, $when: DateTime) {
      __type(name: $n) { name kind } node(id: "x") { nodeId } user(id: "1") { id }
      blogPosts(filter: {createdAt: {gt: $when}, id: {eq: $id}}) { id }
    }"""
    assert introspect(text, {"n": "User", "when": "2024-01-01T00:00:00Z"}) == b'{"name":"User","kind":"OBJECT"}'
    assert introspect(text, {"n": "Nothing"}) == b"null"


def test_one_of_is_told() -> None:
    assert introspect('{ __type(name: "UserOrderBy") { isOneOf } }') == b'{"isOneOf":true}'


def test_what_does_not_introspect() -> None:
    assert not document("{ __typename users { __typename } }").introspects(None)
    assert document("{ ...F } fragment F on Query { ... { __schema { types { name } } } }").introspects(None)
