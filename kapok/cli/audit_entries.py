"""`kapok audit entries`: looks into an audit trail; each look is itself recorded in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from kapok.cli.audit_log import chosen_log, time_of
from kapok.cli.client import Client
from kapok.cli.exact_json import dumps
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import Column, say, show_list
from kapok.cli.settings import Output

F = TypeVar("F", bound=Callable[..., Any])

LIST = (
    Column("INDEX", "index"),
    Column("AT", "at"),
    Column("ACTOR", "actor"),
    Column("WHAT", "what"),
    Column("KEY OR TARGET", "object"),
    Column("CHANGED", "changed"),
    Column("OUTCOME", "outcome"),
    Column("STATE", "sealing"),
)


def page_options(function: F) -> F:
    """The options of a page of entries."""
    for option in (
        click.option("--page-size", type=click.IntRange(1, 200), default=50, show_default=True),
        click.option("--cursor", help="Where the page before said that the next one begins."),
    ):
        function = option(function)
    return function


@click.command()
@click.argument("tenant", required=False)
@click.option("--platform", is_flag=True, help="The control plane's own log instead of a tenant's.")
@click.option("--actor", help="What this actor did, as the log has it: end_user:<id>, operator:<id>, key:<id>.")
@click.option("--table", multiple=True, help="Changes of this table; repeatable.")
@click.option("--op", multiple=True, help="Changes of this kind: insert, update, delete, truncate, ddl; repeatable.")
@click.option("--key", help="Changes of one row of the table: id=7, or JSON such as '{\"id\": 7}'.")
@click.option("--source", multiple=True, help="Changes by: api, owner (migrations, psql), platform; repeatable.")
@click.option("--action", multiple=True, help="Events of this action, such as user.signed_in; repeatable.")
@click.option("--target", help="Events about this: user:<id>, tenant:<id>, account:<e-mail address>.")
@click.option("--outcome", multiple=True, help="Events that ended so: ok, refused, failed; repeatable.")
@click.option("--kind", type=click.Choice(["change", "event"]), help="Only changes, or only events.")
@click.option("--request-id", help="What one request did, by its X-Request-Id.")
@click.option("--from", "since", metavar="TIME", help="ISO 8601, e.g. 2026-01-01T00:00Z.")
@click.option("--to", "until", metavar="TIME", help="The same; not included.")
@page_options
@common_options
@pass_invocation
def command(
    invocation: Invocation,
    /,
    tenant: str | None,
    platform: bool,
    since: str | None,
    until: str | None,
    **wanted: Any,
) -> None:
    """Look into the log of TENANT (or the --platform's), newest first. All that is given must fit."""
    names = {"page_size": "pageSize", "request_id": "requestId"}
    asked = {names.get(name, name): value for name, value in wanted.items() if value}
    times = {"from": time_of(since), "to": time_of(until)}
    with Client(invocation.settings) as client:
        data = client.get("/audit/entries", **chosen_log(tenant, platform=platform), **times, **asked)
    show_page(invocation.settings.output, data)


def show_page(output: Output, data: Mapping[str, Any]) -> None:
    """Print a page: what waits, then entries; and how to go on."""
    show_list(output, data, [row_of(entry) for entry in (*data["waiting"], *data["entries"])], LIST)
    if output is Output.JSON:
        return
    if data["waitingMore"]:
        say(output, "There is more that is not sealed or not searchable yet than is shown at the top.")
    if data["indexed"] < data["size"]:
        say(output, f"{data['indexed']} of {data['size']} entries are searchable by now.")
    if data["searchedTo"]:
        say(output, f"Searched back to {data['searchedTo']} so far.")
    if data["cursor"]:
        say(output, f"--cursor {data['cursor']} goes on.")


def row_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with the texts that a table shows: what it is about, and whether it can be relied on."""
    key = ", ".join(f"{column}={text_of(value)}" for column, value in (entry["key"] or {}).items())
    return {**entry, "object": key or entry["target"], "sealing": sealing_of(entry)}


def sealing_of(entry: Mapping[str, Any]) -> str:
    """In one or two words: whether it is sealed, and whether its row is what was sealed."""
    if entry["index"] is None:
        return "not sealed yet"
    if entry["expired"]:
        return "expired"
    if entry["missing"]:
        return "ROW MISSING"
    if entry["intact"] is False:
        return "NOT AS SEALED"
    return "not signed yet" if entry["sealed"] is None else "sealed"


def text_of(value: Any) -> str:
    """A JSON value for people: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else dumps(value)
