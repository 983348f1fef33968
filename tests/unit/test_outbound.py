"""What is fetched from outside: no private address, no redirect, nothing large, and the name means one machine."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from kapok.outbound import MAX_BYTES, OutsideUnavailableError, fetch, is_public


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::a9fe:a9fe", "2001:db8::1"),
    ],
)
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.fixture
def server() -> Iterator[Callable[[int, bytes], str]]:
    """Give a status and a body, get the URL where they are answered."""
    servers = []

    def answering(status: int, body: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("location", "http://127.0.0.1:1/")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        made = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(made)
        threading.Thread(target=made.serve_forever, daemon=True).start()
        return f"http://localhost:{made.server_port}/jwks.json"

    yield answering
    for made in servers:
        made.shutdown()
        made.server_close()


async def refused(url: str, *, private: bool = True) -> str:
    with pytest.raises(OutsideUnavailableError) as caught:
        await fetch(url, private=private)
    return str(caught.value)


async def test_a_small_answer(server: Callable[[int, bytes], str]) -> None:
    assert await fetch(server(200, b"{}"), private=True) == b"{}"


async def test_answers_that_are_none(server: Callable[[int, bytes], str]) -> None:
    assert "302" in await refused(server(302, b""))
    assert "404" in await refused(server(404, b"{}"))
    assert "too long" in await refused(server(200, b"x" * (MAX_BYTES + 1)))
    assert "cannot be reached" in await refused("http://127.0.0.1:1/")
    for url in ("ftp://example.com/", "file:///etc/passwd", "http://example.com/", "https://a:b@example.com/", "//x"):
        assert "may not be called" in await refused(url)


async def test_a_name_that_means_a_private_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked up once; whatever it means the next time, no connection is made."""
    asked = []

    async def getaddrinfo(self: Any, host: str, port: int, **more: Any) -> list[Any]:
        asked.append(host)
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))
        return [public, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]

    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", getaddrinfo)
    assert "private" in await refused("https://innocent.example.com/jwks.json", private=False)
    assert asked == ["innocent.example.com"]


async def test_this_machine_is_private(server: Callable[[int, bytes], str]) -> None:
    assert "may not be called" in await refused(server(200, b"{}"), private=False)
    assert "private" in await refused("https://localhost:1/", private=False)
