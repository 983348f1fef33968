"""`kapok audit status`: how far an audit log is sealed, with which key, and whether all is well."""

from __future__ import annotations

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import Column, show_object

DETAIL = (
    Column("Log", "origin"),
    Column("Entries", "size"),
    Column("Sealed", "sealedAt"),
    Column("Signed up to", "checkpoint.size"),
    Column("Signed", "checkpoint.at"),
    Column("Key", "key"),
    Column("Anchored up to", "anchoredSize"),
    Column("Checked up to", "checkedSize"),
    Column("Checked", "checkedAt"),
    Column("Problems", "problems"),
)


@click.command()
@click.argument("tenant", required=False)
@click.option("--platform", is_flag=True, help="The control plane's own log instead of a tenant's.")
@common_options
@pass_invocation
def command(invocation: Invocation, tenant: str | None, platform: bool) -> None:
    """Show the state of the log of TENANT (or the --platform's). `Key` is what `verify --trusted-key` takes."""
    if bool(tenant) == platform:
        raise click.UsageError("Name a tenant, or say --platform.")
    chosen = {"tenant": tenant} if tenant else {"platform": True}
    with Client(invocation.settings) as client:
        show_object(invocation.settings.output, client.get("/audit/log", **chosen), DETAIL)
