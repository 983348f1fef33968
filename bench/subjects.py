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
    """A GraphQL server. dialect: the file name of its documents. key: the API key, "" for none."""

    name: str
    title: str
    url: str
    dialect: str
    key: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"apikey": self.key} if self.key else {}

    def is_up(self) -> bool:
        """Whether it answers HTTP at all."""
        try:
            return httpx.post(self.url, json={"query": "{ __typename }"}, headers=self.headers).status_code == 200
        except httpx.TransportError:
            return False

    def prove(self, workload: Workload) -> None:
        """Check the answers. Raises WrongAnswer."""
        with httpx.Client(headers=self.headers) as client:
            answers.check(self.title, workload, lambda variables: self._post(client, workload, variables))

    def run(self, workload: Workload, seconds: float) -> load.Sample:
        """Load it with wrk."""
        inputs, query = workload.inputs(INPUTS), workload.query(self.dialect)
        bodies = (json.dumps({"query": query, "variables": variables}) for variables in inputs)
        requests = [load.Request(self.url, self.key, body) for body in bodies]
        expected = statistics.fmean(len(_compact(workload.expected(one))) for one in inputs[:200])
        # Answers are as long as the expected ones within the quotes around keys and the sampling of inputs.
        return load.wrk(requests, seconds, least_bytes=expected * 0.7)

    def _post(self, client: httpx.Client, workload: Workload, variables: Variables) -> Any:
        response = client.post(self.url, json={"query": workload.query(self.dialect), "variables": variables}).json()
        if response.get("errors"):
            raise answers.WrongAnswer(f"{self.title} refuses {workload.name}: {response['errors']}")
        return response["data"]


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

    conninfo: str
    statement: StatementOf
    title: str
    name: str = "ceiling"

    def prove(self, workload: Workload) -> None:
        """Check the answers. Raises WrongAnswer."""
        statement = self.statement(workload)
        query = _VARIABLE.sub(r"%(\1)s", statement.sql.replace("%", "%%"))
        with psycopg.connect(self.conninfo) as connection:
            connection.adapters.register_loader("json", TextLoader)

            def answer(variables: Variables) -> Any:
                row = connection.execute(query, {**statement.constants, **variables}).fetchone()
                return statement.data(row or ())

            answers.check(self.title, workload, answer)

    def run(self, workload: Workload, seconds: float) -> load.Sample:
        """Load it with pgbench."""
        statement = self.statement(workload)
        draws = [f"\\set {name} random({low}, {high})\n" for name, (low, high) in workload.ranges.items()]
        return load.pgbench(self.conninfo, "".join([*draws, statement.sql]), seconds, statement.constants)


def _compact(value: Any) -> str:
    return json.dumps(answers.normalised(value), separators=(",", ":"))
