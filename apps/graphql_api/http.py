"""GraphQL over HTTP: from an ASGI request to a `GraphQLRequest`, and what the caller can read.

In: method, headers, query string, body. Out: `GraphQLRequest`, or a KapokError with the status that
graphql-http's audit suite (and, where set, the newest draft) asks for.
Source: GraphQL-over-HTTP specification; RFC 9110 12.5.1 (Accept).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson

from kapok.errors import KapokError

GRAPHQL_RESPONSE = b"application/graphql-response+json"
JSON = b"application/json"
HTML = b"text/html"
#: Longest request body in bytes; the document has its own, smaller limit.
MAX_BODY_BYTES = 2 * 1024 * 1024
#: Longest Accept or Content-Type header that is looked at.
MAX_HEADER_BYTES = 1000


@dataclass(slots=True)
class GraphQLRequest:
    """What to run. query: None when only a document's hash was sent. sha256: the hash of a persisted document."""

    query: str | None
    operation_name: str | None
    variables: Mapping[str, Any]
    sha256: str | None


def negotiate(accept: bytes, *, page: bool) -> bytes | None:
    """The media type to answer with: the acceptable one of highest weight, or None. page: HTML is to be had as well
    (but only where the caller names it)."""
    return _negotiate(accept, page) if accept and len(accept) <= MAX_HEADER_BYTES else JSON


@lru_cache(maxsize=512)
def _negotiate(accept: bytes, page: bool) -> bytes | None:
    best: bytes | None = None
    best_weight = 0.0
    for part in accept.lower().split(b","):
        name, _, parameters = part.partition(b";")
        media, weight = _offered(name.strip(), page=page), _weight(parameters)
        if media is not None and weight > best_weight:
            best, best_weight = media, weight
    return best


def _offered(name: bytes, *, page: bool) -> bytes | None:
    if name in (JSON, b"*/*", b"application/*"):
        return JSON
    if name == GRAPHQL_RESPONSE:
        return GRAPHQL_RESPONSE
    return HTML if page and name == HTML else None


def _weight(parameters: bytes) -> float:
    for parameter in parameters.split(b";"):
        name, _, value = parameter.strip().partition(b"=")
        if name == b"q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


@lru_cache(maxsize=512)
def is_json(content_type: bytes) -> bool:
    """Whether a Content-Type says JSON in UTF-8."""
    media, _, parameters = content_type.lower().partition(b";")
    if media.strip() != JSON:
        return False
    for parameter in parameters.split(b";"):
        name, _, value = parameter.strip().partition(b"=")
        if name.strip() == b"charset" and value.strip().strip(b'"') not in (b"utf-8", b"utf8"):
            return False
    return True


def request_from_body(content_type: bytes, body: bytes) -> GraphQLRequest:
    """A POST. Raises UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST (not JSON), INVALID_REQUEST."""
    if not is_json(content_type[:MAX_HEADER_BYTES]):
        raise KapokError("UNSUPPORTED_MEDIA_TYPE")
    return request_from_json(body)


def request_from_json(body: bytes) -> GraphQLRequest:
    """The body of a POST. Raises BAD_REQUEST (not JSON), INVALID_REQUEST."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise KapokError(
            "BAD_REQUEST", "The body is not valid JSON.", details={"line": exc.lineno, "column": exc.colno}
        ) from exc
    if isinstance(parsed, list):
        raise KapokError("BAD_REQUEST", "Batches are not supported: send one operation a request.")
    if not isinstance(parsed, dict):
        raise KapokError("BAD_REQUEST", "The body must be a JSON object with a query.")
    return _checked(parsed)


def request_from_query_string(query_string: bytes) -> GraphQLRequest:
    """A GET: query, operationName, and JSON in variables and extensions. Raises BAD_REQUEST, INVALID_REQUEST."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
        given: dict[str, Any] = {name: value for name, value in pairs if value}
    except ValueError as exc:
        raise KapokError("BAD_REQUEST", "The query string is not valid.") from exc
    for name in ("variables", "extensions"):
        if name in given:
            try:
                given[name] = orjson.loads(given[name])
            except orjson.JSONDecodeError as exc:
                raise KapokError("BAD_REQUEST", f"{name} is not valid JSON.") from exc
    return _checked(given)


def _checked(given: dict[str, Any]) -> GraphQLRequest:
    query = _typed(given, "query", str, "a string")
    name = _typed(given, "operationName", str, "a string")
    variables = _typed(given, "variables", dict, "an object")
    extensions = _typed(given, "extensions", dict, "an object")
    sha256 = _document_hash(given, extensions) if extensions is not None or "documentId" in given else None
    if query is None and sha256 is None:
        raise KapokError("INVALID_REQUEST", "The request has no query.", hint='Send {"query": "{ ... }"}.')
    return GraphQLRequest(query, name or None, variables or {}, sha256)


def _typed(given: dict[str, Any], name: str, kind: type, described: str) -> Any:
    value = given.get(name)
    if value is not None and type(value) is not kind:
        raise KapokError("INVALID_REQUEST", f"{name} must be {described}.")
    return value


def _document_hash(given: dict[str, Any], extensions: dict[str, Any] | None) -> str | None:
    """`documentId: "sha256:<hex>"` (the specification's appendix) or Apollo's extensions.persistedQuery."""
    document_id = _typed(given, "documentId", str, "a string")
    if document_id is not None:
        return str(document_id).removeprefix("sha256:").lower()
    persisted = (extensions or {}).get("persistedQuery")
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or not isinstance(persisted.get("sha256Hash"), str):
        raise KapokError("INVALID_REQUEST", "extensions.persistedQuery must hold version and sha256Hash.")
    if persisted.get("version", 1) != 1:
        raise KapokError("INVALID_REQUEST", "Only version 1 of persistedQuery is supported.")
    return str(persisted["sha256Hash"]).lower()
