"""`kapok seed TENANT`: run a project's seed files in a tenant, as that tenant's owner role, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.progress import follow
from kapok.cli.project_files import SqlFile, load_project, read_text
from kapok.cli.render import Column, say, show_object
from kapok.cli.settings import Output
from kapok.errors import KapokError

DONE = (
    Column("Operation", "id"),
    Column("State", "state"),
    Column("Files", "result.files"),
    Column("Seconds", "result.seconds"),
)


@click.command()
@click.argument("tenant")
@click.option(
    "--file", "-f", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Run this file instead of the project's seed directory; may be given several times.",
)  # fmt: skip
@click.option("--wait/--no-wait", default=True, help="Whether to wait for the end.  [default: wait]")
@common_options
@pass_invocation
def command(invocation: Invocation, tenant: str, files: tuple[Path, ...], wait: bool) -> None:
    """Load sample data into TENANT: all files, or nothing."""
    settings = invocation.settings
    scripts = (
        [SqlFile(path.name, read_text(path)) for path in files]
        if files
        else load_project(settings.project_root).seeds()
    )
    if not any(script.sql.strip() for script in scripts):
        raise KapokError(
            "PROJECT_INVALID",
            "There are no seed files.",
            hint="Name a directory as `seed` in kapok.yaml, or files with --file.",
        )
    with Client(settings) as client:
        operation = start(client, tenant, scripts)
        if wait:
            operation = follow(client, operation, settings.output)
    if settings.output is not Output.TABLE:
        show_object(settings.output, operation, DONE)
    elif wait:
        say(settings.output, f"{tenant} has its sample data ({operation['result']['seconds']:.1f} s).")
    else:
        say(settings.output, f"Under way: `kapok operation follow {operation['id']}`.")


def start(client: Client, tenant: str, scripts: Sequence[SqlFile]) -> dict[str, Any]:
    """Send files to be run in a tenant. Returns the operation."""
    files = [{"name": script.name, "sql": script.sql} for script in scripts]
    operation = client.post(f"/tenants/{tenant}/seed", {"files": files}, patient=True)["operation"]
    assert isinstance(operation, dict)
    return operation
