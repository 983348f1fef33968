"""uvicorn's HTTP protocol with bounds on what a client may send, and on the time it may take.

In: bytes from a connection. Out: requests for the application; or a refusal in our form, after which the connection
ends. Nothing here runs for each request of the hot path (front_door.py): bytes are counted where uvicorn's parser reads
them, and the time by the looks of `Watch`, at what state the connection is in.
"""

from __future__ import annotations

import fcntl
import sys
import termios
from contextlib import suppress
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from apps.graphql_api.connections import BODY_SHARE, Limits, Watch
from apps.graphql_api.http import JSON
from apps.graphql_api.responses import error_reply
from kapok.errors import KapokError

#: A request line and header fields, in all; fields, those after a chunked body among them.
MAX_HEAD_BYTES, MAX_HEAD_FIELDS = 64 * 1024, 100
#: What may be between the bytes of a chunked body: so much, and so many bytes for each of its own.
BETWEEN_BYTES, BETWEEN_RATIO = 2 * MAX_HEAD_BYTES, 8
#: Requests read ahead of their answers.
MAX_PIPELINED = 100
#: What still comes of a request that has been answered, or refused, is thrown away; a longer rest ends the connection.
MAX_IGNORED = 1024 * 1024
#: Bytes a second at which bodies and answers must move, over the whole of a client's time.
LEAST_RATE = 1000
#: How long a refused client may take to read why, in seconds.
LAST_SECONDS = 2.0


