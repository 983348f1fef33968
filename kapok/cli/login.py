"""`kapok login`: check a token with its server and keep it in ~/.kapok/config.yaml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import Column, say, show_object
from kapok.cli.settings import Output, save_token

ME = (Column("E-mail", "email"), Column("Name", "name"), Column("Superuser", "isSuperuser"))


@click.command()
@click.option("--default/--no-default", default=False, help="Make it the server that is used when none is named.")
@common_options
@pass_invocation
def command(invocation: Invocation, default: bool) -> None:
    """Remember the token of the server given by --url. Make one in the admin, or with `kapok token create`.

    The token is asked for, so that it does not stay in the shell's history.
    """
    settings = invocation.settings
    token = settings.token or str(click.prompt(f"Token for {settings.url}", hide_input=True, err=True))
    with Client(replace(settings, token=token)) as client:
        me = client.get("/me")
    path = save_token(Path.home(), settings.url, token, default=default)
    if settings.output is Output.TABLE:
        say(settings.output, f"Signed in to {settings.url} as {me['email']}; kept in {path}.")
    else:
        show_object(settings.output, me, ME)
