"""Where the request that is being answered came from. Bound by whoever takes requests in; empty in jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

client_address: ContextVar[str] = ContextVar("client_address", default="")


@contextmanager
def coming_from(address: str) -> Iterator[None]:
    """What is recorded inside the block was asked for from this address."""
    token = client_address.set(address)
    try:
        yield
    finally:
        client_address.reset(token)
