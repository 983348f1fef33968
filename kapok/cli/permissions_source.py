"""Which permissions a command is about. In: options and the project's directory. Out: an address or a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from kapok.cli.client import Client
from kapok.cli.project_files import load_project, project_name
from kapok.cli.settings import Settings
from kapok.errors import KapokError

F = TypeVar("F", bound=Callable[..., Any])

file_option = click.option(
    "--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another permissions.yaml."
)


def owner_options(function: F) -> F:
    """--project and --tenant."""
    for option in (
        click.option("--tenant", "-t", help="What differs for this tenant, instead of the project's."),
        click.option("--project", "-p", help="The project; kapok.yaml's unless given."),
    ):
        function = option(function)
    return function


def address(settings: Settings, project: str | None, tenant: str | None) -> str:
    """Where these permissions are on the server."""
    if tenant:
        return f"/tenants/{tenant}/permissions"
    return f"/projects/{project_name(project, settings.project_root)}/permissions"


def local_text(settings: Settings, tenant: str | None, file: Path | None) -> str:
    """The text to send: a file's, or the project's permissions.yaml. Raises PROJECT_INVALID."""
    if file is not None:
        return read_text(file)
    if tenant:
        raise KapokError("PROJECT_INVALID", "Which rules?", hint="Name the tenant's own file with --file.")
    return load_project(settings.project_root).permissions()


def read_text(path: Path) -> str:
    """A file's text. Raises PROJECT_INVALID."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise KapokError("PROJECT_INVALID", f"{path} cannot be read as UTF-8 text.") from exc


def first_tenant(client: Client, project: str) -> str:
    """The slug of a project's first active tenant. Raises INVALID_STATE where it has none."""
    tenants = client.get("/tenants", project=project, state="active", pageSize=1)["tenants"]
    if not tenants:
        hint = "Make one with `kapok tenant create`, or name one with --tenant."
        raise KapokError("INVALID_STATE", f"Project {project} has no active tenant.", hint=hint)
    return str(tenants[0]["slug"])


def refuse_widening(changes: Sequence[Mapping[str, Any]]) -> None:
    """Raises PERMISSIONS_WIDENED naming every change that lets somebody do more."""
    wider = [change for change in changes if change["widens"]]
    if wider:
        named = [
            f"{item['role']} {item['operation']} {item['subject']}: {'; '.join(item['reasons'])}" for item in wider
        ]
        raise KapokError("PERMISSIONS_WIDENED", details={"wider": named})
