"""`kapok permissions matrix`: role by table by operation, and whether anything has become wider. Works without a server
where the rules are files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.permissions_source import address, file_option, local_text, owner_options, read_text, refuse_widening
from kapok.cli.render import Column, show_list
from kapok.cli.settings import Settings
from kapok.errors import KapokError
from kapok.permissions.changes import Change, changes_between
from kapok.permissions.matrix import Grant, Operation, callable_functions
from kapok.permissions.matrix import matrix as cells_of
from kapok.permissions.overrides import effective_permissions
from kapok.permissions.rules import Permissions
from kapok.permissions.wording import grants_text

WIDTH = 60
COLUMNS = (
    Column("TABLE", "table"),
    Column("ROLE", "role"),
    *(Column(operation.upper(), operation.value) for operation in Operation),
)


@click.command()
@owner_options
@file_option
@click.option("--stored", is_flag=True, help="The rules on the server, instead of permissions.yaml here.")
@click.option("--wide", is_flag=True, help="Conditions in full.")
@click.option(
    "--fail-on-widening", "base", metavar="BASE",
    help="Exit with 10 when somebody may do more than under BASE: a file, a stored version's number, or `stored`.",
)  # fmt: skip
@common_options
@pass_invocation
def matrix(
    invocation: Invocation,
    project: str | None,
    tenant: str | None,
    file: Path | None,
    stored: bool,
    wide: bool,
    base: str | None,
) -> None:
    """Show who may do what: role by table by operation, inherited rights included.

    With --tenant: the rules that hold for that tenant, its project's (from the server) under its own.
    """
    settings = invocation.settings
    rules = _parsed(settings, project, tenant, _stored(settings, project, tenant) if stored else None, file)
    before = None if base is None else _parsed(settings, project, tenant, _base(settings, project, tenant, base), None)
    changes = [] if before is None else [_change_json(change) for change in changes_between(before, rules)]
    data = {**_json(rules), "changes": changes, "widens": any(change["widens"] for change in changes)}
    show_list(settings.output, data, _rows(rules, 0 if wide else WIDTH), COLUMNS)
    refuse_widening(changes)


def _parsed(
    settings: Settings, project: str | None, tenant: str | None, text: str | None, file: Path | None
) -> Permissions:
    own = local_text(settings, tenant, file) if text is None else text
    if not tenant:
        return effective_permissions(own)
    with Client(settings) as client:
        slug = client.get(f"/tenants/{tenant}")["project"]
        return effective_permissions(client.get(f"/projects/{slug}/permissions")["text"], own)


def _stored(settings: Settings, project: str | None, tenant: str | None, version: int | None = None) -> str:
    with Client(settings) as client:
        return str(client.get(address(settings, project, tenant), version=version)["text"])


def _base(settings: Settings, project: str | None, tenant: str | None, base: str) -> str:
    """The text to compare with."""
    path = Path(base)
    if path.is_file():
        return read_text(path)
    if base == "stored":
        return _stored(settings, project, tenant)
    if base.isascii() and base.isdigit() and int(base) > 0:
        return _stored(settings, project, tenant, int(base))
    raise KapokError("PROJECT_INVALID", f"{base} is no file, no version's number and not `stored`.")


def _rows(rules: Permissions, width: int) -> list[dict[str, str]]:
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for (role, table, operation), grants in cells_of(rules).items():
        row = rows.setdefault((table, role), {"table": table, "role": role})
        row[operation.value] = grants_text(grants, deletes=operation is Operation.DELETE, width=width)
    for role, functions in callable_functions(rules).items():
        for name in functions:
            rows[name + "()", role] = {"table": name + "()", "role": role, "select": "call"}
    return [rows[key] for key in sorted(rows)]


def _json(rules: Permissions) -> dict[str, Any]:
    cells = [
        {"role": role, "table": table, "operation": operation.value, "grants": [_grant_json(item) for item in grants]}
        for (role, table, operation), grants in cells_of(rules).items()
    ]
    return {"matrix": cells, "functions": {role: list(names) for role, names in callable_functions(rules).items()}}


def _grant_json(grant: Grant) -> dict[str, Any]:
    return {
        "role": grant.role,
        "line": grant.line,
        "own": grant.own,
        "columns": "*" if grant.columns is None else sorted(grant.columns),
        "where": grant.where,
        "check": grant.check,
        "set": dict(grant.presets),
        "aggregate": grant.aggregate,
        "limit": grant.limit,
    }


def _change_json(change: Change) -> dict[str, Any]:
    """As the control API says it."""
    return {
        "role": change.role,
        "subject": change.subject,
        "operation": change.operation,
        "kind": change.kind,
        "columnsAdded": list(change.columns_added),
        "columnsRemoved": list(change.columns_removed),
        "details": list(change.details),
        "widens": change.widens,
        "reasons": list(change.reasons),
    }
