"""/auth/v1 as an ASGI application: end users' requests, answered by Django in a process of its own.

In: a request addressed to a tenant. Out: the answer of apps/identity/api. A fixed number of threads, each with one
database connection, and a bounded queue before them: a rush of sign-ins waits there, and neither the event loop nor the
database notices. Django's own ASGI handler would open a thread and a connection for every request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson

from apps.graphql_api.asgi import Headers, Receive, Scope, Send, address_of, pick_headers, request_id_of
from apps.graphql_api.cors import cors_headers, preflight
from apps.graphql_api.responses import Header
from apps.identity.api.messages import Answered, Asked
from apps.tenants.credentials import Credentials
from apps.tenants.directory import Directory, Entry, admit
from config.auth_process import AuthProcess
from kapok.errors import KapokError
from kapok.tokens import looks_like_key

#: The longest body, in bytes.
MAX_BODY = 64 * 1024
#: Most requests that wait for a thread; more are refused at once.
MAX_WAITING = 2000
#: What Django is shown of a request's headers.
_HEADERS = frozenset({b"accept", b"authorization", b"content-type", b"host", b"origin", b"user-agent"})
METHODS = b"GET, POST, PATCH, DELETE, OPTIONS"


class AuthPlane:
    """Answers /auth/v1 for every tenant."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._process = AuthProcess()

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, resolve: Callable[[], Awaitable[Entry]], path: str
    ) -> None:
        """One request. resolve: gives the tenant; path: below it."""
        headers = pick_headers(scope)
        request_id = request_id_of(headers)
        cors: list[Header] = []
        try:
            entry = await resolve()
            cors = cors_headers(entry.project, headers)
            admit(entry)
            if scope["method"] == "OPTIONS":
                reply = preflight(headers, cors, METHODS)
                answered = Answered(reply.status, [], b"")
                cors = reply.headers
            else:
                answered = await self._answer(scope, receive, headers, entry, path, request_id)
        except KapokError as error:
            answered = _refusal(error, request_id)
        more = [(b"content-length", b"%d" % len(answered.body)), (b"x-request-id", request_id.encode())]
        kept = [header for header in answered.headers if header[0] != b"content-length"]
        await send({"type": "http.response.start", "status": answered.status, "headers": [*kept, *more, *cors]})
        await send({"type": "http.response.body", "body": answered.body})

    async def start(self) -> None:
        """Start the auth process; does not wait until it is ready."""
        await self._process.start()

    async def stop(self) -> None:
        """Let running requests end."""
        await self._process.stop()

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Headers, entry: Entry, path: str, request_id: str
    ) -> Answered:
        key = headers.get(b"apikey", b"").strip().decode("latin-1")
        if looks_like_key(key):  # not needed here, but then the tenant's
            await self._directory.principal(entry, Credentials(key, "", "", address_of(scope)))
        body = await _body(receive)
        if self._process.waiting >= MAX_WAITING:
            raise KapokError("OVERLOADED", "Too many people are signing in.", details={"retryAfter": 5})
        return await self._process.ask(
            Asked(
                tenant_id=entry.tenant.id,
                request_id=request_id,
                method=scope["method"],
                path=path,
                query=scope["query_string"],
                headers=[header for header in scope["headers"] if header[0] in _HEADERS],
                client=address_of(scope),
                body=body,
            )
        )


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise KapokError("BAD_REQUEST", "The request ended before its body.")
        parts.append(bytes(message.get("body", b"")))
        length += len(parts[-1])
        if length > MAX_BODY:
            raise KapokError("DOCUMENT_TOO_LARGE", details={"limitBytes": MAX_BODY})
        if not message.get("more_body"):
            return b"".join(parts)


def _refusal(error: KapokError, request_id: str) -> Answered:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if error.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="kapok"'))
    if error.status in (429, 503):
        headers.append((b"retry-after", b"%d" % error.details.get("retryAfter", 1)))
    return Answered(error.status, headers, orjson.dumps({"error": {**error.body(), "requestId": request_id}}))
