"""The seam between the hot path and uvicorn, over raw sockets: whatever way a request comes, the answers are right.

Requests are sent twice before anything is judged, so that the hot path has all it needs at hand.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.live import Live, LiveTenant

QUERY = "query Front($n: Int) { cities(limit: $n, orderBy: [{name: ASC}]) { name } }"


class Wire:
    """One connection, with requests and responses as bytes."""

    def __init__(self, live: Live) -> None:
        url = httpx.URL(live.base_url)
        self.socket = socket.create_connection((url.host, url.port or 80), timeout=30)
        self.buffer = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def response(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next response."""
        head = self._until(b"\r\n\r\n").decode()
        status, _, rest = head.partition("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in rest.strip().split("\r\n"))
        length = int(headers["content-length"])
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return int(status.split()[1]), headers, body

    def data(self) -> list[str]:
        status, _, body = self.response()
        assert status == 200, body
        return [city["name"] for city in json.loads(body)["data"]["cities"]]

    def closed(self) -> bool:
        return self.buffer == b"" and self.socket.recv(1) == b""

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(mark)
        return head + mark

    def _more(self) -> None:
        received = self.socket.recv(65536)
        assert received, "the server closed the connection"
        self.buffer += received


@pytest.fixture
def wire(live: Live) -> Iterator[Wire]:
    wire = Wire(live)
    with closing(wire.socket):
        yield wire


def request(
    tenant: LiveTenant, limit: int = 3, *, query: str = QUERY, key: str | None = None, extra: bytes = b""
) -> bytes:
    body = json.dumps({"query": query, "variables": {"n": limit}}).encode()
    head = (
        f"POST /t/{tenant.slug}/graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"apikey: {tenant.secret_key if key is None else key}\r\ncontent-length: {len(body)}\r\n"
    )
    return head.encode() + extra + b"\r\n" + body


@pytest.fixture(autouse=True)
def warm(acme: LiveTenant, globex: LiveTenant) -> None:
    for tenant in (acme, globex):
        for _ in range(2):
            tenant.data(QUERY, variables={"n": 3})


def test_one_request_after_another(wire: Wire, acme: LiveTenant, globex: LiveTenant) -> None:
    for turn in range(20):
        tenant = acme if turn % 2 else globex
        wire.send(request(tenant, turn % 4 + 1))
        assert len(wire.data()) == turn % 4 + 1


def test_answers_carry_a_date_an_id_and_timings(wire: Wire, acme: LiveTenant) -> None:
    wire.send(request(acme, extra=b"x-request-id: front-door-1\r\naccept: application/graphql-response+json\r\n"))
    status, headers, _ = wire.response()
    assert status == 200
    assert headers["x-request-id"] == "front-door-1"
    assert headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert {"date", "server-timing"} <= headers.keys()


def test_pipelined_requests_are_answered_in_order(wire: Wire, acme: LiveTenant) -> None:
    wire.send(b"".join(request(acme, limit) for limit in (1, 2, 3, 4, 5)))
    assert [len(wire.data()) for _ in range(5)] == [1, 2, 3, 4, 5]


def test_pipelined_in_separate_pieces(wire: Wire, acme: LiveTenant) -> None:
    wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for limit in (1, 2, 3, 4, 5):
        wire.send(request(acme, limit))
    assert [len(wire.data()) for _ in range(5)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("pieces", [2, 3, 17])
def test_a_request_in_pieces(wire: Wire, acme: LiveTenant, pieces: int) -> None:
    data = request(acme, 2)
    size = len(data) // pieces + 1
    for start in range(0, len(data), size):
        wire.send(data[start : start + size])
        time.sleep(0.01)
    assert len(wire.data()) == 2
    wire.send(request(acme, 3))
    assert len(wire.data()) == 3


def test_one_and_a_half_requests(wire: Wire, acme: LiveTenant) -> None:
    second = request(acme, 2)
    wire.send(request(acme, 1) + second[:40])
    assert len(wire.data()) == 1
    wire.send(second[40:])
    assert len(wire.data()) == 2


def test_what_follows_a_kept_head_is_read_anew(wire: Wire, acme: LiveTenant) -> None:
    """The head has been answered before: bodies of its length, others, halves of one, and more than one."""
    kept = request(acme, 3)
    head, _, body = kept.partition(b"\r\n\r\n")
    for limit in (3, 5, 1):
        wire.send(kept.replace(b'"n": 3', b'"n": %d' % limit))
        assert len(wire.data()) == limit
    wire.send(head + b"\r\n\r\n" + body[:20])
    time.sleep(0.01)
    wire.send(body[20:])
    assert len(wire.data()) == 3
    wire.send(kept + request(acme, 2) + kept[:50])
    assert [len(wire.data()), len(wire.data())] == [3, 2]
    wire.send(kept[50:])
    assert len(wire.data()) == 3
    wire.send(head + b"\r\n\r\n" + b"{" * len(body))
    status, _, answer = wire.response()
    assert (status, b"BAD_REQUEST" in answer) == (400, True)


def test_a_kept_head_proves_nothing(wire: Wire, live: Live, acme: LiveTenant) -> None:
    """Its key is looked up for each request, on the same connection as well."""
    made = live.control("POST", f"/tenants/{acme.slug}/keys", json={"kind": "secret"}).json()["data"]
    for _ in range(3):
        wire.send(request(acme, 2, key=made["key"]))
        assert len(wire.data()) == 2
    assert live.control("DELETE", f"/tenants/{acme.slug}/keys/{made['id']}").status_code < 300
    deadline = time.monotonic() + 10
    while True:
        wire.send(request(acme, 2, key=made["key"]))
        status, _, answer = wire.response()
        if status != 200:
            break
        assert time.monotonic() < deadline, "a revoked key must stop working"
    assert (status, b"KEY_REVOKED" in answer) == (401, True)


def test_a_body_that_looks_like_a_request_stays_a_body(wire: Wire, acme: LiveTenant, globex: LiveTenant) -> None:
    """The refusal comes before the body has been read; what then comes is body, however it looks."""
    smuggled = request(globex, 1)
    head = (
        f"POST /t/nobody/graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(smuggled)}\r\n\r\n"
    ).encode()
    wire.send(head)
    status, _, body = wire.response()
    assert (status, b"TENANT_NOT_FOUND" in body) == (404, True)
    wire.send(smuggled)
    wire.send(request(acme, 2))
    assert len(wire.data()) == 2, "the next answer must be to the next request, not to the body"


def test_chunked_bodies_and_expectations_are_read_too(wire: Wire, acme: LiveTenant) -> None:
    plain = request(acme, 2)
    head, _, body = plain.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"content-length")]
    chunked = b"\r\n".join([*lines, b"transfer-encoding: chunked"]) + b"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(body),
        body,
    )
    wire.send(chunked)
    assert len(wire.data()) == 2
    wire.send(request(acme, 3, extra=b"expect: 100-continue\r\n"))
    assert wire._until(b"\r\n\r\n").startswith(b"HTTP/1.1 100")
    assert len(wire.data()) == 3


