"""`kapok token ...`: control API tokens of the person who is signed in."""

from __future__ import annotations

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import Column, say, show_list, show_object
from kapok.cli.settings import Output

LIST = (
    Column("ID", "id"),
    Column("NAME", "name"),
    Column("TOKEN", "prefix"),
    Column("STATE", "state"),
    Column("EXPIRES", "expiresAt"),
    Column("LAST USED", "lastUsedAt"),
)
CREATED = (Column("Token", "token"), Column("Id", "id"), Column("Name", "name"), Column("Expires", "expiresAt"))


@click.group()
def command() -> None:
    """Your control API tokens."""


@command.command()
@click.argument("name")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="How long it works.")
@common_options
@pass_invocation
def create(invocation: Invocation, name: str, days: int) -> None:
    """Create a token called NAME and show it, this once."""
    with Client(invocation.settings) as client:
        token = client.post("/tokens", {"name": name, "days": days})
    output = invocation.settings.output
    if output is Output.PLAIN:
        click.echo(token["token"])
    else:
        show_object(output, token, CREATED)
    say(output, "Keep the token now: it is not shown again.")


@command.command("list")
@common_options
@pass_invocation
def list_(invocation: Invocation) -> None:
    """List your tokens."""
    with Client(invocation.settings) as client:
        data = client.get("/tokens")
    show_list(invocation.settings.output, data, data["tokens"], LIST)


@command.command()
@click.argument("token_id")
@common_options
@pass_invocation
def revoke(invocation: Invocation, token_id: str) -> None:
    """Revoke one of your tokens."""
    with Client(invocation.settings) as client:
        client.delete(f"/tokens/{token_id}")
    say(invocation.settings.output, "The token is revoked.")
