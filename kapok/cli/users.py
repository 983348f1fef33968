"""`kapok users ...`: the end users of a tenant."""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import quote

import click

from kapok.cli.client import Client
from kapok.cli.confirm import confirmed
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.paging import list_options
from kapok.cli.render import Column, say, show_list, show_object
from kapok.cli.settings import Output

LIST = (
    Column("ID", "id"),
    Column("E-MAIL", "email"),
    Column("ROLES", "roles"),
    Column("STATE", "state"),
    Column("FACTORS", "factorCount"),
    Column("SESSIONS", "sessionCount"),
    Column("CREATED", "createdAt"),
    Column("LAST SIGN-IN", "lastSignInAt"),
)
DETAIL = (
    Column("Id", "id"),
    Column("E-mail", "email"),
    Column("Verified", "emailVerifiedAt"),
    Column("State", "state"),
    Column("Anonymous", "isAnonymous"),
    Column("Roles", "roles"),
    Column("Metadata", "metadata"),
    Column("App metadata", "appMetadata"),
    Column("Factors", "factorCount"),
    Column("Sessions", "sessionCount"),
    Column("Created", "createdAt"),
    Column("Last sign-in", "lastSignInAt"),
)
SESSIONS = (
    Column("SESSION", "id"),
    Column("ACTIVE", "isActive"),
    Column("METHODS", "methods"),
    Column("LEVEL", "level"),
    Column("ADDRESS", "address"),
    Column("LAST USED", "lastUsedAt"),
)
FACTORS = (Column("FACTOR", "id"), Column("KIND", "kind"), Column("NAME", "name"), Column("LAST USED", "lastUsedAt"))


@click.group()
def command() -> None:
    """The end users of a tenant. USER is an id or an e-mail address."""


@command.command("list")
@click.argument("tenant")
@list_options("email, createdAt, lastSignInAt")
@common_options
@pass_invocation
def list_(invocation: Invocation, /, tenant: str, page_size: int, **paging: Any) -> None:
    """List the users of TENANT."""
    with Client(invocation.settings) as client:
        data = client.get(f"/tenants/{tenant}/users", pageSize=page_size, **paging)
    show_list(invocation.settings.output, data, data["users"], LIST)


@command.command()
@click.argument("tenant")
@click.argument("user")
@common_options
@pass_invocation
def show(invocation: Invocation, tenant: str, user: str) -> None:
    """Show one user of TENANT, with sessions and factors."""
    with Client(invocation.settings) as client:
        found = client.get(_path(tenant, user))
    output = invocation.settings.output
    show_object(output, found, DETAIL)
    if output is Output.TABLE:
        for rows, columns in ((found["factors"], FACTORS), (found["sessions"], SESSIONS)):
            if rows:
                click.echo()
                show_list(output, found, rows, columns)


@command.command()
@click.argument("tenant")
@click.argument("email")
@click.option("--role", "roles", multiple=True, help="A role of the project; repeatable.")
@click.option("--id", "user_id", help="The id to give it; a new one unless given.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin (or ask for it).")
@click.option("--invite", is_flag=True, help="Send a mail with a link to choose a password.")
@click.option("--metadata", default="{}", help="JSON: what the user says of himself.")
@click.option("--app-metadata", default="{}", help="JSON: claims that rules may rely on.")
@common_options
@pass_invocation
def create(
    invocation: Invocation, /, tenant: str, email: str, roles: tuple[str, ...], user_id: str | None, **given: Any
) -> None:
    """Create a user of TENANT, whose address counts as verified."""
    body: dict[str, Any] = {
        "email": email,
        "roles": list(roles),
        "invite": given["invite"],
        "metadata": _object(given["metadata"], "--metadata"),
        "appMetadata": _object(given["app_metadata"], "--app-metadata"),
        **({"id": user_id} if user_id else {}),
    }
    if given["password_stdin"]:
        body["password"] = _password()
    with Client(invocation.settings) as client:
        made = client.post(f"/tenants/{tenant}/users", body)
    _show(invocation, made, f"{email} is a user of {tenant}.")


def _password() -> str:
    stdin = sys.stdin
    asked: str = click.prompt("Password", hide_input=True, err=True) if stdin.isatty() else stdin.readline()
    return asked.rstrip("\n")


