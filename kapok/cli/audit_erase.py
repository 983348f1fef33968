"""`kapok audit erase`: personal data taken out of an audit trail for good."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from kapok.cli.audit_log import chosen_log
from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.progress import follow
from kapok.cli.render import Column, say, show_object
from kapok.errors import KapokError

PREVIEW = (Column("Entries", "entries"), Column("Values", "values"))
DONE = (Column("Operation", "id"), Column("State", "state"), Column("Entries", "result.entries"),
        Column("Values", "result.values"))  # fmt: skip


@click.command()
@click.argument("tenant", required=False)
@click.option("--platform", is_flag=True, help="The control plane's own log instead of a tenant's.")
@click.option("--table", help="Values of the changes of this table.")
@click.option("--key", "keys", multiple=True, metavar="COLUMN=VALUE", help="Of one row of it; repeat for more columns.")
@click.option("--actor", help="Of what this actor did, as the log has it: end_user:<id>, operator:<id>.")
@click.option("--target", help="Of events about this target: user:<id>, account:<e-mail address>.")
@click.option("--path", "paths", multiple=True, help="Only these values, such as after.email or details.*; repeatable.")
@click.option("--reason", help="Why, without personal data: it stays in the log.")
@click.option("--dry-run", is_flag=True, help="Say how much it would be, and erase nothing.")
@click.option("--confirm", help="The tenant's slug again, or `platform`; asked for on a terminal.")
@common_options
@pass_invocation
def command(
    invocation: Invocation,
    /,
    tenant: str | None,
    platform: bool,
    keys: tuple[str, ...],
    paths: tuple[str, ...],
    reason: str | None,
    dry_run: bool,
    confirm: str | None,
    **named: str | None,
) -> None:
    """Erase values from the log of TENANT (or the --platform's) for good. Every proof still holds; what was erased is
    known to have been there, not what it was. Backups and bundles made before still have it."""
    chosen = chosen_log(tenant, platform=platform)
    chosen |= {name: value for name, value in named.items() if value is not None}
    chosen |= {"key": dict(_column(key) for key in keys)} if keys else {}
    chosen |= {"paths": list(paths)} if paths else {}
    output = invocation.settings.output
    with Client(invocation.settings) as client:
        would = client.post("/audit/erasures/preview", chosen)
        if dry_run:
            show_object(output, would, PREVIEW)
            return
        if not reason:
            raise click.UsageError("Say --reason: the log keeps it.")
        say(output, f"{would['values']} values of {would['entries']} entries will be erased for good.")
        if keys and not would["values"]:
            say(
                output,
                "Is the key right? A value is JSON where it can be: --key 'code=\"7\"' is a text, code=7 a number.",
            )
        typed = _confirmed(tenant or "platform", confirm)
        operation = client.post("/audit/erasures", {**chosen, "reason": reason, "confirm": typed})
        show_object(output, follow(client, operation, output), DONE)


def _confirmed(name: str, given: str | None) -> str:
    """The option, or what is typed. Raises CONFIRMATION_REQUIRED where nobody can be asked."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise KapokError("CONFIRMATION_REQUIRED", "An erasure must be confirmed.", hint=f"Add --confirm {name}.")
    return str(click.prompt(f"Type {name} to go on", err=True))


def _column(text: str) -> tuple[str, Any]:
    """A column and its value: JSON where it is JSON (7, true, "7"), else the text. Raises UsageError."""
    name, found, value = text.partition("=")
    if not found or not name:
        raise click.UsageError(f"{text!r} is not of the form COLUMN=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
