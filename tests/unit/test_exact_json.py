"""What `kapok` reads and prints: JSON as it was, digit by digit, however deep."""

from __future__ import annotations

import json
import sys

import pytest

from kapok.cli.audit_entries import text_of
from kapok.cli.exact_json import dumps, loads

TEXT = """{
  "price": 10.50,
  "sum": 99999999999999.1234,
  "huge": 1e999,
  "n": 123456789012345678901234567890,
  "empty": [
    {},
    [],
    ""
  ],
  "é\\u0007": [
    true,
    null,
    -0.0
  ]
}"""


def test_a_number_keeps_its_digits() -> None:
    read = loads(TEXT)
    assert dumps(read, indented=True) == TEXT
    assert dumps(read) == " ".join(line.strip() for line in TEXT.splitlines()).replace("{ ", "{", 1).replace(
        "[ ", "["
    ).replace(" ]", "]").replace(" }", "}")
    assert (str(read["price"]), text_of(read["sum"]), text_of([read["price"]])) == (
        "10.50",
        "99999999999999.1234",
        "[10.50]",
    )
    assert read["price"] + 1 == 11.5


def test_other_values_are_as_json_has_them() -> None:
    for value in ({"a": [1, 2.5, (3, "x")], "b": {}}, [], "text", None, True, 7, {"": {"": [[]]}}):
        assert dumps(value) == json.dumps(value, ensure_ascii=False)
        assert dumps(value, indented=True) == json.dumps(value, indent=2, ensure_ascii=False)


def test_as_deep_and_as_long_as_postgres_has_it() -> None:
    before = sys.getrecursionlimit()
    deep = '{"data": ' + "[" * 5000 + "]" * 5000 + "}"
    assert dumps(loads(deep)) == deep
    digits = "9" * 10_000
    assert dumps(loads(f"[{digits}]")) == f"[{digits}]"
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize("text", ["", "{", "[1,]", "[" * 30_000, b"\xff"])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        loads(text)
