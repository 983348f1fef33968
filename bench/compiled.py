"""The ceiling's SQL: what Kapok itself compiles the workloads to, as pgbench takes it.

In: the database, a schema with the bench's tables. Out: a `Statement` for each workload, for the role anon.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from apps.graphql_api.compile import compile_operation
from apps.graphql_api.document import coerce_variables, parse_document
from apps.graphql_api.schema.graphene_types import build_schema
from apps.graphql_api.schema.surface import build_surface
from bench.kapok_server import project_files
from bench.subjects import Statement, StatementOf
from bench.workloads import Variables, Workload
from kapok.catalog.introspect import introspect
from kapok.catalog.parse import parse
from kapok.identifiers import SCHEMA_MARK, quote_identifier
from kapok.model.build import build
from kapok.permissions.apply import visible
from kapok.permissions.rules import parse_permissions
from kapok.principal import ANON_ROLE
from kapok.query.write_operation import WriteOperation
from kapok.tenancy import Limits

_PLACEHOLDER = re.compile(r"\$(\d+)")


def compiled_statements(url: str, schema: str) -> StatementOf:
    """Compile as the web process does. schema: any, not only a tenant's."""
    with psycopg.connect(url) as connection:
        model = build(parse(introspect(connection, schema, connection.info.user)))
    api = build_schema(build_surface(visible(model, parse_permissions(project_files()[1]), ANON_ROLE)))
    limits = Limits()

    def statement(workload: Workload) -> Statement:
        document = parse_document(workload.query("kapok.graphql"), api, limits)
        node = document.operation(None)
        low, high = workload.extremes()
        coerced = [coerce_variables(document, node, dict(one)) for one in (low, high)]
        operation = compile_operation(api, document, node, coerced[0])
        if isinstance(operation, WriteOperation):
            # One statement writes and reads back; more would each take a round trip in pgbench.
            [only] = operation.statements
            template, bind = only.template, only.bind
        else:
            template, bind = operation.template, operation.bind
        bound = [bind(one, limits.rows, {}) for one in coerced]
        names, constants = _names(bound[0], bound[1], low, high)
        sql = _PLACEHOLDER.sub(lambda found: f":{names[int(found[1]) - 1]}", template)

        def data(row: Sequence[str | None]) -> Any:
            columns = [None if column is None else column.encode() for column in row]
            if isinstance(operation, WriteOperation):
                return json.loads(operation.data([columns]))
            return json.loads(operation.data(columns))

        return Statement(sql.replace(SCHEMA_MARK, quote_identifier(schema)), constants, data)

    return statement


def _names(
    low: Sequence[bytes | None], high: Sequence[bytes | None], low_variables: Variables, high_variables: Variables
) -> tuple[list[str], Mapping[str, str]]:
    """A name for each parameter: the variable that its two values are of, or one of its own for a constant."""
    variable_of = {(str(low_variables[name]), str(high_variables[name])): name for name in low_variables}
    names, constants = [], {}
    for number, (one, other) in enumerate(zip(low, high, strict=True), 1):
        assert one is not None and other is not None, "pgbench cannot bind NULL"
        pair = (one.decode(), other.decode())
        if one == other:
            constants[f"constant{number}"] = pair[0]
        names.append(variable_of[pair] if one != other else f"constant{number}")
    return names, constants
