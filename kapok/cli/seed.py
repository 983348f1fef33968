"""`kapok seed TENANT`: run a project's seed files in a tenant, as that tenant's owner role, in one transaction."""

from __future__ import annotations

from pathlib import Path

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.project_files import load_project, read_text
from kapok.cli.render import Column, say, show_object
from kapok.cli.settings import Output
from kapok.errors import KapokError

SEEDED = (Column("Tenant", "tenant"), Column("Statements", "statements"), Column("Milliseconds", "durationMs"))


@click.command()
@click.argument("tenant")
@click.option(
    "--file", "-f", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Run this file instead of the project's seed directory; may be given several times.",
)  # fmt: skip
@common_options
@pass_invocation
def command(invocation: Invocation, tenant: str, files: tuple[Path, ...]) -> None:
    """Load sample data into TENANT: all files, or nothing."""
    settings = invocation.settings
    if files:
        sql = "\n".join(read_text(path) for path in files)
    else:
        sql = "\n".join(file.sql for file in load_project(settings.project_root).seeds())
    if not sql.strip():
        raise KapokError(
            "PROJECT_INVALID", "There are no seed files.", hint="Name a directory as `seed` in kapok.yaml."
        )
    with Client(settings) as client:
        done = client.post(f"/tenants/{tenant}/seed", {"sql": sql}, patient=True)
    if settings.output is Output.TABLE:
        say(settings.output, f"{tenant} has its sample data ({done['durationMs'] / 1000:.1f} s).")
    else:
        show_object(settings.output, done, SEEDED)
