"""What may be metadata: whatever PostgreSQL holds as jsonb, within its length."""

from __future__ import annotations

from typing import Any

import pytest

from apps.identity.metadata import metadata_problem


@pytest.mark.parametrize(
    "value",
    [{}, {"a": 10**30}, {"a": "\\u0000"}, {"a": "é" * 44}, {"a": [1.5, None, True, {"b": "\U0001f600"}]}],
)
def test_what_may_be(value: dict[str, Any]) -> None:
    assert metadata_problem(value, 100) is None


@pytest.mark.parametrize(
    "value",
    [{"a": "\x00"}, {"\x00": 1}, {"a": "\ud800"}, {"a": float("nan")}, {"a": 1e999}, {"a": "é" * 50}, {"a": "\\\x00"}],
)
def test_what_may_not_be(value: dict[str, Any]) -> None:
    assert metadata_problem(value, 100) is not None


def test_however_deep() -> None:
    value: dict[str, Any] = {}
    for _ in range(100_000):
        value = {"a": value}
    assert metadata_problem(value, 10_000_000) is not None
