"""Erasure: private values leave a log for good, and everything that was proven of it still is.

In: a log, and which values. Out: rows without them, and entries that keep only their digests: the seed that every salt
came from goes, so nobody can try out what an erased value was. The act is an event; it names no value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, LiteralString

import orjson
from django.db import connection, transaction

from apps.audit.logs import LogRef
from apps.audit.record import record
from apps.audit.sealing_rows import columns_of, row_of, table_of
from apps.audit.search_index import FORGET, forgotten
from apps.audit.tasks import queue_vacuum
from kapok.errors import KapokError
from kapok.ledger.entries import CHANGE, EVENT, Entry

#: What is erased when nothing else is said. Of a table or a row: everything but the key, which says which row it was.
ROW_PATHS = ("actor", "sessionId", "before.*", "after.*")
#: Of a person: who it was, and what was said of it; not the rows that this person has changed.
PERSON_PATHS = ("actor", "sessionId", "address", "target", "details.*")
#: Rows at once.
BATCH = 500
# In JSON: a backslash that is not itself escaped, and u0000.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

_SHAPES: dict[str, LiteralString] = {
    CHANGE: "%(target)s::text is null and (%(table)s::text is null or r.table_name = %(table)s) and (%(key)s::text is "
    "null or r.key @> %(key)s::text::jsonb or r.before @> %(key)s::text::jsonb or r.after @> %(key)s::text::jsonb)",
    # What proves which key followed which, and which rows are too old to be there, stays.
    EVENT: "%(table)s::text is null and %(key)s::text is null and r.action not in (901, 907) "
    "and (%(target)s::text is null or r.target = %(target)s)",
}
_UNSEALED: LiteralString = """
    select exists (
        select from {schema}.{table} r where {shape} and (%(actor)s::text is null or r.actor = %(actor)s)
        and not exists (select from {schema}.kapok_entry e where e.kind = '{kind}' and e.position = r.position)
    )
"""
_FOUND: LiteralString = """
    select e.index, e.leaf_hash, e.seed, e.salts::text, e.erased::text, {columns}
    from {schema}.{table} r join {schema}.kapok_entry e on e.kind = '{kind}' and e.position = r.position
    where {shape} and (%(actor)s::text is null or r.actor = %(actor)s) and e.index > %(after)s
    order by e.index limit %(limit)s
"""
_LOCK = "select origin from {schema}.kapok_log for update"
_UPKEEP = "select set_config('kapok.log_upkeep', 'on', true)"
_ENTRY = "update {schema}.kapok_entry set seed = null, salts = %s::jsonb, erased = %s::jsonb where index = %s"
_ROWS: dict[str, LiteralString] = {
    CHANGE: """
        update {schema}.kapok_change set key = key - %(key)s::text[], before = before - %(before)s::text[],
            after = after - %(after)s::text[], actor = case when not %(actor)s then actor end,
            session_id = case when not %(sessionId)s then session_id end
        where xid = %(xid)s::text::xid8 and position = %(position)s and at = %(at)s
    """,
    EVENT: """
        update {schema}.kapok_event set details = details - %(details)s::text[],
            actor = case when %(actor)s then '' else actor end,
            address = case when %(address)s then '' else address end,
            target = case when %(target)s then '' else target end
        where xid = %(xid)s::text::xid8 and position = %(position)s and at = %(at)s
    """,
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which values are erased: of the changes of a table, of one row of it (the key's columns and their values), of
    what an actor did, of the events about a target; all that are named have to fit. paths: patterns (`after.*`) of the
    private values' paths; None for ROW_PATHS, or without a table PERSON_PATHS."""

    table: str | None = None
    key: Mapping[str, Any] | None = None
    actor: str | None = None
    target: str | None = None
    paths: tuple[str, ...] | None = None

    @property
    def patterns(self) -> tuple[str, ...]:
        """The paths that count."""
        if self.paths is not None:
            return self.paths
        return PERSON_PATHS if self.table is None else ROW_PATHS

    def check(self) -> None:
        """Raises VALIDATION_FAILED where nothing is selected, or what nothing could fit."""
        if self.table is None and self.actor is None and self.target is None:
            _refuse("Name a table, an actor or a target whose values are to be erased.")
        if self.key is not None and self.table is None:
            _refuse("A key is one of a table: name the table.")
        if self.key is not None and not _is_key(self.key):
            _refuse('A key names a column and a value that a row can have, such as {"id": 7}.')
        if self.table is not None and self.target is not None:
            _refuse("A target is one of events, which have no table: erase them by themselves.")
        if not self.patterns:
            _refuse("Name the paths of the values to erase, or leave them out.")


@dataclass(frozen=True, slots=True)
class Erased:
    """entries: how many have lost values. values: how many those were."""

    entries: int
    values: int


