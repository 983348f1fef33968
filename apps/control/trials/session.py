"""A session in a tenant as its requests have one, whose transaction never commits.

In: compiled operations and who runs them. Out: their `data`, or the error a caller would get. It logs in as the
project's gateway and takes the tenant's role by the same preamble; at the end everything is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import orjson
import psycopg
from psycopg import pq

from apps.control.trials.desk import Compiled, Desk
from apps.tenants.owner import conninfo_of
from kapok.errors import KapokError
from kapok.execute.failures import STALE_PLAN, StatementFailed, public_error
from kapok.execute.session import LOGIN_OPTIONS, PREAMBLE, preamble_parameters
from kapok.identifiers import bind_schema
from kapok.principal import Principal
from kapok.query.write_operation import WriteOperation

REQUEST_ID = "trial"


class TrialSession:
    """Used as a context manager. Raises DATABASE_UNAVAILABLE."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        try:
            self._connection = psycopg.connect(
                conninfo_of(desk.ref.gateway_role),
                autocommit=True,
                options=LOGIN_OPTIONS,
                application_name="kapok trial",
            )
        except psycopg.OperationalError as exc:
            raise KapokError("DATABASE_UNAVAILABLE") from exc
        self._savepoints = 0

    def __enter__(self) -> Self:
        self._execute("begin")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()  # without a commit, that is a rollback

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside is undone at its end."""
        name = self._savepoint()
        try:
            yield
        finally:
            self._execute(f"rollback to savepoint {name}")

    def run(self, principal: Principal, compiled: Compiled) -> Any:
        """The `data` of an operation. What it changes stays until the transaction ends; a refused one changes nothing.
        Raises KapokError."""
        name, kept = self._savepoint(), False
        try:
            data = self._run(principal, compiled)
            # A read leaves the whole transaction read-only otherwise.
            kept = compiled.writes
        finally:
            self._execute(f"release savepoint {name}" if kept else f"rollback to savepoint {name}")
        return data

    def become(self, principal: Principal) -> None:
        """Everything a request of the principal has set, the tenant's role included."""
        self.fetch(PREAMBLE, preamble_parameters(self._desk.ref, principal, REQUEST_ID))

    def fetch(self, statement: str, parameters: Sequence[bytes | None]) -> list[list[bytes | None]]:
        """The rows of one statement with text-format parameters. Raises KapokError as a caller would see it."""
        result = self._connection.pgconn.exec_params(statement.encode(), list(parameters))
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            raise self._refusal(result)
        return [[result.get_value(row, column) for column in range(result.nfields)] for row in range(result.ntuples)]

    def _run(self, principal: Principal, compiled: Compiled) -> Any:
        self.become(principal)
        limits, schema = self._desk.ref.limits, self._desk.ref.schema
        operation = compiled.operation
        if isinstance(operation, WriteOperation):
            written = operation.bind(compiled.variables, limits.rows, principal.claims)
            rows = [
                self.fetch(bind_schema(statement.template, schema), bound)[0]
                for statement, bound in zip(operation.statements, written, strict=True)
            ]
            return orjson.loads(operation.data(rows))
        if not operation.template:
            return orjson.loads(operation.data([]))
        bound = operation.bind(compiled.variables, limits.rows, principal.claims)
        return orjson.loads(operation.data(self.fetch(bind_schema(operation.template, schema), bound)[0]))

    def _refusal(self, result: Any) -> KapokError:
        state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"XX000").decode()
        message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
        error = KapokError("DATABASE_ERROR") if state in STALE_PLAN else public_error(state)
        error.__cause__ = StatementFailed(state, message)
        return error

    def _savepoint(self) -> str:
        self._savepoints += 1
        name = f"kapok_{self._savepoints}"
        self._execute(f"savepoint {name}")
        return name

    def _execute(self, command: str) -> None:
        """Fixed words only."""
        result = self._connection.pgconn.exec_(command.encode())
        if result.status is not pq.ExecStatus.COMMAND_OK:
            raise self._refusal(result)
