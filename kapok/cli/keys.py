"""`kapok keys ...`: API keys of a tenant."""

from __future__ import annotations

from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import Column, say, show_list, show_object
from kapok.cli.settings import Output

LIST = (
    Column("ID", "id"),
    Column("NAME", "name"),
    Column("KIND", "kind"),
    Column("ROLE", "role"),
    Column("SCOPES", "scopes"),
    Column("KEY", "prefix"),
    Column("STATE", "state"),
    Column("EXPIRES", "expiresAt"),
    Column("LAST USED", "lastUsedAt"),
)
CREATED = (Column("Key", "key"), Column("Id", "id"), Column("Kind", "kind"), Column("Role", "role"))


@click.group()
def command() -> None:
    """API keys of a tenant."""


@command.command()
@click.argument("tenant")
@click.option(
    "--kind", "-k", type=click.Choice(["publishable", "secret"]), default="secret", show_default=True,
    help="publishable: for browsers and apps. secret: for servers.",
)  # fmt: skip
@click.option("--role", help="The app role; anon or service unless given.")
@click.option("--name", default="", help="What the key is for.")
@click.option(
    "--scope", "scopes", type=click.Choice(["read", "write"]), multiple=True,
    help="What it may run: queries, mutations. Repeatable.  [default: both]",
)  # fmt: skip
@click.option("--expires", "expires_at", help="When it ends: 2027-01-31T00:00:00Z.")
@common_options
@pass_invocation
def create(invocation: Invocation, /, tenant: str, expires_at: str | None, **given: Any) -> None:
    """Create a key for TENANT and show it, this once."""
    body = {**given, "expiresAt": expires_at, "scopes": list(given["scopes"]) or None}
    with Client(invocation.settings) as client:
        key = client.post(
            f"/tenants/{tenant}/keys", {field: value for field, value in body.items() if value is not None}
        )
    output = invocation.settings.output
    if output is Output.PLAIN:
        click.echo(key["key"])
    else:
        show_object(output, key, CREATED)
    say(output, "Keep the key now: it is not shown again.")


@command.command("list")
@click.argument("tenant")
@common_options
@pass_invocation
def list_(invocation: Invocation, tenant: str) -> None:
    """List the keys of TENANT."""
    with Client(invocation.settings) as client:
        data = client.get(f"/tenants/{tenant}/keys")
    show_list(invocation.settings.output, data, data["keys"], LIST)


@command.command()
@click.argument("tenant")
@click.argument("key_id")
@common_options
@pass_invocation
def revoke(invocation: Invocation, tenant: str, key_id: str) -> None:
    """Revoke the key KEY_ID (from `kapok keys list`) of TENANT."""
    with Client(invocation.settings) as client:
        key = client.delete(f"/tenants/{tenant}/keys/{key_id}")
    output = invocation.settings.output
    if output is Output.TABLE:
        say(output, f"Key {key['prefix']}… is revoked.")
    else:
        show_object(output, key, LIST)
