"""`kapok completion SHELL`: print the script that makes the shell complete."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from kapok.cli.invocation import common_options

INSTALL = {
    "bash": 'eval "$(kapok completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(kapok completion zsh)"   # in ~/.zshrc',
    "fish": "kapok completion fish > ~/.config/fish/completions/kapok.fish",
}


@click.command(epilog="\b\n" + "\n".join(INSTALL.values()))
@click.argument("shell", type=click.Choice(list(INSTALL)))
@common_options
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell."""
    kind = get_completion_class(shell)
    assert kind is not None, shell
    click.echo(kind(ctx.find_root().command, {}, "kapok", "_KAPOK_COMPLETE").source())
