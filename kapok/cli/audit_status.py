"""`kapok audit status`: how far audit logs are sealed, with which key, and whether all is well."""

from __future__ import annotations

from typing import Any

import click

from kapok.cli.audit_log import chosen_log
from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.paging import list_options
from kapok.cli.render import Column, show_list, show_object

DETAIL = (
    Column("Log", "origin"),
    Column("Entries", "size"),
    Column("Sealed", "sealedAt"),
    Column("Waiting", "waiting"),
    Column("Waiting since", "waitingSince"),
    Column("Signed up to", "checkpoint.size"),
    Column("Signed", "checkpoint.at"),
    Column("Key", "key"),
    Column("Signs since", "keySince"),
    Column("Anchored up to", "anchoredSize"),
    Column("Checked up to", "checkedSize"),
    Column("Checked", "checkedAt"),
    Column("Problems", "problems"),
)


LIST = (
    Column("TENANT", "tenant"),
    Column("ENTRIES", "size"),
    Column("WAITING SINCE", "waitingSince"),
    Column("SIGNED", "signedAt"),
    Column("ANCHORED", "anchoredSize"),
    Column("CHECKED", "checkedAt"),
    Column("SEALING", "sealingProblem"),
    Column("CHECK", "checkProblem"),
)


@click.command()
@click.argument("tenant", required=False)
@click.option("--platform", is_flag=True, help="The control plane's own log instead of a tenant's.")
@list_options("tenant, size, waitingSince, signedAt, checkedAt")
@common_options
@pass_invocation
def command(invocation: Invocation, /, tenant: str | None, platform: bool, page_size: int, **parameters: Any) -> None:
    """Show the state of the log of TENANT (or the --platform's); of all logs where none is named. `Key` is what
    `verify --trusted-key` takes."""
    output = invocation.settings.output
    with Client(invocation.settings) as client:
        if tenant or platform:
            show_object(output, client.get("/audit/log", **chosen_log(tenant, platform=platform)), DETAIL)
            return
        data = client.get("/audit/logs", pageSize=page_size, **parameters)
    for log in data["logs"]:
        log["tenant"] = log["tenant"] or "(control plane)"
    show_list(output, data, data["logs"], LIST)