class State(Enum):
    """What a connection waits for."""

    OURS = "us, or a request that may come"
    HEAD = "the rest of a head, or anything at all"
    BODY = "the rest of a body"
    ANSWER = "the client to take an answer"
    LAST = "the client to take a refusal and close"
    CLOSING = "the client to take what was written before we closed"


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `watch` is set on a subclass."""

    watch = Watch(Limits())

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Kapok speaks no WebSocket: a request to change to it is answered as any other.
        self.ws_protocol_class = None
        self._peer = ""
        # Whether uvicorn's parser is inside a request. While it is, every byte is uvicorn's, whatever it looks like:
        # an endpoint may have answered before the body has come, and a body may look like a request.
        self._inside = False
        self._in_head = False
        # Of the request being read: bytes received, of its head, of its body; fields.
        self._received = self._head = self._body = self._fields = 0
        self._requests = self._held = self._ignored = self._resumed = 0
        self._running: RequestResponseCycle | None = None
        # Whether nothing is read any more; what is said when the answers under way are out; whether it was said.
        self._deaf = False
        self._refusal: bytes | None = None
        self._refused = False
        # What the last look saw, since when, and how far the bytes were.
        self._seen: tuple[State, int] = (State.OURS, 0)
        self._since = 0.0
        self._moved = 0

    def connection_made(self, transport: Any) -> None:
        """A connection is there."""
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        if not self.watch.admit(self, "" if self._peer in self._trusted() else self._peer, self.loop):
            self._deaf = self._inside = True
            self.watch.note("TOO_MANY_CONNECTIONS")
            transport.write(self._message(KapokError("TOO_MANY_CONNECTIONS")))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self.watch.leave(self)
        self._let_go()
        # uvicorn tells the request that was read last; the one being answered has to know.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A piece of input, for uvicorn's parser."""
        if self._deaf:
            self._ignore(len(data))
            return
        self._unset_keepalive_if_required()
        self._received += len(data)
        try:
            self.parser.feed_data(data)
            self._check_size()
        except KapokError as error:
            self._refuse(error)
        except httptools.HttpParserError as error:
            said = error.__context__
            self._refuse(said if isinstance(said, KapokError) else KapokError("BAD_REQUEST", "This is not valid HTTP."))
        except httptools.HttpParserUpgrade:
            # What follows may be meant in another protocol.
            self._deaf = self._inside = True
            self.cycle.keep_alive = False

    def on_message_begin(self) -> None:
        """The parser has met a request."""
        self._inside = self._in_head = True
        self._requests += 1
        self._head = self._body = self._fields = self._ignored = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or one after a chunked body: that is not shown to anybody."""
        self._fields += 1
        self._count_head(len(name) + len(value) + 4)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._check_head()
        super().on_headers_complete()
        self._in_head = False

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body += len(body)
        if self.cycle.response_complete:
            self._ignore(len(body))
            return
        if self._body > BODY_SHARE:
            self._held += len(body)
            if not self.watch.hold(len(body)):
                raise KapokError("OVERLOADED", "Too many large requests are being read.")
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The parser has read a request to its end."""
        self._inside = False
        self._received = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is written."""
        last = not self.pipeline
        self._let_go()
        super().on_response_complete()
        if last and self._refusal is not None:
            self._say(self._refusal)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def resume_writing(self) -> None:
        """The client has taken most of what was written."""
        self._resumed += 1
        super().resume_writing()

    def look(self, now: float) -> None:
        """End the connection if the client is too slow."""
        state, turn, moved = self._state()
        if state is State.OURS or (state, turn) != self._seen:
            self._seen, self._since, self._moved = (state, turn), now, moved
            return
        seconds = self.watch.limits.client_seconds
        if now - self._since < (min(seconds, LAST_SECONDS) if state is State.LAST else seconds):
            return
        if moved - self._moved >= LEAST_RATE * seconds:
            self._since, self._moved = now, moved
        else:
            self._end(state)

    def _state(self) -> tuple[State, int, int]:
        """What is waited for; a number that is another when it is another of that kind; how many bytes have moved."""
        if self.transport.is_closing():
            return State.CLOSING, 0, -self._not_taken()
        if self._refused:
            return State.LAST, 0, 0
        if self.flow.write_paused:
            return State.ANSWER, self._resumed, -self._not_taken()
        if self._deaf or self.flow.read_paused:
            return State.OURS, 0, 0
        if self._inside:
            return (State.HEAD if self._in_head else State.BODY), self._requests, self._body
        if self._is_answering() or self.timeout_keep_alive_task is not None:
            return State.OURS, 0, 0
        return State.HEAD, self._requests, 0

    def _not_taken(self) -> int:
        """Bytes written and not taken. The system keeps megabytes of its own and asks for more only when a good part of
        them is gone, so they count where it tells."""
        size = self.transport.get_write_buffer_size()
        with suppress(OSError, ValueError):
            descriptor = self.transport.get_extra_info("socket").fileno()
            size += int.from_bytes(fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
        return size

    def _end(self, state: State) -> None:
        if state in (State.CLOSING, State.ANSWER):
            self.watch.note("ANSWER_NOT_TAKEN")
            self.transport.abort()
        elif self._inside and state is not State.LAST:
            self._refuse(KapokError("REQUEST_TIMEOUT"))
        else:
            self.transport.close()

    def _is_answering(self) -> bool:
        """Whether an answer is under way or about to be."""
        return bool(self.pipeline) or not (self.cycle is None or self.cycle.response_complete)

    def _trusted(self) -> Any:
        """The proxies that are believed: uvicorn's outermost layer knows them, unless there are none."""
        return getattr(self.app, "trusted_hosts", ())

    def _count_head(self, size: int) -> None:
        self._head += size
        if self._head > MAX_HEAD_BYTES or self._fields > MAX_HEAD_FIELDS:
            raise _head_too_large()

    def _check_size(self) -> None:
        """What the parser tells only when it is whole: a field, a line between chunks."""
        if self._in_head:
            if self._received > MAX_HEAD_BYTES:
                raise _head_too_large()
        elif self._received - self._body > BETWEEN_BYTES + BETWEEN_RATIO * self._body:
            raise KapokError("BAD_REQUEST", "The chunks of the body hold too little of it.")

    def _check_head(self) -> None:
        """What parsers read in several ways (RFC 9112, 3.2, 6.1 and 6.3), and requests too far ahead."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise KapokError("BAD_REQUEST", "Too many requests were sent ahead of their answers.")
        version = self.parser.get_http_version()
        encodings = [value.strip().lower() for name, value in self.headers if name == b"transfer-encoding"]
        hosts = [value.strip().lower() for name, value in self.headers if name == b"host"]
        if version not in ("1.0", "1.1"):
            raise KapokError("BAD_REQUEST", "Only HTTP/1.1 and 1.0 are spoken here.")
        if encodings and (encodings != [b"chunked"] or version == "1.0"):
            raise KapokError("BAD_REQUEST", "The only Transfer-Encoding is chunked, of HTTP/1.1.")
        if len(hosts) > 1 or (version == "1.1" and not hosts):
            raise KapokError("INVALID_HOST", "There must be one Host header.")
        if not self.url.startswith((b"/", b"*")) and hosts != [urlsplit(self.url).netloc.lower()]:
            raise KapokError("BAD_REQUEST", "The request's target and its Host header name different hosts.")

    def _refuse(self, error: KapokError) -> None:
        """Say so in the place of the answer to the request being read, after those before it; then end."""
        own = self.cycle if self._inside and not self._in_head else None
        self._deaf = self._inside = True
        self.watch.note(error.code)
        self._refusal = self._message(error)
        if own is None:
            if not self._is_answering():
                self._say(self._refusal)
        elif self.pipeline:  # the request being read is the last of those that wait
            self.pipeline.popleft()
        else:
            own.disconnected = True
            own.message_event.set()
            if own.response_started:
                self.transport.close()
            else:
                self._say(self._refusal)

    def _message(self, error: KapokError) -> bytes:
        reply = error_reply(error, JSON, "", draft=False)
        about = [(b"content-length", b"%d" % len(reply.body)), (b"connection", b"close")]
        lines = [b"%b: %b\r\n" % header for header in (*self.server_state.default_headers, *reply.headers, *about)]
        return b"".join((STATUS_LINE[reply.status], *lines, b"\r\n", reply.body))

    def _say(self, message: bytes) -> None:
        """The last words. The other direction stays open for a moment: closing both while input waits to be read
        would make the client's system throw the message away."""
        if not self.transport.is_closing():
            self._refused = True
            self.transport.write(message)
            self.transport.write_eof()

    def _ignore(self, size: int) -> None:
        self._ignored += size
        if self._ignored > MAX_IGNORED:
            self._deaf = self._inside = True
            self.transport.close()

    def _let_go(self) -> None:
        """The body's memory is free again."""
        self.watch.hold(-self._held)
        self._held = 0


def _head_too_large() -> KapokError:
    return KapokError("HEAD_TOO_LARGE", details={"limitBytes": MAX_HEAD_BYTES, "limitFields": MAX_HEAD_FIELDS})
