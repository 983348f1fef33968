"""Typed confirmation. In: what is to be deleted. Out: what the person typed, which the server compares."""

from __future__ import annotations

import sys

import click

from kapok.errors import KapokError


def confirmed(kind: str, name: str, given: str | None) -> str:
    """The option, or what is typed at the prompt. Raises CONFIRMATION_REQUIRED where nobody can be asked."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise KapokError(
            "CONFIRMATION_REQUIRED", f"Deleting {kind} {name} must be confirmed.", hint=f"Add --confirm {name}."
        )
    return str(click.prompt(f"Everything in {kind} {name} will be lost. Type its name to go on", err=True))
