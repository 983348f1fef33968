"""Names for the parts of one statement: t0, t1 ... as they are asked for, so that equal plans give equal text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kapok.query.fragments import Sql, sql


@dataclass(frozen=True, slots=True)
class View:
    """What a guarded sub-select gives beside the columns. whole: the row itself, for functions that take it.

    raw: columns that are masked, as they are: only ever compared beside the masked ones, for the sake of indexes.
    gates: functions of the row that it does not show in all rows -> whether it does. seen: whether the row is shown,
    which is always true, but unknown to the planner.
    """

    whole: Sql | None = None
    raw: Mapping[str, Sql] = field(default_factory=dict)
    gates: Mapping[str, Sql] = field(default_factory=dict)
    seen: Sql | None = None


_PLAIN = View()


class Aliases:
    """The counter of one statement, and what else holds for all of it. keyed: tables of whose rows the keys are told
    (kapok.query.row_keys). marks: whether there are any in it."""

    def __init__(self, keyed: frozenset[str] = frozenset()) -> None:
        self.keyed = keyed
        self.marks = False
        self._count = 0
        self._views: dict[str, View] = {}
        self._versions: dict[str, Sql] = {}

    def new(self) -> str:
        """The next alias."""
        alias = f"t{self._count}"
        self._count += 1
        return alias

    def note(self, alias: str, view: View) -> None:
        """Say that an alias is a guarded sub-select."""
        self._views[alias] = view

    def view(self, alias: str) -> View:
        """What an alias gives beside its columns; nothing for a table."""
        return self._views.get(alias, _PLAIN)

    def whole(self, alias: str) -> Sql:
        """The row itself."""
        return self.view(alias).whole or sql(alias)

    def note_version(self, alias: str, version: Sql) -> None:
        """Say how the version of a row is found that does not come from its table."""
        self._versions[alias] = version

    def version(self, alias: str) -> Sql:
        """The version of the row."""
        return self._versions.get(alias) or sql(alias, ".xmin")
