"""Golden reads: for every feature of a read, the document, its SQL and its answer on the tables of reads/schema.sql.

A case is a folder of reads/ with query.graphql, variables.json where it has variables, out.sql and out.json. Run with
--update-golden to write the last two, then read the diff: each answer was checked by hand against the rows.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kapok.errors import KapokError
from kapok.identifiers import SCHEMA_MARK
from kapok.query.operation import Operation
from tests.reads import Reader, reader

CASES = Path(__file__).with_name("reads")
ROW_CAP = 100
_TOKENS = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[()]|\b(?:select|from|where|order by|group by|limit)\b|.", re.S
)


@pytest.fixture(scope="module")
def blog() -> Iterator[Reader]:
    with reader(os.environ["DATABASE_URL"], (CASES / "schema.sql").read_text()) as found:
        yield found


def cases() -> list[str]:
    return sorted(path.parent.name for path in CASES.glob("*/query.graphql"))


@pytest.mark.parametrize("case", cases())
def test_read(case: str, blog: Reader, update_golden: bool) -> None:
    folder = CASES / case
    variables = folder / "variables.json"
    values = json.loads(variables.read_text()) if variables.exists() else {}
    statement, answer = _answer(blog, (folder / "query.graphql").read_text(), values)
    if update_golden:
        (folder / "out.sql").write_text(statement)
        (folder / "out.json").write_text(answer)
    assert (folder / "out.sql").read_text() == statement
    assert (folder / "out.json").read_text() == answer


def _answer(blog: Reader, text: str, variables: dict[str, Any]) -> tuple[str, str]:
    """The statement with its parameters, and the data or the error."""
    statement = ""
    try:
        operation, coerced = blog.compile(text, variables)
        statement = formatted(operation.template)
        bound = operation.bind(coerced, ROW_CAP, {})
        statement += "".join(f"-- ${n} = {_shown(value)}\n" for n, value in enumerate(bound, 1))
        statement += f"-- cost {operation.cost(coerced, ROW_CAP)}\n"
        answer = _data(blog, operation, coerced)
    except KapokError as exc:
        answer = {"error": exc.code, "message": exc.message, "hint": exc.hint, "details": exc.details}
    return statement, json.dumps(answer, indent=1, ensure_ascii=False) + "\n"


def _data(blog: Reader, operation: Operation, variables: dict[str, Any]) -> Any:
    return json.loads(blog.run(operation, variables, ROW_CAP))


def _shown(value: bytes | None) -> str:
    return "null" if value is None else value.decode()


def formatted(template: str) -> str:
    """A statement with each clause on a line of its own, indented by its depth in parentheses."""
    depth, text = 0, ""
    for token in _TOKENS.findall(template.replace(SCHEMA_MARK, '"schema"')):
        if token == ")":
            depth -= 1
        elif token == "(":
            depth += 1
        elif token[0].isalpha() and len(token) > 1 and text:
            text = text.rstrip(" ") + "\n" + "  " * depth
        text += token
    return text + "\n" if text else ""
