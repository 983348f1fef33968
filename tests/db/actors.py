"""Writing as a role, on a schema of a test's own (tests/writes.py): rules in, documents in, answers or refusals out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from psycopg.conninfo import make_conninfo

from apps.graphql_api.compile import compile_operation
from apps.graphql_api.document import coerce_variables, parse_document
from apps.graphql_api.schema.graphene_types import build_schema
from apps.graphql_api.schema.surface import build_surface
from kapok.errors import KapokError
from kapok.execute.pool import PoolSettings
from kapok.execute.run import Runner
from kapok.permissions.apply import visible
from kapok.permissions.rules import parse_permissions
from kapok.principal import Principal, PrincipalKind
from kapok.query.write_operation import WriteOperation
from tests.writes import LIMITS, Writer


class Stage:
    """A writer with connections that last. Its methods run on a loop of its own."""

    def __init__(self, writer: Writer, *, connections: int = 1) -> None:
        self.writer = writer
        self._loop = asyncio.Runner()
        conninfo = make_conninfo(writer._url, user=writer.tenant.gateway_role, password=writer._password)
        settings = PoolSettings(size=connections, spare=0)
        self.runner: Runner = self._loop.run(_started(conninfo, settings))

    def run(self, coroutine: Any) -> Any:
        """What it gives."""
        return self._loop.run(coroutine)

    def close(self) -> None:
        """Close the connections."""
        self._loop.run(self.runner.stop())
        self._loop.close()

    def actor(self, permissions: str, role: str, **claims: Any) -> Actor:
        """Somebody with a role."""
        return Actor(self, permissions, role, claims)


async def _started(conninfo: str, settings: PoolSettings) -> Runner:
    runner = Runner(lambda role: conninfo, settings)
    await runner.start()
    return runner


class Actor:
    """One role with its claims."""

    def __init__(self, stage: Stage, permissions: str, role: str, claims: Mapping[str, Any]) -> None:
        self._stage = stage
        self.model = visible(stage.writer.model, parse_permissions(permissions), role)
        self.api = build_schema(build_surface(self.model))
        self.principal = Principal(PrincipalKind.END_USER, "user-1", stage.writer.tenant.id, role, claims)

    def compile(self, text: str, variables: Mapping[str, Any] | None = None) -> tuple[WriteOperation, Any]:
        """The mutation of a document and its coerced variables."""
        document = parse_document(text, self.api, LIMITS)
        operation = document.operation(None)
        coerced = coerce_variables(document, operation, variables or {})
        compiled = compile_operation(self.api, document, operation, coerced)
        assert isinstance(compiled, WriteOperation)
        return compiled, coerced

    async def write(self, text: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The `data` object. Raises KapokError."""
        operation, coerced = self.compile(text, variables)
        bound = operation.bind(coerced, LIMITS.rows, self.principal.claims)
        tenant = self._stage.writer.tenant
        rows = await self._stage.runner.write(tenant, self.principal, "request-1", operation, bound)
        return orjson.loads(operation.data(rows))

    def data(self, text: str, variables: Mapping[str, Any] | None = None) -> Any:
        """As `write`, waited for."""
        return self._stage.run(self.write(text, variables))

    def refused(self, text: str, code: str, variables: Mapping[str, Any] | None = None) -> KapokError:
        """The error, with proof that nothing was written."""
        before = self._stage.writer.rows()
        try:
            answer = self.data(text, variables)
        except KapokError as error:
            assert self._stage.writer.rows() == before, "what is refused writes nothing"
            assert error.code == code, (error.code, error.message, error.details)
            return error
        raise AssertionError(f"not refused: {answer}")


@contextmanager
def stage(writer: Writer, *, connections: int = 1) -> Iterator[Stage]:
    """Connections for a test."""
    made = Stage(writer, connections=connections)
    try:
        yield made
    finally:
        made.close()
