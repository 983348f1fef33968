"""`kapok domain ...`: host names of a tenant."""

from __future__ import annotations

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import Column, say, show_list, show_object
from kapok.cli.settings import Output

LIST = (Column("DOMAIN", "domain"), Column("PRIMARY", "isPrimary"), Column("CREATED", "createdAt"))


@click.group()
def command() -> None:
    """Host names of a tenant."""


@command.command()
@click.argument("tenant")
@click.argument("domain")
@click.option("--primary", is_flag=True, help="Use it in links to the tenant.")
@common_options
@pass_invocation
def add(invocation: Invocation, tenant: str, domain: str, primary: bool) -> None:
    """Let TENANT answer at DOMAIN."""
    with Client(invocation.settings) as client:
        added = client.post(f"/tenants/{tenant}/domains", {"domain": domain, "isPrimary": primary})
    output = invocation.settings.output
    if output is Output.TABLE:
        say(output, f"{tenant} answers at {added['domain']}.")
    else:
        show_object(output, added, LIST)


@command.command("list")
@click.argument("tenant")
@common_options
@pass_invocation
def list_(invocation: Invocation, tenant: str) -> None:
    """List the host names of TENANT."""
    with Client(invocation.settings) as client:
        data = client.get(f"/tenants/{tenant}/domains")
    show_list(invocation.settings.output, data, data["domains"], LIST)


@command.command()
@click.argument("tenant")
@click.argument("domain")
@common_options
@pass_invocation
def remove(invocation: Invocation, tenant: str, domain: str) -> None:
    """Let TENANT no longer answer at DOMAIN."""
    with Client(invocation.settings) as client:
        client.delete(f"/tenants/{tenant}/domains/{domain}")
    say(invocation.settings.output, f"{tenant} no longer answers at {domain}.")
