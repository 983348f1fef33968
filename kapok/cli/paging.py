"""The options of every list command. In: a command. Out: the same with --search, --sort, --page and --page-size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def list_options(sortable: str) -> Callable[[F], F]:
    """Add the options. sortable: what may be sorted by, for the help."""

    def decorate(function: F) -> F:
        for option in (
            click.option("--page-size", type=click.IntRange(1, 200), default=50, show_default=True),
            click.option("--page", type=click.IntRange(1), default=1, show_default=True),
            click.option("--sort", help=f"One of {sortable}; -name for the reverse."),
            click.option("--search", help="Only those whose name holds this."),
        ):
            function = option(function)
        return function

    return decorate
