"""Report profiles: which sections a report has, which controls each answers, which entries fill it.

In: a file of profiles/*.yaml. Out: `Profile`. The files are read once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kapok.ledger.entries import CHANGE, Entry

_FOLDER = Path(__file__).parent / "profiles"


@dataclass(frozen=True, slots=True)
class Control:
    """A requirement of a standard. id: as the standard has it (`CC6.1`, `164.312(b)`). name: a short paraphrase."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report. answers: how its entries answer the controls.

    events: names of actions, `*` for any ending. tables, ops, sources: of changes; changes come in where all three fit,
    and none where tables is empty. outcomes: of events; empty for any.
    """

    id: str
    title: str
    controls: tuple[Control, ...]
    answers: str
    events: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    ops: tuple[str, ...] = ("*",)
    sources: tuple[str, ...] = ("*",)

    def takes(self, entry: Entry) -> bool:
        """Whether the entry belongs to this section."""
        public = entry.public
        if entry.kind == CHANGE:
            return (
                _fits(self.tables, public.get("table"))
                and _fits(self.ops, public.get("op"))
                and _fits(self.sources, public.get("source"))
            )
        return _fits(self.events, public.get("name")) and (not self.outcomes or public.get("outcome") in self.outcomes)


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of report. source: the standard and its edition. about: what the report is for and what it is not.

    of_person: whether it is about one person, who then has to be named."""

    name: str
    title: str
    source: str
    about: str
    sections: tuple[Section, ...]
    of_person: bool = False


def profile_named(name: str) -> Profile:
    """The profile. Raises KeyError."""
    return profiles()[name]


@cache
def profiles() -> Mapping[str, Profile]:
    """Every profile by its name, which is its file's."""
    return {path.stem: _profile(path) for path in sorted(_FOLDER.glob("*.yaml"))}


def _profile(path: Path) -> Profile:
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    sections = tuple(_section(**section) for section in read.pop("sections"))
    about = read.pop("about").strip()
    return Profile(name=path.stem, about=about, sections=sections, **read)


def _section(controls: Mapping[str, str], **fields: Any) -> Section:
    lists = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return Section(controls=tuple(Control(str(id_), name) for id_, name in controls.items()), **lists)


def _fits(patterns: tuple[str, ...], name: Any) -> bool:
    return any(fnmatchcase(str(name or ""), pattern) for pattern in patterns)
