"""Hostile HTTP clients, over raw sockets, at a web process that gives them a second instead of twenty.

Others are served meanwhile."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import httpx
import pytest

from apps.graphql_api import graphiql
from tests.live import Live
from tests.second_web import second_web
from tests.waiting import until

CONNECTIONS, PER_ADDRESS = 40, 5
MEBIBYTE = b"x" * 1024 * 1024
GOOD = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
START = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n"
CHUNKED = b"POST /t/acme/graphql HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
QUERY = {"query": "{ cities(limit: 2) { name } }"}
#: From it the web process takes no word about others, and few connections.
ELSEWHERE = "127.0.0.2"


class Web:
    """The web process, and how it is spoken to."""

    def __init__(self, live: Live, url: str) -> None:
        self.live = live
        self.url = url

    def connect(self, source: str = "127.0.0.1", *, window: int | None = None) -> socket.socket:
        client = socket.socket()
        if window is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        client.settimeout(20)
        client.bind((source, 0))
        client.connect(("127.0.0.1", httpx.URL(self.url).port))
        return client

    def query(self, *lines: bytes) -> bytes:
        """A request of the data plane, with more lines in its head."""
        body = json.dumps(QUERY).encode()
        own = (
            b"POST /t/acme/graphql HTTP/1.1",
            b"host: localhost",
            b"content-type: application/json",
            b"apikey: " + self.live.acme.secret_key.encode(),
            b"content-length: %d" % len(body),
        )
        return b"\r\n".join((*own, *lines, b"", body))

    def serves(self) -> None:
        """Another client gets its answer, and soon."""
        answer = httpx.post(
            f"{self.url}/t/acme/graphql", json=QUERY, headers={"apikey": self.live.acme.secret_key}, timeout=5
        )
        assert len(answer.json()["data"]["cities"]) == 2


@pytest.fixture(scope="module")
def web(live: Live) -> Iterator[Web]:
    limits = {
        "KAPOK_CLIENT_SECONDS": "1",
        "KAPOK_CONNECTIONS": str(CONNECTIONS),
        "KAPOK_CONNECTIONS_PER_ADDRESS": str(PER_ADDRESS),
        "KAPOK_HTTPS": "false",
    }
    with second_web(live, **limits) as url:
        yield Web(live, url)


def everything(client: socket.socket) -> bytes:
    """What is still said, until the other end closes or has enough."""
    received = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            received += piece
    return received


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def code(received: bytes) -> str:
    """The code of the last answer, which must say that the connection ends."""
    head, _, body = received.rpartition(b"\r\n\r\n")
    assert b"connection: close" in head
    [error] = json.loads(body)["errors"]
    return str(error["extensions"]["code"])


def send(client: socket.socket, data: bytes, times: int = 1) -> None:
    """As much as the other end takes."""
    with suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(times):
            client.sendall(data)


@pytest.mark.parametrize(
    ("start", "rest", "times"),
    [
        (START, b"x-more: " + b"y" * 8000 + b"\r\n", 2000),
        (START + b"x-long: ", MEBIBYTE, 16),
        (b"GET /", MEBIBYTE, 16),
        (START, b"".join(b"a%d: b\r\n" % number for number in range(100_000)), 1),
    ],
    ids=["endless lines", "endless field", "endless target", "100,000 fields"],
)
def test_heads_are_bounded(web: Web, start: bytes, rest: bytes, times: int) -> None:
    with closing(web.connect()) as client:
        send(client, start)
        send(client, rest, times)
        web.serves()
        received = everything(client)
        assert (statuses(received), code(received)) == ([431], "HEAD_TOO_LARGE")


def test_a_hundred_fields_are_enough(web: Web) -> None:
    """Those of a request that the hot path would answer, too."""
    lines = [b"x-%d: y" % number for number in range(97)]
    with closing(web.connect()) as client:
        for more, status in ((lines[:96], 200), (lines[:96], 200), (lines, 431)):
            client.sendall(web.query(*more))
            assert statuses(client.recv(65536)) == [status]
        assert everything(client) == b""


def test_slow_clients_are_told_and_steady_ones_served(web: Web) -> None:
    """Head and body, in silence or a byte at a time; and a body that takes longer, but comes."""
    body = web.query().replace(b"content-length: ", b"content-length: 1")
    steady = web.query(b"x-1: y").replace(b'{"query"', b" " * 4000 + b'{"query"')
    steady = steady.replace(b"content-length: ", b"content-length: 40", 1)
    told: dict[str, bytes] = {"nothing": b"", "empty lines": b"\r\n" * 40, "half a head": START, "half a body": body}
    trickles = {"empty lines": b"\r\n", "slow head": b"x", "slow body": b" "}
    begun = {**told, "slow head": START, "slow body": body}
    with ExitStack() as opened:
        clients = {name: opened.enter_context(closing(web.connect())) for name in begun}
        sender = opened.enter_context(closing(web.connect()))
        for name, client in clients.items():
            client.sendall(begun[name])
        for start in range(0, len(steady), 200):
            sender.sendall(steady[start : start + 200])
            for name, byte in trickles.items():
                send(clients[name], byte)
            time.sleep(0.08)
        web.serves()
        assert statuses(sender.recv(65536)) == [200]
        for name, client in clients.items():
            received = everything(client)
            if name in ("nothing", "empty lines"):
                assert received == b"", name
            else:
                assert (statuses(received), code(received)) == ([408], "REQUEST_TIMEOUT"), name


def test_a_client_that_takes_no_answer_is_left(web: Web) -> None:
    """And one that takes it slowly gets all of it."""
    size = max(len(asset.body) for asset in graphiql.ASSETS.values())
    name = next(name for name, asset in graphiql.ASSETS.items() if len(asset.body) == size)
    wanted = b"GET %b HTTP/1.1\r\nhost: localhost\r\n\r\n" % (graphiql.ASSETS_PATH + name).encode()
    with closing(web.connect(window=4096)) as deaf, closing(web.connect(window=65536)) as slow:
        deaf.sendall(wanted * 50)
        slow.sendall(wanted * 7 + wanted.replace(b"host:", b"connection: close\r\nhost:"))
        received = 0
        for _ in range(60):  # what the system keeps lasts for more than a second
            received += len(slow.recv(16_384))
            time.sleep(0.05)
        web.serves()
        assert received + len(everything(slow)) > 8 * size
        assert len(everything(deaf)) < 20 * size


def test_pipelined_requests_are_bounded_and_answered_in_order(web: Web) -> None:
    with closing(web.connect()) as client:
        send(client, GOOD * 5000)
        web.serves()
        received = everything(client)
        answered = statuses(received)
        assert answered == [200] * (len(answered) - 1) + [400]
        assert 100 <= len(answered) <= 110
        assert code(received) == "BAD_REQUEST"


@pytest.mark.parametrize(
    "hostile",
    [
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"content-length: 5\r\ncontent-length: 5\r\n\r\nhello",
        b"content-length: 5, 5\r\n\r\nhello",
        b"content-length: +5\r\n\r\nhello",
        b"content-length : 5\r\n\r\nhello",
        b"content-length: 99999999999999999999999\r\n\r\nhello",
        b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\n0\n\r\n",
        b"transfer-encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        b"transfer-encoding: chunked\r\n\r\n1\r\naX0\r\n\r\n",
        b"x-folded: a\r\n b\r\n\r\n",
        b"x-bare: a\nx-b: c\r\n\r\n",
        b"x-bare: a\rx-b: c\r\n\r\n",
        b"x-nul: a\0b\r\n\r\n",
        b"x\0nul: a\r\n\r\n",
        b"x space: a\r\n\r\n",
        b"host: other\r\n\r\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(web: Web, hostile: bytes) -> None:
    """And what follows is nobody's request."""
    with closing(web.connect()) as client:
        client.sendall(b"POST /healthz HTTP/1.1\r\nhost: localhost\r\n" + hostile + GOOD)
        received = everything(client)
        assert statuses(received) == [400], received
        assert code(received) in ("BAD_REQUEST", "INVALID_HOST")


