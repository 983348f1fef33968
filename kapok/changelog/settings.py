"""audit.yaml: what of each table is written down, and how long that and audit events are kept.

In: its text. Out: `AuditSettings`, or KapokError PROJECT_INVALID with line and path. Pure.

    default: full                # off | keys | full
    tables:
      payments: {mode: full, redact: [card]}
      patients: {reads: true}    # who reads them is recorded; `keys`: also which rows were given out
      sessions: off
    functions: [history]         # calls that are recorded like reads
    retention: 2y                # or `profile: hipaa`
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kapok.identifiers import called
from kapok.permissions.document import Node, did_you_mean, load_document

FILE = "audit.yaml"
MODES = ("off", "keys", "full")
#: How long changes and events are kept, in days. HIPAA: 45 CFR 164.316(b)(2)(i) asks for six years.
PROFILES: Mapping[str, int] = {"default": 366, "hipaa": 6 * 366}
_RETENTION = re.compile(r"([1-9][0-9]{0,3})([dmy])")
_DAYS = {"d": 1, "m": 31, "y": 366}


class Reads(StrEnum):
    """What is recorded of who reads a table: that somebody did, or also the keys of the rows that were given out."""

    YES = "true"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class TableSettings:
    """mode: off, keys or full. redact: columns whose values never reach the log. reads: None for a table whose reads
    are not recorded."""

    mode: str
    redact: tuple[str, ...] = ()
    reads: Reads | None = None


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """default: the mode of tables that are not named. functions: those whose calls are recorded as reads.
    retention_days: changes and events are kept for at least so long. nodes: where tables and functions (`name()`)
    stand in the text."""

    default: str = "full"
    tables: Mapping[str, TableSettings] = field(default_factory=dict)
    retention_days: int = PROFILES["default"]
    functions: tuple[str, ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict, compare=False, repr=False)

    def rows(self) -> list[tuple[str, str, list[str]]]:
        """The rows of kapok_change_mode: (table, mode, redacted columns); "" stands for all other tables."""
        named = [(name, table.mode, list(table.redact)) for name, table in self.tables.items()]
        return [("", self.default, []), *named]

    def recorded_reads(self) -> dict[str, str]:
        """What is recorded when it is read: tables, and functions as `name()`, each with a value of `Reads`."""
        tables = {name: table.reads.value for name, table in self.tables.items() if table.reads is not None}
        return tables | {called(name): Reads.YES.value for name in self.functions}

    def check(self, tables: Mapping[str, Collection[str]], functions: Collection[str]) -> None:
        """Refuse tables, columns and functions that are not among those of a schema (tables: {table: columns}): a
        misspelt name would leave in the log what was to be kept out of it, or the other way round. Raises
        PROJECT_INVALID."""
        for name in self.functions:
            if name not in functions:
                self.nodes[called(name)].fail(f"there is no function `{name}`.{did_you_mean(name, functions)}")
        for name, table in self.tables.items():
            node = self.nodes[name]
            if name not in tables:
                node.fail(f"there is no table `{name}`.{did_you_mean(name, tables)}")
            for column in table.redact:
                if column not in tables[name]:
                    hint = did_you_mean(column, tables[name])
                    node.fail(f"`{name}` has no column `{column}`.{hint}")


def parse_settings(text: str) -> AuditSettings:
    """Read audit.yaml; an empty text means the defaults."""
    members = load_document(text, FILE).mapping({"default", "tables", "functions", "retention", "profile"})
    if "retention" in members and "profile" in members:
        members["retention"].fail("give either `retention` or `profile`, not both.")
    default = _mode(members["default"]) if "default" in members else "full"
    days = PROFILES["default"]
    if "profile" in members:
        days = PROFILES[_choice(members["profile"], tuple(PROFILES))]
    elif "retention" in members:
        days = _days(members["retention"])
    tables = members["tables"].mapping() if "tables" in members else {}
    functions = members["functions"].names() if "functions" in members else ()
    nodes = tables | {called(name): members["functions"] for name in functions}
    named = {name: _table(name, node, default) for name, node in tables.items()}
    return AuditSettings(default, named, days, functions, nodes)


def _table(name: str, node: Node, default: str) -> TableSettings:
    if not name:
        node.fail("a table's name is expected before the colon.")
    if node.is_text():
        return TableSettings(_mode(node))
    members = node.mapping({"mode", "redact", "reads"})
    mode = _mode(members["mode"]) if "mode" in members else default
    redact = members["redact"].names() if "redact" in members else ()
    if redact and mode == "off":
        members["redact"].fail("nothing of this table is written down, so there is nothing to redact.")
    return TableSettings(mode, redact, _reads(members["reads"]) if "reads" in members else None)


def _reads(node: Node) -> Reads | None:
    value = _choice(node, ("true", "false", Reads.KEYS.value))
    return None if value == "false" else Reads(value)


def _mode(node: Node) -> str:
    return _choice(node, MODES)


def _choice(node: Node, known: tuple[str, ...]) -> str:
    value = node.text()
    if value not in known:
        node.fail(f"`{value}` is not known; it is one of {', '.join(known)}.")
    return value


def _days(node: Node) -> int:
    found = _RETENTION.fullmatch(node.text())
    if found is None:
        node.fail("a time such as 90d, 18m or 6y is expected.")
    days = int(found[1]) * _DAYS[found[2]]
    if days > 100 * 366:
        node.fail("at most 100y are kept.")
    return days
