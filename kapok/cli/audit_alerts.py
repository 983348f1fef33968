"""`kapok audit alerts ...`: what is wrong with audit logs, and saying that somebody looks after it."""

from __future__ import annotations

from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.paging import list_options
from kapok.cli.render import Column, show_list, show_object

LIST = (
    Column("ID", "id"),
    Column("ALERT", "title"),
    Column("TENANT", "tenant"),
    Column("SINCE", "since"),
    Column("RESOLVED", "resolvedAt"),
    Column("LOOKED AFTER BY", "acknowledgedBy"),
    Column("TEXT", "text"),
)
DETAIL = (
    Column("Alert", "title"),
    Column("Tenant", "tenant"),
    Column("Text", "text"),
    Column("What to do", "advice"),
    Column("Since", "since"),
    Column("Raised", "raisedAt"),
    Column("Resolved", "resolvedAt"),
    Column("Looked after by", "acknowledgedBy"),
    Column("Note", "note"),
)


@click.group()
def command() -> None:
    """What is wrong with audit logs: sealing that lags or is refused, anchors, self-checks."""


@command.command("list")
@click.option("--state", type=click.Choice(["open", "resolved", "all"]), default="open", show_default=True)
@click.option("--tenant", "-t", help="Only those of a tenant.")
@click.option("--kind", help="Only those of a kind, such as sealing_lags.")
@list_options("since, raisedAt, resolvedAt, kind")
@common_options
@pass_invocation
def list_(invocation: Invocation, /, page_size: int, **parameters: Any) -> None:
    """List alerts, newest first."""
    with Client(invocation.settings) as client:
        data = client.get("/audit/alerts", pageSize=page_size, **parameters)
    show_list(invocation.settings.output, data, data["alerts"], LIST)


@command.command()
@click.argument("alert_id")
@click.option("--note", default="", help="What is being done about it.")
@common_options
@pass_invocation
def acknowledge(invocation: Invocation, alert_id: str, note: str) -> None:
    """Say that you look after an alert. It stays open until its reason is gone."""
    with Client(invocation.settings) as client:
        done = client.post(f"/audit/alerts/{alert_id}/acknowledge", {"note": note})
    show_object(invocation.settings.output, done, DETAIL)
