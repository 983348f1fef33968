"""`kapok admin ...`: people who may use the admin and the control API."""

from __future__ import annotations

import sys
from urllib.parse import quote

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.paging import list_options
from kapok.cli.render import Column, say, show_list, show_object
from kapok.cli.settings import Output

LIST = (
    Column("E-MAIL", "email"),
    Column("NAME", "name"),
    Column("SUPERUSER", "isSuperuser"),
    Column("ACTIVE", "isActive"),
    Column("TWO-STEP", "twoStep"),
    Column("PROJECTS", "projects"),
)


@click.group()
def command() -> None:
    """People who may use the admin."""


@command.command("create-user")
@click.argument("email")
@click.option("--name", default="", help="The person's name.")
@click.option("--superuser", is_flag=True, help="May do everything.")
@click.option("--project", "-p", "projects", multiple=True, help="A project the person manages; repeatable.")
@click.option("--read-project", "read_projects", multiple=True, help="A project the person may see; repeatable.")
@click.option("--audit-project", "audit_projects", multiple=True, help="A project the person audits; repeatable.")
@click.option("--audit-platform", is_flag=True, help="The person audits the control plane itself.")
@common_options
@pass_invocation
def create_user(
    invocation: Invocation,
    email: str,
    name: str,
    superuser: bool,
    projects: tuple[str, ...],
    read_projects: tuple[str, ...],
    audit_projects: tuple[str, ...],
    audit_platform: bool,
) -> None:
    """Create a user. The password is asked for (or read from stdin)."""
    password = _password()
    body = {
        "email": email,
        "name": name,
        "password": password,
        "isSuperuser": superuser,
        "manages": list(projects),
        "reads": list(read_projects),
        "audits": list(audit_projects),
        "auditsPlatform": audit_platform,
    }
    with Client(invocation.settings) as client:
        user = client.post("/users", body)
    if invocation.settings.output is Output.TABLE:
        say(invocation.settings.output, f"{user['email']} may sign in.")
    else:
        show_object(invocation.settings.output, user, LIST)


@command.command("list-users")
@list_options("email, name")
@common_options
@pass_invocation
def list_users(invocation: Invocation, page_size: int, search: str | None, sort: str | None, page: int) -> None:
    """List the users."""
    with Client(invocation.settings) as client:
        data = client.get("/users", pageSize=page_size, search=search, sort=sort, page=page)
    show_list(invocation.settings.output, data, data["users"], LIST)


@command.command("reset-two-step")
@click.argument("user")
@common_options
@pass_invocation
def reset_two_step(invocation: Invocation, user: str) -> None:
    """Let USER (an id or an address), who has lost phone and recovery codes, sign in by the password alone."""
    if "/" in user:
        raise click.BadParameter("an id or an e-mail address has no slash.", param_hint="USER")
    with Client(invocation.settings) as client:
        changed = client.post(f"/users/{quote(user, safe='@')}/reset-two-step")
    if invocation.settings.output is Output.TABLE:
        say(invocation.settings.output, f"{changed['email']} signs in by the password alone; all sessions have ended.")
    else:
        show_object(invocation.settings.output, changed, LIST)


def _password() -> str:
    """What is typed, twice; elsewhere than on a terminal the first line of stdin."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
