"""How a failed command ends: one sentence and a hint on stderr (or one JSON object), and an exit code for scripts.

In: an exception. Out: the text and the code. The codes are documented in docs/cli.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from kapok.cli.settings import Output
from kapok.cli.text import printable
from kapok.errors import KapokError

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

#: What a script may tell apart; every other code ends with EXIT_ERROR.
EXIT_CODES: Mapping[str, int] = {
    "BUNDLE_UNREADABLE": 2,
    "CONFIGURATION_INVALID": 3,
    "PROJECT_INVALID": 3,
    "SERVER_UNREACHABLE": 4,
    "UNAUTHENTICATED": 5,
    "FORBIDDEN": 5,
    "NOT_FOUND": 6,
    "TENANT_NOT_FOUND": 6,
    "VALIDATION_FAILED": 7,
    "INVALID_SLUG": 7,
    "CONFIRMATION_REQUIRED": 7,
    "ALREADY_EXISTS": 8,
    "CONFLICT": 8,
    "INVALID_STATE": 8,
    "STATE_DIR_IN_USE": 8,
    "MIGRATION_FAILED": 9,
    "MIGRATION_CHANGED": 9,
    "PERMISSIONS_WIDENED": 10,
    "PERMISSION_TESTS_FAILED": 11,
}


def exit_code(error: KapokError) -> int:
    """The process's exit code for an error."""
    return EXIT_CODES.get(error.code, EXIT_ERROR)


def report(error: KapokError, output: Output) -> None:
    """Say what went wrong, on stderr."""
    if output is Output.JSON:
        click.echo(json.dumps({"error": error.body()}), err=True)
        return
    click.secho("Error: ", err=True, nl=False, fg="red", bold=True)
    click.echo(printable(error.message), err=True)
    for line in _details(error):
        click.echo(f"  {printable(line)}", err=True)
    if error.hint:
        click.echo(printable(error.hint), err=True)


def usage_error(error: click.ClickException) -> KapokError:
    """A mistake on the command line, as an error of ours (for --output json)."""
    return KapokError("VALIDATION_FAILED", error.format_message(), hint="Run the command with --help.")


def _details(error: KapokError) -> list[str]:
    """The facts that belong under the sentence, as far as it does not say them: fields with their problems, tenants
    with their errors."""
    lines: list[str] = []
    for name, value in error.details.items():
        values = value if isinstance(value, list) else [value]
        if name != "fields":  # those of a form; the sentence says them in words
            facts = [str(item) for item in values if isinstance(item, str | int | float)]
            lines += [f"{name}: {fact}" for fact in facts if fact not in error.message]
        problems = [item for item in values if isinstance(item, Mapping) and "message" in item]
        if len(problems) > 1 or any(item["message"] not in error.message for item in problems):
            lines += [_problem(item) for item in problems]
    return lines


def _problem(problem: Mapping[str, Any]) -> str:
    """`line 12, tables.posts.anon: There is no table posts.`"""
    place = [f"line {problem['line']}" if problem.get("line") else "", str(problem.get("path") or "")]
    return ": ".join(part for part in (", ".join(filter(None, place)), str(problem["message"])) if part)
