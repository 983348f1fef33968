"""A schema of a test's own that is written as a tenant is: through the real catalog, model, schema, compiler and
runner, as the tenant's role over the gateway's login.

In: SQL of the tables and of their rows. Out: `Writer`: documents in, `data` objects or KapokErrors out.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import make_conninfo

from apps.graphql_api.compile import compile_operation
from apps.graphql_api.document import coerce_variables, parse_document
from apps.graphql_api.schema.graphene_types import ApiSchema, build_schema
from apps.graphql_api.schema.surface import build_surface
from kapok.catalog.introspect import introspect
from kapok.catalog.parse import parse
from kapok.execute.pool import PoolSettings
from kapok.execute.run import Runner
from kapok.identifiers import gateway_role, schema_name
from kapok.model.build import build
from kapok.model.types import Model
from kapok.principal import Principal, PrincipalKind
from kapok.query.write_operation import WriteOperation
from kapok.tenancy import Limits, TenantRef, TenantState

REFUSALS = Path(__file__).parents[1] / "apps/tenants/sql/refusals.sql"
LIMITS = Limits(depth=30, aliases=10_000, document_bytes=10_000_000)


class Writer:
    """One tenant. refill: SQL that brings its rows back."""

    def __init__(self, url: str, password: str, tenant: TenantRef, refill: str) -> None:
        self._url = url
        self._password = password
        self._refill = refill
        self.tenant = tenant
        self.model: Model
        self.api: ApiSchema

    def read_model(self) -> None:
        """Take the tables as they are now."""
        with psycopg.connect(self._url) as connection:
            self.model = build(parse(introspect(connection, self.tenant.schema)))
        self.api = build_schema(build_surface(self.model))

    def compile(
        self, text: str, variables: Mapping[str, Any] | None = None, name: str | None = None
    ) -> tuple[WriteOperation, dict[str, Any]]:
        """The mutation of a document, and its coerced variables."""
        document = parse_document(text, self.api, LIMITS)
        operation = document.operation(name)
        coerced = coerce_variables(document, operation, variables or {})
        compiled = compile_operation(self.api, document, operation, coerced)
        assert isinstance(compiled, WriteOperation)
        return compiled, coerced

    def data(self, text: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The `data` object of a mutation's answer. Raises KapokError."""
        operation, coerced = self.compile(text, variables)
        return self.run(operation, coerced)

    def run(self, operation: WriteOperation, variables: Mapping[str, Any], role: str = "service") -> Any:
        """The `data` object of a compiled mutation."""
        principal = Principal(PrincipalKind.API_KEY, "key-1", self.tenant.id, role)
        bound = operation.bind(variables, LIMITS.rows, principal.claims)
        rows = asyncio.run(self._write(principal, operation, bound))
        return orjson.loads(operation.data(rows))

    async def _write(self, principal: Principal, operation: WriteOperation, bound: Any) -> Any:
        conninfo = make_conninfo(self._url, user=self.tenant.gateway_role, password=self._password)
        runner = Runner(lambda role: conninfo, PoolSettings(size=1, spare=0, slots=3))
        await runner.start()
        try:
            return await runner.write(self.tenant, principal, "request-1", operation, bound)
        finally:
            await runner.stop()

    def refill(self) -> None:
        """The rows tests begin with."""
        self.execute(self._refill)

    def execute(self, statements: str) -> None:
        """Plain SQL in the tenant's schema."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"set search_path = {self.tenant.schema}")
            connection.execute(statements)

    def rows(self) -> dict[str, list[Any]]:
        """Each table's rows as JSON, in a fixed order."""
        found = {}
        with psycopg.connect(self._url, autocommit=True, options="-c timezone=UTC") as connection:
            for table in self.model.tables:
                name = f"{self.tenant.schema}.{table.name}"
                text = f'select to_jsonb(t) from {name} t order by to_jsonb(t)::text collate "C"'
                found[table.name] = [row[0] for row in connection.execute(text)]
        return found


@contextmanager
def writer(url: str, tables: str, rows: str) -> Iterator[Writer]:
    """A tenant whose schema `tables` makes and `rows` fills; gone afterwards. url: a superuser's."""
    tenant_id, project_id, password = uuid.uuid4(), uuid.uuid4(), uuid.uuid4().hex
    schema, gateway = schema_name(tenant_id), gateway_role(project_id)
    tenant = TenantRef(tenant_id, "acme", project_id, schema, gateway, TenantState.ACTIVE, LIMITS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(REFUSALS.read_text())
        connection.execute(
            f"create role {schema} nologin; create role {gateway} login noinherit password '{password}';"
            f"grant {schema} to {gateway}; create schema {schema}"
        )
        try:
            made = Writer(url, password, tenant, rows)
            made.execute(tables)
            connection.execute(
                f"grant usage on schema {schema} to {schema};"
                f"grant select, insert, update, delete on all tables in schema {schema} to {schema};"
                f"grant usage on all sequences in schema {schema} to {schema}"
            )
            made.read_model()
            made.refill()
            yield made
        finally:
            connection.execute(
                f"drop schema {schema} cascade; drop owned by {schema}; drop role {schema}; drop role {gateway}"
            )
