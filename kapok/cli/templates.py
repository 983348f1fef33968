"""The project templates that come with Kapok. In: a template's name. Out: its files in a directory, with seed data."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import kapok.templates
from kapok.cli.settings import PROJECT_FILE
from kapok.errors import KapokError

_ROOT = Path(kapok.templates.__path__[0])
_SEED_FILE = Path("seed", "0001_sample.sql")


def template_names() -> list[str]:
    """The names, `bookings` first: it is the one to look at."""
    names = sorted(path.parent.name for path in _ROOT.glob(f"*/{PROJECT_FILE}"))
    return sorted(names, key=lambda name: name != "bookings")


def write_template(name: str, target: Path, *, project: str | None = None) -> list[Path]:
    """Copy a template's files; `project` replaces the name. Returns the paths written, relative to `target`.

    Raises ALREADY_EXISTS, writing nothing, when one of the files is there already.
    """
    source = _ROOT / name
    files = {path.relative_to(source): path.read_text() for path in _template_files(source)}
    if project:
        files[Path(PROJECT_FILE)] = _renamed(files[Path(PROJECT_FILE)], project)
    if (source / "seed.py").is_file():
        files[_SEED_FILE] = seed_sql(name, seed=1)
    taken = [str(path) for path in files if (target / path).exists()]
    if taken:
        raise KapokError(
            "ALREADY_EXISTS",
            f"{target} already holds {', '.join(taken)}.",
            hint="Choose an empty directory: `kapok init DIR`.",
        )
    for path, text in files.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")
    return sorted(files)


def seed_sql(name: str, seed: int) -> str:
    """A template's sample data as one SQL script, set around today; on one day the same `seed` gives the same data."""
    generate = importlib.import_module(f"kapok.templates.{name}.seed").generate
    return "".join(f"{statement};\n" for statement in generate(seed, today=datetime.now(UTC).date()))


def _template_files(source: Path) -> Iterator[Path]:
    for path in sorted(source.rglob("*")):
        if path.is_file() and path.suffix not in {".py", ".pyc"}:
            yield path


def _renamed(text: str, project: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(f"name: {project}\n" if line.startswith("name:") else line for line in lines)
