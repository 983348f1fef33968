"""One run of the command line: the options as they arrive, then the settings made of them.

In: `--output` and friends from the main command or from any command below it. Out: `Invocation.settings`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import click

from kapok.cli.settings import Flags, Output, Settings, load_settings

F = TypeVar("F", bound=Callable[..., Any])


class Invocation:
    """What click hands to every command (`@pass_invocation`)."""

    def __init__(self) -> None:
        self.flags = Flags()

    def remember(self, **given: str | None) -> None:
        """Take options as they are parsed; one given nearer to the command wins."""
        self.flags = replace(self.flags, **{name: value for name, value in given.items() if value is not None})

    @cached_property
    def settings(self) -> Settings:
        """The settings, resolved at first use: when every option has been parsed."""
        return load_settings(self.flags, os.environ, Path.cwd(), Path.home())

    @property
    def output_for_errors(self) -> Output:
        """The output without looking at any file, for when the files are what is wrong."""
        given = self.flags.output or os.environ.get("KAPOK_OUTPUT")
        return Output.JSON if given == Output.JSON else Output.TABLE


pass_invocation = click.make_pass_decorator(Invocation)


def _remember(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    invocation = ctx.find_object(Invocation)
    if invocation is not None and param.name is not None:
        invocation.remember(**{param.name: value})


def common_options(function: F) -> F:
    """Give a command the options that every command has."""
    for option in (
        click.option("--state-dir", help="Where `kapok dev` keeps its state.", **_option(click.Path(file_okay=False))),
        click.option("--token", help="The control API token.", **_option(str)),
        click.option("--url", help="The server's address.", **_option(str)),
        click.option(
            "--output", "-o", help="How to print.", **_option(click.Choice([output.value for output in Output]))
        ),
    ):
        function = option(function)
    return function


def _option(kind: Any) -> dict[str, Any]:
    # Eager, so that an error in a later option is already printed as asked for.
    return {"type": kind, "default": None, "expose_value": False, "callback": _remember, "is_eager": True}
