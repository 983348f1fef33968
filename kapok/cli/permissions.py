"""`kapok permissions ...`: a project's permissions.yaml on the server."""

from __future__ import annotations

from pathlib import Path

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.project_files import load_project, project_name
from kapok.cli.pushing import push_permissions
from kapok.cli.render import Column, say, show_json, show_object
from kapok.cli.settings import Output

APPLIED = (Column("Version", "version"), Column("Changed", "changed"))


@click.group()
def command() -> None:
    """Who may do what in a project."""


@command.command()
@click.option("--project", "-p", help="The project; kapok.yaml's unless given.")
@common_options
@pass_invocation
def show(invocation: Invocation, project: str | None) -> None:
    """Print the current permissions.yaml."""
    settings = invocation.settings
    with Client(settings) as client:
        data = client.get(f"/projects/{project_name(project, settings.project_root)}/permissions")
    if settings.output is Output.JSON:
        show_json(data)
    else:
        click.echo(data["text"], nl=False)


@command.command()
@click.option("--project", "-p", help="The project; kapok.yaml's unless given.")
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another file.")
@common_options
@pass_invocation
def apply(invocation: Invocation, project: str | None, file: Path | None) -> None:
    """Make permissions.yaml the current version; requests follow it at once."""
    settings = invocation.settings
    with Client(settings) as client:
        if file is not None:
            name = project_name(project, settings.project_root)
            applied = client.put(f"/projects/{name}/permissions", {"text": file.read_text(encoding="utf-8")})
        else:
            applied = push_permissions(client, load_project(settings.project_root))
    if settings.output is Output.TABLE:
        change = "now" if applied["changed"] else "unchanged:"
        say(settings.output, f"Permissions are {change} version {applied['version']}.")
    else:
        show_object(settings.output, applied, APPLIED)
