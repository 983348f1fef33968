"""`kapok operation ...`: long work, as it goes on and afterwards."""

from __future__ import annotations

from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.paging import list_options
from kapok.cli.progress import follow as follow_operation
from kapok.cli.render import Column, show_list, show_object

LIST = (
    Column("ID", "id"),
    Column("WHAT", "title"),
    Column("STATE", "state"),
    Column("%", "progress"),
    Column("STEP", "step"),
    Column("STARTED", "createdAt"),
)
DETAIL = (
    Column("Operation", "id"),
    Column("What", "title"),
    Column("State", "state"),
    Column("Progress", "progress"),
    Column("Step", "step"),
    Column("Message", "message"),
    Column("Error", "error.message"),
    Column("Code", "error.code"),
    Column("Attempts", "attempts"),
    Column("Created", "createdAt"),
    Column("Started", "startedAt"),
    Column("Finished", "finishedAt"),
)
STATES = ("queued", "running", "succeeded", "failed", "rolled_back")


@click.group()
def command() -> None:
    """Long work: list, show, follow, retry."""


@command.command("list")
@click.option("--project", "-p", help="Only those of a project.")
@click.option("--tenant", "-t", help="Only those of a tenant.")
@click.option("--state", type=click.Choice(STATES), help="Only those in a state.")
@list_options("createdAt, state")
@common_options
@pass_invocation
def list_(invocation: Invocation, /, page_size: int, **parameters: Any) -> None:
    """List operations, newest first."""
    with Client(invocation.settings) as client:
        data = client.get("/operations", pageSize=page_size, **parameters)
    show_list(invocation.settings.output, data, data["operations"], LIST)


@command.command()
@click.argument("operation_id")
@common_options
@pass_invocation
def show(invocation: Invocation, operation_id: str) -> None:
    """Show one operation."""
    with Client(invocation.settings) as client:
        show_object(invocation.settings.output, client.get(f"/operations/{operation_id}"), DETAIL)


@command.command()
@click.argument("operation_id")
@click.option("--wait/--no-wait", default=True, help="Whether to wait for the end.  [default: wait]")
@common_options
@pass_invocation
def retry(invocation: Invocation, operation_id: str, wait: bool) -> None:
    """Run an operation that failed once more; what is done already is left alone."""
    settings = invocation.settings
    with Client(settings) as client:
        operation = client.post(f"/operations/{operation_id}/retry")
        if wait:
            operation = follow_operation(client, operation, settings.output)
    show_object(settings.output, operation, DETAIL)


@command.command()
@click.argument("operation_id")
@common_options
@pass_invocation
def follow(invocation: Invocation, operation_id: str) -> None:
    """Wait until an operation ends. Its failure is this command's failure."""
    settings = invocation.settings
    with Client(settings) as client:
        operation = follow_operation(client, client.get(f"/operations/{operation_id}"), settings.output)
    show_object(settings.output, operation, DETAIL)
