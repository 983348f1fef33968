"""`kapok init`: write a project template into a directory."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.settings import Output
from kapok.cli.templates import template_names, write_template
from kapok.errors import KapokError
from kapok.slugs import validate_slug

_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9]+")


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--template", "-t", type=click.Choice(template_names()), default="blank", show_default=True)
@click.option("--name", help="The project's name; the directory's unless given.")
@common_options
@pass_invocation
def command(invocation: Invocation, directory: Path, template: str, name: str | None) -> None:
    """Start a project in DIRECTORY (here, unless given)."""
    project = _checked(name or _NOT_IN_A_SLUG.sub("-", directory.absolute().name.lower()).strip("-"))
    written = write_template(template, directory, project=project)
    if invocation.settings.output is Output.JSON:
        files = [str(path) for path in written]
        click.echo(json.dumps({"project": project, "directory": str(directory.absolute()), "files": files}, indent=2))
        return
    for path in written:
        click.echo(f"{directory / path}")
    if invocation.settings.output is Output.TABLE:
        where = directory.absolute()
        say = f"Next, in {where}: `kapok migrate up`, or `kapok dev` where no Kapok runs yet."
        click.echo(f"\nProject {project} is ready. {say}", err=True)


def _checked(project: str) -> str:
    """The name, if the server will take it. Raises INVALID_SLUG."""
    try:
        return validate_slug(project)
    except KapokError as exc:
        hint = f"{exc.hint} Give one with --name.".strip()
        raise KapokError(
            "INVALID_SLUG", f"`{project}` cannot name a project: {exc.details['reason']}.", hint=hint
        ) from exc
