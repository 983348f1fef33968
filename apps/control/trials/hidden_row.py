"""Why somebody does not see a row: each grant's condition, part by part, on that very row.

In: a session as that somebody, a table and the row's primary key. Out: a `RowReport`. The conditions are evaluated in
the tenant's role with the person's claims; whether the row exists at all is asked as the tenant's owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from apps.control.trials.desk import Desk
from apps.control.trials.judge import Judge
from apps.control.trials.session import TrialSession
from apps.tenants.owner import connect_as_owner
from apps.tenants.provisioning import names_of
from kapok.errors import KapokError
from kapok.identifiers import bind_schema
from kapok.model.types import Column, Table
from kapok.permissions.closing import closed
from kapok.permissions.document import did_you_mean
from kapok.permissions.matrix import Grant, Operation
from kapok.permissions.predicates import RuleProblem, predicate
from kapok.permissions.rules import SERVICE_ROLE
from kapok.permissions.wording import as_text
from kapok.principal import Principal
from kapok.query.aliases import Aliases
from kapok.query.binding import binder_of
from kapok.query.fragments import Parameter, Sql, column, join, render, sql
from kapok.query.source import condition, table_source
from kapok.query.values import Given, Literal

#: Conditions looked at in one report.
MAX_PARTS = 200


@dataclass(frozen=True, slots=True)
class Part:
    """A condition or a part of one. met: None for null, which counts as not met. parts: what it is made of."""

    text: str
    met: bool | None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class GrantReport:
    """One rule. shows: whether it shows the row."""

    rule: str
    line: int | None
    own: bool
    shows: bool
    condition: Part | None


@dataclass(frozen=True, slots=True)
class RowReport:
    """visible: to the person. exists: at all. by_database: the project's own row-level security hides it."""

    table: str
    key: tuple[str, ...]
    exists: bool
    visible: bool
    by_database: bool
    summary: str
    grants: tuple[GrantReport, ...] = ()


def row_report(desk: Desk, session: TrialSession, principal: Principal, wanted: str) -> RowReport:
    """wanted: `<table>:<key>`, the values of a composite key with commas. Raises VALIDATION_FAILED."""
    table, key, values = _row_of(desk, wanted)
    text = tuple(values)
    with session.undone():
        session.become(principal)
        if not _exists(desk, table, key, values):
            return RowReport(table.name, text, False, False, False, "There is no such row.")
        if not _one(session, desk, principal, table, key, values, [sql("true")]):
            summary = "The project's own row-level security (or a missing privilege) hides it from every request."
            return RowReport(table.name, text, True, False, True, summary)
        if principal.role == SERVICE_ROLE:
            return RowReport(table.name, text, True, True, False, "service sees every row.")
        look = _Look(desk, session, principal, table, key, values)
        grants = tuple(
            look.grant(grant) for grant in Judge(desk.rules, principal.role).grants(table.name, Operation.SELECT)
        )
    shown = any(grant.shows for grant in grants)
    return RowReport(table.name, text, True, shown, False, _summary(grants, principal.role, table.name), grants)


def _summary(grants: Sequence[GrantReport], role: str, table: str) -> str:
    showing = [grant for grant in grants if grant.shows]
    if showing:
        return f"{showing[0].rule} shows it."
    if not grants:
        return f"No rule lets {role} read {table}."
    return "It is hidden: no rule's condition is met."


class _Look:
    """The row, and what is asked of it."""

    def __init__(
        self,
        desk: Desk,
        session: TrialSession,
        principal: Principal,
        table: Table,
        key: Sequence[Column],
        values: Sequence[str],
    ) -> None:
        self._ask = lambda pieces: _one(session, desk, principal, table, key, values, pieces)
        self._desk = desk
        self._table = table
        self._parts = 0

    def grant(self, grant: Grant) -> GrantReport:
        rule = f"tables.{self._table.name}.{grant.role}.select"
        if grant.where is None:
            return GrantReport(rule, grant.line, grant.own, True, None)
        looked = self._part(grant.where)
        return GrantReport(rule, grant.line, grant.own, looked.met is True, looked)

    def _part(self, data: Any) -> Part:
        """A condition with its parts: of `and`, `or`, and of several names in one object."""
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise KapokError("QUERY_TOO_COMPLEX", f"The rules hold more than {MAX_PARTS} conditions.")
        return Part(as_text(data), self._met(data), tuple(self._part(item) for item in _split(data)))

    def _met(self, data: Any) -> bool | None:
        try:
            expression = predicate(self._desk.model, self._table, data, "where")
        except RuleProblem:
            return None
        if expression is None:
            return True
        [met] = self._ask([closed(expression)])
        return None if met is None else met == b"t"


