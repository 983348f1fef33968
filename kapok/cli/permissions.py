"""`kapok permissions ...`: who may do what, in a project or (`--tenant`) where one of its tenants differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.permissions_matrix import matrix
from kapok.cli.permissions_source import address, file_option, local_text, owner_options, refuse_widening
from kapok.cli.permissions_test import test
from kapok.cli.render import Column, say, show_json, show_list, show_object
from kapok.cli.settings import Output
from kapok.errors import KapokError

APPLIED = (Column("Version", "version"), Column("Changed", "changed"))
HISTORY = (Column("VERSION", "version"), Column("WHEN", "createdAt"), Column("WHO", "createdBy"), Column("WHY", "note"))
CHANGES = (
    Column("ROLE", "role"),
    Column("TABLE", "subject"),
    Column("OPERATION", "operation"),
    Column("CHANGE", "change"),
    Column("WIDENS", "why"),
)
note_option = click.option("--note", "-m", default="", help="Why; shown in the history.")


@click.group()
def command() -> None:
    """Who may do what in a project."""


@command.command()
@owner_options
@click.option("--version", "version", type=click.IntRange(1), help="An older version.")
@common_options
@pass_invocation
def show(invocation: Invocation, project: str | None, tenant: str | None, version: int | None) -> None:
    """Print permissions.yaml as it is on the server."""
    settings = invocation.settings
    with Client(settings) as client:
        data = client.get(address(settings, project, tenant), version=version)
    if settings.output is Output.JSON:
        show_json(data)
    else:
        click.echo(data["text"], nl=False)


@command.command()
@owner_options
@file_option
@click.option("--fail-on-widening", is_flag=True, help="Exit with 10 when somebody may do more than before.")
@common_options
@pass_invocation
def diff(
    invocation: Invocation, project: str | None, tenant: str | None, file: Path | None, fail_on_widening: bool
) -> None:
    """Show what `apply` would change: by role, table, operation and column. Changes nothing.

    A change that lets somebody do more, or may for all that can be told, is marked with the reason.
    """
    settings = invocation.settings
    with Client(settings) as client:
        planned = client.post(
            f"{address(settings, project, tenant)}/plan", {"text": local_text(settings, tenant, file)}
        )
    refuse_problems(planned)
    _show_changes(settings.output, planned)
    if fail_on_widening:
        refuse_widening(planned["changes"])


@command.command()
@owner_options
@file_option
@note_option
@common_options
@pass_invocation
def apply(invocation: Invocation, project: str | None, tenant: str | None, file: Path | None, note: str) -> None:
    """Make permissions.yaml the current version; requests follow it within a second.

    Refused where a rule does not fit the tables. With --tenant and --file, sets what differs for one tenant.
    """
    settings = invocation.settings
    body = {"text": local_text(settings, tenant, file), "note": note}
    with Client(settings) as client:
        applied = client.put(address(settings, project, tenant), body)
    _say_version(settings.output, applied)


@command.command()
@owner_options
@click.option("--page", type=click.IntRange(1), default=1, show_default=True)
@common_options
@pass_invocation
def history(invocation: Invocation, project: str | None, tenant: str | None, page: int) -> None:
    """List the versions: when, who and why."""
    settings = invocation.settings
    with Client(settings) as client:
        data = client.get(f"{address(settings, project, tenant)}/versions", page=page)
    show_list(settings.output, data, data["versions"], HISTORY)


@command.command()
@click.argument("version", type=click.IntRange(1))
@owner_options
@note_option
@common_options
@pass_invocation
def rollback(invocation: Invocation, version: int, project: str | None, tenant: str | None, note: str) -> None:
    """Make the text of VERSION (from `kapok permissions history`) the current one again, as a new version."""
    settings = invocation.settings
    with Client(settings) as client:
        applied = client.post(f"{address(settings, project, tenant)}/rollback", {"version": version, "note": note})
    _say_version(settings.output, applied)


command.add_command(matrix)
command.add_command(test)


def refuse_problems(planned: dict[str, Any]) -> None:
    """Raises PROJECT_INVALID with every problem of a plan."""
    if planned["problems"]:
        raise KapokError("PROJECT_INVALID", "The permissions do not fit.", details={"problems": planned["problems"]})


def _show_changes(output: Output, planned: dict[str, Any]) -> None:
    rows = [{**change, "change": _words(change), "why": "; ".join(change["reasons"])} for change in planned["changes"]]
    if not rows and output is Output.TABLE:
        say(output, f"Nothing changes: this is version {planned['version']}.")
        return
    show_list(output, planned, rows, CHANGES)
    wider = sum(1 for change in rows if change["widens"])
    say(output, f"{len(rows)} changes to version {planned['version']}, {wider} of them let somebody do more.")


def _words(change: dict[str, Any]) -> str:
    """`+title -note; where: ... -> ...`, or added, removed."""
    columns = [f"+{name}" for name in change["columnsAdded"]] + [f"-{name}" for name in change["columnsRemoved"]]
    parts = [" ".join(columns), *change["details"]] if change["kind"] == "changed" else [change["kind"], *columns]
    return ("; " if change["kind"] == "changed" else " ").join(filter(None, parts)) or change["kind"]


def _say_version(output: Output, applied: dict[str, Any]) -> None:
    if output is Output.TABLE:
        change = "now" if applied["changed"] else "unchanged:"
        say(output, f"Permissions are {change} version {applied['version']}.")
    else:
        show_object(output, applied, APPLIED)
