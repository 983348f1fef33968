"""`kapok project ...`: projects on the server."""

from __future__ import annotations

from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.confirm import confirmed
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.paging import list_options
from kapok.cli.project_files import load_project, project_name
from kapok.cli.pushing import ensure_project, push_documents, push_migrations, push_permissions
from kapok.cli.render import Column, say, show_json, show_list, show_object
from kapok.cli.settings import Output

LIST = (
    Column("PROJECT", "slug"),
    Column("NAME", "name"),
    Column("TENANTS", "tenantCount"),
    Column("MIGRATIONS", "migrationCount"),
    Column("PERMISSIONS", "permissionsVersion"),
    Column("CREATED", "createdAt"),
)
DETAIL = (
    Column("Project", "slug"),
    Column("Name", "name"),
    Column("Description", "description"),
    Column("Tenants", "tenantCount"),
    Column("Migrations", "migrationCount"),
    Column("Permissions version", "permissionsVersion"),
    Column("CORS origins", "corsOrigins"),
    Column("Trusted documents only", "trustedDocumentsOnly"),
    Column("Introspection", "introspection"),
    Column("Draft statuses", "draftStatuses"),
    Column("Created", "createdAt"),
    Column("Id", "id"),
)


@click.group()
def command() -> None:
    """Projects: create, list, push."""


@command.command("list")
@list_options("slug, name, createdAt")
@common_options
@pass_invocation
def list_(invocation: Invocation, /, page_size: int, **paging: Any) -> None:
    """List projects."""
    with Client(invocation.settings) as client:
        data = client.get("/projects", pageSize=page_size, **paging)
    show_list(invocation.settings.output, data, data["projects"], LIST)


@command.command()
@click.argument("slug", required=False)
@common_options
@pass_invocation
def show(invocation: Invocation, slug: str | None) -> None:
    """Show a project (kapok.yaml's, unless SLUG is given)."""
    settings = invocation.settings
    with Client(settings) as client:
        show_object(settings.output, client.get(f"/projects/{project_name(slug, settings.project_root)}"), DETAIL)


@command.command()
@click.argument("slug")
@click.option("--name", help="What people call it.")
@click.option("--description", default="")
@common_options
@pass_invocation
def create(invocation: Invocation, slug: str, name: str | None, description: str) -> None:
    """Create the project SLUG."""
    with Client(invocation.settings) as client:
        made = client.post("/projects", {"slug": slug, "name": name or slug, "description": description})
    _changed(invocation.settings.output, made, f"Project {slug} is there.")


@command.command("set")
@click.argument("slug")
@click.option("--name")
@click.option("--description")
@click.option("--cors-origin", "cors_origins", multiple=True, help="An origin that may call from browsers; repeatable.")
@click.option("--trusted-documents-only/--any-document", default=None, help="Run registered documents only.")
@click.option("--introspection/--no-introspection", default=None, help="Whether the schema may be read.")
@click.option("--draft-statuses/--audit-statuses", default=None, help="HTTP statuses of the newest draft.")
@common_options
@pass_invocation
def set_(invocation: Invocation, /, slug: str, **options: Any) -> None:
    """Change a project's settings."""
    names = {
        "name": "name",
        "description": "description",
        "cors_origins": "corsOrigins",
        "trusted_documents_only": "trustedDocumentsOnly",
        "introspection": "introspection",
        "draft_statuses": "draftStatuses",
    }
    changes = {names[option]: value for option, value in options.items() if value not in (None, ())}
    with Client(invocation.settings) as client:
        changed = client.patch(f"/projects/{slug}", changes)
    _changed(invocation.settings.output, changed, f"Project {slug} is changed.")


@command.command()
@common_options
@pass_invocation
def push(invocation: Invocation) -> None:
    """Send this directory's project: migrations, permissions, documents. Runs no migration."""
    settings = invocation.settings
    files = load_project(settings.project_root)
    with Client(settings) as client:
        ensure_project(client, files)
        migrations = push_migrations(client, files)
        permissions = push_permissions(client, files)
        documents = push_documents(client, files) if files.documents_dir else None
    if settings.output is Output.JSON:
        show_json({"project": files.name, **migrations, "permissions": permissions, "documents": documents})
        return
    count, version = len(migrations["migrations"]), permissions["version"]
    say(settings.output, f"{files.name}: {count} migrations, permissions version {version}.")


@command.command()
@click.argument("slug")
@click.option("--confirm", help="The project's slug again; asked for on a terminal.")
@common_options
@pass_invocation
def delete(invocation: Invocation, slug: str, confirm: str | None) -> None:
    """Delete a project that has no tenants left."""
    typed = confirmed("project", slug, confirm)
    with Client(invocation.settings) as client:
        client.delete(f"/projects/{slug}", {"confirm": typed})
    say(invocation.settings.output, f"Project {slug} is gone.")


def _changed(output: Output, project: dict[str, Any], sentence: str) -> None:
    if output is Output.TABLE:
        say(output, sentence)
    else:
        show_object(output, project, DETAIL)
