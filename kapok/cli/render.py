"""Printing answers as a table, as JSON or as plain lines.

In: what the control API answered (dicts and lists, camelCase) and the columns to show. Out: text on stdout; JSON output
is exactly what the API answered.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kapok.cli.exact_json import dumps
from kapok.cli.settings import Output
from kapok.cli.text import one_line, printable

_STATE_STYLES = {
    "active": "green",
    "succeeded": "green",
    "applied": "green",
    "ok": "green",
    "failed": "red",
    "rolled_back": "red",
    "revoked": "dim",
    "expired": "dim",
    "suspended": "yellow",
    "pending": "yellow",
    "provisioning": "cyan",
    "running": "cyan",
    "queued": "cyan",
    "deleting": "magenta",
}


PIPE_WIDTH = 240


class Column(NamedTuple):
    """A column: its title and the path of keys to its value (`tenant.slug`); `pending#` counts a list."""

    title: str
    path: str


def show_list(output: Output, data: Mapping[str, Any], rows: Sequence[Any], columns: Sequence[Column]) -> None:
    """Print rows of a list. `data`: the whole answer, for JSON."""
    if output is Output.JSON:
        show_json(data)
    elif output is Output.PLAIN:
        for row in rows:
            click.echo("\t".join(one_line(cell(row, column.path)) for column in columns))
    elif not rows:
        total = (data.get("pagination") or {}).get("total", 0)
        click.echo(f"Nothing on this page; there are {total}." if total else "Nothing here yet.", err=True)
    else:
        _table(rows, columns)
        _more(data)


def show_object(output: Output, data: Mapping[str, Any], columns: Sequence[Column]) -> None:
    """Print one object, a line for each of its fields."""
    if output is Output.JSON:
        show_json(data)
    elif output is Output.PLAIN:
        for column in columns:
            click.echo(f"{column.path}\t{one_line(cell(data, column.path))}")
    else:
        width = max(len(column.title) for column in columns)
        for column in columns:
            click.echo(
                f"{click.style(column.title.ljust(width), dim=True)}  {printable(_readable(data, column)) or '-'}"
            )


def show_json(data: Any) -> None:
    """Print JSON, indented; nothing else goes to stdout then."""
    click.echo(dumps(data, indented=True))


def say(output: Output, sentence: str) -> None:
    """Tell a person something that a script does not want to read."""
    if output is Output.TABLE:
        click.echo(printable(sentence), err=True)


def cell(row: Any, path: str) -> str:
    """The value at a path as text: "" when there is none, yes/no, joined lists."""
    value: Any = row
    for key in path.removesuffix("#").split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return str(len(value)) if path.endswith("#") else ", ".join(str(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return str(value)


def _readable(row: Any, column: Column) -> str:
    """A cell for people: sizes with a unit, times to the minute (UTC)."""
    text = cell(row, column.path)
    if text and column.path.endswith("Bytes"):
        return human_bytes(int(text))
    if text and column.path.endswith("At"):
        return text[:16].replace("T", " ")
    return text


def human_bytes(size: int) -> str:
    """`1.4 MB`, in steps of 1000."""
    amount, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def _table(rows: Sequence[Any], columns: Sequence[Column]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column.title, overflow="fold")
    for row in rows:
        table.add_row(*(_styled(row, column) for column in columns))
    # Into a file or a pipe, a table is as wide as it needs to be.
    Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def _styled(row: Any, column: Column) -> Text:
    text = one_line(_readable(row, column))
    return Text(text, style=_STATE_STYLES.get(text, "") if column.path.endswith("state") else "")


def _more(data: Mapping[str, Any]) -> None:
    pagination = data.get("pagination")
    if isinstance(pagination, Mapping) and pagination.get("hasNext"):
        page, size = pagination["page"], pagination["pageSize"]
        shown = f"{(page - 1) * size + 1} to {page * size} of {pagination['total']}"
        click.echo(f"{shown}; --page {page + 1} goes on.", err=True)
