"""`kapok providers ...`: where a project's users may sign in besides their passwords."""

from __future__ import annotations

from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import Column, say, show_list, show_object

LIST = (
    Column("NAME", "name"),
    Column("TITLE", "title"),
    Column("ISSUER", "issuer"),
    Column("CLIENT", "clientId"),
    Column("LINKS", "linksAccounts"),
    Column("ENABLED", "enabled"),
)
DETAIL = (
    Column("Name", "name"),
    Column("Title", "title"),
    Column("Issuer", "issuer"),
    Column("Client id", "clientId"),
    Column("Client secret", "hasSecret"),
    Column("Scopes", "scopes"),
    Column("Metadata", "claims"),
    Column("Links accounts", "linksAccounts"),
    Column("Enabled", "enabled"),
    Column("Callback", "callbackUrl"),
)


@click.group()
def command() -> None:
    """OpenID providers a project's users sign in with."""


@command.command("list")
@click.argument("project")
@common_options
@pass_invocation
def list_(invocation: Invocation, project: str) -> None:
    """List the providers of PROJECT."""
    with Client(invocation.settings) as client:
        data = client.get(f"/projects/{project}/providers")
    show_list(invocation.settings.output, data, data["providers"], LIST)


@command.command()
@click.argument("project")
@click.argument("name")
@common_options
@pass_invocation
def show(invocation: Invocation, project: str, name: str) -> None:
    """Show the provider NAME of PROJECT."""
    with Client(invocation.settings) as client:
        show_object(invocation.settings.output, client.get(f"/projects/{project}/providers/{name}"), DETAIL)


@command.command("set")
@click.argument("project")
@click.argument("name")
@click.option("--issuer", required=True, help="As its discovery document has it: https://accounts.example.com")
@click.option("--client-id", required=True, help="Who Kapok is to the provider.")
@click.option("--secret-stdin", is_flag=True, help="Read the client secret from stdin (or ask for it).")
@click.option("--title", default="", help="What people read.")
@click.option("--scope", "scopes", multiple=True, help="What to ask for; repeatable.  [default: openid email profile]")
@click.option("--claim", "claims", multiple=True, help="FIELD=CLAIM: fills a new user's metadata; repeatable.")
@click.option("--link-accounts", is_flag=True, help="Sign in to an account with the same verified e-mail address.")
@click.option("--disabled", is_flag=True, help="Keep it, but do not offer it.")
@common_options
@pass_invocation
def set_(
    invocation: Invocation,
    /,
    project: str,
    name: str,
    secret_stdin: bool,
    scopes: tuple[str, ...],
    claims: tuple[str, ...],
    **given: Any,
) -> None:
    """Add the provider NAME to PROJECT, or change it."""
    body = {
        "issuer": given["issuer"],
        "clientId": given["client_id"],
        "title": given["title"],
        "linksAccounts": given["link_accounts"],
        "enabled": not given["disabled"],
        "claims": dict(_pair(claim) for claim in claims),
        **({"scopes": list(scopes)} if scopes else {}),
    }
    if secret_stdin:
        body["clientSecret"] = str(click.prompt("Client secret", hide_input=True, err=True))
    with Client(invocation.settings) as client:
        made = client.put(f"/projects/{project}/providers/{name}", body)
    output = invocation.settings.output
    show_object(output, made, DETAIL)
    say(output, f"Register {made['callbackUrl']} at the provider as the redirect address.")


@command.command()
@click.argument("project")
@click.argument("name")
@common_options
@pass_invocation
def remove(invocation: Invocation, project: str, name: str) -> None:
    """Let nobody sign in at the provider NAME of PROJECT any more."""
    with Client(invocation.settings) as client:
        client.delete(f"/projects/{project}/providers/{name}")
    say(invocation.settings.output, f"{name} is removed; its users keep their accounts.")


def _pair(text: str) -> tuple[str, str]:
    field, separator, claim = text.partition("=")
    if not separator:
        raise click.BadParameter(f"{text!r} is not FIELD=CLAIM.", param_hint="--claim")
    return field, claim