def test_connection_close_and_http_1_0(live: Live, acme: LiveTenant) -> None:
    for data in (
        request(acme, 1, extra=b"connection: close\r\n"),
        request(acme, 1).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    ):
        wire = Wire(live)
        with closing(wire.socket):
            wire.send(data)
            assert len(wire.data()) == 1
            assert wire.closed()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"apikey: ", b"apikey: x"), 401),
        ((b"content-type: application/json", b"content-type: text/plain"), 415),
        ((b"/t/acme/", b"/t/globex/"), 403),
        ((b"/t/acme/", b"/t/nobody/"), 404),
        ((b"host: 127.0.0.1", b"host: globex.localhost"), 403),
        ((b"host: 127.0.0.1", b"host: a b"), 400),
        ((b'"query"', b'"queri"'), 400),
    ],
)
def test_refusals_are_the_endpoints(wire: Wire, acme: LiveTenant, change: tuple[bytes, bytes], status: int) -> None:
    data = request(acme).replace(*change, 1)
    head, _, body = data.partition(b"\r\n\r\n")
    wire.send(head + b"\r\n\r\n" + body)
    got, headers, answer = wire.response()
    assert got == status, answer
    assert b"errors" in answer
    assert headers["content-type"].startswith("application/json")


def test_wrong_values_are_refused_and_the_connection_goes_on(wire: Wire, acme: LiveTenant) -> None:
    wire.send(request(acme, -1))
    _, _, body = wire.response()
    assert json.loads(body)["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    wire.send(request(acme, 1))
    assert len(wire.data()) == 1


def test_a_caller_that_leaves_early_harms_nobody(live: Live, acme: LiveTenant) -> None:
    for _ in range(20):
        wire = Wire(live)
        wire.send(request(acme))
        wire.socket.close()
    assert len(acme.data(QUERY, variables={"n": 3})["cities"]) == 3


def test_garbage_is_refused(live: Live) -> None:
    for garbage in (b"POST / HTTP/9.9\r\n\r\n", b"POST \x00\r\n\r\n", b"POST /t/acme/graphql\r\n\r\n"):
        wire = Wire(live)
        with closing(wire.socket):
            wire.send(garbage)
            received = wire.socket.recv(1000)
            assert received == b"" or received.startswith(b"HTTP/1.1 40")
