"""The HTTP protocol of a web process: uvicorn's, with the hot path before it.

In: bytes from a connection. Out: a request that came whole, in one piece and by POST is offered to the hot path;
everything else, and whatever the hot path leaves, goes to uvicorn as it came. Measured: uvicorn's cycle of task, scope,
receive and send costs as much as the query by key (docs/adr/0005).
"""

from __future__ import annotations

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from apps.graphql_api.asgi import WANTED_HEADERS, Headers
from apps.graphql_api.hot_path import HotPath

#: A longer request is read by uvicorn.
MAX_WHOLE_REQUEST = 64 * 1024
#: A request with one of these is read by uvicorn.
_UNUSUAL = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"connection"})
_KEEP_ALIVE = (b"keep-alive", b"Keep-Alive")


class WholeRequest:
    """Reads one request out of one piece of input, or finds that it is not a plain whole one."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: Headers = {}
        self.body = b""
        self.complete = 0
        self.plain = True

    def on_url(self, url: bytes) -> None:
        """httptools' callback."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools' callback."""
        name = name.lower()
        if name in WANTED_HEADERS:
            # Two of one kind are for the endpoint to judge.
            self.plain = self.plain and name not in self.headers
            self.headers[name] = value
        elif name in _UNUSUAL and not (name == b"connection" and value in _KEEP_ALIVE):
            self.plain = False

    def on_body(self, body: bytes) -> None:
        """httptools' callback."""
        self.body += body

    def on_message_complete(self) -> None:
        """httptools' callback."""
        self.complete += 1

    @classmethod
    def read(cls, data: bytes) -> WholeRequest | None:
        """The request, or None when the input is anything but exactly one plain request of HTTP/1.1."""
        request = cls()
        parser = httptools.HttpRequestParser(request)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        whole = request.complete == 1 and request.plain and parser.get_http_version() == "1.1"
        return request if whole and parser.should_keep_alive() else None


class FrontDoor(HttpToolsProtocol):
    """One connection. `hot_path` is set on a subclass by `front_door`."""

    hot_path: HotPath

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # The request the hot path is answering, as it came; b"" when it is not at work.
        self._underway = b""
        # What came meanwhile.
        self._waiting: list[bytes] = []
        # Whether uvicorn's parser is inside a request. While it is, every byte is uvicorn's, whatever it looks like:
        # an endpoint may have answered before the body has come, and a body may look like a request.
        self._inside = False
        self._closing = False

    def data_received(self, data: bytes) -> None:
        """A piece of input."""
        if self._underway:
            self._waiting.append(data)
        elif not self._offer(data):
            super().data_received(data)

    def on_message_begin(self) -> None:
        """uvicorn's parser has met a request."""
        self._inside = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """uvicorn's parser has read a request to its end."""
        self._inside = False
        super().on_message_complete()

    def shutdown(self) -> None:
        """The server stops: close, after the answer that is under way."""
        if self._underway:
            self._closing = True
        else:
            super().shutdown()

    def _is_uvicorns(self) -> bool:
        """Whether uvicorn is reading, answering or about to answer a request."""
        return self._inside or bool(self.pipeline) or not (self.cycle is None or self.cycle.response_complete)

    def _offer(self, data: bytes) -> bool:
        if not data.startswith(b"POST ") or len(data) > MAX_WHOLE_REQUEST or self._is_uvicorns():
            return False
        request = None if self.flow.write_paused else WholeRequest.read(data)
        if request is None:
            return False
        self._underway = data
        if self.hot_path.start(request.url, request.headers, request.body, self._respond):
            self._unset_keepalive_if_required()
            return True
        self._underway = b""
        return False

    def _respond(self, response: tuple[int, bytes] | None) -> None:
        data, self._underway = self._underway, b""
        if self.transport.is_closing():
            return
        if response is None:
            super().data_received(data)
        else:
            status, rest = response
            defaults = [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
            self.transport.write(b"".join((STATUS_LINE[status], *defaults, rest)))
            self.server_state.total_requests += 1
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        if self._closing:
            self.shutdown()
        elif self._waiting:
            waiting, self._waiting = b"".join(self._waiting), []
            self.data_received(waiting)


def front_door(hot_path: HotPath) -> type[FrontDoor]:
    """The protocol class for uvicorn's `http` setting."""
    return type("HttpProtocol", (FrontDoor,), {"hot_path": hot_path})
