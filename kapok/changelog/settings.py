"""audit.yaml: what of each table is written down, and how long it is kept.

In: its text. Out: `AuditSettings`, or KapokError PROJECT_INVALID with line and path. Pure.

    default: full                # off | keys | full
    tables:
      payments: {mode: full, redact: [card]}
      sessions: off
    retention: 2y                # or `profile: hipaa`
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from kapok.permissions.document import Node, did_you_mean, load_document

FILE = "audit.yaml"
MODES = ("off", "keys", "full")
#: How long rows are kept, in days. HIPAA: 45 CFR 164.316(b)(2)(i) asks for six years.
PROFILES: Mapping[str, int] = {"default": 366, "hipaa": 6 * 366}
_RETENTION = re.compile(r"([1-9][0-9]{0,3})([dmy])")
_DAYS = {"d": 1, "m": 31, "y": 366}


@dataclass(frozen=True, slots=True)
class TableSettings:
    """mode: off, keys or full. redact: columns whose values never reach the log."""

    mode: str
    redact: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """default: the mode of tables that are not named. retention_days: rows are kept for at least so long. nodes: where
    tables stand in the text."""

    default: str = "full"
    tables: Mapping[str, TableSettings] = field(default_factory=dict)
    retention_days: int = PROFILES["default"]
    nodes: Mapping[str, Node] = field(default_factory=dict, compare=False, repr=False)

    def rows(self) -> list[tuple[str, str, list[str]]]:
        """The rows of kapok_change_mode: (table, mode, redacted columns); "" stands for all other tables."""
        named = [(name, table.mode, list(table.redact)) for name, table in self.tables.items()]
        return [("", self.default, []), *named]

    def check(self, tables: Mapping[str, Collection[str]]) -> None:
        """Refuse tables and columns that are not among those of a schema ({table: columns}): a misspelt name would
        leave in the log what was to be kept out of it. Raises PROJECT_INVALID."""
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
    members = load_document(text, FILE).mapping({"default", "tables", "retention", "profile"})
    if "retention" in members and "profile" in members:
        members["retention"].fail("give either `retention` or `profile`, not both.")
    default = _mode(members["default"]) if "default" in members else "full"
    days = PROFILES["default"]
    if "profile" in members:
        days = PROFILES[_choice(members["profile"], tuple(PROFILES))]
    elif "retention" in members:
        days = _days(members["retention"])
    tables = members["tables"].mapping() if "tables" in members else {}
    return AuditSettings(default, {name: _table(name, node, default) for name, node in tables.items()}, days, tables)


def _table(name: str, node: Node, default: str) -> TableSettings:
    if not name:
        node.fail("a table's name is expected before the colon.")
    if node.is_text():
        return TableSettings(_mode(node))
    members = node.mapping({"mode", "redact"})
    mode = _mode(members["mode"]) if "mode" in members else default
    redact = members["redact"].names() if "redact" in members else ()
    if redact and mode == "off":
        members["redact"].fail("nothing of this table is written down, so there is nothing to redact.")
    return TableSettings(mode, redact)


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
