"""Click groups whose commands are imported when they run, so that `kapok --help` answers at once.

In: a table of name -> (module, one line of help); the module's `command` is the command. Out: a `click.Group`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click
from click.exceptions import NoSuchCommand
from click.shell_completion import CompletionItem


class Lazy(NamedTuple):
    """Where a command is and what the overview says of it."""

    module: str
    summary: str


class LazyGroup(click.Group):
    """A group that knows its commands' names and summaries without importing them."""

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the table's order."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command. Raises NoSuchCommand with the nearest names, but None while a shell completes."""
        entry = self._lazy.get(cmd_name)
        if entry is None:
            if ctx.resilient_parsing:
                return None
            raise NoSuchCommand(cmd_name, possibilities=list(self._lazy), ctx=ctx)
        command = importlib.import_module(entry.module).command
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, then the group's options."""
        names = [
            CompletionItem(name, help=entry.summary)
            for name, entry in self._lazy.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self._lazy.items()])
