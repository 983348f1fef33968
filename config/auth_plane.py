"""/auth/v1 as an ASGI application: end users' requests, answered by Django in threads of their own.

In: a request addressed to a tenant. Out: the answer of apps/identity/api. A fixed number of threads, each with one
database connection, and a bounded queue before them: a rush of sign-ins waits there, and neither the event loop nor the
database notices. Django's own ASGI handler would open a thread and a connection for every request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from apps.graphql_api.asgi import Headers, Receive, Scope, Send, pick_headers, request_id_of
from apps.graphql_api.cors import cors_headers, preflight
from apps.graphql_api.responses import Header
from apps.identity.api.handler import Answered, Asked, handle
from apps.tenants.credentials import Credentials
from apps.tenants.directory import Directory, Entry, admit
from apps.tenants.rest_errors import error_response
from kapok.errors import KapokError
from kapok.logs import log_context
from kapok.tokens import looks_like_key

#: The longest body, in bytes.
MAX_BODY = 64 * 1024
#: Most requests that wait for a thread; more are refused at once.
MAX_WAITING = 2000
METHODS = b"GET, POST, PATCH, DELETE, OPTIONS"


class AuthPlane:
    """Answers /auth/v1 for every tenant."""

    def __init__(self, directory: Directory, threads: int) -> None:
        self._directory = directory
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="auth")
        self._waiting = 0

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

    def stop(self) -> None:
        """Let running requests end."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Headers, entry: Entry, path: str, request_id: str
    ) -> Answered:
        key = headers.get(b"apikey", b"").strip().decode("latin-1")
        if looks_like_key(key):  # not needed here, but then the tenant's
            await self._directory.principal(entry, Credentials(key, "", ""))
        body = await _body(receive)
        if self._waiting >= MAX_WAITING:
            raise KapokError("OVERLOADED", "Too many people are signing in.", details={"retryAfter": 5})
        asked = Asked(entry.tenant.id, request_id, {**scope, "path": path, "root_path": ""}, body)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, handle, asked)
        finally:
            self._waiting -= 1


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
    with log_context(request=request_id):
        response = error_response(error)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    return Answered(response.status_code, headers, response.content)
