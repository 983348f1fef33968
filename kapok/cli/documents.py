"""`kapok documents ...`: the GraphQL documents a project has registered as trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.paging import list_options
from kapok.cli.project_files import load_project, project_name, read_text
from kapok.cli.pushing import push_documents
from kapok.cli.render import Column, say, show_list

LIST = (Column("SHA-256", "sha256"), Column("NAME", "name"), Column("CREATED", "createdAt"))


@click.group()
def command() -> None:
    """Trusted documents of a project."""


@command.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--project", "-p", help="The project; kapok.yaml's unless given.")
@common_options
@pass_invocation
def push(invocation: Invocation, files: tuple[Path, ...], project: str | None) -> None:
    """Register FILES (or those of `documents` in kapok.yaml) and print the hashes callers send."""
    settings = invocation.settings
    with Client(settings) as client:
        if files:
            name = project_name(project, settings.project_root)
            texts = [read_text(path) for path in files]
            data = client.post(f"/projects/{name}/documents", {"documents": texts})
        else:
            data = push_documents(client, load_project(settings.project_root))
    show_list(settings.output, data, data["documents"], LIST)


@command.command("list")
@click.option("--project", "-p", help="The project; kapok.yaml's unless given.")
@list_options("createdAt")
@common_options
@pass_invocation
def list_(invocation: Invocation, /, project: str | None, page_size: int, **paging: Any) -> None:
    """List the registered documents."""
    settings = invocation.settings
    name = project_name(project, settings.project_root)
    with Client(settings) as client:
        data = client.get(f"/projects/{name}/documents", pageSize=page_size, **paging)
    show_list(settings.output, data, data["documents"], LIST)


@command.command()
@click.argument("sha256")
@click.option("--project", "-p", help="The project; kapok.yaml's unless given.")
@common_options
@pass_invocation
def remove(invocation: Invocation, sha256: str, project: str | None) -> None:
    """Take a document off the list."""
    settings = invocation.settings
    with Client(settings) as client:
        client.delete(f"/projects/{project_name(project, settings.project_root)}/documents/{sha256}")
    say(settings.output, "The document is no longer trusted.")
