"""A session in a tenant as its requests have one, whose transaction never commits.

In: compiled operations and who runs them. Out: their `data`, or the error a caller would get. It logs in as the
project's gateway and takes the tenant's role by the same preamble; at the end everything is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import orjson
import psycopg
from psycopg import pq

from apps.control.trials.desk import Compiled, Desk
from apps.tenants.owner import conninfo_of
from kapok.errors import KapokError
from kapok.execute.connection import statement_failed
from kapok.execute.failures import STALE_PLAN, StatementFailed, public_error
from kapok.execute.session import (
    LOGIN_OPTIONS,
    PREAMBLE,
    WRITE_PREAMBLE,
    preamble_parameters,
    write_preamble_parameters,
)
from kapok.execute.write_failures import write_error
from kapok.identifiers import bind_schema
from kapok.principal import Principal
from kapok.query.write_operation import WriteOperation

REQUEST_ID = "trial"


class TrialSession:
    """Used as a context manager. Raises DATABASE_UNAVAILABLE."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._savepoints = 0
        self._connection: psycopg.Connection[Any] = _connect(desk.ref.gateway_role)

    def __enter__(self) -> Self:
        try:
            self._execute("begin")
        except KapokError:
            self._connection.close()
            raise
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

    def become(self, principal: Principal, *, writes: bool = False) -> None:
        """Everything a request of the principal has set, the tenant's role included."""
        # The preamble of a write insists on a session as it logged in.
        self._execute("set local statement_timeout = 0")
        if writes:
            self.fetch(WRITE_PREAMBLE, write_preamble_parameters(self._desk.ref, principal, REQUEST_ID))
        else:
            self.fetch(PREAMBLE, preamble_parameters(self._desk.ref, principal))

    def fetch(self, statement: str, parameters: Sequence[bytes | None]) -> list[list[bytes | None]]:
        """The rows of one statement with text-format parameters. Raises KapokError as a caller would see it."""
        try:
            return self._fetch(statement, parameters)
        except StatementFailed as failure:
            raise _public(failure) from failure

    def _fetch(self, statement: str, parameters: Sequence[bytes | None]) -> list[list[bytes | None]]:
        result = self._connection.pgconn.exec_params(statement.encode(), list(parameters))
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            raise statement_failed(result)
        return [[result.get_value(row, column) for column in range(result.nfields)] for row in range(result.ntuples)]

    def _run(self, principal: Principal, compiled: Compiled) -> Any:
        limits, operation = self._desk.ref.limits, compiled.operation
        if isinstance(operation, WriteOperation):
            return orjson.loads(operation.data(self._written(principal, operation, compiled.variables)))
        if not operation.template:
            return orjson.loads(operation.data([]))
        self.become(principal)
        bound = operation.bind(compiled.variables, limits.rows, principal.claims)
        return orjson.loads(operation.data(self.fetch(self._bound(operation.template), bound)[0]))

    def _written(
        self, principal: Principal, operation: WriteOperation, variables: Mapping[str, Any]
    ) -> list[list[bytes | None]]:
        """The row of each statement; then what is put off to the commit is checked."""
        rows: list[list[bytes | None]] = []
        bound = operation.bind(variables, self._desk.ref.limits.rows, principal.claims)
        try:
            for statement, parameters in zip(operation.statements, bound, strict=True):
                # Before each, because a trigger may have changed what was set.
                self.become(principal, writes=True)
                rows += self._fetch(self._bound(statement.template), parameters)
            with self.undone():
                self._fetch("set constraints all immediate", ())
        except StatementFailed as failure:
            if failure.sqlstate in STALE_PLAN:
                raise _public(failure) from failure
            raise write_error(failure, operation, len(rows)) from failure
        return rows

    def _bound(self, template: str) -> str:
        return bind_schema(template, self._desk.ref.schema)

    def _savepoint(self) -> str:
        self._savepoints += 1
        name = f"kapok_{self._savepoints}"
        self._execute(f"savepoint {name}")
        return name

    def _execute(self, command: str) -> None:
        """Fixed words only."""
        result = self._connection.pgconn.exec_(command.encode())
        if result.status != pq.ExecStatus.COMMAND_OK:
            failure = statement_failed(result)
            raise _public(failure) from failure


def _public(failure: StatementFailed) -> KapokError:
    """What a caller would see; tables that have just changed are nothing to wait for here."""
    return KapokError("DATABASE_ERROR") if failure.sqlstate in STALE_PLAN else public_error(failure.sqlstate)


def _connect(gateway: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(
            conninfo_of(gateway), autocommit=True, options=LOGIN_OPTIONS, application_name="kapok trial"
        )
    except psycopg.OperationalError as exc:
        raise KapokError("DATABASE_UNAVAILABLE") from exc
