"""What a failed mutation means to a caller.

In: what the server said, the operation and the number of the statement that failed (as many as there are: the commit).
Out: a KapokError with the input's path, and the constraint and columns as far as the role knows of them. Never a value,
never SQL, no name of what the role may not see.
"""

from __future__ import annotations

from typing import Any

from kapok.errors import KapokError
from kapok.execute.failures import Diagnostics, StatementFailed, public_error
from kapok.identifiers import QualifiedName
from kapok.model.types import Check, Table, UniqueKey
from kapok.query.guard import GuardedTable, InsertGrant, UpdateGrant
from kapok.query.kept import whole_of
from kapok.query.refusals import Refusal
from kapok.query.write_operation import Statement, WriteOperation
from kapok.query.writes import Path

_REFUSALS = {
    Refusal.CHECK: ("FORBIDDEN", "The row would not be one this role may write."),
    Refusal.NOT_FOUND: ("NOT_FOUND", "There is no such row."),
    Refusal.VERSION: ("CONFLICT", "The row has changed since it was read."),
    Refusal.HIDDEN: ("FORBIDDEN", "The row would be hidden from this role; nothing was written."),
    Refusal.SKIPPED: ("CONFLICT", "A trigger of the table kept the row from being written."),
    Refusal.TWICE: ("BAD_USER_INPUT", "The same row is named twice."),
}
_UNIQUE = "A row with the same key exists already."
_BY_STATE = {
    "23505": ("CONFLICT", _UNIQUE),
    "23514": ("BAD_USER_INPUT", "A value is not one that the table allows."),
    "23P01": ("CONFLICT", "The row excludes or is excluded by another one."),
    "23001": ("CONFLICT", "Other rows still refer to this row."),
    "40003": ("WRITE_OUTCOME_UNKNOWN", None),
    "42501": ("FORBIDDEN", "The tenant's database role may not write this."),
}
_DANGLING = ("BAD_USER_INPUT", "A row that is referred to is not there.")
_IN_USE = ("CONFLICT", "Other rows still refer to this row.")


def write_error(failure: StatementFailed, operation: WriteOperation, number: int) -> KapokError:
    """The KapokError of a failed statement."""
    at_commit = number >= len(operation.statements)
    statement = None if at_commit else operation.statements[number]
    if failure.sqlstate.startswith("KP") and statement is not None:
        return _refusal(failure, statement, operation)
    if failure.sqlstate == "21000" and statement is not None and " on conflict " in statement.template:
        return KapokError("BAD_USER_INPUT", _REFUSALS[Refusal.TWICE][1], details=_where(statement.origin.path()))
    code, message = _meaning(failure, statement, operation)
    details: dict[str, Any] = {} if statement is None else _where(statement.origin.path())
    if failure.sqlstate.startswith("23"):
        details |= _named(failure, statement, operation)
    return KapokError(code, message, details=details)


def _meaning(
    failure: StatementFailed, statement: Statement | None, operation: WriteOperation
) -> tuple[str, str | None]:
    state = failure.sqlstate
    if state == "23503":
        return _reference(failure, statement, operation)
    found = _BY_STATE.get(state)
    if found is not None:
        return found
    error = public_error(state)
    return error.code, error.message


def _reference(
    failure: StatementFailed, statement: Statement | None, operation: WriteOperation
) -> tuple[str, str | None]:
    """Postgres says the same of a row that refers to nothing and of one that others still refer to: both name the table
    with the foreign key. A trigger may name nothing."""
    if statement is not None and statement.deletes:
        return _IN_USE
    named = _find(operation, failure.diagnostics.table)
    if statement is None or failure.diagnostics.table == statement.table:
        return _DANGLING
    relations = whole_of(named).relations if named is not None else ()
    refers = any(r.target == statement.table and r.constraint == failure.diagnostics.constraint for r in relations)
    return _IN_USE if refers else ("BAD_USER_INPUT", "A row refers to one that is not there, or would not be any more.")


def _where(path: Path) -> dict[str, Any]:
    """As where a value is refused before it runs: the root field, and the place in its arguments."""
    if not path:
        return {}
    argument = {"argument": ".".join([str(step) for step in path[1:]])} if len(path) > 1 else {}
    return {"path": [path[0]], **argument}


