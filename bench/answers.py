"""Whether a subject answers right, checked before anything is timed.

In: a subject and a workload. Out: nothing, or WrongAnswer naming the first difference. Keys may be numbers or strings
on the wire, and decimals strings or numbers, so scalars are compared as text. What a write answers is compared with the
row it was asked for, and both with the rows that are in the table then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench.ledger import Ledger, WrongAnswer
from bench.workloads import Variables, Workload, Written

#: Random inputs checked of each workload, besides the extremes.
CHECKED_INPUTS = 40


def normalised(value: Any) -> Any:
    """The same structure with every scalar but null and booleans as text."""
    if isinstance(value, Mapping):
        return {name: normalised(item) for name, item in value.items()}
    if isinstance(value, list):
        return [normalised(item) for item in value]
    return value if value is None or isinstance(value, bool) else str(value)


def check(name: str, workload: Workload, answer: Callable[[Variables], Any]) -> None:
    """Compare a subject's answers with the expected ones. Raises WrongAnswer."""
    for variables in [*workload.extremes(), *workload.inputs(CHECKED_INPUTS)]:
        found = difference(normalised(workload.expected(variables)), normalised(answer(variables)))
        if found:
            raise WrongAnswer(f"{name} answers {workload.name} {dict(variables)} wrong: {found}")


def check_writes(
    name: str, workload: Workload, written: Written, ledger: Ledger, answer: Callable[[Variables], Any]
) -> None:
    """Let a subject write some rows, and compare its answers and the table with them. Raises WrongAnswer."""
    ledger.empty(written.table)
    answered: list[dict[str, Any]] = []

    def without_key(variables: Variables) -> Any:
        [(field, row)] = answer(variables).items()
        answered.append(row)
        return {field: {column: value for column, value in row.items() if column != written.key}}

    check(name, workload, without_key)
    stored = ledger.rows(written.table, tuple(written.fields.values()))
    expected = [{field: row[column] for field, column in written.fields.items()} for row in stored]
    answered.sort(key=lambda row: int(row[written.key]))
    found = difference(normalised(expected), normalised(answered), written.table)
    if found:
        raise WrongAnswer(f"{name} did not write what it answers: {found}")


def difference(expected: Any, got: Any, path: str = "data") -> str | None:
    """The first place where two normalised answers differ, in words; None when they are equal."""
    if isinstance(expected, dict) and isinstance(got, dict) and expected.keys() == got.keys():
        pairs = ((f"{path}.{name}", item, got[name]) for name, item in expected.items())
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        pairs = ((f"{path}[{number}]", item, got[number]) for number, item in enumerate(expected))
    else:
        return None if expected == got else f"{path} should be {_short(expected)}, is {_short(got)}"
    return next((found for place, one, other in pairs if (found := difference(one, other, place))), None)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]}..."