@transaction.atomic
def do_erase(log: LogRef, selection: Selection, *, actor: str, reason: str) -> Erased:
    """Erase private values for good. actor: who does it; reason: why, without personal data, for both are recorded.

    Raises VALIDATION_FAILED without a selection, INVALID_STATE when something of it is not sealed yet or is not what
    was sealed. The tables are vacuumed afterwards; older backups still hold the values (docs/audit-sealing.md).
    """
    selection.check()
    erased = [0, 0]
    with connection.cursor() as cursor:
        cursor.execute(log.sql(_LOCK))
        origin = cursor.fetchone()
        cursor.execute(_UPKEEP)
        for kind in _kinds(cursor, log):
            cursor.execute(_named(log, _UNSEALED, kind), _parameters(selection))
            if cursor.fetchone()[0]:
                raise KapokError("INVALID_STATE", "Some of it is not sealed yet.", hint="Try again in a few seconds.")
            for values in _erase(cursor, log, origin[0] if origin else log.origin, selection, kind):
                erased[0] += 1
                erased[1] += values
    details = {"reason": reason, "entries": erased[0], "values": erased[1], "paths": list(selection.patterns)}
    transaction.on_commit(lambda: queue_vacuum(log))
    table = {} if selection.table is None else {"table": selection.table}
    record("audit.erased", log=log, actor=actor, target=f"log:{log.origin}", details={**details, **table})
    return Erased(*erased)


def would_erase(log: LogRef, selection: Selection) -> Erased:
    """What an erasure would take out of what is sealed now; nothing is changed. Raises VALIDATION_FAILED."""
    selection.check()
    entries = values = 0
    with connection.cursor() as cursor:
        for kind in _kinds(cursor, log):
            for found in _found(cursor, log, selection, kind):
                lost = len(_chosen(row_of(kind, found[5:]).private, selection))
                entries, values = entries + (lost > 0), values + lost
    return Erased(entries, values)


def _is_key(key: Mapping[str, Any]) -> bool:
    """Whether PostgreSQL can look for it. One without columns would be every row's."""
    try:
        text = json.dumps(dict(key), allow_nan=False, ensure_ascii=False)
        text.encode()
    except ValueError:
        return False
    return bool(key) and _NUL.search(text) is None


def _refuse(message: str) -> None:
    raise KapokError("VALIDATION_FAILED", message)


def _erase(cursor: Any, log: LogRef, origin: str, selection: Selection, kind: str) -> Iterator[int]:
    """Erase in one kind of rows; yields how many values of each entry went."""
    for index, leaf_hash, seed, salts, erased, *row in _found(cursor, log, selection, kind):
        entry = _entry(kind, seed, salts, erased, tuple(row))
        paths = _chosen(entry.private, selection)
        if not paths:
            continue
        left = _without(entry, paths)
        if left.leaf_hash(origin) != bytes(leaf_hash):
            raise KapokError("INVALID_STATE", f"Entry {index} is not what was sealed, so nothing was erased.")
        cursor.execute(log.sql(_ENTRY), [json.dumps(dict(left.salts or {})), json.dumps(dict(left.erased)), index])
        cursor.execute(log.sql(_ROWS[kind]), _row(kind, paths, str(row[0]), entry.position, entry.at))
        cursor.execute(log.sql(FORGET), forgotten(index, paths, entry.private))
        yield len(paths)


def _found(cursor: Any, log: LogRef, selection: Selection, kind: str) -> Iterator[tuple[Any, ...]]:
    """_FOUND's rows, a batch at a time."""
    after, more = -1, True
    while more:
        cursor.execute(_named(log, _FOUND, kind), {**_parameters(selection), "after": after, "limit": BATCH})
        found = cursor.fetchall()
        yield from found
        more = len(found) == BATCH
        after = found[-1][0] if found else after


def _chosen(private: Mapping[str, str], selection: Selection) -> list[str]:
    """The paths of the values that go."""
    return [path for path in private if any(fnmatchcase(path, one) for one in selection.patterns)]


def _without(entry: Entry, paths: list[str]) -> Entry:
    try:
        return entry.erase(paths)
    except ValueError as exc:
        raise KapokError("INVALID_STATE", "An entry is not what was sealed, so nothing was erased.") from exc


def _entry(kind: str, seed: Any, salts: str | None, erased: str | None, row: tuple[Any, ...]) -> Entry:
    found = row_of(kind, row)
    return Entry(
        kind, found.at, found.place.position, found.public, found.private,
        None if seed is None else bytes(seed),
        None if salts is None else orjson.loads(salts),
        {} if erased is None else orjson.loads(erased),
    )  # fmt: skip


def _row(kind: str, paths: list[str], xid: str, position: int, at: Any) -> dict[str, Any]:
    """The parameters of the statement that takes values out of a row."""
    parameters: dict[str, Any] = {"xid": xid, "position": position, "at": at}
    for column in ("key", "before", "after") if kind == CHANGE else ("details",):
        parameters[column] = [path.removeprefix(f"{column}.") for path in paths if path.startswith(f"{column}.")]
    for name in ("actor", "sessionId") if kind == CHANGE else ("actor", "address", "target"):
        parameters[name] = name in paths
    return parameters


def _kinds(cursor: Any, log: LogRef) -> tuple[str, ...]:
    cursor.execute("select to_regclass(%s) is not null", [log.sql("{schema}.kapok_change")])
    return (CHANGE, EVENT) if cursor.fetchone()[0] else (EVENT,)


def _named(log: LogRef, statement: LiteralString, kind: str) -> str:
    marks = {"{shape}": _SHAPES[kind], "{table}": table_of(kind), "{kind}": kind, "{columns}": columns_of(kind)}
    for mark, text in marks.items():
        statement = statement.replace(mark, text)
    return log.sql(statement)


def _parameters(selection: Selection) -> dict[str, Any]:
    key = None if selection.key is None else json.dumps(dict(selection.key))
    return {"table": selection.table, "key": key, "actor": selection.actor, "target": selection.target}
