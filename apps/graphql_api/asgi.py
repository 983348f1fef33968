"""What the endpoint needs of ASGI: headers, body, credentials, request id.

In: an ASGI scope and its messages. Out: plain values, or a KapokError.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from apps.graphql_api.http import MAX_BODY_BYTES, GraphQLRequest, request_from_body, request_from_query_string
from apps.tenants.credentials import Credentials
from kapok.errors import KapokError
from kapok.tokens import looks_like_key

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = dict[bytes, bytes]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
#: Ids are drawn from the system so many at a time: a system call for each would take longer than reading the request.
IDS_DRAWN = 256
_ids: list[str] = []
# A process that forks must not give out its parent's.
os.register_at_fork(after_in_child=_ids.clear)
#: What the data plane reads of a request's headers.
WANTED_HEADERS = frozenset(
    {
        b"accept",
        b"access-control-request-method",
        b"apikey",
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"origin",
        b"x-forwarded-for",
        b"x-kapok-role",
        b"x-request-id",
    }
)


def pick_headers(scope: Scope) -> Headers:
    """The headers the data plane reads. Lines of one name make a list (RFC 9110, 5.3), so two keys are no key."""
    picked: Headers = {}
    for name, value in scope["headers"]:
        if name in WANTED_HEADERS:
            picked[name] = picked[name] + b"," + value if name in picked else value
    return picked


def request_id_of(headers: Headers) -> str:
    """The caller's X-Request-Id where it is harmless, else a new one of 128 random bits."""
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode()
    if not _ids:
        drawn = os.urandom(16 * IDS_DRAWN).hex()
        _ids.extend([drawn[start : start + 32] for start in range(0, len(drawn), 32)])
    return _ids.pop()


def credentials(headers: Headers, address: str = "") -> Credentials:
    """The key, the token, or both. A token decides who acts; a key sent with it must be the same tenant's. address:
    where the request came from. Raises UNAUTHENTICATED when there is neither, or two keys that differ."""
    key = headers.get(b"apikey", b"").strip().decode("latin-1")
    scheme, _, bearer = headers.get(b"authorization", b"").strip().partition(b" ")
    token = bearer.strip().decode("latin-1")
    if scheme and (scheme.lower() != b"bearer" or not token):
        raise KapokError("UNAUTHENTICATED", "The Authorization header must be: Bearer, a space and a token or key.")
    if looks_like_key(token):
        if key not in ("", token):
            raise KapokError("UNAUTHENTICATED", "The apikey and Authorization headers hold different keys.")
        key, token = token, ""
    elif token and token == key:
        key = ""
    if not key and not token:
        raise KapokError("UNAUTHENTICATED")
    return Credentials(key, token, headers.get(b"x-kapok-role", b"").strip().decode("latin-1"), address)


def address_of(scope: Scope) -> str:
    """Where a request came from, as uvicorn tells it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


async def read_request(scope: Scope, receive: Receive, headers: Headers) -> GraphQLRequest:
    """The GraphQL request of a GET or POST. Raises BAD_REQUEST, INVALID_REQUEST, DOCUMENT_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE."""
    if scope["method"] == "GET":
        return request_from_query_string(scope["query_string"])
    declared = headers.get(b"content-length", b"0")
    if not declared.isdigit() or int(declared) > MAX_BODY_BYTES:
        raise KapokError("DOCUMENT_TOO_LARGE", details={"limitBytes": MAX_BODY_BYTES})
    return request_from_body(headers.get(b"content-type", b""), await _body(receive))


async def _body(receive: Receive) -> bytes:
    message = await receive()
    if not message.get("more_body"):
        return _part(message)
    parts, length = [_part(message)], len(_part(message))
    while message.get("more_body"):
        message = await receive()
        parts.append(_part(message))
        length += len(parts[-1])
        if length > MAX_BODY_BYTES:
            raise KapokError("DOCUMENT_TOO_LARGE", details={"limitBytes": MAX_BODY_BYTES})
    return b"".join(parts)


def _part(message: MutableMapping[str, Any]) -> bytes:
    if message["type"] == "http.disconnect":
        raise KapokError("BAD_REQUEST", "The request ended before its body.")
    return bytes(message.get("body", b""))
