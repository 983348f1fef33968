"""The control plane as an ASGI application: Django, with a request id bound and a limit on what it reads.

In: HTTP requests that are nobody else's. Out: Django's answers. Django stores a request's body before any view or check
runs, so what is too large is refused here: otherwise anyone could fill the disk.
"""

from __future__ import annotations

from typing import Any

import orjson
from django.conf import settings

from apps.graphql_api.asgi import Receive, Scope, Send, pick_headers, request_id_of
from kapok.errors import KapokError
from kapok.logs import log_context, request_id


class ControlPlane:
    """Wraps Django."""

    def __init__(self, django: Any) -> None:
        self._django = django

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        headers = pick_headers(scope)
        with log_context(request=request_id_of(headers)):
            limited = _Limited(receive, send, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            declared = headers.get(b"content-length", b"0")
            if declared.isdigit() and int(declared) > limited.limit:
                await limited.refuse()
                return
            await self._django(scope, limited.receive, limited.send)
            if limited.exceeded and not limited.answered:
                await limited.refuse()


class _Limited:
    """Counts what is read. Beyond the limit Django is told that the caller is gone, and gives up."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._read = 0
        self.limit = limit
        self.exceeded = False
        self.answered = False

    async def receive(self) -> Any:
        """The next event."""
        if self.exceeded:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._read += len(message.get("body", b""))
        self.exceeded = self._read > self.limit
        return {"type": "http.disconnect"} if self.exceeded else message

    async def send(self, message: Any) -> None:
        """Pass it on, and note that there is an answer."""
        self.answered = True
        await self._send(message)

    async def refuse(self) -> None:
        """413, and the connection ends: what is left of the body is not read."""
        error = KapokError(
            "DOCUMENT_TOO_LARGE", hint=f"At most {self.limit // 1_048_576} MiB can be sent at once: send it in parts."
        )
        body = orjson.dumps({"error": {**error.body(), "requestId": request_id.get()}})
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        await self._send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
