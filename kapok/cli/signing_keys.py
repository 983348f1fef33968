"""`kapok signing-keys ...`: what a tenant's users' tokens are signed with."""

from __future__ import annotations

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import Column, say, show_list, show_object

LIST = (
    Column("KID", "kid"),
    Column("STATE", "state"),
    Column("SIGNS FROM", "activeFrom"),
    Column("SIGNS UNTIL", "retiredAt"),
    Column("BELIEVED UNTIL", "verifiedUntil"),
)


@click.group()
def command() -> None:
    """What the tokens of a tenant's users are signed with."""


@command.command("list")
@click.argument("tenant")
@common_options
@pass_invocation
def list_(invocation: Invocation, tenant: str) -> None:
    """List the signing keys of TENANT."""
    with Client(invocation.settings) as client:
        data = client.get(f"/tenants/{tenant}/signing-keys")
    show_list(invocation.settings.output, data, data["keys"], LIST)


@command.command()
@click.argument("tenant")
@click.option("--at-once", is_flag=True, help="A key may have leaked: refuse every token issued so far.")
@common_options
@pass_invocation
def rotate(invocation: Invocation, tenant: str, at_once: bool) -> None:
    """Make a successor for the signing key of TENANT. Users notice nothing; with --at-once they must refresh."""
    with Client(invocation.settings) as client:
        made = client.post(f"/tenants/{tenant}/signing-keys", {"atOnce": at_once})
    output = invocation.settings.output
    show_object(output, made, LIST)
    if at_once:
        say(output, "Tokens signed with the former keys are refused from now on.")
