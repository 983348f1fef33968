"""The HTTP protocol of a web process: uvicorn's (guarded.py), with the hot path before it.

In: bytes from a connection. Out: a request that came whole, in one piece and by POST is offered to the hot path;
everything else, and whatever the hot path leaves, goes to uvicorn as it came. A client sends the same head again and
again, so heads that were answered are kept and not parsed anew (docs/adr/0005).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from apps.graphql_api.asgi import WANTED_HEADERS, Headers
from apps.graphql_api.connections import Limits, Watch
from apps.graphql_api.guarded import MAX_HEAD_FIELDS, GuardedProtocol, State
from apps.graphql_api.hot_path import Head, HotPath
from kapok.lru import Lru

#: A longer request is read by uvicorn.
MAX_WHOLE_REQUEST = 64 * 1024
#: A request with one of these is read by uvicorn.
_UNUSUAL = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"connection"})
#: Heads with one of these come once.
_OF_ONE_REQUEST = frozenset({b"x-request-id", b"traceparent", b"x-amzn-trace-id", b"cf-ray"})
#: Memory for heads that are kept, in bytes. One takes its own bytes, those of what was read from them, and some more.
HEADS_BYTES, AROUND_BYTES = 20_000_000, 1000
_END = b"\r\n\r\n"
_KEEP_ALIVE = (b"keep-alive", b"Keep-Alive")


class WholeRequest:
    """Reads one request out of one piece of input, or finds that it is not a plain whole one."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: Headers = {}
        self.body = b""
        self.complete = 0
        self.plain = True
        self.comes_again = True

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
        if name in _OF_ONE_REQUEST:
            self.comes_again = False
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
        whole = (
            request.complete == 1
            and request.plain
            and b"host" in request.headers
            and parser.get_http_version() == "1.1"
        )
        return request if whole and parser.should_keep_alive() else None


#: The address of who sent it, and the bytes of a head.
Sent = tuple[str, bytes]


class Heads:
    """Heads of plain requests that the hot path has answered, by the peer's address and their bytes, each with the
    length of its body. The same bytes are the same head, so a request that begins with them and has as long a body is
    plain and whole, too."""

    def __init__(self) -> None:
        self._kept: Lru[Sent, tuple[int, Head]] = Lru(HEADS_BYTES, lambda sent, _: 3 * len(sent[1]) + AROUND_BYTES)

    def find(self, sent: Sent, body: bytes) -> Head | None:
        """The head, if it is kept and the body is the whole one."""
        found = self._kept.get(sent)
        return found[1] if found is not None and found[0] == len(body) else None

    def keep(self, sent: Sent, body: bytes, head: Head) -> None:
        """Keep a head whose request was just answered, so only of callers who may ask."""
        self._kept.put(sent, (len(body), head))


class FrontDoor(GuardedProtocol):
    """One connection. `hot_path`, `heads` and `watch` are set on a subclass by `front_door`."""

    hot_path: HotPath
    heads: Heads

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # The request the hot path is answering, as it came; b"" when it is not at work.
        self._underway = b""
        # What came meanwhile.
        self._waiting = b""
        self._closing = False
        # When the hot path answered last, by the loop's clock.
        self._answered = 0.0

    def data_received(self, data: bytes) -> None:
        """A piece of input."""
        if self._underway:
            self._waiting += data
            if len(self._waiting) > MAX_WHOLE_REQUEST:
                self.flow.pause_reading()
        elif not self._offer(data):
            super().data_received(data)

    def shutdown(self) -> None:
        """The server stops: close, after the answer that is under way."""
        if self._underway:
            self._closing = True
        else:
            super().shutdown()

    def _state(self) -> tuple[State, int, int]:
        return (State.OURS, 0, 0) if self._underway else super()._state()

    def _offer(self, data: bytes) -> bool:
        if not data.startswith(b"POST ") or len(data) > MAX_WHOLE_REQUEST or self._inside or self._is_answering():
            return False  # not one, or uvicorn is reading, answering or about to answer another
        if self.flow.write_paused:
            return False
        end = data.find(_END) + len(_END)
        sent, body = (self._peer, data[:end]), data[end:]
        head = self.heads.find(sent, body)
        if head is not None:
            return self._start(data, head, body)
        if data.count(b"\n", 0, end) > MAX_HEAD_FIELDS + 2:
            return False
        request = WholeRequest.read(data)
        head = (
            None
            if request is None
            else self.hot_path.head(request.url, request.headers, self._address(request.headers))
        )
        if request is None or head is None or not self._start(data, head, request.body):
            return False
        if request.comes_again and request.body == body:
            self.heads.keep(sent, body, head)
        return True

    def _start(self, data: bytes, head: Head, body: bytes) -> bool:
        self._underway = data
        if self.hot_path.start(head, body, self._respond):
            return True
        self._underway = b""
        return False

    def _address(self, headers: Headers) -> str:
        """Where a request came from, as uvicorn would tell it: what a proxy says counts where it is a trusted one."""
        forwarded = headers.get(b"x-forwarded-for")
        if forwarded is None or self._peer not in (trusted := self._trusted()):
            return self._peer
        return str(trusted.get_trusted_client_address(forwarded.decode("latin-1"))[0]) or self._peer

    def timeout_keep_alive_handler(self) -> None:
        """The timer has run out. One that is set anew for each request would cost as much as reading it."""
        self.timeout_keep_alive_task = None
        left = self._answered + self.timeout_keep_alive - self.loop.time()
        if self._underway:
            return  # it is set when that is answered
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _respond(self, response: tuple[int, Sequence[bytes]] | None) -> None:
        data, self._underway = self._underway, b""
        if self.transport.is_closing():
            return
        if response is None:
            super().data_received(data)
        else:
            status, parts = response
            defaults = [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
            self.transport.write(b"".join((STATUS_LINE[status], *defaults, *parts)))
            self.server_state.total_requests += 1
            self._answered = self.loop.time()
            if self.timeout_keep_alive_task is None:
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )
        if self._closing:
            self.shutdown()
        elif self._waiting:
            waiting, self._waiting = self._waiting, b""
            self.flow.resume_reading()
            self.data_received(waiting)


def front_door(hot_path: HotPath, limits: Limits | None = None) -> type[FrontDoor]:
    """The protocol class for uvicorn's `http` setting."""
    own = {"hot_path": hot_path, "heads": Heads(), "watch": Watch(limits or Limits())}
    return type("HttpProtocol", (FrontDoor,), own)
