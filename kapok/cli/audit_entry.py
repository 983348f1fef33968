"""`kapok audit entry`: one entry of an audit trail, before and after; or one value of it, whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from kapok.cli.audit_entries import row_of, text_of
from kapok.cli.audit_log import chosen_log
from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import Column, show_object
from kapok.cli.settings import Output
from kapok.cli.text import one_line, printable

DETAIL = (
    Column("Entry", "index"),
    Column("At", "at"),
    Column("What", "what"),
    Column("Actor", "actor"),
    Column("Key or target", "object"),
    Column("Source", "source"),
    Column("Outcome", "outcome"),
    Column("Details", "details"),
    Column("Address", "address"),
    Column("Session", "sessionId"),
    Column("Request", "requestId"),
    Column("State", "sealing"),
    Column("Under checkpoint", "sealed"),
    Column("Erased", "erased"),
    Column("Too large", "cut"),
)


@click.command()
@click.argument("log_and_index", nargs=-1, required=True, metavar="[TENANT] INDEX")
@click.option("--platform", is_flag=True, help="The control plane's own log instead of a tenant's.")
@click.option("--value", metavar="PATH", help="Only this value, whole: after.body, details.reason.")
@common_options
@pass_invocation
def command(invocation: Invocation, log_and_index: tuple[str, ...], platform: bool, value: str | None) -> None:
    """Show the entry INDEX of the log of TENANT (or the --platform's): what was before, and after.

    Values that are too large to be shown with the others are [cut]: --value has them."""
    *tenants, index = log_and_index
    if len(tenants) > 1 or not (index.isascii() and index.isdigit()):
        raise click.UsageError("Name a tenant (or say --platform), then the entry's number.")
    chosen = chosen_log(tenants[0] if tenants else None, platform=platform)
    output = invocation.settings.output
    with Client(invocation.settings) as client:
        if value is not None:
            show_value(client, output, f"/audit/entries/{index}/value", {**chosen, "path": value})
            return
        entry = client.get(f"/audit/entries/{index}", **chosen)
    if output is Output.JSON:
        show_object(output, entry, DETAIL)
        return
    show_object(output, row_of(entry), DETAIL)
    for one in entry["differences"]:
        _show(output, one)


def show_value(client: Client, output: Output, address: str, asked: Mapping[str, Any]) -> None:
    """Print a value's JSON, as it was sealed, piece by piece."""
    pieces, number, texts = 1, 1, []
    while number <= pieces:
        found = client.get(address, **asked, piece=number)
        pieces, number = found["pieces"], number + 1
        if output is Output.JSON:
            texts.append(found["text"])
        else:
            click.echo(printable(found["text"]), nl=number > pieces)
    if output is Output.JSON:
        show_object(output, {"path": asked["path"], "value": "".join(texts)}, ())


def _show(output: Output, one: Mapping[str, Any]) -> None:
    """A column: one line where it is the same, else what was and what is."""
    column, before, after = one["column"], _value(one["before"]), _value(one["after"])
    if output is Output.PLAIN:
        click.echo("\t".join(one_line(text) for text in (column, before, after, "changed" if one["changed"] else "")))
    elif one["changed"]:
        for sign, text, color in (("-", before, "red"), ("+", after, "green")):
            if text:
                click.secho(one_line(f"{sign} {column}: {text}"), fg=color)
    else:
        click.secho(one_line(f"  {column}: {after or before}"), dim=True)


def _value(value: Mapping[str, Any]) -> str:
    state = value["state"]
    return text_of(value["value"]) if state == "there" else "" if state == "absent" else f"[{state}]"
