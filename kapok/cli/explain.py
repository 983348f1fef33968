"""`kapok explain`: what the rules make of a query, for a role or a user, and why a row is hidden."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.permissions_source import first_tenant, read_text
from kapok.cli.project_files import project_name
from kapok.cli.render import PIPE_WIDTH, show_json
from kapok.cli.settings import Output
from kapok.cli.text import one_line, printable
from kapok.errors import KapokError

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}


@click.command()
@click.option("--as", "who", required=True, metavar="WHO", help="A role, or a user's e-mail address or id.")
@click.option("--query", "-q", help="The document; @FILE reads it from a file, - from standard input.")
@click.option("--variables", help="Variables as JSON; @FILE reads them from a file.")
@click.option("--row", metavar="TABLE:KEY", help="Say why this row is shown or hidden.")
@click.option("--role", help="Which of the user's roles.")
@click.option("--sub", help="Together with a role: the token's sub.")
@click.option("--claims", help="Further claims of the token, as JSON.")
@click.option("--analyze", is_flag=True, help="Run a query (read-only, rolled back) for the plan's true times.")
@click.option("--tenant", "-t", help="Where; the project's first active tenant unless given.")
@click.option("--project", "-p", help="The project; kapok.yaml's unless given.")
@common_options
@pass_invocation
def command(invocation: Invocation, /, who: str, tenant: str | None, project: str | None, **given: Any) -> int:
    """Explain a query or mutation: which fields and conditions are allowed, by which rule, the SQL and its plan.

    Shows no data, and runs no mutation. Exits with 5 when something is denied, or the row is hidden.
    """
    settings = invocation.settings
    body = {
        "as": who,
        "query": _text(given["query"]),
        "variables": _object(given["variables"], "variables"),
        "claims": _object(given["claims"], "claims"),
        "sub": given["sub"],
        "role": given["role"] or "",
        "row": given["row"] or "",
        "analyze": given["analyze"],
    }
    if not body["query"] and not body["row"]:
        raise click.UsageError("Give a --query, a --row, or both.")
    with Client(settings) as client:
        slug = tenant or first_tenant(client, project_name(project, settings.project_root))
        explained = client.post(f"/tenants/{slug}/explain", body)
    if settings.output is Output.JSON:
        show_json(explained)
    elif settings.output is Output.PLAIN:
        _show_plain(explained)
    else:
        _show(explained, slug)
    row = explained["row"]
    return 0 if (explained["allowed"] or not body["query"]) and (row is None or row["visible"]) else 5


def _text(given: str | None) -> str:
    if given == "-":
        return sys.stdin.read()
    return read_text(Path(given[1:])) if given and given.startswith("@") else given or ""


def _object(given: str | None, name: str) -> Any:
    text = _text(given) if given != "-" else "-"
    try:
        value = json.loads(text) if text.strip() else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise KapokError("VALIDATION_FAILED", f"--{name} must be a JSON object.")
    return value


def _show_plain(explained: dict[str, Any]) -> None:
    for finding in explained["findings"]:
        rules = ", ".join(_rule(rule) for rule in finding["rules"])
        verdict = "allowed" if finding["allowed"] else "denied"
        cells = (verdict, finding["path"], finding["subject"], finding["operation"], rules, finding["reason"])
        click.echo("\t".join(one_line(str(cell)) for cell in cells))
    for error in explained["errors"]:
        click.echo(f"error\t{error['line'] or ''}\t{one_line(error['message'])}")


def _show(explained: dict[str, Any], tenant: str) -> None:
    inherited = explained["lineage"][1:]
    click.secho(
        f"As {explained['role']}" + (f" (inherits {', '.join(inherited)})" if inherited else ""), bold=True, nl=False
    )
    click.secho(f" on tenant {tenant}", dim=True)
    if explained["findings"]:
        _findings(explained["findings"])
    for error in explained["errors"]:
        place = f"line {error['line']}: " if error["line"] else ""
        click.secho("  " + printable(f"{place}{error['message']}"), fg="red")
    for number, statement in enumerate(explained["statements"], start=1):
        _statement(statement, f" {number} of {len(explained['statements'])}" if statement["of"] else "")
    if explained["note"]:
        click.secho("\n" + printable(explained["note"]), dim=True)
    if explained["row"]:
        _row(explained["row"])


def _statement(statement: dict[str, Any], number: str) -> None:
    """number: " 1 of 3", "" of a query's only one."""
    if number:
        table = f", writes {statement['table']}" if statement["table"] else ""
        click.secho(f"\nStatement{number}: {one_line(statement['of'])}{table}", bold=True)
    for title, name in (("SQL", "sql"), ("Plan", "plan")):
        click.secho(f"\n{title}", bold=True)
        click.echo(printable(statement[name] or f"There is none: {statement['problem']}"))
    if statement["parameters"]:
        click.secho("\nParameters", bold=True)
        for place, value in enumerate(statement["parameters"], start=1):
            click.echo(printable(f"${place} = {'null' if value is None else value}"))


def _findings(findings: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for title in ("", "WHERE", "WHAT", "RULE"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        mark, colour = _MARKS[finding["allowed"]]
        rules = "\n".join(_rule(rule) for rule in finding["rules"])
        told = "\n".join(part for part in (finding["reason"], rules) if part)
        what = f"{finding['operation']} {finding['subject']}"
        cells = [Text(printable(text)) for text in (finding["path"], what, told)]
        table.add_row(Text(mark, style=colour), *cells)
    Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def _rule(rule: dict[str, Any]) -> str:
    place = f" (line {rule['line']}{' of the tenant' if rule['own'] else ''})" if rule["line"] else ""
    return f"{rule['rule']}{place}" + (f" where {rule['condition']}" if rule["condition"] else "")


def _row(row: dict[str, Any]) -> None:
    click.secho(f"\nRow {row['table']}:{','.join(row['key'])}", bold=True)
    click.secho("  " + printable(row["summary"]), fg="green" if row["visible"] else "red")
    for grant in row["grants"]:
        mark, colour = _MARKS[grant["shows"]]
        place = f" (line {grant['line']}{' of the tenant' if grant['own'] else ''})" if grant["line"] else ""
        click.echo(f"  {click.style(mark, fg=colour)} {grant['rule']}{place}")
        if grant["condition"]:
            _part(grant["condition"], 4)
        else:
            click.echo("    all rows")


def _part(part: dict[str, Any], indent: int) -> None:
    mark, colour = _MARKS[part["met"]]
    known = "" if part["met"] is not None else click.style("  (null: a value or a claim is missing)", dim=True)
    click.echo(" " * indent + f"{click.style(mark, fg=colour)} {printable(part['text'])}{known}")
    for inner in part["parts"]:
        _part(inner, indent + 2)
