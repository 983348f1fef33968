"""Log lines: one JSON object each, with the ids that are bound."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from kapok.logs import JsonFormatter, TextFormatter, log_context, request_id


def line(**changes: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"name": "kapok.test", "levelname": "INFO", "msg": "hello %s", "args": ("you",)})
    vars(record).update(changes)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    parsed: dict[str, Any] = json.loads(text)
    return parsed


@pytest.fixture(autouse=True)
def outside_of_requests() -> Iterator[None]:
    """Requests of Django's test client leave their id bound in this thread; a server's have a context of their own."""
    token = request_id.set("")
    yield
    request_id.reset(token)


def test_a_line_has_the_fields_everybody_searches_by() -> None:
    with log_context(request="r-1", tenant="t-1"):
        found = line()
    assert found["message"] == "hello you"
    assert found["level"] == "INFO"
    assert found["logger"] == "kapok.test"
    assert found["request_id"] == "r-1"
    assert found["tenant_id"] == "t-1"
    assert found["timestamp"].endswith("+00:00")


def test_ids_are_empty_outside_and_nest() -> None:
    assert (line()["request_id"], line()["tenant_id"]) == ("", "")
    with log_context(request="outer", tenant="t"), log_context(request="inner"):
        assert (line()["request_id"], line()["tenant_id"]) == ("inner", "t")
    assert (line()["request_id"], line()["tenant_id"]) == ("", "")


def test_another_thread_does_not_see_the_ids() -> None:
    seen = []
    with log_context(request="mine"):
        thread = threading.Thread(target=lambda: seen.append(line()["request_id"]))
        thread.start()
        thread.join()
    assert seen == [""]


def test_extra_fields_and_exceptions_are_kept_and_cannot_forge_the_ids() -> None:
    try:
        raise ValueError("broken\nhere")
    except ValueError as exc:
        info = (type(exc), exc, exc.__traceback__)
    with log_context(tenant="mine"):
        found = line(exc_info=info, operation="o-1", tenant_id="forged", odd=object())
    assert found["operation"] == "o-1"
    assert found["tenant_id"] == "mine"
    assert "ValueError: broken" in found["exception"]
    assert found["odd"].startswith("<object")


def test_text_for_terminals_ends_with_the_ids() -> None:
    record = logging.makeLogRecord({"name": "kapok", "levelname": "INFO", "msg": "hi"})
    formatter = TextFormatter("%(message)s")
    assert formatter.format(record) == "hi"
    with log_context(request="r"):
        assert formatter.format(record) == "hi [r]"
