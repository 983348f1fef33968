"""Following an operation to its end: a bar on a terminal, a line a step elsewhere.

In: an operation as the API shows it. Out: the finished operation, or the error it ended with.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from kapok.cli.client import Client
from kapok.cli.settings import Output
from kapok.cli.text import one_line
from kapok.errors import REGISTRY, KapokError

FINISHED = frozenset({"succeeded", "failed", "rolled_back"})
#: Longest pause between two looks when the stream ends before the operation does, in seconds.
PAUSE = 0.5


def follow(client: Client, operation: dict[str, Any], output: Output) -> dict[str, Any]:
    """Wait for an operation and show how it goes. Raises the error of a failed one."""
    if output is Output.TABLE and Console(stderr=True).is_terminal:
        last = _with_bar(client, operation)
    else:
        last = _with_lines(client, operation, quiet=output is not Output.TABLE)
    if last["state"] != "succeeded":
        raise _failure(last)
    return last


def follow_all(client: Client, operations: Sequence[dict[str, Any]], output: Output) -> list[dict[str, Any]]:
    """Wait for several, each to its end. Raises the error of the first that failed, with the words of the others."""
    ended, failures = [], []
    for operation in operations:
        try:
            ended.append(follow(client, operation, output))
        except KapokError as error:
            if error.code == "SERVER_UNREACHABLE":
                raise
            failures.append(error)
    if failures:
        first, *others = failures
        details = first.details | ({"others": [other.message for other in others]} if others else {})
        raise KapokError(first.code, first.message, details=details, hint=first.hint)
    return ended


def updates(client: Client, operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The operation as it is now and every time it changes, up to its finished state."""
    yield operation
    latest = operation
    while latest["state"] not in FINISHED:
        for latest in client.events(f"/operations/{operation['id']}/events"):
            yield latest
        if latest["state"] not in FINISHED:
            # The server ends a stream after a while; the next one goes on from the present state.
            time.sleep(PAUSE)


def _with_bar(client: Client, operation: dict[str, Any]) -> dict[str, Any]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[step]}", style="dim", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=False) as bar:
        task = bar.add_task(one_line(operation["title"]), total=100, step="")
        latest = operation
        for latest in updates(client, operation):
            bar.update(task, completed=latest["progress"], step=one_line(latest["step"]))
    return latest


def _with_lines(client: Client, operation: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    last_step, latest = "", operation
    for latest in updates(client, operation):
        step = latest["step"]
        if step and step != last_step and not quiet:
            click.echo(f"{latest['progress']:3d}%  {one_line(step)}", err=True)
            last_step = step
    return latest


def _failure(operation: dict[str, Any]) -> KapokError:
    error = operation.get("error") or {}
    code = str(error.get("code"))
    return KapokError(
        code if code in REGISTRY else "PROVISIONING_FAILED",
        error.get("message"),
        details={"operation": operation["id"], **(error.get("details") or {})},
        hint=error.get("hint") or f"See `kapok operation show {operation['id']}`.",
    )
