"""`kapok tenant ...`: the life of tenants."""

from __future__ import annotations

from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.confirm import confirmed
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.paging import list_options
from kapok.cli.progress import follow
from kapok.cli.project_files import project_name
from kapok.cli.render import Column, say, show_json, show_list, show_object
from kapok.cli.settings import Output
from kapok.tenancy import TenantState

LIST = (
    Column("TENANT", "slug"),
    Column("NAME", "name"),
    Column("PROJECT", "project"),
    Column("STATE", "state"),
    Column("SIZE", "sizeBytes"),
    Column("CREATED", "createdAt"),
)
DETAIL = (
    Column("Tenant", "slug"),
    Column("Name", "name"),
    Column("Project", "project"),
    Column("State", "state"),
    Column("Reason", "suspendedReason"),
    Column("GraphQL", "graphqlUrl"),
    Column("Domains", "domains"),
    Column("Schema", "schema"),
    Column("Size", "sizeBytes"),
    Column("Limits", "limits"),
    Column("Created", "createdAt"),
    Column("Id", "id"),
)


@click.group()
def command() -> None:
    """Create, list, suspend, resume and delete tenants."""


@command.command()
@click.argument("slug")
@click.option("--project", "-p", help="The project; kapok.yaml's unless given.")
@click.option("--name", help="What people call the tenant.")
@click.option("--wait/--no-wait", default=True, help="Whether to wait until it answers.  [default: wait]")
@common_options
@pass_invocation
def create(invocation: Invocation, slug: str, project: str | None, name: str | None, wait: bool) -> None:
    """Create the tenant SLUG."""
    settings = invocation.settings
    body = {"slug": slug, "project": project_name(project, settings.project_root), "name": name or ""}
    with Client(settings) as client:
        made = client.post("/tenants", body)
        if wait:
            made["operation"] = follow(client, made["operation"], settings.output)
            made["tenant"] = client.get(f"/tenants/{slug}")
    _show_change(settings.output, made, f"Tenant {slug} answers at {made['tenant']['graphqlUrl']}.", wait)


@command.command("list")
@click.option("--project", "-p", help="Only those of a project.")
@click.option("--state", type=click.Choice([state.value for state in TenantState]), help="Only those in a state.")
@list_options("slug, name, state, createdAt")
@common_options
@pass_invocation
def list_(invocation: Invocation, /, project: str | None, state: str | None, **paging: Any) -> None:
    """List tenants."""
    with Client(invocation.settings) as client:
        data = client.get("/tenants", project=project, state=state, **_query(paging))
    show_list(invocation.settings.output, data, data["tenants"], LIST)


@command.command()
@click.argument("slug")
@common_options
@pass_invocation
def show(invocation: Invocation, slug: str) -> None:
    """Show one tenant."""
    with Client(invocation.settings) as client:
        show_object(invocation.settings.output, client.get(f"/tenants/{slug}"), DETAIL)


@command.command()
@click.argument("slug")
@click.option("--reason", default="", help="Why; shown to operators.")
@common_options
@pass_invocation
def suspend(invocation: Invocation, slug: str, reason: str) -> None:
    """Stop answering a tenant's requests; its data stays."""
    with Client(invocation.settings) as client:
        tenant = client.post(f"/tenants/{slug}/suspend", {"reason": reason})
    _show_tenant(invocation.settings.output, tenant, f"Tenant {slug} is suspended.")


@command.command()
@click.argument("slug")
@common_options
@pass_invocation
def resume(invocation: Invocation, slug: str) -> None:
    """Answer a suspended tenant's requests again."""
    with Client(invocation.settings) as client:
        tenant = client.post(f"/tenants/{slug}/resume")
    _show_tenant(invocation.settings.output, tenant, f"Tenant {slug} is active.")


@command.command()
@click.argument("slug")
@click.option("--confirm", help="The tenant's slug again; asked for on a terminal.")
@click.option("--wait/--no-wait", default=True, help="Whether to wait until all is gone.  [default: wait]")
@common_options
@pass_invocation
def delete(invocation: Invocation, slug: str, confirm: str | None, wait: bool) -> None:
    """Delete a tenant, its data and its roles. There is no way back."""
    settings = invocation.settings
    typed = confirmed("tenant", slug, confirm)
    with Client(settings) as client:
        gone = client.delete(f"/tenants/{slug}", {"confirm": typed})
        if wait:
            gone["operation"] = follow(client, gone["operation"], settings.output)
    _show_change(settings.output, gone, f"Tenant {slug} is gone.", wait)


def _query(paging: dict[str, Any]) -> dict[str, Any]:
    return {"pageSize": paging.pop("page_size"), **paging}


def _show_change(output: Output, data: dict[str, Any], sentence: str, waited: bool) -> None:
    if output is Output.JSON:
        show_json(data)
    elif output is Output.PLAIN:
        click.echo(data["operation"]["id"])
    else:
        say(output, sentence if waited else f"Under way: `kapok operation follow {data['operation']['id']}`.")


def _show_tenant(output: Output, tenant: dict[str, Any], sentence: str) -> None:
    if output is Output.TABLE:
        say(output, sentence)
    else:
        show_object(output, tenant, DETAIL)
