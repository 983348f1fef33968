"""A schema of a test's own that is read as a tenant is: through the real catalog, model, schema and compiler, under the
real preamble and as the tenant's role, over a plain connection.

In: SQL of the tables. Out: `Reader`: documents in, `data` objects (or KapokErrors and psycopg errors) out.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
from psycopg.pq import ExecStatus

from apps.graphql_api.compile import compile_operation
from apps.graphql_api.document import coerce_variables, parse_document
from apps.graphql_api.schema.graphene_types import ApiSchema, build_schema
from apps.graphql_api.schema.surface import build_surface
from kapok.catalog.introspect import introspect
from kapok.catalog.parse import parse
from kapok.execute.session import LOGIN_OPTIONS, PREAMBLE, preamble_parameters
from kapok.identifiers import bind_schema, schema_name
from kapok.model.build import build
from kapok.model.types import Model
from kapok.permissions.apply import visible
from kapok.permissions.rules import parse_permissions
from kapok.principal import Principal, PrincipalKind
from kapok.query.operation import Operation
from kapok.tenancy import Limits, TenantRef, TenantState

LIMITS = Limits(depth=30, aliases=10_000, document_bytes=10_000_000)


class Reader:
    """One tenant with one role's schema."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        tenant: TenantRef,
        api: ApiSchema,
        model: Model,
        role: str = "service",
        claims: Mapping[str, Any] | None = None,
    ) -> None:
        self.connection = connection
        self.tenant = tenant
        self.api = api
        self.model = model
        self.role = role
        self.claims = claims or {}

    def as_role(self, rules: str, role: str, claims: Mapping[str, Any] | None = None) -> Reader:
        """The same tenant as a role of these rules sees it."""
        model = visible(self.model, parse_permissions(rules), role)
        return Reader(self.connection, self.tenant, build_schema(build_surface(model)), model, role, claims)

    def compile(
        self, text: str, variables: Mapping[str, Any] | None = None, name: str | None = None
    ) -> tuple[Operation, dict[str, Any]]:
        """The operation of a document, and its coerced variables."""
        document = parse_document(text, self.api, LIMITS)
        operation = document.operation(name)
        coerced = coerce_variables(document, operation, variables or {})
        compiled = compile_operation(self.api, document, operation, coerced)
        assert isinstance(compiled, Operation)
        return compiled, coerced

    def data(self, text: str, variables: Mapping[str, Any] | None = None, *, row_cap: int = 1000) -> Any:
        """The `data` object of a document's answer."""
        operation, coerced = self.compile(text, variables)
        return orjson.loads(self.run(operation, coerced, row_cap))

    def run(self, operation: Operation, variables: Mapping[str, Any], row_cap: int = 1000) -> bytes:
        """The `data` object of an operation, as bytes. Raises psycopg.Error with the server's SQLSTATE."""
        if not operation.template:
            return operation.data([])
        principal = Principal(PrincipalKind.API_KEY, "key-1", self.tenant.id, self.role, self.claims)
        bound = operation.bind(variables, row_cap, principal.claims)
        # Within a transaction of the test's, what the preamble sets must be gone before the next read.
        with self.connection.transaction(force_rollback=True):
            self._execute(PREAMBLE, preamble_parameters(self.tenant, principal))
            row = self._execute(bind_schema(operation.template, self.tenant.schema), bound)
        return operation.data(row)

    def _execute(self, text: str, parameters: list[Any]) -> list[bytes | None]:
        result = self.connection.pgconn.exec_params(text.encode(), parameters)
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.errors.error_from_result(result)
        assert result.ntuples == 1, "a statement gives exactly one row"
        return [result.get_value(0, place) for place in range(result.nfields)]

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """What plain SQL says, with the tenant's schema in the search path and in UTC."""
        with self.connection.transaction():
            self.connection.execute(f"set local search_path = {self.tenant.schema}; set local timezone = 'UTC'")
            return self.connection.execute(text).fetchall()


@contextmanager
def reader(url: str, *scripts: str) -> Iterator[Reader]:
    """A tenant whose schema the scripts fill; gone afterwards. url: a superuser's."""
    tenant_id = uuid.uuid4()
    schema = schema_name(tenant_id)
    with psycopg.connect(url, autocommit=True, options=LOGIN_OPTIONS) as connection:
        connection.execute(f"create role {schema} nologin; create schema {schema}")
        try:
            connection.execute(f"set search_path = {schema}")
            for script in scripts:
                connection.execute(script)
            connection.execute(f"reset search_path; grant usage on schema {schema} to {schema}")
            connection.execute(f"grant select on all tables in schema {schema} to {schema}")
            tenant = TenantRef(tenant_id, "acme", uuid.uuid4(), schema, "gateway", TenantState.ACTIVE)
            model = build(parse(introspect(connection, schema)))
            yield Reader(connection, tenant, build_schema(build_surface(model)), model)
        finally:
            connection.execute(f"drop schema {schema} cascade; drop owned by {schema}; drop role {schema}")
