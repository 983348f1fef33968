"""Entries as they are in the tables. In: a log and indexes. Out: `EntryView`s, of rows that are there and that are not.

Everything runs on Django's connection, with a time limit for each statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import orjson
import psycopg
from django.db import OperationalError, connection, transaction

from apps.audit.browse.columns import PREVIEW, Cut, Room, room_for, shown_columns, shown_row
from apps.audit.browse.views import EntryView
from apps.audit.exports.content import entry_of
from apps.audit.logs import LogRef
from apps.audit.sealing_rows import Row, table_of
from kapok.errors import KapokError
from kapok.ledger.entries import CHANGE, EVENT, Entry

#: So many of the newest events of rows that were removed at the end of their time are looked at.
RECENT = 1000
#: Most time of one statement.
TIMEOUT = "5s"

# Backwards in indexes, whatever the planner thinks of the numbers.
_BEGIN = """
    select current_setting('statement_timeout'), current_setting('enable_seqscan'),
           current_setting('enable_bitmapscan'),
           set_config('statement_timeout', %s, true), set_config('enable_seqscan', 'off', true),
           set_config('enable_bitmapscan', 'off', true), set_config('jit', 'off', true)
"""
_END = """
    select set_config('statement_timeout', %s, true), set_config('enable_seqscan', %s, true),
           set_config('enable_bitmapscan', %s, true)
"""
_STATE = """
    select to_regclass(%s) is not null, l.origin, l.size, l.indexed_size, l.horizon::text::bigint, l.after_kind,
           l.after_position, l.restored_change, l.restored_event
    from (select) one left join {schema}.kapok_log l on true
"""
_VIEWS: LiteralString = """
    select e.index, e.position, e.at, (select min(c.size) from {schema}.kapok_checkpoint c where c.size > e.index),
           e.leaf_hash, e.seed, e.salts::text, e.erased::text, {columns}
    from {schema}.kapok_entry e
    left join {schema}.{table} r on r.xid = e.xid and r.position = e.position and r.at = e.at
    where e.kind = '{kind}' and e.index = any(%(indexes)s::bigint[])
"""
# The newest say the latest times.
_EXPIRED = """
    select x.details::text from {schema}.kapok_event x where x.action = 907 order by x.position desc limit %s
"""


@dataclass(frozen=True, slots=True)
class State:
    """How far a log has come: apps/audit/models/ledger.py. kinds: of entries that it has tables for."""

    origin: str
    kinds: tuple[str, ...]
    size: int
    indexed: int
    xid: int
    after_kind: str
    after_position: int
    restored: Mapping[str, int]


@contextmanager
def reading() -> Iterator[Any]:
    """A cursor whose statements end in time and go by indexes. Raises TIMEOUT."""
    nested = connection.in_atomic_block
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_BEGIN, [TIMEOUT])
            former = cursor.fetchone()[:3]
            yield cursor
            if nested:
                cursor.execute(_END, former)
    except OperationalError as exc:
        if isinstance(exc.__cause__, psycopg.errors.QueryCanceled):
            message = "It takes too long to find and read this much of the log."
            hint = "Ask for smaller pages, narrow the time, or name who or what."
            raise KapokError("TIMEOUT", message, hint=hint) from exc
        raise


def state_of(cursor: Any, log: LogRef) -> State:
    """The log's state; of a log that nothing was sealed of, the beginning."""
    cursor.execute(log.sql(_STATE), [log.sql("{schema}.kapok_change")])
    has_changes, *found = cursor.fetchone()
    origin, size, indexed, xid, kind, position, *restored = found if found[0] else (log.origin, 0, 0, 0, "", 0, 0, 0)
    kinds = (CHANGE, EVENT) if has_changes else (EVENT,)
    return State(origin, kinds, size, indexed, xid, kind, position, dict(zip((CHANGE, EVENT), restored, strict=True)))