@pytest.mark.parametrize(
    "line",
    [
        b"GET http://other/healthz HTTP/1.1\r\nhost: localhost",
        b"CONNECT other:443 HTTP/1.1\r\nhost: other:443",
        b"GET /healthz\r\nhost: localhost",
        b"GET /healthz HTTP/1.1\r\nx-host: localhost",
        b"POST /healthz HTTP/1.0\r\ntransfer-encoding: chunked",
        b"PRI * HTTP/2.0\r\n\r\nSM",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_what_is_no_request_of_ours_is_refused(web: Web, line: bytes) -> None:
    with closing(web.connect()) as client:
        client.sendall(line + b"\r\n\r\n")
        received = everything(client)
        assert statuses(received) == [400]
        assert code(received) in ("BAD_REQUEST", "INVALID_HOST")


def test_old_and_proxied_forms_are_served(web: Web) -> None:
    for request in (
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET http://localhost/healthz HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ):
        with closing(web.connect()) as client:
            client.sendall(request)
            assert statuses(client.recv(65536)) == [200]


def test_a_refusal_takes_nobodys_place(web: Web) -> None:
    """Answers to what came before it are sent first; to what changes the protocol, one answer."""
    upgrade = b"connection: upgrade\r\nupgrade: %b\r\n\r\n"
    for sent, expected in (
        (GOOD + b"\x16\x03\x01 garbage\r\n", [200, 400]),
        (web.query() + b"garbage\r\n\r\n", [200, 400]),
        (START + upgrade % b"h2c" + GOOD, [200]),
        (START + upgrade % b"websocket" + GOOD, [200]),
    ):
        with closing(web.connect()) as client:
            client.sendall(sent)
            assert statuses(everything(client)) == expected


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (b"1;" + b"e" * 1024 * 1024, 400),
        ((b"1;" + b"e" * 500 + b"\r\na\r\n") * 2000, 400),
        (b"0\r\n" + b"x-trailer: y\r\n" * 110, 431),
        (b"10000\r\n" + b"x" * 65536 + b"\r\n", 401),
    ],
    ids=["endless extension", "many extensions", "many trailers", "endless chunks"],
)
def test_chunks_are_bounded(web: Web, rest: bytes, status: int) -> None:
    key = b"" if status == 401 else b"apikey: " + web.live.acme.secret_key.encode() + b"\r\n"
    with closing(web.connect()) as client:
        send(client, CHUNKED.replace(b"transfer", key + b"content-type: application/json\r\ntransfer"))
        send(client, rest, 200 if status == 401 else 1)
        web.serves()
        assert statuses(everything(client)) == [status]


def test_bodies_that_nobody_wants_are_not_read_for_ever(web: Web) -> None:
    """At each of the planes."""
    for path in (b"/t/acme/graphql", b"/t/acme/auth/v1/token", b"/api/v1/projects"):
        with closing(web.connect()) as client:
            send(client, web.query().split(b"\r\n\r\n")[0].replace(b"/t/acme/graphql", path, 1))
            send(client, b"00000000000\r\n\r\n")
            began = time.monotonic()
            send(client, MEBIBYTE, 100)
            assert time.monotonic() - began < 10
            web.serves()


def test_large_uploads_are_read(web: Web) -> None:
    """Within the control API's own limit; there is no such project, which Django says when it has read all."""
    headers = {"authorization": f"Bearer {web.live.control_token}"}
    for size, status in ((9, 404), (11, 413)):
        files = {"migrations": [{"name": "0001_a.sql", "sql": "-" * size * 1024 * 1024}]}
        url = f"{web.url}/api/v1/projects/nowhere/migrations"
        with suppress(httpx.WriteError):
            assert httpx.put(url, json=files, headers=headers, timeout=30).status_code == status


def test_an_address_has_few_connections(web: Web) -> None:
    with ExitStack() as opened:
        clients = [opened.enter_context(closing(web.connect(ELSEWHERE))) for _ in range(PER_ADDRESS)]
        for client in clients:
            client.sendall(GOOD)
            assert statuses(client.recv(65536)) == [200]
        with closing(web.connect(ELSEWHERE)) as another:
            received = everything(another)
            assert (statuses(received), code(received)) == ([503], "TOO_MANY_CONNECTIONS")
        web.serves()
        clients[0].close()

        def is_served() -> bool:
            with closing(web.connect(ELSEWHERE)) as another:
                send(another, GOOD)
                return statuses(another.recv(65536)) == [200]

        until(is_served, 5)


def test_a_process_has_so_many_connections_and_idle_ones_make_room(web: Web) -> None:
    with ExitStack() as opened:
        clients = [opened.enter_context(closing(web.connect())) for _ in range(CONNECTIONS + 10)]
        assert all(statuses(everything(client)) == [503] for client in clients[CONNECTIONS:])

        def is_served() -> bool:
            with suppress(httpx.HTTPError):
                return httpx.get(f"{web.url}/healthz", timeout=5).status_code == 200
            return False

        until(is_served, 5)
        assert everything(clients[0]) == b""
        web.serves()
