"""Runs permission tests on a tenant: each in a transaction that is rolled back.

In: a tenant, the rules to test, expectations. Out: a `Result` for each, in order.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from apps.control.trials.desk import Compiled, Desk
from apps.control.trials.people import check_role, principal_for
from apps.control.trials.session import TrialSession
from apps.graphql_api.document import DocumentInvalid, parse_document
from apps.tenants.acting import Actor
from kapok.errors import REGISTRY, KapokError
from kapok.permissions.expectations import Expectation, Expected, Step
from kapok.permissions.rules import SERVICE_ROLE
from kapok.principal import Principal

#: Codes that mean "not for you"; a document that is wrong for everybody is told apart from them.
REFUSALS = frozenset({"FORBIDDEN", "GRAPHQL_VALIDATION_FAILED"})
#: Characters of an answer that a message shows.
MAX_SHOWN = 600


class Outcome(StrEnum):
    """broken: the test itself is wrong, so it says nothing about the rules."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Result:
    """message: what was expected and what came; "" when passed. ms: how long it took."""

    name: str
    file: str
    line: int
    outcome: Outcome
    message: str
    ms: float


class _Failed(Exception):
    """An expectation is not met."""


class _Broken(Exception):
    """The test cannot say anything."""


def run_tests(desk: Desk, tests: Sequence[Expectation], *, acting: Actor) -> list[Result]:
    """All of them, in one connection. acting: who runs them; recorded where the project wants that of a table that is
    read. Raises DATABASE_UNAVAILABLE."""
    with TrialSession(desk) as session:
        results = [_result(desk, session, test) for test in tests]
    desk.tell(acting, "", "permission tests")
    return results


def _result(desk: Desk, session: TrialSession, test: Expectation) -> Result:
    started = time.perf_counter()
    outcome, message = Outcome.PASSED, ""
    try:
        with session.undone():
            _run(desk, session, test)
    except _Failed as failed:
        outcome, message = Outcome.FAILED, str(failed)
    except _Broken as broken:
        outcome, message = Outcome.BROKEN, str(broken)
    return Result(test.name, test.file, test.line, outcome, message, (time.perf_counter() - started) * 1000)


def _run(desk: Desk, session: TrialSession, test: Expectation) -> None:
    service = principal_for(desk.tenant, SERVICE_ROLE, None, {})
    for number, document in enumerate(test.setup, start=1):
        answer = _Answer.of(desk, session, service, document, {})
        if answer.error:
            raise _Broken(f"setup {number}: {answer.error}: {answer.message}")
    for number, step in enumerate(test.steps):
        try:
            _check(desk, session, step)
        except _Failed as failed:
            raise _Failed(f"then {number}: {failed}" if number else str(failed)) from failed


def _check(desk: Desk, session: TrialSession, step: Step) -> None:
    person = step.person
    try:
        check_role(desk.rules, person.role)
    except KapokError as error:
        raise _Broken(error.message) from error
    principal = principal_for(desk.tenant, person.role, person.sub, person.claims)
    answer = _Answer.of(desk, session, principal, step.document, step.variables)
    if answer.invalid is not None:
        _must_mean_something(desk, step, answer.invalid)
    for problem in _problems(step.expected, answer):
        raise _Failed(problem)


@dataclass(frozen=True, slots=True)
class _Answer:
    """data, or the code and the words of an error. invalid: why the document does not fit the role's schema."""

    data: Any = None
    error: str = ""
    message: str = ""
    invalid: DocumentInvalid | None = None

    @classmethod
    def of(
        cls, desk: Desk, session: TrialSession, principal: Principal, document: str, variables: Mapping[str, Any]
    ) -> _Answer:
        try:
            compiled: Compiled = desk.compile(principal.role, document, variables)
            desk.look(compiled.operation)
            return cls(session.run(principal, compiled))
        except DocumentInvalid as invalid:
            return cls(error=invalid.code, message=invalid.errors[0]["message"], invalid=invalid)
        except KapokError as error:
            return cls(error=error.code, message=error.message)


def _must_mean_something(desk: Desk, step: Step, refused: DocumentInvalid) -> None:
    """A misspelt field must not pass for a refusal: something must be wrong here that is right for `service`."""
    try:
        parse_document(step.document, desk.schema(SERVICE_ROLE), desk.ref.limits)
    except DocumentInvalid as invalid:
        wrong_for_all = {_complaint(error) for error in invalid.errors}
        if all(_complaint(error) in wrong_for_all for error in refused.errors):
            raise _Broken(f"The document is wrong for everybody: {refused.errors[0]['message']}") from invalid


def _complaint(error: Mapping[str, Any]) -> tuple[str, str]:
    """Where, and what, without the names that are suggested to a role."""
    return str(error.get("locations")), str(error["message"]).partition(" Did you mean")[0]


def _problems(expected: Expected, answer: _Answer) -> Iterator[str]:
    came = f"{answer.error}: {answer.message}" if answer.error else _shown(answer.data)
    if expected.error is not None:
        if expected.error not in REGISTRY:
            raise _Broken(f"There is no error code {expected.error}.")
        if answer.error != expected.error:
            yield f"expected the error {expected.error}\ncame     {came}"
        return
    if expected.denied:
        if answer.error not in REFUSALS and (answer.error or not _is_nothing(answer.data)):
            yield f"expected to be denied\ncame     {came}"
        return
    if answer.error:
        yield f"expected an answer\ncame     {came}"
        return
    if expected.data is not None and answer.data != expected.data:
        yield f"expected {_shown(expected.data)}\ncame     {came}"
    for key, count in (expected.rows or {}).items():
        if key not in answer.data:
            raise _Broken(f"The answer has no {key!r}: {came}")
        if _count(answer.data[key]) != count:
            yield f"expected {count} rows of {key}\ncame     {_count(answer.data[key])}: {_shown(answer.data[key])}"


def _is_nothing(data: Any) -> bool:
    """No row was found and none was changed: null, false, 0 and empty lists."""
    return all(value in (None, False) or _count(value) == 0 for value in data.values())


def _count(value: Any) -> int:
    """Rows of a list or connection, a count of changed rows, 1 for an object."""
    match value:
        case None | False:
            return 0
        case True:
            return 1
        case int():
            return value
        case list():
            return len(value)
        case {"edges": list(rows)} | {"nodes": list(rows)}:
            return len(rows)
        case _:
            return 1


def _shown(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
