"""The access log: a sink that writes one JSON line a data-plane request.

In: observations. Out: lines on standard error, collected and written a few times a second, since a write for each
request would cost as much as the request.
"""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from typing import BinaryIO

import orjson

from kapok.observe import Observation

FLUSH_SECONDS = 0.2


class AccessLog:
    """Collects lines and writes them from a thread of its own. text: for reading, instead of JSON."""

    def __init__(self, stream: BinaryIO | None = None, *, text: bool = False) -> None:
        self._stream = stream or sys.stderr.buffer
        self._format = _text_line if text else _json_line
        self._lines: list[bytes] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="access-log", daemon=True)

    def start(self) -> None:
        """Start writing."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and stop."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self._flush()

    def write(self, seen: Observation) -> None:
        """The sink."""
        self._lines.append(self._format(seen))

    def _work(self) -> None:
        while not self._stopped.wait(FLUSH_SECONDS):
            self._flush()

    def _flush(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._stream.write(b"".join(lines))
            self._stream.flush()


def _json_line(seen: Observation) -> bytes:
    line = {
        "timestamp": datetime.now(UTC),
        "level": "ERROR" if seen.status >= 500 else "INFO",
        "logger": "kapok.access",
        "message": "request",
        "request_id": seen.request_id,
        "tenant_id": seen.tenant_id,
        "tenant": seen.tenant,
        "method": seen.method,
        "path": seen.path,
        "status": seen.status,
        "role": seen.role,
        "operation": seen.operation,
        "plan": seen.plan_cache,
        "ms": round(seen.total * 1e3, 2),
        "db_ms": round(seen.execute * 1e3, 2),
        "bytes": seen.response_bytes,
    }
    if seen.error:
        line["error"] = seen.error
    if seen.cause is not None:
        line["cause"] = repr(seen.cause)
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _text_line(seen: Observation) -> bytes:
    error = f" {seen.error}" if seen.error else ""
    cause = f" ({seen.cause!r})" if seen.cause is not None else ""
    name = f" {seen.operation}" if seen.operation else ""
    return (
        f"{seen.method} {seen.path} {seen.status}{error}{cause} {seen.total * 1e3:.1f} ms"
        f" tenant={seen.tenant or '-'} role={seen.role or '-'}{name} plan={seen.plan_cache or '-'} {seen.request_id}\n"
    ).encode(errors="replace")
