"""Golden mutations: for every way of writing, the document, its SQL, its answer and the rows it leaves in the tables of
mutations/schema.sql.

A case is a folder of mutations/ with mutation.graphql, variables.json where it has variables, out.sql and out.json
(the answer or the error, and every table that is not as rows.sql made it). Run with --update-golden to write the last
two, then read the diff: each answer was checked by hand.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kapok.errors import KapokError
from kapok.query.write_operation import WriteOperation
from tests.golden.test_reads import formatted
from tests.writes import LIMITS, Writer, writer

CASES = Path(__file__).with_name("mutations")


@pytest.fixture(scope="module")
def blog() -> Iterator[Writer]:
    rows = (CASES / "rows.sql").read_text()
    with writer(os.environ["DATABASE_URL"], (CASES / "schema.sql").read_text(), rows) as found:
        yield found


def cases() -> list[str]:
    return sorted(path.parent.name for path in CASES.glob("*/mutation.graphql"))


@pytest.mark.parametrize("case", cases())
def test_mutation(case: str, blog: Writer, update_golden: bool) -> None:
    folder = CASES / case
    variables = folder / "variables.json"
    values = json.loads(variables.read_text()) if variables.exists() else {}
    blog.refill()
    statements, answer = _answer(blog, (folder / "mutation.graphql").read_text(), values)
    if update_golden:
        (folder / "out.sql").write_text(statements)
        (folder / "out.json").write_text(answer)
    assert (folder / "out.sql").read_text() == statements
    assert (folder / "out.json").read_text() == answer


def _answer(blog: Writer, text: str, variables: dict[str, Any]) -> tuple[str, str]:
    """The statements with their parameters; the data or the error, and the tables that changed."""
    before, statements = blog.rows(), ""
    try:
        operation, coerced = blog.compile(text, variables)
        statements = _shown(operation, coerced)
        answer: dict[str, Any] = {"data": blog.run(operation, coerced)}
    except KapokError as exc:
        answer = {"error": exc.code, "message": exc.message, "hint": exc.hint, "details": exc.details}
    after = blog.rows()
    if "error" in answer:
        assert after == before, "what is refused writes nothing"
    answer["changed"] = {name: rows for name, rows in after.items() if rows != before[name]}
    return statements, json.dumps(answer, indent=1, ensure_ascii=False) + "\n"


def _shown(operation: WriteOperation, variables: dict[str, Any]) -> str:
    bound = operation.bind(variables, LIMITS.rows, {})
    parts = []
    for statement, parameters in zip(operation.statements, bound, strict=True):
        values = [f"-- ${n} = {'null' if v is None else v.decode()}\n" for n, v in enumerate(parameters, 1)]
        parts.append(formatted(statement.template) + "".join(values))
    return "\n".join(parts) + f"-- cost {operation.cost(variables, LIMITS.rows)}\n"


def test_equal_rows_are_one_operation_however_many(blog: Writer) -> None:
    """What the signature says: compiled for one row, good for a hundred."""
    blog.refill()
    text = "mutation ($rows: [CreateLabelInput!]!) { createLabels(input: $rows) { name } }"
    one, _ = blog.compile(text, {"rows": [{"name": "x"}]})
    rows = [{"name": f"{place}"} for place in range(100)]
    assert blog.run(one, {"rows": rows}) == {"createLabels": rows}


def test_a_version_is_good_once(blog: Writer) -> None:
    blog.refill()
    text = 'mutation ($v: String) { updateAuthor(id: 1, input: {name: "A"}, ifVersion: $v) { rowVersion } }'
    first = blog.data(text)["updateAuthor"]["rowVersion"]
    second = blog.data(text, {"v": first})["updateAuthor"]["rowVersion"]
    assert first != second
    with pytest.raises(KapokError) as caught:
        blog.data(text, {"v": first})
    assert caught.value.code == "CONFLICT"
    assert blog.data("mutation ($v: String) { deleteComment(id: 1, ifVersion: $v) }", {"v": None}) == {
        "deleteComment": True
    }
