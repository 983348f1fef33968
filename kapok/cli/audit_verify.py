"""`kapok audit verify`: a bundle is proven on this machine, without asking anybody (docs/audit-bundle.md)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from cryptography.x509 import Certificate
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.render import show_json
from kapok.cli.settings import Output
from kapok.cli.text import one_line
from kapok.errors import KapokError
from kapok.ledger.archive import BundleUnreadable
from kapok.ledger.checkpoints import MAX_NOTE_CHARACTERS, Checkpoint, Note, NoteError
from kapok.ledger.entries import time_text
from kapok.ledger.entries_check import Progress as Report
from kapok.ledger.keys import KeyFormatError, PublicKey, parse_keys
from kapok.ledger.problems import Outcome
from kapok.ledger.stamp_check import Stamps
from kapok.ledger.time_stamps import read_certificates
from kapok.ledger.verify import Expectations, Verification, verify

EXIT_CODES = {Outcome.VERIFIED: 0, Outcome.TAMPERED: 1, Outcome.UNKNOWN_KEY: 3}
#: Of an anchor's checkpoints so many are looked at, spread over all of them: each vouches for everything before it.
MAX_ANCHORS = 10_000
#: Who shares the machine with us may have a core, too.
MAX_PROCESSES = 8
_WORDS = {
    Outcome.VERIFIED: ("VERIFIED", "green"),
    Outcome.TAMPERED: ("TAMPERED WITH", "red"),
    Outcome.UNKNOWN_KEY: ("SIGNED BY A KEY THAT IS NOT TRUSTED", "yellow"),
}


class TrustedKey(click.ParamType[list[PublicKey]]):
    """A key (`name+id+base64`), or a file with one a line."""

    name = "key or file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[PublicKey]:
        """The keys. Fails with what is wrong with them."""
        try:
            if not Path(value).is_file():
                return [PublicKey.parse(value)]
            keys = parse_keys(Path(value).read_text(encoding="utf-8"))
        except (KeyFormatError, UnicodeDecodeError, OSError, ValueError) as exc:
            self.fail(f"{one_line(str(exc))} (neither a key nor a file of keys)", param, ctx)
        if not keys:
            self.fail("there is no key in the file", param, ctx)
        return keys


class Authority(click.ParamType[list[Certificate]]):
    """A file with the certificates of a time stamp authority."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[Certificate]:
        """The certificates. Fails where there are none."""
        try:
            return read_certificates(Path(value).read_bytes())
        except (OSError, ValueError):
            self.fail(f"{value!r} is not a file of certificates in PEM", param, ctx)


class Moment(click.ParamType[str]):
    """A date or a time; UTC unless it says otherwise."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As checkpoints write it."""
        try:
            at = datetime.fromisoformat(value)
            return time_text(at if at.tzinfo else at.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time such as 2026-11-21T16:00:00Z", param, ctx)


@click.command()
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--trusted-key",
    "-k",
    "trusted",
    type=TrustedKey(),
    multiple=True,
    help="A public key you got from the operator by another way than this bundle, or a file of such keys.",
)
@click.option("--origin", help="The log that the bundle must be of.")
@click.option("--from", "since", type=Moment(), help="The bundle must reach back to this time.")
@click.option("--to", "until", type=Moment(), help="The bundle must reach up to this time.")
@click.option(
    "--anchor",
    "anchors",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="A checkpoint kept elsewhere, or a directory of them: the bundle must agree with them.",
)
@click.option(
    "--tsa-certificate",
    "authorities",
    type=Authority(),
    multiple=True,
    help="The root certificate of a time stamp authority you trust, in PEM, with those between, if any.",
)
@common_options
@pass_invocation
@click.pass_context
def command(
    ctx: click.Context,
    invocation: Invocation,
    bundle: Path,
    trusted: tuple[list[PublicKey], ...],
    origin: str | None,
    since: str | None,
    until: str | None,
    anchors: tuple[Path, ...],
    authorities: tuple[list[Certificate], ...],
) -> None:
    """Prove that BUNDLE holds everything that was recorded in its range, unchanged and in order.

    Exits with 0: verified. 1: tampered with; what and where is said. 2: it cannot be read as a bundle. 3: consistent,
    but signed by a key that you do not trust (or you named none).
    """
    keys = [key for given in trusted for key in given]
    certificates = [certificate for given in authorities for certificate in given]
    expected = Expectations(keys, origin, since, until, list(_anchored(anchors)), certificates)
    output = invocation.settings.output
    try:
        with _progress(shown=output is Output.TABLE) as report:
            result = verify(bundle, expected, processes=min(os.cpu_count() or 1, MAX_PROCESSES), progress=report)
    except BundleUnreadable as exc:
        raise KapokError(
            "BUNDLE_UNREADABLE", f"{bundle.name} cannot be read as an audit bundle: {exc}.",
            hint="Nothing can be said of what it holds. Ask for the file again.",
        ) from exc  # fmt: skip
    if output is Output.JSON:
        show_json(_facts(result, keys))
    else:
        _show(bundle, result, keys)
    ctx.exit(EXIT_CODES[result.outcome])


