"""What is sent for operations whose reads are recorded: their statements, and the record that ends the segment.

A case is recorded/<name>.graphql with <name>.sql, run as `service` on the hospital of tests/recorded.py. Run with
--update-golden to write the latter, then read the diff.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kapok.execute.segment import RecordedSegment
from kapok.query.read_record import RECORD
from kapok.query.write_operation import WriteOperation
from tests.golden.test_reads import formatted
from tests.recorded import ADDRESS, ROWS, TABLES, Ward, ward

CASES = Path(__file__).with_name("recorded")
TENANT = "00000000-0000-0000-0000-00000000000a"


@pytest.fixture(scope="module")
def hospitals() -> Iterator[dict[str, Ward]]:
    """The same tables, with and without keys."""
    url = os.environ["DATABASE_URL"]
    with (
        ward(url, TABLES, ROWS, {"patients": "true"}, "") as plain,
        ward(url, TABLES, ROWS, {"patients": "keys"}, "") as keyed,
    ):
        yield {"keys": keyed, "table": plain, "mutation": plain}


@pytest.mark.parametrize("case", sorted(path.stem for path in CASES.glob("*.graphql")))
def test_segment(case: str, hospitals: dict[str, Ward], update_golden: bool) -> None:
    operation, _ = hospitals[case].compile((CASES / f"{case}.graphql").read_text(), "service", {})
    assert operation.record is not None
    record = operation.record.parameters(TENANT, ADDRESS)
    if isinstance(operation, WriteOperation):
        templates = [*(statement.template for statement in operation.statements), RECORD]
    else:
        segment = RecordedSegment("t", operation.template, (), (), record, seconds=1, done=lambda _: None)
        templates = [template for template, _ in segment.statements]
        assert segment.statements[-1] == (RECORD, record)
    sent = "-- then\n".join(formatted(template) for template in templates)
    sent += "".join(f"-- ${number} = {value.decode()}\n" for number, value in enumerate(record, 1))
    golden = CASES / f"{case}.sql"
    if update_golden:
        golden.write_text(sent)
    assert golden.read_text() == sent