def views_of(
    cursor: Any, log: LogRef, state: State, indexes: Sequence[int], room: Room = PREVIEW
) -> dict[int, EntryView]:
    """The entries that are there, by index. room: for the values of each."""
    found: dict[int, EntryView] = {}
    for kind in state.kinds if indexes else ():
        statement = _VIEWS.replace("{columns}", shown_columns(kind)).replace("{table}", table_of(kind))
        cursor.execute(log.sql(statement.replace("{kind}", kind)), {**room_for(room), "indexes": list(indexes)})
        for index, position, at, sealed, leaf_hash, seed, salts, erased, *row in cursor.fetchall():
            if row[1] is None:
                found[index] = EntryView(index, position, kind, at, sealed, missing=True)
                continue
            shown, cut = shown_row(kind, tuple(row))
            entry = entry_of(shown, _bytes(seed), _object(salts), _object(erased))
            intact = None if cut else _is_intact(entry, state.origin, bytes(leaf_hash))
            found[index] = _view(entry, index, sealed, intact, cut)
    gone = [view for view in found.values() if view.missing]
    if gone:
        found.update(_expired(cursor, log, gone))
    return found


def unsealed_view(kind: str, row: Row, cut: Mapping[str, Cut]) -> EntryView:
    """A row that no entry was made of yet."""
    return _view(Entry(kind, row.at, row.place.position, row.public, row.private), None, None, None, cut)


def _view(
    entry: Entry, index: int | None, sealed: int | None, intact: bool | None, cut: Mapping[str, Cut]
) -> EntryView:
    public, private = entry.public, entry.private
    common: dict[str, Any] = {
        "index": index, "position": entry.position, "kind": entry.kind, "at": datetime.fromisoformat(entry.at),
        "sealed": sealed, "intact": intact, "erased": frozenset(entry.erased),
        "cut": {path: one for path, one in cut.items() if path not in entry.erased},
        "who": _text(private, "actor"), "session": _text(private, "sessionId"),
        "address": _text(private, "address"), "target": _text(private, "target"),
        "request_id": public.get("requestId") or "",
    }  # fmt: skip
    if entry.kind == EVENT:
        return EntryView(
            **common, action=str(public["name"] or public["action"]), number=int(public["action"] or 0),
            outcome=str(public["outcome"]), details=_part(private, "details") or {},
        )  # fmt: skip
    return EntryView(
        **common, table=str(public["table"] or ""), op=str(public["op"]), source=str(public["source"]),
        # A part of a key is another row's.
        key=None if any(path.startswith("key.") for path in cut) else _part(private, "key"),
        before=_part(private, "before"), after=_part(private, "after"),
    )  # fmt: skip


def _is_intact(entry: Entry, origin: str, leaf_hash: bytes) -> bool:
    try:
        return entry.leaf_hash(origin) == leaf_hash
    except (ValueError, TypeError):
        return False


def _expired(cursor: Any, log: LogRef, gone: Sequence[EntryView]) -> dict[int, EntryView]:
    """Those whose row retention has removed."""
    cursor.execute(log.sql(_EXPIRED), [RECENT])
    before: dict[str, datetime] = {}
    for (text,) in cursor.fetchall():
        details = _object(text) or {}
        try:
            at = datetime.fromisoformat(details["before"])
            table = str(details["table"])
            before[table] = max(at, before.get(table, at))
        except (KeyError, ValueError, TypeError):
            continue  # not Kapok's
    return {
        view.index: EntryView(view.index, view.position, view.kind, view.at, view.sealed, expired=True)
        for view in gone
        if view.index is not None and (end := before.get(table_of(view.kind))) is not None and view.at < end
    }


def _part(private: Mapping[str, str], name: str) -> dict[str, str] | None:
    prefix = f"{name}."
    return {path[len(prefix) :]: text for path, text in private.items() if path.startswith(prefix)} or None


def _text(private: Mapping[str, str], path: str) -> str:
    return str(orjson.loads(private[path])) if path in private else ""


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def _object(text: str | None) -> dict[str, Any] | None:
    value = None if text is None else orjson.loads(text)
    return value if isinstance(value, dict) else None
