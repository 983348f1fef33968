"""What is measured: anything that answers a workload and can be put under load.

In: where it runs. Out: `Server` (GraphQL over HTTP, loaded by wrk) and `Ceiling` (the bare SQL, loaded by pgbench).
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import psycopg
from psycopg.types.string import TextLoader

from bench import answers, load
from bench.ledger import Ledger, Row, WrongAnswer
from bench.workloads import Variables, Workload

#: Different requests posted in turn, so that caching answers would not pay.
INPUTS = 3000

_VARIABLE = re.compile(r"(?<!:):([a-z_]\w*)")


class Subject(Protocol):
    """name: for options and the machine; title: for people, with the version."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    def prove(self, workload: Workload) -> None:
        """Check the answers. Raises WrongAnswer."""

    def run(self, workload: Workload, seconds: float) -> load.Sample:
        """One timed run. Raises LoadFailed."""


@dataclass(frozen=True, slots=True)
class Server:
    """A GraphQL server.

    dialect: the file name of its documents. ledger: where it writes. credentials: the header that every request of a
    run carries, asked for before each run, because tokens expire. payloads: whether a mutation answers with an object
    around the row.
    """

    name: str
    title: str
    url: str
    dialect: str
    ledger: Ledger
    credentials: Callable[[], Mapping[str, str]] = dict
    payloads: bool = False

    def is_up(self) -> bool:
        """Whether it answers HTTP at all."""
        try:
            return httpx.post(self.url, json={"query": "{ __typename }"}).status_code == 200
        except httpx.TransportError:
            return False

    def prove(self, workload: Workload) -> None:
        """Check the answers, and what was written. Raises WrongAnswer."""
        with httpx.Client(headers=self.credentials()) as client:
            _prove(self.title, workload, self.ledger, lambda variables: self._post(client, workload, variables))

    def run(self, workload: Workload, seconds: float) -> load.Sample:
        """Load it with wrk."""
        inputs, query = workload.inputs(INPUTS), workload.query(self.dialect)
        bodies = (json.dumps({"query": query, "variables": variables}) for variables in inputs)
        headers = self.credentials()
        requests = [load.Request(self.url, headers, body) for body in bodies]
        expected = statistics.fmean(len(_compact(workload.expected(one))) for one in inputs[:200])
        sent = {tuple(one.values()) for one in inputs}
        # Answers are as long as the expected ones within the quotes around keys and the sampling of inputs.
        return _checked(
            self,
            workload,
            lambda: load.wrk(requests, seconds, least_bytes=expected * 0.7),
            lambda variables: tuple(variables.values()) in sent,
        )

    def _post(self, client: httpx.Client, workload: Workload, variables: Variables) -> Any:
        response = client.post(self.url, json={"query": workload.query(self.dialect), "variables": variables}).json()
        if response.get("errors"):
            raise WrongAnswer(f"{self.title} refuses {workload.name}: {response['errors']}")
        data = response["data"]
        if workload.written and self.payloads:
            return {field: row for field, payload in data.items() for row in payload.values()}
        return data


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `:name` for each variable, giving one row.

    constants: variables that do not come from the workload, with their values. data: the row (JSON as text) to the
    `data` object.
    """

    sql: str
    constants: Mapping[str, str]
    data: Callable[[Sequence[str | None]], Any]


class StatementOf(Protocol):
    """Where the ceiling's SQL comes from."""

    def __call__(self, workload: Workload) -> Statement: ...


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What Postgres alone does: the statement of each workload, prepared, by pgbench."""

    ledger: Ledger
    statement: StatementOf
    title: str
    name: str = "ceiling"

    def prove(self, workload: Workload) -> None:
        """Check the answers. Raises WrongAnswer."""
        statement = self.statement(workload)
        query = _VARIABLE.sub(r"%(\1)s", statement.sql.replace("%", "%%"))
        with psycopg.connect(self.ledger.url, autocommit=True) as connection:
            connection.adapters.register_loader("json", TextLoader)

            def answer(variables: Variables) -> Any:
                row = connection.execute(query, {**statement.constants, **variables}).fetchone()
                return statement.data(row or ())

            _prove(self.title, workload, self.ledger, answer)

    def run(self, workload: Workload, seconds: float) -> load.Sample:
        """Load it with pgbench."""
        statement = self.statement(workload)
        draws = [f"\\set {name} random({low}, {high})\n" for name, (low, high) in workload.ranges.items()]
        script = "".join([*draws, statement.sql])

        def was_sent(variables: Variables) -> bool:
            return all(low <= variables[name] <= high for name, (low, high) in workload.ranges.items())

        return _checked(
            self, workload, lambda: load.pgbench(self.ledger.url, script, seconds, statement.constants), was_sent
        )


def _prove(title: str, workload: Workload, ledger: Ledger, answer: Callable[[Variables], Any]) -> None:
    if workload.written:
        answers.check_writes(title, workload, workload.written, ledger, answer)
    else:
        answers.check(title, workload, answer)


def _checked(
    subject: Server | Ceiling,
    workload: Workload,
    run: Callable[[], load.Sample],
    was_sent: Callable[[Variables], bool],
) -> load.Sample:
    """A run; what it wrote is compared with what was sent. Raises LoadFailed, WrongAnswer."""
    written = workload.written
    if written is None:
        return run()
    subject.ledger.empty(written.table)
    sample = run()
    columns = tuple(written.fields.values())

    def is_right(row: Row) -> bool:
        variables = written.variables(row)
        [stored] = workload.expected(variables).values()
        return was_sent(variables) and all(row[written.fields[name]] == value for name, value in stored.items())

    subject.ledger.check_load(subject.title, written.table, columns, round(sample.answered), is_right)
    return sample


def _compact(value: Any) -> str:
    return json.dumps(answers.normalised(value), separators=(",", ":"))
