"""Responses of the data plane: bodies, statuses and headers.

In: data bytes or an error. Out: a `Reply`. Which status a GraphQL error gets depends on the media type the caller
accepts (`application/json` keeps 200 for well-formed requests, as the audit suite asks), or follows the newest draft.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from apps.graphql_api.http import GRAPHQL_RESPONSE, JSON
from kapok.errors import REGISTRY, KapokError

Header = tuple[bytes, bytes]

#: The request was understood as HTTP and refused as GraphQL.
_GRAPHQL_ERRORS = frozenset(
    {
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "BAD_USER_INPUT",
        "OPERATION_RESOLUTION_FAILURE",
        "QUERY_TOO_COMPLEX",
        "BAD_CURSOR",
    }
)
#: What the draft calls an unprocessable request: understood, but not to be executed.
_DRAFT_UNPROCESSABLE = (_GRAPHQL_ERRORS - {"GRAPHQL_PARSE_FAILED"}) | {"INVALID_REQUEST"}
_CONTENT_TYPE: dict[bytes, Header] = {
    media: (b"content-type", media + b"; charset=utf-8") for media in (JSON, GRAPHQL_RESPONSE)
}


#: The header that says a media type, as it is sent.
CONTENT_TYPE_LINE = {media: b"%b: %b\r\n" % header for media, header in _CONTENT_TYPE.items()}


@dataclass(slots=True)
class Reply:
    """A complete HTTP response."""

    status: int
    body: bytes
    headers: list[Header] = field(default_factory=list)


def data_parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    """`{"data": ...}`, in pieces."""
    return b'{"data":', data, b"}"


def data_reply(data: bytes, media: bytes) -> Reply:
    """200 with `{"data": ...}`."""
    return Reply(200, b"".join(data_parts(data)), [_CONTENT_TYPE[media]])


def error_reply(error: KapokError, media: bytes, request_id: str, *, draft: bool) -> Reply:
    """One error in GraphQL's form; no execution result exists, so `data` is left out."""
    return _refusal(error.code, error.status, [error_object(error, request_id)], media, draft=draft)


def errors_reply(
    code: str, errors: Sequence[Mapping[str, Any]], media: bytes, request_id: str, *, draft: bool
) -> Reply:
    """Several errors of one code, from parsing, validation or limits."""
    kind = REGISTRY[code]
    extensions = {"code": code, "number": kind.number, "requestId": request_id}
    body = [{**error, "extensions": {**error.get("extensions", {}), **extensions}} for error in errors]
    return _refusal(code, kind.status, body, media, draft=draft)


def _refusal(code: str, status: int, errors: list[dict[str, Any]], media: bytes, *, draft: bool) -> Reply:
    status, media = _status(code, status, media, draft=draft)
    return Reply(status, orjson.dumps({"errors": errors}), [_CONTENT_TYPE[media]])


def challenge(error: KapokError) -> Header:
    """WWW-Authenticate of a 401; of a token that was refused it says why (RFC 6750, 3)."""
    if "reason" not in error.details:
        return b"www-authenticate", b'Bearer realm="kapok"'
    why = error.message.replace('"', "'").encode("ascii", "replace")
    return b"www-authenticate", b'Bearer realm="kapok", error="invalid_token", error_description="%b"' % why


def error_object(error: KapokError, request_id: str) -> dict[str, Any]:
    """`{message, path, extensions: {code, number, requestId, ...}}`. path: of the field, where one is to blame."""
    extensions: dict[str, Any] = {"code": error.code, "number": error.number, "requestId": request_id}
    if error.hint:
        extensions["hint"] = error.hint
    if error.details:
        extensions["details"] = error.details
    if "path" not in error.details or "variable" in error.details:
        return {"message": error.message, "extensions": extensions}
    return {"message": error.message, "path": error.details["path"], "extensions": extensions}


def _status(code: str, status: int, media: bytes, *, draft: bool) -> tuple[int, bytes]:
    if draft:
        if code in _DRAFT_UNPROCESSABLE:
            status = 422
        return status, GRAPHQL_RESPONSE if status >= 400 else media
    if media == JSON and code in _GRAPHQL_ERRORS:
        return 200, media
    return status, media
