"""Applying a project's changes while `kapok dev` runs. In: the project. Out: a line for everything that was applied."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from kapok.cli.project_files import ProjectFiles, load_project
from kapok.errors import KapokError

#: How often the files are looked at, in seconds. A handful of stat calls, so no file-system events are needed.
LOOK_EVERY = 0.5


#: Time and size of every watched file.
Marks = dict[Path, tuple[int, int]]


def watch(root: Path, seen: Marks, apply: Callable[[ProjectFiles], str], say: Callable[[str], None]) -> None:
    """Call `apply` whenever a migration, permissions.yaml or kapok.yaml is not as it was seen. Does not return."""
    while True:
        time.sleep(LOOK_EVERY)
        now = marks(root)
        if now == seen:
            continue
        seen = now
        try:
            say(apply(load_project(root)))
        except KapokError as error:
            say(f"{error.message} {error.hint}".strip())


def marks(root: Path) -> Marks:
    """How the files are now; {} while kapok.yaml cannot be read: mending it is a change."""
    try:
        paths = load_project(root).watched()
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in paths if path.is_file()}
    except (KapokError, OSError):
        return {}