def _anchored(paths: tuple[Path, ...]) -> Iterator[Note]:
    """The checkpoints in files and directories. Raises BadParameter."""
    for path in paths:
        files = sorted(path.rglob("*.checkpoint")) if path.is_dir() else [path]
        if not files:
            raise click.BadParameter(f"there is no *.checkpoint in {path}", param_hint="--anchor")
        spread = files[:: 1 + len(files) // MAX_ANCHORS]
        for file in spread if spread[-1] == files[-1] else [*spread, files[-1]]:
            yield _anchor(file)


def _anchor(file: Path) -> Note:
    try:
        with file.open(encoding="utf-8") as stream:
            note = Note.parse(stream.read(MAX_NOTE_CHARACTERS + 1))
        Checkpoint.parse(note.text)
    except (NoteError, UnicodeDecodeError, OSError) as exc:
        raise click.BadParameter(f"{file} is not a checkpoint: {exc}", param_hint="--anchor") from exc
    return note


@contextmanager
def _progress(*, shown: bool) -> Iterator[Report]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=28), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task("Verifying entries", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _show(bundle: Path, result: Verification, trusted: list[PublicKey]) -> None:
    part = result.part
    rows = {
        "Bundle": f"{bundle.name}, made {result.created_at}",
        "Log": part.origin,
        "Range": _range(result),
        "Entries": f"{result.entries:,} looked at{_left_out(result)}",
        "Checkpoints": f"{result.checkpoints:,}"
        + (f"; agrees with {result.anchors:,} anchors" if result.anchors else ""),
        "Keys": ", ".join(f"{key.text} ({'trusted' if trusted else 'not trusted'})" for key in result.keys) or "-",
    }
    if result.stamps.count:
        rows["Time stamps"] = _stamped(result.stamps)
    if result.signed_manifest:
        rows["Manifest"] = f"signed, made {result.created_at}; so are the files that it lists"
    if result.gone and result.expired:
        rows["Expired"] = f"{result.gone:,} entries, of which only the hash is left: all from before {result.expired}"
    for title, text in rows.items():
        click.echo(f"{click.style(title.ljust(12), dim=True)} {one_line(text)}")
    for notice in result.notices:
        click.echo(f"{click.style('Note'.ljust(12), dim=True)} {one_line(notice)}")
    word, color = _WORDS[result.outcome]
    click.secho(f"\n{word}", fg=color, bold=True)
    for problem in result.problems:
        click.echo(f"  {problem.code}: {one_line(problem.message)}")
    if result.outcome is Outcome.VERIFIED:
        but = "" if not result.gone else ", but for those that expired"
        click.echo(f"  Every entry that was sealed in this range is there, unchanged and in its place{but}.")


def _stamped(stamps: Stamps) -> str:
    proven = "checked" if stamps.proven else "not checked: --tsa-certificate" if not stamps.problems else "not proven"
    if not stamps.authorities:
        return f"{stamps.count:,} ({proven})"
    last = f"the last, of {stamps.last_size:,} entries, at {stamps.last_at}"
    return f"{stamps.count:,} by {' and '.join(stamps.authorities)}; {last} ({proven})"


def _range(result: Verification) -> str:
    part = result.part
    entries = f"entries {part.first_size:,} to {part.last_size - 1:,}" if part.last_size > part.first_size else "none"
    return f"{entries}, sealed after {result.first_at or 'the beginning'} and up to {result.last_at or '-'}"


def _left_out(result: Verification) -> str:
    parts = {"withheld": result.withheld, "erased": result.erased, "with only their hash left": result.gone}
    words = [f"{count:,} {word}" for word, count in parts.items() if count]
    return f" (values {', '.join(words)})" if words else ""


def _facts(result: Verification, trusted: list[PublicKey]) -> dict[str, Any]:
    part = result.part
    return {
        "outcome": result.outcome,
        "origin": part.origin,
        "createdAt": result.created_at,
        "range": {
            "from": part.since,
            "to": part.until,
            "firstSize": part.first_size,
            "lastSize": part.last_size,
            "sealedAfter": result.first_at,
            "sealedUpTo": result.last_at,
        },
        "selection": dict(part.selection),
        "entries": {
            "lookedAt": result.entries,
            "withheld": result.withheld,
            "erased": result.erased,
            "gone": result.gone,
            "expiredBefore": result.expired,
        },
        "checkpoints": result.checkpoints,
        "anchors": result.anchors,
        "timeStamps": {
            "count": result.stamps.count,
            "authorities": list(result.stamps.authorities),
            "lastSize": result.stamps.last_size,
            "lastAt": result.stamps.last_at,
            "proven": result.stamps.proven,
        },
        "manifestSigned": result.signed_manifest,
        "keys": [{"key": key.text, "trusted": bool(trusted)} for key in result.keys],
        "problems": [problem.facts() for problem in result.problems],
        "notices": result.notices,
    }
