"""GraphQL over HTTP, without a server: negotiation, request forms, statuses."""

import pytest

from apps.graphql_api.http import (
    GRAPHQL_RESPONSE,
    HTML,
    JSON,
    is_json,
    negotiate,
    request_from_body,
    request_from_query_string,
)
from apps.graphql_api.responses import error_reply
from kapok.errors import KapokError


@pytest.mark.parametrize(
    ("accept", "page", "expected"),
    [
        (b"", False, JSON),
        (b"*/*", True, JSON),
        (b"application/json", False, JSON),
        (b"application/graphql-response+json", False, GRAPHQL_RESPONSE),
        (b"application/graphql-response+json, application/json;q=0.9", False, GRAPHQL_RESPONSE),
        (b"application/json;q=0.2, application/graphql-response+json;q=0.1", False, JSON),
        (b"text/html,application/xhtml+xml,*/*;q=0.8", True, HTML),
        (b"text/html", False, None),
        (b"text/plain", False, None),
        (b"application/json;q=0", False, None),
        (b"application/json;q=nonsense", False, None),
    ],
)
def test_negotiation(accept: bytes, page: bool, expected: bytes | None) -> None:
    assert negotiate(accept, page=page) == expected


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (b"application/json", True),
        (b'Application/JSON; charset="UTF-8"', True),
        (b"application/json; charset=latin1", False),
        (b"text/plain;charset=UTF-8", False),
        (b"", False),
    ],
)
def test_content_type(content_type: bytes, expected: bool) -> None:
    assert is_json(content_type) is expected


def test_null_parameters_count_as_absent() -> None:
    body = b'{"query":"{a}","variables":null,"operationName":null,"extensions":null,"unknown":1}'
    request = request_from_body(b"application/json", body)
    assert (request.query, request.operation_name, request.variables, request.sha256) == ("{a}", None, {}, None)


@pytest.mark.parametrize("name", ["query", "operationName", "variables", "extensions"])
@pytest.mark.parametrize("value", [b"0", b"false", b"[]", b'"text"', b"{}"])
def test_wrongly_typed_parameters_are_refused(name: str, value: bytes) -> None:
    right = {"query": b'"text"', "operationName": b'"text"', "variables": b"{}", "extensions": b"{}"}
    if right[name] == value:
        return
    query = b"" if name == "query" else b'"query":"{a}",'
    with pytest.raises(KapokError) as caught:
        request_from_body(b"application/json", b"{" + query + b'"' + name.encode() + b'":' + value + b"}")
    assert caught.value.code == "INVALID_REQUEST"
    assert name in caught.value.message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"null", b'\xff{"query":"{a}"}', b'{"query":"{a}"} x'])
def test_bodies_that_are_no_json_objects(body: bytes) -> None:
    with pytest.raises(KapokError) as caught:
        request_from_body(b"application/json", body)
    assert (caught.value.code, caught.value.status) == ("BAD_REQUEST", 400)


def test_a_batch_is_refused_by_name() -> None:
    with pytest.raises(KapokError, match="Batches are not supported"):
        request_from_body(b"application/json", b'[{"query":"{a}"}]')


def test_get_reads_json_parameters() -> None:
    request = request_from_query_string(b"query=%7Ba%7D&variables=%7B%22x%22%3A1%7D&operationName=")
    assert (request.query, dict(request.variables), request.operation_name) == ("{a}", {"x": 1}, None)


@pytest.mark.parametrize(
    "query_string", [b"query={a}&variables=x", b"query={a}&extensions={", b"variables={}", b"query=%ff"]
)
def test_get_refuses(query_string: bytes) -> None:
    with pytest.raises(KapokError) as caught:
        request_from_query_string(query_string)
    assert caught.value.status == 400


def test_persisted_document_forms() -> None:
    digest = "a" * 64
    by_id = request_from_body(b"application/json", b'{"documentId":"sha256:' + digest.upper().encode() + b'"}')
    body = b'{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"' + digest.encode() + b'"}}}'
    assert by_id.sha256 == request_from_body(b"application/json", body).sha256 == digest


@pytest.mark.parametrize(
    ("code", "media", "draft", "status"),
    [
        ("GRAPHQL_PARSE_FAILED", JSON, False, 200),
        ("GRAPHQL_PARSE_FAILED", GRAPHQL_RESPONSE, False, 400),
        ("GRAPHQL_VALIDATION_FAILED", GRAPHQL_RESPONSE, True, 422),
        ("GRAPHQL_PARSE_FAILED", JSON, True, 400),
        ("INVALID_REQUEST", JSON, False, 400),
        ("INVALID_REQUEST", JSON, True, 422),
        ("UNAUTHENTICATED", JSON, False, 401),
        ("TENANT_SUSPENDED", JSON, False, 403),
        ("DATABASE_UNAVAILABLE", JSON, False, 503),
    ],
)
def test_statuses(code: str, media: bytes, draft: bool, status: int) -> None:
    reply = error_reply(KapokError(code), media, "request-id", draft=draft)
    assert reply.status == status
    assert b'"data"' not in reply.body
    assert code.encode() in reply.body
