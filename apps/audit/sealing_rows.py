"""The rows a log is made of, as entries: kapok_change and kapok_event.

In: a connection, and which rows. Out: `Row`s with public fields and the JSON texts of private values, exactly as
Postgres prints them (docs/adr/0012-what-a-leaf-holds.md).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, LiteralString, NamedTuple

import orjson

from apps.audit.actions import BY_NUMBER
from apps.audit.logs import LogRef
from apps.audit.sealing_state import LogState, Place, Session
from kapok.ledger.entries import CHANGE, EVENT, Public

#: Rows that are in memory at once.
CHUNK = 200
#: When a row `r` is of, as entries have it.
ROW_TIME: LiteralString = """to_char(r.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
#: After a kind of this xid, what stands before every position and what behind it.
_FIRST, _LAST = 0, 2**63 - 1

# A JSON object of texts by path. Its own values are objects, unless somebody wrote something else there.
_VALUES: LiteralString = """(select json_object_agg('{name}.' || key, value::text) from
    jsonb_each(case when jsonb_typeof(r.{name}) = 'object' then r.{name} else '{}' end))::text"""
CHANGE_COLUMNS: LiteralString = (
    f"r.xid::text::bigint, r.position, {ROW_TIME}, r.table_name, r.op, r.source, r.request_id, "
    + "to_jsonb(r.actor)::text, to_jsonb(r.session_id)::text, "
    + ", ".join(_VALUES.replace("{name}", name) for name in ("key", "before", "after"))
)
# An empty text is no value: that is what an erased one is in a column that cannot be null.
EVENT_COLUMNS: LiteralString = (
    f"r.xid::text::bigint, r.position, {ROW_TIME}, r.action, r.outcome, r.request_id, "
    + "to_jsonb(nullif(r.actor, ''))::text, to_jsonb(nullif(r.address, ''))::text, "
    + "to_jsonb(nullif(r.target, ''))::text, "
    + _VALUES.replace("{name}", "details")
)
_COLUMNS: dict[str, LiteralString] = {CHANGE: CHANGE_COLUMNS, EVENT: EVENT_COLUMNS}
# The values are made of the rows that are left after ordering and limiting, not of all.
_NEW: LiteralString = """
    select {columns} from (
        select * from {schema}.{table}
        where (xid, position) > (%s::text::xid8, %s) and xid < %s::text::xid8 and position > %s
        order by xid, position limit %s
    ) r order by r.xid, r.position
"""
_RESTORED: LiteralString = """
    select {columns} from (
        select * from {schema}.{table} s
        where position <= %s and not exists (
            select from {schema}.kapok_entry e where e.kind = '{kind}' and e.position = s.position
        )
        order by xid, position limit %s
    ) r order by r.xid, r.position
"""
_TABLES: dict[str, LiteralString] = {CHANGE: "kapok_change", EVENT: "kapok_event"}
_THERE = "select to_regclass(%s) is not null"


class Row(NamedTuple):
    """One row. private: its JSON texts by path."""

    place: Place
    at: str
    public: Public
    private: dict[str, str]


def kinds_of(session: Session, log: LogRef) -> tuple[str, ...]:
    """Which of the two tables the log has: the control plane has no tables of others, so no changes of theirs."""
    there = session.execute(_THERE, [log.sql("{schema}.kapok_change")]).fetchone() == (True,)
    return (CHANGE, EVENT) if there else (EVENT,)


def table_of(kind: str) -> LiteralString:
    """The table that entries of this kind are rows of."""
    return _TABLES[kind]


def columns_of(kind: str) -> LiteralString:
    """The select list of a table called `r`; `row_of` reads what it gives."""
    return _COLUMNS[kind]


def row_of(kind: str, found: tuple[Any, ...]) -> Row:
    """A row, from what `columns_of` selects."""
    xid, position, at = found[:3]
    place = Place(xid, kind, position)
    if kind == CHANGE:
        _, _, _, table, op, source, request, actor, session_id, *values = found
        public: Public = {"table": table, "op": op, "source": source, "requestId": request}
        private = {"actor": actor, "sessionId": session_id}
    else:
        _, _, _, action, outcome, request, actor, address, target, *values = found
        known = BY_NUMBER.get(action)
        name = known.name if known else ""
        public = {"action": action, "name": name, "requestId": request, "outcome": outcome}
        private = {"actor": actor, "address": address, "target": target}
    private = {path: text for path, text in private.items() if text is not None}
    for texts in values:
        if texts is not None:
            private.update(orjson.loads(texts))
    return Row(place, at, public, private)


def sealed_up_to(state: LogState, kind: str) -> tuple[int, int]:
    """The xid and position that rows of this kind are sealed up to, both of them included."""
    return sealed_up_to_place(state.after, kind)


def sealed_up_to_place(after: Place, kind: str) -> tuple[int, int]:
    """The same, of the place that sealing has come to."""
    return after.xid, after.position if kind == after.kind else _LAST if kind < after.kind else _FIRST


def new_rows(session: Session, log: LogRef, state: LogState, horizon: int, limit: int) -> Iterator[Row]:
    """The first `limit` rows after state.after that were committed by transactions below the horizon, in the order
    they are sealed in: by xid, kind and position. Close the iterator before the connection is used again."""
    parts = []
    for kind in kinds_of(session, log):
        xid, position = sealed_up_to(state, kind)
        restored = state.restored_change if kind == CHANGE else state.restored_event
        parts.append(_rows(session, log, kind, _NEW, [str(xid), position, str(horizon), restored, limit]))
    return heapq.merge(*parts, key=attrgetter("place"))


def restored_rows(session: Session, log: LogRef, state: LogState, limit: int) -> Iterator[Row]:
    """The first `limit` rows of each kind that a restore brought here and no entry was made of."""
    parts = []
    for kind in kinds_of(session, log):
        restored = state.restored_change if kind == CHANGE else state.restored_event
        parts.append(_rows(session, log, kind, _RESTORED, [restored, limit]))
    return heapq.merge(*parts, key=attrgetter("place"))


def _rows(
    session: Session, log: LogRef, kind: str, statement: LiteralString, parameters: list[str | int]
) -> Iterator[Row]:
    named = statement.replace("{columns}", columns_of(kind)).replace("{table}", table_of(kind)).replace("{kind}", kind)
    with session.cursor(name=f"rows_{kind}") as cursor:
        cursor.itersize = CHUNK
        cursor.execute(log.sql(named), parameters)
        for found in cursor:
            yield row_of(kind, found)
