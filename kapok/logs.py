"""Structured logs: one JSON object a line.

In: log records, and what `log_context` bound in this task or thread. Out: lines with timestamp, level, logger, message,
request_id, tenant_id, the record's extra fields, and the traceback where there is one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson

request_id: ContextVar[str] = ContextVar("request_id", default="")
tenant_id: ContextVar[str] = ContextVar("tenant_id", default="")

# What every LogRecord has; anything else was passed as `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextmanager
def log_context(*, request: str | None = None, tenant: str | None = None) -> Iterator[None]:
    """Bind the request id and the tenant id to every line logged inside the block; None keeps what is bound."""
    tokens = []
    if request is not None:
        tokens.append((request_id, request_id.set(request)))
    if tenant is not None:
        tokens.append((tenant_id, tenant_id.set(tenant)))
    try:
        yield
    finally:
        for variable, token in reversed(tokens):
            variable.reset(token)


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its newline."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            "tenant_id": tenant_id.get(),
        }
        line.update({name: value for name, value in vars(record).items() if name not in _STANDARD and name not in line})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return orjson.dumps(line, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


class TextFormatter(logging.Formatter):
    """The same facts, for reading in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with the ids that are bound."""
        ids = " ".join(value for value in (request_id.get(), tenant_id.get()) if value)
        line = super().format(record)
        return f"{line} [{ids}]" if ids else line