@command.command("set-roles")
@click.argument("tenant")
@click.argument("user")
@click.argument("roles", nargs=-1)
@common_options
@pass_invocation
def set_roles(invocation: Invocation, tenant: str, user: str, roles: tuple[str, ...]) -> None:
    """Give a user of TENANT exactly these ROLES; none for the project's default. The first is the active one."""
    with Client(invocation.settings) as client:
        changed = client.patch(_path(tenant, user), {"roles": list(roles)})
    _show(invocation, changed, f"{user} has {', '.join(roles) or 'the default role'}; tokens in use follow at once.")


@command.command("set-metadata")
@click.argument("tenant")
@click.argument("user")
@click.option("--metadata", help="JSON: what the user says of himself.")
@click.option("--app-metadata", help="JSON: claims that rules may rely on.")
@common_options
@pass_invocation
def set_metadata(
    invocation: Invocation, tenant: str, user: str, metadata: str | None, app_metadata: str | None
) -> None:
    """Replace a user's metadata."""
    body = {
        **({} if metadata is None else {"metadata": _object(metadata, "--metadata")}),
        **({} if app_metadata is None else {"appMetadata": _object(app_metadata, "--app-metadata")}),
    }
    with Client(invocation.settings) as client:
        changed = client.patch(_path(tenant, user), body)
    _show(invocation, changed, f"The metadata of {user} is changed.")


@command.command()
@click.argument("tenant")
@click.argument("user")
@common_options
@pass_invocation
def disable(invocation: Invocation, tenant: str, user: str) -> None:
    """Sign a user out everywhere and let nobody sign in to the account."""
    _act(invocation, tenant, user, "disable", f"{user} is disabled.")


@command.command()
@click.argument("tenant")
@click.argument("user")
@common_options
@pass_invocation
def enable(invocation: Invocation, tenant: str, user: str) -> None:
    """Let a user sign in again."""
    _act(invocation, tenant, user, "enable", f"{user} can sign in again.")


@command.command("revoke-sessions")
@click.argument("tenant")
@click.argument("user")
@common_options
@pass_invocation
def revoke_sessions(invocation: Invocation, tenant: str, user: str) -> None:
    """Sign a user out everywhere."""
    _act(invocation, tenant, user, "revoke-sessions", f"{user} is signed out everywhere.")


@command.command("reset-factors")
@click.argument("tenant")
@click.argument("user")
@common_options
@pass_invocation
def reset_factors(invocation: Invocation, tenant: str, user: str) -> None:
    """Remove a user's second factors, passkeys and recovery codes, and sign him out."""
    _act(invocation, tenant, user, "reset-factors", f"{user} has no factors any more.")


@command.command("reset-password")
@click.argument("tenant")
@click.argument("user")
@common_options
@pass_invocation
def reset_password(invocation: Invocation, tenant: str, user: str) -> None:
    """Send a user a mail with a link to choose a password."""
    _act(invocation, tenant, user, "password-reset", f"A mail is on its way to {user}.")


@command.command()
@click.argument("tenant")
@click.argument("user")
@click.option("--confirm", help="The user's id or e-mail address again; asked for on a terminal.")
@common_options
@pass_invocation
def delete(invocation: Invocation, tenant: str, user: str, confirm: str | None) -> None:
    """Delete a user of TENANT. Rows of the project's own tables stay."""
    typed = confirmed("user", user, confirm)
    with Client(invocation.settings) as client:
        client.delete(_path(tenant, user), {"confirm": typed})
    say(invocation.settings.output, f"{user} is gone.")


def _act(invocation: Invocation, tenant: str, user: str, action: str, sentence: str) -> None:
    with Client(invocation.settings) as client:
        changed = client.post(f"{_path(tenant, user)}/{action}")
    _show(invocation, changed, sentence)


def _show(invocation: Invocation, user: dict[str, Any], sentence: str) -> None:
    output = invocation.settings.output
    if output is Output.TABLE:
        say(output, sentence)
    else:
        show_object(output, user, DETAIL)


def _path(tenant: str, user: str) -> str:
    if "/" in user:
        raise click.BadParameter("an id or an e-mail address has no slash.", param_hint="USER")
    return f"/tenants/{tenant}/users/{quote(user, safe='@')}"


def _object(text: str, option: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise click.BadParameter(f"this is not JSON: {exc}", param_hint=option) from exc
    if not isinstance(value, dict):
        raise click.BadParameter("this is not a JSON object.", param_hint=option)
    return value