def _refusal(failure: StatementFailed, statement: Statement, operation: WriteOperation) -> KapokError:
    """One of Kapok's own. A project's function may raise the same SQLSTATEs with any detail."""
    site, _, position = failure.diagnostics.detail.partition(":")
    known = site.isdecimal() and int(site) < len(statement.sites) and position.isdecimal() and len(position) < 10
    path = statement.sites[int(site)].path(int(position)) if known else ()
    if failure.sqlstate == Refusal.TAKEN:
        found = _find(operation, statement.table)
        key = () if found is None or statement.key is None else _key(found, statement.key)
        return KapokError("CONFLICT", _UNIQUE, details=_of_key(path, statement.key, key))
    try:
        code, message = _REFUSALS[Refusal(failure.sqlstate)]
    except (ValueError, KeyError):
        return public_error("P0001")
    return KapokError(code, message, details=_where(path))


def _named(failure: StatementFailed, statement: Statement | None, operation: WriteOperation) -> dict[str, Any]:
    """The path, constraint and columns of a violation, as far as they may be told."""
    found = failure.diagnostics
    if found.datatype and statement is not None:
        return _of_domain(found, statement, operation)
    table = _find(operation, found.table)
    path = () if statement is None else statement.origin.path()
    if table is None:
        return {}
    own = statement is not None and statement.table == found.table and statement.origin.single
    if found.column:
        columns = _shown(table, (found.column,))
        return _columns(path if own else (), columns, path)
    for key in _keys(table):
        if key.name == found.constraint:
            return _of_key(path, key, _key(table, key), extend=own)
    for check in whole_of(table).checks:
        if check.name == found.constraint:
            return _of_check(table, check, path, own=own)
    return _of_relation(table, found.constraint, path, own=own)


def _of_domain(found: Diagnostics, statement: Statement, operation: WriteOperation) -> dict[str, Any]:
    """Postgres names the domain and not the column: it is told where the table has one column of that type."""
    table = _find(operation, statement.table)
    if table is None:
        return {}
    names = tuple(c.name for c in whole_of(table).columns if c.type.name == QualifiedName(None, found.datatype))
    columns = _shown(table, names)
    if len(names) != 1 or not columns:
        return {}
    path = statement.origin.path()
    constraint = {"constraint": found.constraint} if found.constraint else {}
    return {**constraint, **_columns(path if statement.origin.single else (), columns, path)}


def _of_check(table: Table, check: Check, path: Path, *, own: bool) -> dict[str, Any]:
    columns = _shown(table, check.columns)
    if len(columns) < len(check.columns):
        return {}
    return {"constraint": check.name, **_columns(path if own else (), columns, path)}


def _of_relation(table: Table, constraint: str, path: Path, *, own: bool) -> dict[str, Any]:
    for relation in whole_of(table).relations:
        if relation.constraint == constraint and relation.own_key:
            columns = _shown(table, relation.columns)
            if len(columns) < len(relation.columns):
                return {}
            return {"constraint": constraint, **_columns(path if own else (), columns, path)}
    return {} if isinstance(table, GuardedTable) else {"constraint": constraint}


def _of_key(path: Path, key: UniqueKey | None, columns: tuple[str, ...], *, extend: bool = True) -> dict[str, Any]:
    if key is None or not columns:
        return _where(path)
    return {"constraint": key.name, **_columns(path if extend else (), columns, path)}


def _columns(extended: Path, columns: tuple[str, ...], path: Path) -> dict[str, Any]:
    """The columns; the path leads to the column if there is only one."""
    found: dict[str, Any] = {"columns": list(columns)} if columns else {}
    return found | _where((*extended, columns[0]) if extended and len(columns) == 1 else path)


def _keys(table: Table) -> list[UniqueKey]:
    whole = whole_of(table)
    return [*whole.unique_keys, *([whole.primary_key] if whole.primary_key is not None else [])]


def _key(table: Table, key: UniqueKey) -> tuple[str, ...]:
    """API names of a key's columns; () where the role does not know all of them."""
    columns = _shown(table, key.columns)
    return columns if len(columns) == len(key.columns) else ()


def _shown(table: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    """API names of the columns that the role may read or write."""
    known = {column.name for column in table.columns}
    if isinstance(table, GuardedTable):
        grants: tuple[InsertGrant | UpdateGrant, ...] = (*table.insert, *table.update)
        known |= {name for grant in grants for name in grant.columns}
    return tuple(column.api_name for column in whole_of(table).columns if column.name in names and column.name in known)


def _find(operation: WriteOperation, name: str | None) -> Table | None:
    return next((table for table in operation.model.tables if table.name == name), None)
