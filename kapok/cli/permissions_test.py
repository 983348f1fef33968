"""`kapok permissions test`: the expectations kept in the project, run on a tenant; nothing stays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.permissions_source import first_tenant, read_text
from kapok.cli.project_files import ProjectFiles, load_project
from kapok.cli.render import say, show_json
from kapok.cli.settings import Output
from kapok.cli.text import one_line, printable
from kapok.errors import KapokError

FILE, FOLDER = "permissions_tests.yaml", "tests/permissions"
_MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "broken": ("!", "yellow")}


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tenant", "-t", help="Where to run them; the project's first active tenant unless given.")
@click.option("--stored", is_flag=True, help="Test the rules on the server, instead of permissions.yaml here.")
@click.option("--only", "-k", metavar="TEXT", help="Only tests whose name holds this.")
@common_options
@pass_invocation
def test(invocation: Invocation, files: Sequence[Path], tenant: str | None, stored: bool, only: str | None) -> None:
    """Run the project's permission tests (permissions_tests.yaml, tests/permissions/*.yaml, or FILES).

    Each test acts as somebody in a transaction that is rolled back. Exits with 11 when one fails.
    """
    settings = invocation.settings
    project = load_project(settings.project_root)
    tests = [{"name": _name(path, project), "text": read_text(path)} for path in files or _found(project)]
    body: dict[str, Any] = {"files": tests, "only": only or ""}
    if not stored:
        body["permissions"] = project.permissions()
    with Client(settings) as client:
        slug = tenant or first_tenant(client, project.name)
        ran = client.post(f"/tenants/{slug}/permissions/test", body, patient=True)
    _report(settings.output, slug, ran["results"], ran)
    failed = [result for result in ran["results"] if result["outcome"] != "passed"]
    if failed:
        raise KapokError("PERMISSION_TESTS_FAILED", f"{len(failed)} of {len(ran['results'])} tests failed.")


def _found(project: ProjectFiles) -> list[Path]:
    single, folder = project.root / FILE, project.root / FOLDER
    found = [single] if single.is_file() else []
    found += sorted(path for path in folder.glob("*.y*ml") if path.suffix in (".yaml", ".yml"))
    if not found:
        raise KapokError(
            "PROJECT_INVALID", f"There are no permission tests: neither {FILE} nor {FOLDER}/*.yaml.",
            hint="docs/permissions-tools.md shows how to write them.",
        )  # fmt: skip
    return found


def _name(path: Path, project: ProjectFiles) -> str:
    """The path within the project."""
    resolved = path.resolve()
    return (
        str(resolved.relative_to(project.root.resolve()))
        if resolved.is_relative_to(project.root.resolve())
        else path.name
    )


def _report(output: Output, tenant: str, results: Sequence[dict[str, Any]], ran: dict[str, Any]) -> None:
    if output is Output.JSON:
        show_json(ran)
        return
    if output is Output.PLAIN:
        for result in results:
            click.echo(
                "\t".join(one_line(str(result[key] or "")) for key in ("outcome", "file", "line", "name", "message"))
            )
        return
    file = None
    for result in results:
        if result["file"] != file:
            file = result["file"]
            click.secho(printable(file), bold=True)
        mark, colour = _MARKS[result["outcome"]]
        click.echo(f"  {click.style(mark, fg=colour)} {printable(result['name'])}" + _took(result))
        if result["message"]:
            place = click.style(f"{result['file']}:{result['line']}", dim=True)
            lines = printable(result["message"]).splitlines()
            click.echo("\n".join(f"      {line}" for line in [*lines, place]))
    passed = sum(1 for result in results if result["outcome"] == "passed")
    say(output, f"{passed} of {len(results)} passed on tenant {tenant} in {ran['ms'] / 1000:.1f} s; nothing was kept.")


def _took(result: dict[str, Any]) -> str:
    return click.style(f" {result['ms']:.0f} ms", dim=True)