def _split(data: Any) -> list[Any]:
    if not isinstance(data, Mapping):
        return []
    if len(data) > 1:
        return [{name: value} for name, value in data.items()]
    [(name, value)] = data.items() if data else [("", None)]
    if name in ("and", "or") and isinstance(value, list):
        return list(value)
    return [value] if name == "not" else []


def _one(
    session: TrialSession,
    desk: Desk,
    principal: Principal,
    table: Table,
    key: Sequence[Column],
    values: Sequence[str],
    pieces: Sequence[Any],
) -> list[bytes | None]:
    """What is asked of the row, [] where it cannot be seen. pieces: conditions, or SQL."""
    aliases = Aliases()
    source = table_source(table, aliases)
    asked = [piece if isinstance(piece, Sql) else condition(piece, source.alias, aliases) for piece in pieces]
    same = _same(source.alias, key, values)
    fragment = sql(
        "select ", join(", ", [sql("(", piece, ")::bool::text") for piece in asked]),
        " from ", source.tables, " where ", join(" and ", same),
    )  # fmt: skip
    text, parameters = render(fragment)
    desk.look(text)
    bound = binder_of(parameters)({}, desk.ref.limits.rows, principal.claims)
    rows = session.fetch(bind_schema(text, desk.ref.schema), bound)
    return [None if value is None else value[:1] for value in rows[0]] if rows else []


def _same(alias: str, key: Sequence[Column], values: Sequence[str]) -> list[Sql]:
    """The row's key, each value in the text form of its column's type."""
    return [
        sql(column(alias, one.name), " = ", Parameter(Given(Literal(value)), one.type.name.sql()))
        for one, value in zip(key, values, strict=True)
    ]


def _exists(desk: Desk, table: Table, key: Sequence[Column], values: Sequence[str]) -> bool:
    """Whether there is such a row, asked as the owner of the tables, in a session of its own."""
    source = table_source(table, Aliases())
    same = join(" and ", _same(source.alias, key, values))
    text, parameters = render(sql("select exists (select from ", source.tables, " where ", same, ")"))
    desk.look(text)
    given = [str(parameter.value.source.data) for parameter in parameters]  # type: ignore[attr-defined]
    try:
        with connect_as_owner(names_of(desk.tenant)) as connection:
            connection.execute("set default_transaction_read_only = on")
            connection.execute(f"set statement_timeout = {desk.ref.limits.statement_ms:d}")
            row = psycopg.RawCursor(connection).execute(bind_schema(text, desk.ref.schema), given).fetchone()
    except psycopg.DataError as exc:
        raise _refused("A value does not fit the type of its column.") from exc
    except psycopg.Error as exc:
        raise KapokError("DATABASE_ERROR") from exc
    return bool(row and row[0])


def _row_of(desk: Desk, wanted: str) -> tuple[Table, Sequence[Column], list[str]]:
    name, separator, given = wanted.partition(":")
    known = {table.name: table for table in desk.model.tables}
    table = known.get(name)
    if table is None or not separator:
        hint = did_you_mean(name, known)
        raise _refused(
            f"Name a row as <table>:<key>; there is no table {name[:63]!r}.{hint}"
            if table is None
            else "Name a row as <table>:<key>."
        )
    if table.primary_key is None:
        raise _refused(f"{name} has no primary key.")
    key = [table.column(column) for column in table.primary_key.columns]
    values = [given] if len(key) == 1 else given.split(",")
    if len(values) != len(key) or "\x00" in given:
        raise _refused(f"The key of {name} is {', '.join(column.name for column in key)}.")
    return table, key, values


def _refused(message: str) -> KapokError:
    return KapokError("VALIDATION_FAILED", message, details={"fields": ["row"]})
