"""`kapok issuers ...`: issuers outside whose tokens a project's tenants believe."""

from __future__ import annotations

from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import Column, say, show_list, show_object

LIST = (
    Column("ID", "id"),
    Column("ISSUER", "issuer"),
    Column("AUDIENCE", "audience"),
    Column("ALGORITHMS", "algorithms"),
    Column("ENABLED", "enabled"),
)
DETAIL = (
    *LIST,
    Column("Keys", "jwksUrl"),
    Column("Shared secret", "hasSecret"),
    Column("User", "subjectClaim"),
    Column("Roles", "rolesClaim"),
    Column("Mapping", "roleMapping"),
    Column("Default role", "defaultRole"),
    Column("Tenant", "tenantClaim"),
)


@click.group()
def command() -> None:
    """Issuers outside whose tokens a project's tenants believe."""


@command.command("list")
@click.argument("project")
@common_options
@pass_invocation
def list_(invocation: Invocation, project: str) -> None:
    """List the issuers PROJECT trusts."""
    with Client(invocation.settings) as client:
        data = client.get(f"/projects/{project}/issuers")
    show_list(invocation.settings.output, data, data["issuers"], LIST)


@command.command()
@click.argument("project")
@click.argument("issuer")
@click.option("--audience", required=True, help="What the tokens' aud must hold.")
@click.option("--jwks", default="", help="Where its public keys are: https://id.example.com/.well-known/jwks.json")
@click.option("--secret-stdin", is_flag=True, help="It signs with a shared secret: read it from stdin (or ask for it).")
@click.option("--algorithm", "algorithms", multiple=True, help="Repeatable.  [default: EdDSA ES256 RS256]")
@click.option("--subject-claim", default="sub", show_default=True, help="Holds the user's id.")
@click.option("--roles-claim", default="roles", show_default=True, help="Holds the roles; a path like a.b will do.")
@click.option("--role", "roles", multiple=True, help="THEIRS=OURS; repeatable. Without any, names are the same.")
@click.option("--default-role", default="", help="Of users without any role.  [default: the project's]")
@click.option("--tenant-claim", default="", help="Holds the tenant's slug or id.  [default: tokens hold everywhere]")
@click.option("--disabled", is_flag=True, help="Keep it, but believe none of its tokens.")
@common_options
@pass_invocation
def trust(
    invocation: Invocation,
    /,
    project: str,
    issuer: str,
    secret_stdin: bool,
    algorithms: tuple[str, ...],
    roles: tuple[str, ...],
    **given: Any,
) -> None:
    """Let the tenants of PROJECT believe the tokens of ISSUER (the tokens' iss), or change how."""
    body = {
        "issuer": issuer,
        "audience": given["audience"],
        "jwksUrl": given["jwks"],
        "subjectClaim": given["subject_claim"],
        "rolesClaim": given["roles_claim"],
        "roleMapping": dict(_pair(role) for role in roles),
        "defaultRole": given["default_role"],
        "tenantClaim": given["tenant_claim"],
        "enabled": not given["disabled"],
        **({"algorithms": list(algorithms)} if algorithms else {}),
    }
    if secret_stdin:
        body["secret"] = str(click.prompt("Shared secret", hide_input=True, err=True))
    with Client(invocation.settings) as client:
        made = client.put(f"/projects/{project}/issuers", body)
    show_object(invocation.settings.output, made, DETAIL)


@command.command()
@click.argument("project")
@click.argument("issuer_id", type=int)
@common_options
@pass_invocation
def distrust(invocation: Invocation, project: str, issuer_id: int) -> None:
    """Believe no token of the issuer ISSUER_ID (from `kapok issuers list`) any more."""
    with Client(invocation.settings) as client:
        client.delete(f"/projects/{project}/issuers/{issuer_id}")
    say(invocation.settings.output, "Its tokens are refused from now on.")


def _pair(text: str) -> tuple[str, str]:
    theirs, separator, ours = text.partition("=")
    if not separator:
        raise click.BadParameter(f"{text!r} is not THEIRS=OURS.", param_hint="--role")
    return theirs, ours
