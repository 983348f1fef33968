"""What the rules make of a document: each part's verdict, the SQL, its plans, and why a row is hidden.

In: a tenant, as whom, a document. Out: an `Explanation`. The statements go through the gateway as the tenant's role,
only to be planned (or, a query with analyze, run) in a transaction that is read-only and rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import GraphQLSyntaxError, parse

from apps.control.trials.desk import Compiled, Desk
from apps.control.trials.findings import Finding, findings
from apps.control.trials.hidden_row import RowReport, row_report
from apps.control.trials.judge import Judge
from apps.control.trials.session import TrialSession
from apps.graphql_api.document import MAX_TOKENS, DocumentInvalid, parse_document
from apps.tenants.acting import Actor
from apps.tenants.models import Tenant
from kapok.errors import KapokError
from kapok.identifiers import bind_schema
from kapok.permissions.rules import SERVICE_ROLE
from kapok.principal import Principal
from kapok.query.write_operation import WriteOperation

#: Where statements leave the keys of their rows to later ones (kapok.query.kept): no rows, while nothing is run.
_KEPT = re.compile(r"'(kapok\.w\d+)'")
#: What holds of the plans of a mutation, to be shown with them.
UNTOLD = (
    "Nothing was run. Each statement is planned with the rows as they are now: what those before it would write, and "
    "the triggers, foreign keys and constraints that run besides, are in none of these plans."
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A statement. of: where in the document its rows come from, "" for all of it. table: which it writes to, or "".
    problem: why Postgres has no plan for it, as whoever ran it would be told."""

    of: str
    table: str
    sql: str
    parameters: tuple[str | None, ...]
    plan: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """role, lineage: as whom. errors: why the document is not run for the role: {message, line}.

    statements: in the order they would run: one for a query, those of a mutation, none where nothing would run. note:
    what their plans do not tell. Data is never part of it.
    """

    role: str
    lineage: tuple[str, ...]
    claims: Mapping[str, Any]
    allowed: bool
    findings: tuple[Finding, ...] = ()
    errors: tuple[Mapping[str, Any], ...] = ()
    statements: tuple[Planned, ...] = ()
    note: str = ""
    row: RowReport | None = field(default=None)


def explain(
    tenant: Tenant,
    principal: Principal,
    document: str,
    variables: Mapping[str, Any],
    *,
    acting: Actor,
    analyze: bool = False,
    row: str | None = None,
) -> Explanation:
    """document: "" to look at a row only. acting: who looks; recorded where the project wants that of a table that is
    really read. Raises VALIDATION_FAILED, INVALID_STATE, DATABASE_UNAVAILABLE."""
    desk = Desk(tenant)
    found: tuple[Finding, ...] = ()
    errors: list[Mapping[str, Any]] = []
    compiled: Compiled | None = None
    if document.strip():
        found, errors = _findings(desk, principal.role, document, variables)
        compiled, refusals = _compiled(desk, principal.role, document, variables)
        errors = errors or refusals
    with TrialSession(desk) as session:
        report = row_report(desk, session, principal, row) if row else None
        statements = tuple(_planned(desk, session, principal, compiled, analyze=analyze)) if compiled else ()
    desk.tell(acting, principal.role, "explain")
    return Explanation(
        role=principal.role,
        lineage=desk.rules.lineage(principal.role),
        claims=principal.claims,
        allowed=not errors and all(item.verdict.allowed for item in found),
        findings=found,
        errors=tuple(errors),
        statements=statements,
        note=UNTOLD if compiled is not None and compiled.writes else "",
        row=report,
    )


def _findings(
    desk: Desk, role: str, document: str, variables: Mapping[str, Any]
) -> tuple[tuple[Finding, ...], list[Mapping[str, Any]]]:
    """What the rules say, or what is wrong with the document whoever asks."""
    everything = desk.schema(SERVICE_ROLE)
    try:
        parse_document(document, everything, desk.ref.limits)
        ast = parse(document, max_tokens=MAX_TOKENS)
    except DocumentInvalid as invalid:
        return (), [_error(error) for error in invalid.errors]
    except GraphQLSyntaxError as error:
        return (), [{"message": error.message, "line": None}]
    return tuple(findings(everything, ast, variables, Judge(desk.rules, role))), []


def _compiled(
    desk: Desk, role: str, document: str, variables: Mapping[str, Any]
) -> tuple[Compiled | None, list[Mapping[str, Any]]]:
    try:
        return desk.compile(role, document, variables), []
    except DocumentInvalid as invalid:
        return None, [_error(error) for error in invalid.errors]
    except KapokError as error:
        return None, [{"message": error.message, "line": None}]


def _error(error: Mapping[str, Any]) -> Mapping[str, Any]:
    locations = error.get("locations") or [{}]
    return {"message": error["message"], "line": locations[0].get("line")}


def _planned(
    desk: Desk, session: TrialSession, principal: Principal, compiled: Compiled, *, analyze: bool
) -> Iterator[Planned]:
    operation, given = compiled.operation, (compiled.variables, desk.ref.limits.rows, principal.claims)
    if isinstance(operation, WriteOperation):
        if analyze:
            raise KapokError("VALIDATION_FAILED", "A mutation is planned and never run: ask without `analyze`.")
        for statement, values in zip(operation.statements, operation.bind(*given), strict=True):
            of = ".".join(str(step) for step in statement.origin.path())
            planned = Planned(of, statement.table or "", *_told(desk, statement.template, values), plan="")
            try:
                plan = _plan(session, principal, planned.sql, values)
            except KapokError as error:  # the other statements may have one
                yield replace(planned, problem=error.message)
            else:
                yield replace(planned, plan=plan)
    elif operation.template:
        if analyze:
            desk.look(operation)
        values = operation.bind(*given)
        sql, parameters = _told(desk, operation.template, values)
        yield Planned("", "", sql, parameters, _plan(session, principal, sql, values, analyze=analyze))


def _told(desk: Desk, template: str, values: Sequence[bytes | None]) -> tuple[str, tuple[str | None, ...]]:
    parameters = tuple(None if value is None else value.decode(errors="replace") for value in values)
    return bind_schema(template, desk.ref.schema), parameters


def _plan(
    session: TrialSession, principal: Principal, sql: str, values: Sequence[bytes | None], *, analyze: bool = False
) -> str:
    words = "explain (analyze, buffers, format text) " if analyze else "explain (format text) "
    with session.undone():
        # Read-only, for a mutation too: Postgres plans what it would refuse to run.
        session.become(principal)
        for name in sorted(set(_KEPT.findall(sql))):
            session.fetch("select pg_catalog.set_config($1, '[]', true)", [name.encode()])
        lines = session.fetch(words + sql, values)
    return "\n".join((line[0] or b"").decode() for line in lines)
