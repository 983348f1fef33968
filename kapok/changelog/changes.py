"""What a new audit.yaml changes: table by table, and whether less is recorded than before.

In: two `AuditSettings`, and the tables there are. Out: `SettingChange`s. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kapok.changelog.settings import MODES, AuditSettings, Reads, TableSettings

#: What `subject` is for all tables that are not named, and for the time that rows are kept.
OTHERS, KEPT = "all other tables", "kept for"


@dataclass(frozen=True, slots=True)
class SettingChange:
    """subject: a table, `name()` for a function, OTHERS or KEPT. what: `mode`, `redacted`, `reads`, `calls`, `days`.
    less: whether less is recorded, or for a shorter time."""

    subject: str
    what: str
    before: str
    after: str
    less: bool


def changes_between(before: AuditSettings, after: AuditSettings, tables: Iterable[str]) -> list[SettingChange]:
    """In the order of names; tables: those of a tenant, to say which follow another default."""
    found = []
    if before.default != after.default:
        found.append(_mode(OTHERS, before.default, after.default))
    for name in sorted({*tables, *before.tables, *after.tables}):
        found += _of_table(name, _settings(before, name), _settings(after, name))
    for name in sorted({*before.functions, *after.functions}):
        was, becomes = (_reads(Reads.YES if name in one.functions else None) for one in (before, after))
        if was != becomes:
            found.append(SettingChange(f"{name}()", "calls", was, becomes, becomes == "not recorded"))
    if before.retention_days != after.retention_days:
        was, becomes = (f"{one.retention_days} days" for one in (before, after))
        found.append(SettingChange(KEPT, "days", was, becomes, after.retention_days < before.retention_days))
    return found


def _settings(settings: AuditSettings, table: str) -> TableSettings:
    return settings.tables.get(table) or TableSettings(settings.default)


def _of_table(name: str, before: TableSettings, after: TableSettings) -> Iterator[SettingChange]:
    if before.mode != after.mode:
        yield _mode(name, before.mode, after.mode)
    if set(before.redact) != set(after.redact):
        was, becomes = (", ".join(sorted(one.redact)) or "nothing" for one in (before, after))
        yield SettingChange(name, "redacted", was, becomes, not set(after.redact) <= set(before.redact))
    if before.reads != after.reads:
        order = (None, Reads.YES, Reads.KEYS)
        less = order.index(after.reads) < order.index(before.reads)
        yield SettingChange(name, "reads", _reads(before.reads), _reads(after.reads), less)


def _mode(subject: str, before: str, after: str) -> SettingChange:
    return SettingChange(subject, "mode", before, after, MODES.index(after) < MODES.index(before))


def _reads(reads: Reads | None) -> str:
    if reads is None:
        return "not recorded"
    return "recorded with keys" if reads is Reads.KEYS else "recorded"
