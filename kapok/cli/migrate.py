"""`kapok migrate ...`: the project's SQL files, applied to every tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.progress import follow_all
from kapok.cli.project_files import load_project, project_name
from kapok.cli.pushing import ensure_project, migrations, push_migrations
from kapok.cli.render import Column, say, show_json, show_list
from kapok.cli.settings import Output

STATUS = (
    Column("TENANT", "tenant"),
    Column("STATE", "state"),
    Column("APPLIED", "applied#"),
    Column("PENDING", "pending"),
    Column("FAILED", "failed"),
    Column("ERROR", "error"),
)
#: Of an operation's result.
_COUNTED = ("tenants", "migrated")


@click.group()
def command() -> None:
    """Bring every tenant's tables to the project's migrations."""


@command.command()
@common_options
@pass_invocation
def plan(invocation: Invocation) -> None:
    """Show what `migrate up` would run where. Changes nothing."""
    settings = invocation.settings
    files = load_project(settings.project_root)
    with Client(settings) as client:
        data = client.post("/migrations/plan", {"project": files.name, "migrations": migrations(files)})
    show_list(settings.output, data, data["tenants"], STATUS)
    waiting = sum(1 for tenant in data["tenants"] if tenant["pending"])
    say(settings.output, f"{waiting} of {len(data['tenants'])} tenants have something to run.")


@command.command()
@click.option("--tenant", "-t", "tenants", multiple=True, help="Only this tenant; may be given several times.")
@click.option("--wait/--no-wait", default=True, help="Whether to wait for the end.  [default: wait]")
@common_options
@pass_invocation
def up(invocation: Invocation, tenants: tuple[str, ...], wait: bool) -> None:
    """Send the migrations and run what is pending in every tenant."""
    settings = invocation.settings
    files = load_project(settings.project_root)
    with Client(settings) as client:
        ensure_project(client, files)
        push_migrations(client, files)
        operations = start(client, files.name, tenants)
        if wait:
            operations = follow_all(client, operations, settings.output)
    if settings.output is Output.JSON:
        show_json({"operation": operations[0], "operations": operations})
        return
    for operation in operations:
        if settings.output is Output.PLAIN:
            click.echo(operation["id"])
        elif not wait:
            say(settings.output, f"Under way: `kapok operation follow {operation['id']}`.")
    if wait:
        say(settings.output, _summary(operations))


@command.command()
@click.option("--project", "-p", help="The project; kapok.yaml's unless given.")
@common_options
@pass_invocation
def status(invocation: Invocation, project: str | None) -> None:
    """Show which tenants have which migrations, and what failed."""
    settings = invocation.settings
    with Client(settings) as client:
        data = client.get("/migrations", project=project_name(project, settings.project_root))
    show_list(settings.output, data, data["tenants"], STATUS)


def _summary(operations: Sequence[dict[str, Any]]) -> str:
    """`2 of 3 tenants were migrated; the others had everything.`"""
    tenants, migrated = (sum(operation["result"].get(name, 0) for operation in operations) for name in _COUNTED)
    rest = "; the others had everything." if migrated < tenants else "."
    return f"{migrated} of {tenants} tenants were migrated{rest}" if tenants else "There is no tenant to migrate yet."


def start(client: Client, project: str, tenants: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Begin a run over all tenants of a project, or over those named. Returns its operation, or one for each named."""
    body = {"project": project, **({"tenants": list(tenants)} if tenants else {})}
    operations = client.post("/migrations/up", body)["operations"]
    assert isinstance(operations, list)
    return operations
