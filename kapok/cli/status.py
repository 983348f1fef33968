"""`kapok status`: the server, who we are to it, and how its parts are doing."""

from __future__ import annotations

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import Column, show_object

STATUS = (
    Column("Server", "url"),
    Column("From", "urlSource"),
    Column("Version", "version"),
    Column("Signed in as", "user"),
    Column("Database", "database"),
    Column("Redis", "redis"),
    Column("Workers", "workers"),
    Column("Projects", "projects"),
    Column("Tenants", "tenants"),
    Column("Operations under way", "operations.running"),
    Column("Operations failed", "operations.failed"),
)


@click.command()
@common_options
@pass_invocation
def command(invocation: Invocation) -> None:
    """What server this is, and how it is doing."""
    settings = invocation.settings
    with Client(settings) as client:
        status = client.get("/status")
    show_object(settings.output, {"url": settings.url, "urlSource": settings.url_source, **status}, STATUS)
