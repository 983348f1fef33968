"""`kapok audit settings ...`: audit.yaml, which says what of each table is recorded."""

from __future__ import annotations

from pathlib import Path

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.progress import follow
from kapok.cli.project_files import load_project, project_name, read_text
from kapok.cli.pushing import push_audit
from kapok.cli.render import say, show_json
from kapok.cli.settings import Output

project_option = click.option("--project", "-p", help="Instead of that in kapok.yaml.")


@click.group()
def command() -> None:
    """What of each table is recorded, and for how long it is kept."""


@command.command()
@project_option
@common_options
@pass_invocation
def show(invocation: Invocation, project: str | None) -> None:
    """Print audit.yaml as it is on the server."""
    settings = invocation.settings
    with Client(settings) as client:
        data = client.get(f"/projects/{project_name(project, settings.project_root)}/audit")
    if settings.output is Output.JSON:
        show_json(data)
    else:
        click.echo(data["text"], nl=False)


@command.command()
@project_option
@click.option(
    "--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another audit.yaml."
)
@common_options
@pass_invocation
def apply(invocation: Invocation, project: str | None, file: Path | None) -> None:
    """Make audit.yaml the current one, and every tenant's change log follow it.

    Refused where it names a table or a column that there is not: migrate first.
    """
    settings = invocation.settings
    text = read_text(file) if file else load_project(settings.project_root).audit()
    with Client(settings) as client:
        applied = push_audit(client, project_name(project, settings.project_root), text)
        if applied["operation"]:
            follow(client, applied["operation"], settings.output)
    if settings.output is Output.JSON:
        show_json(applied)
    else:
        say(settings.output, "Recorded as audit.yaml says." if applied["operation"] else "Nothing has changed.")
