"""What the rules make of a query: each part's verdict, the SQL, its plan, and why a row is hidden.

In: a tenant, as whom, a document. Out: an `Explanation`. The statement runs as the tenant's role through the gateway,
only to be planned (or, with analyze, run) in a transaction that is read-only and rolled back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Explanation:
    """role, lineage: as whom. errors: why the document is not run for the role: {message, line}.

    sql, parameters, plan: of the statement; empty where there is none. rows: what the role would get is not shown, only
    planned. data is never part of it.
    """

    role: str
    lineage: tuple[str, ...]
    claims: Mapping[str, Any]
    allowed: bool
    findings: tuple[Finding, ...] = ()
    errors: tuple[Mapping[str, Any], ...] = ()
    sql: str = ""
    parameters: tuple[str | None, ...] = ()
    plan: str = ""
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
        sql, parameters, plan = (
            _planned(desk, session, principal, compiled, analyze=analyze) if compiled else ("", (), "")
        )
    desk.tell(acting, principal.role, "explain")
    return Explanation(
        role=principal.role,
        lineage=desk.rules.lineage(principal.role),
        claims=principal.claims,
        allowed=not errors and all(item.verdict.allowed for item in found),
        findings=found,
        errors=tuple(errors),
        sql=sql,
        parameters=parameters,
        plan=plan,
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
) -> tuple[str, tuple[str | None, ...], str]:
    operation = compiled.operation
    if not operation.template:
        return "", (), ""
    statement = bind_schema(operation.template, desk.ref.schema)
    bound = operation.bind(compiled.variables, desk.ref.limits.rows, principal.claims)
    if analyze:
        desk.look(operation)
    words = "explain (analyze, buffers, format text) " if analyze else "explain (format text) "
    with session.undone():
        session.become(principal)
        lines = session.fetch(words + statement, bound)
    plan = "\n".join((line[0] or b"").decode() for line in lines)
    return statement, tuple(None if value is None else value.decode(errors="replace") for value in bound), plan
