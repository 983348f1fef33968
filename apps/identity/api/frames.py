"""How the web process and its auth process speak over pipes.

In: numbered requests and answers. Out: frames: number, lengths of head and body, head as JSON, body as it is.
"""

from __future__ import annotations

import struct
import uuid
from typing import Any, Protocol

import orjson

from apps.identity.api.messages import Answered, Asked

#: Number, length of the head, length of the body.
PREFIX = struct.Struct("!QII")


class Reader(Protocol):
    """A blocking stream."""

    def read(self, size: int, /) -> bytes:
        """Exactly so many bytes, fewer at the end."""


def frame(number: int, head: dict[str, Any], body: bytes) -> bytes:
    """One message."""
    encoded = orjson.dumps(head)
    return PREFIX.pack(number, len(encoded), len(body)) + encoded + body


def asked_frame(number: int, asked: Asked) -> bytes:
    """A request."""
    head = {
        "tenant": str(asked.tenant_id),
        "request": asked.request_id,
        "method": asked.method,
        "path": asked.path,
        "query": asked.query.decode("latin-1"),
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in asked.headers],
        "client": asked.client,
    }
    return frame(number, head, asked.body)


def asked_from(head: dict[str, Any], body: bytes) -> Asked:
    """The request of a frame."""
    return Asked(
        tenant_id=uuid.UUID(head["tenant"]),
        request_id=head["request"],
        method=head["method"],
        path=head["path"],
        query=head["query"].encode("latin-1"),
        headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in head["headers"]],
        client=head["client"],
        body=body,
    )


def answered_frame(number: int, answered: Answered) -> bytes:
    """An answer."""
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in answered.headers]
    return frame(number, {"status": answered.status, "headers": headers}, answered.body)


def answered_from(head: dict[str, Any], body: bytes) -> Answered:
    """The answer of a frame."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head["headers"]]
    return Answered(head["status"], headers, body)
