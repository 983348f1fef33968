"""Golden reads under rules: the tables of reads/schema.sql as the roles of guarded/permissions.yaml see them.

A case is a folder of guarded/ with query.graphql, caller.json (role, claims), out.sql and out.json. Run with
--update-golden to write the last two, then read the diff: each answer was checked by hand against rules and rows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from apps.graphql_api.document import DocumentInvalid
from kapok.errors import KapokError
from tests.golden.test_reads import CASES as READS
from tests.golden.test_reads import formatted
from tests.reads import Reader, reader

CASES = Path(__file__).with_name("guarded")


@pytest.fixture(scope="module")
def blog() -> Iterator[Reader]:
    with reader(os.environ["DATABASE_URL"], (READS / "schema.sql").read_text()) as found:
        yield found


def cases() -> list[str]:
    return sorted(path.parent.name for path in CASES.glob("*/query.graphql"))


@pytest.mark.parametrize("case", cases())
def test_guarded_read(case: str, blog: Reader, update_golden: bool) -> None:
    folder = CASES / case
    caller = json.loads((folder / "caller.json").read_text())
    rules = (CASES / "permissions.yaml").read_text()
    seen = blog.as_role(rules, caller["role"], caller.get("claims", {}))
    statement, answer = _answer(seen, (folder / "query.graphql").read_text())
    if update_golden:
        (folder / "out.sql").write_text(statement)
        (folder / "out.json").write_text(answer)
    assert (folder / "out.sql").read_text() == statement
    assert (folder / "out.json").read_text() == answer


def _answer(seen: Reader, text: str) -> tuple[str, str]:
    """The statement with its parameters, and the data or the error."""
    statement = ""
    try:
        operation, coerced = seen.compile(text)
        statement = formatted(operation.template)
        bound = operation.bind(coerced, 100, seen.claims)
        statement += "".join(f"-- ${n} = {_shown(value)}\n" for n, value in enumerate(bound, 1))
        answer = json.loads(seen.run(operation, coerced, 100))
    except KapokError as exc:
        answer = {"error": exc.code, "message": exc.message}
    except DocumentInvalid as exc:
        answer = {"error": exc.code, "messages": [error["message"] for error in exc.errors]}
    except psycopg.Error as exc:
        answer = {"sqlstate": exc.sqlstate, "message": str(exc)}
    return statement, json.dumps(answer, indent=1, ensure_ascii=False) + "\n"


def _shown(value: bytes | None) -> str:
    return "null" if value is None else value.decode()
