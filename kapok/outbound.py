"""Calling what an operator's configuration points to, without becoming a way into the private network.

In: a URL. Out: status and body of a small answer. The host's addresses are looked up once and checked, and the
connection goes to the checked address, so that a name cannot mean another machine the second time. Redirects are not
followed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping

import httpx

from kapok.outside_urls import is_callable_url

TIMEOUT_SECONDS = 5.0
MAX_BYTES = 256 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class OutsideUnavailableError(Exception):
    """The address may not be called, cannot be reached, or answers with something else. The text is for logs."""


async def fetch(url: str, *, private: bool) -> bytes:
    """The body of a GET answered 200. private: private addresses, and http on this machine, are fine as well. Raises
    OutsideUnavailableError."""
    status, body = await call("GET", url, private=private)
    if status != 200:
        raise OutsideUnavailableError(f"the answer has status {status}")
    return body


async def call(
    method: str,
    url: str,
    *,
    private: bool,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    basic: tuple[str, str] | None = None,
) -> tuple[int, bytes]:
    """Status and body of a request. basic: user name and password; private: as for fetch. All of it takes at most
    TIMEOUT_SECONDS. Raises OutsideUnavailableError."""
    if not is_callable_url(url, development=private):
        raise OutsideUnavailableError("the address may not be called")
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            address = await _address(httpx.URL(url), private)
            return await _answer(method, httpx.URL(url), address, headers or {}, form, basic)
    except (TimeoutError, OSError, httpx.HTTPError) as exc:
        raise OutsideUnavailableError(f"the address cannot be reached: {type(exc).__name__}") from exc


async def _answer(
    method: str,
    url: httpx.URL,
    address: str,
    headers: Mapping[str, str],
    form: Mapping[str, str] | None,
    basic: tuple[str, str] | None,
) -> tuple[int, bytes]:
    usual = {"accept": "application/json, application/jwk-set+json", **headers, "host": url.netloc.decode()}
    async with (
        httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=TIMEOUT_SECONDS) as client,
        client.stream(
            method,
            url.copy_with(host=address),
            headers=usual,
            data=form,
            auth=httpx.BasicAuth(*basic) if basic else None,
            # The certificate is checked against the name, not against the address.
            extensions={"sni_hostname": url.host},
        ) as response,
    ):
        body = b""
        async for part in response.aiter_bytes():
            body += part
            if len(body) > MAX_BYTES:
                raise OutsideUnavailableError("the answer is too long")
        return response.status_code, body


async def _address(url: httpx.URL, private: bool) -> str:
    """One address of the host. Raises OutsideUnavailableError when any of them is private."""
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not private and not all(is_public(address) for address in addresses):
        raise OutsideUnavailableError("the host has a private address")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet at large."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if embedded is None and ip in _NAT64:
            embedded = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if embedded is not None:
            return is_public(str(embedded))
    return ip.is_global and not ip.is_multicast
