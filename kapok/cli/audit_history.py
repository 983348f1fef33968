"""`kapok audit history`: everything that happened to one row, also while it had another key."""

from __future__ import annotations

from typing import Any

import click

from kapok.cli.audit_entries import page_options, show_page
from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation


@click.command()
@click.argument("tenant")
@click.argument("table")
@click.argument("key")
@page_options
@common_options
@pass_invocation
def command(invocation: Invocation, /, tenant: str, table: str, key: str, **wanted: Any) -> None:
    """Show the changes of the row KEY (`id=7`, or JSON) of TABLE of TENANT, newest first."""
    asked = {"pageSize": wanted["page_size"], "cursor": wanted["cursor"]}
    with Client(invocation.settings) as client:
        data = client.get("/audit/rows", tenant=tenant, table=table, key=key, **asked)
    show_page(invocation.settings.output, data)
