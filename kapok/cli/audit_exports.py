"""`kapok audit exports ...`: bundles of audit trails, asked for and taken away."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import click

from kapok.cli.audit_log import chosen_log, time_of
from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.paging import list_options
from kapok.cli.progress import follow
from kapok.cli.render import Column, say, show_list, show_object
from kapok.cli.settings import Output
from kapok.errors import KapokError

LIST = (
    Column("ID", "id"),
    Column("TENANT", "tenant"),
    Column("PROFILE", "profile"),
    Column("STATE", "state"),
    Column("ENTRIES", "facts.entries"),
    Column("SIZE", "sizeBytes"),
    Column("CREATED", "createdAt"),
)
DETAIL = (
    Column("Export", "id"),
    Column("Tenant", "tenant"),
    Column("Platform", "platform"),
    Column("Profile", "profile"),
    Column("From", "from"),
    Column("To", "to"),
    Column("Filters", "filters"),
    Column("State", "state"),
    Column("Error", "operation.error.message"),
    Column("Entries", "facts.entries"),
    Column("Shown", "facts.shown"),
    Column("Withheld", "facts.withheld"),
    Column("Size", "sizeBytes"),
    Column("SHA-256", "sha256"),
    Column("Requested by", "requestedBy"),
    Column("Created", "createdAt"),
    Column("Expires", "expiresAt"),
    Column("Removed", "removedAt"),
)
PROFILES = (Column("PROFILE", "name"), Column("TITLE", "title"), Column("SOURCE", "source"))


@click.group()
def command() -> None:
    """Bundles of audit trails: ask for one, take it away, verify it with `kapok audit verify`."""


@command.command()
@click.argument("tenant", required=False)
@click.option("--platform", is_flag=True, help="The control plane's own log instead of a tenant's.")
@click.option("--profile", default="general", show_default=True, help="The report; see `profiles`.")
@click.option("--from", "since", metavar="TIME", help="ISO 8601, e.g. 2026-01-01T00:00Z; the beginning unless given.")
@click.option("--to", "until", metavar="TIME", help="The same; now unless given.")
@click.option("--table", "tables", multiple=True, help="Show only changes of this table; repeatable.")
@click.option("--action", "actions", multiple=True, help="Show only events of this action; repeatable.")
@click.option("--actor", "actors", multiple=True, help="Show only what this actor did; repeatable.")
@click.option("--subject", multiple=True, help="An identifier of the person an access request is about; repeatable.")
@click.option("--file", "-f", "file", type=click.Path(dir_okay=False, path_type=Path), help="Where to save the bundle.")
@click.option("--wait/--no-wait", default=True, help="Whether to wait for it and save it.  [default: wait]")
@common_options
@pass_invocation
def create(
    invocation: Invocation,
    /,
    tenant: str | None,
    platform: bool,
    since: str | None,
    until: str | None,
    file: Path | None,
    wait: bool,
    **wanted: Any,
) -> None:
    """Export the log of TENANT (or the --platform's), and save the bundle when it is made."""
    settings = invocation.settings
    body = {**chosen_log(tenant, platform=platform), "from": time_of(since), "to": time_of(until), **wanted}
    with Client(settings) as client:
        made = client.post("/audit/exports", body)
        if wait:
            follow(client, made["operation"], settings.output)
            made = client.get(f"/audit/exports/{made['id']}")
            _save(client, made, file, settings.output)
    if not wait and settings.output is Output.TABLE:
        say(settings.output, f"Under way: `kapok operation follow {made['operation']['id']}`.")
    else:
        show_object(settings.output, made, DETAIL)


@command.command("list")
@click.option("--tenant", "-t", help="Only those of a tenant.")
@click.option("--profile", help="Only those with this report.")
@list_options("createdAt, sizeBytes")
@common_options
@pass_invocation
def list_(invocation: Invocation, /, page_size: int, **parameters: Any) -> None:
    """List exports, newest first; those whose file is gone as well."""
    with Client(invocation.settings) as client:
        data = client.get("/audit/exports", pageSize=page_size, **parameters)
    show_list(invocation.settings.output, data, data["exports"], LIST)


@command.command()
@click.argument("export_id")
@common_options
@pass_invocation
def show(invocation: Invocation, export_id: str) -> None:
    """Show one export."""
    with Client(invocation.settings) as client:
        show_object(invocation.settings.output, client.get(f"/audit/exports/{export_id}"), DETAIL)


@command.command()
@click.argument("export_id")
@click.option("--file", "-f", "file", type=click.Path(dir_okay=False, path_type=Path), help="Where to save the bundle.")
@common_options
@pass_invocation
def download(invocation: Invocation, export_id: str, file: Path | None) -> None:
    """Take a bundle away. The log records that."""
    settings = invocation.settings
    with Client(settings) as client:
        export = client.get(f"/audit/exports/{export_id}")
        _save(client, export, file, settings.output)
    show_object(settings.output, export, DETAIL)


@command.command()
@click.argument("export_id")
@common_options
@pass_invocation
def delete(invocation: Invocation, export_id: str) -> None:
    """Delete a bundle on the server before its time. What it was stays on record."""
    with Client(invocation.settings) as client:
        show_object(invocation.settings.output, client.delete(f"/audit/exports/{export_id}"), DETAIL)


@command.command("profiles")
@common_options
@pass_invocation
def profiles_(invocation: Invocation) -> None:
    """List the reports there are; with --output json also the controls that each section answers."""
    with Client(invocation.settings) as client:
        data = client.get("/audit/profiles")
    show_list(invocation.settings.output, data, data["profiles"], PROFILES)


def _save(client: Client, export: dict[str, Any], file: Path | None, output: Output) -> None:
    """Save the bundle, readable by its owner only, and compare it with what the server says it is."""
    name = f"kapok-audit-{export['tenant'] or 'platform'}-{export['id'][:8]}.zip"
    path = file or Path(name)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            client.download(f"/audit/exports/{export['id']}/download", stream)
        with unfinished.open("rb") as written:
            if hashlib.file_digest(written, "sha256").hexdigest() != export["sha256"]:
                raise KapokError("SERVER_UNREACHABLE", "The bundle did not arrive whole.", hint="Download it again.")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    if output is Output.TABLE:
        say(output, f"Saved as {path}. Prove it: `kapok audit verify {path} --trusted-key ...`")
