"""The history of one row, also where its key was changed. In: a table and a key. Out: a `Page` of its changes.

The key that was asked for counts at any time, whichever rows had it. From there a row is followed to the keys it had
before and after: from the change that gave it a key to the one that took it away, or deleted the row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, LiteralString, NamedTuple

from apps.audit.browse.cursor import Place
from apps.audit.browse.entries import page_of
from apps.audit.browse.filters import MAX_VALUES, Filter
from apps.audit.browse.fitting import Key, json_of, key_of, new_key_of, texts_of
from apps.audit.browse.reading import State, views_of
from apps.audit.browse.search import Found, found_of, look, merged
from apps.audit.browse.views import EntryView, Page, readable
from apps.audit.logs import LogRef
from apps.audit.search_terms import ROW_IS
from kapok.ledger.entries import CHANGE

#: Most stretches of rows' lives that are put together, and most changes of a key that are looked at for each.
MAX_STRETCHES, MAX_MOVES = 40, 40

_BEGINNING = Place(datetime(1, 1, 1, tzinfo=UTC), -1)
_END = Place(datetime(9999, 12, 31, tzinfo=UTC), 2**63 - 1)
_BETWEEN: LiteralString = """
    (s.at, s.index) >= (%(low_at)s, %(low_index)s) and (s.at, s.index) < (%(end_at)s, %(end_index)s)
"""
_MOVES: LiteralString = """
    (select s.index from {schema}.kapok_search s where s.moved_to = %(hash)s and {between}
     order by s.at desc, s.index desc limit %(limit)s)
    union
    (select s.index from {schema}.kapok_search s where s.object = %(hash)s and s.moved_to is not null and {between}
     order by s.at desc, s.index desc limit %(limit)s)
"""
# What gave a row its key last before a place, and what took it away first after one.
_BIRTH: LiteralString = """
    (select s.at, s.index from {schema}.kapok_search s where s.moved_to = %(hash)s and {between}
     order by s.at desc, s.index desc limit 1)
    union all
    (select t.at, t.index from {schema}.kapok_facet f cross join lateral (
        select s.at, s.index from {schema}.kapok_search s where s.object = %(hash)s and s.facet = f.id and {between}
        order by s.at desc, s.index desc limit 1
    ) t where f.table_name = %(table)s and f.op = 'insert')
    order by at desc, index desc limit 1
"""
_DEATH: LiteralString = """
    (select s.at, s.index from {schema}.kapok_search s
     where s.object = %(hash)s and s.moved_to is not null and {between} order by s.at, s.index limit 1)
    union all
    (select t.at, t.index from {schema}.kapok_facet f cross join lateral (
        select s.at, s.index from {schema}.kapok_search s where s.object = %(hash)s and s.facet = f.id and {between}
        order by s.at, s.index limit 1
    ) t where f.table_name = %(table)s and f.op = 'delete')
    order by at, index limit 1
"""
# A truncated partition stands under its own name; the newest of its truncations says what it is of.
_PARTITIONS = """
    select f.table_name from {schema}.kapok_facet f cross join lateral (
        select s.index from {schema}.kapok_search s where s.facet = f.id order by s.at desc, s.index desc limit 1
    ) s
    join {schema}.kapok_entry e on e.index = s.index
    join {schema}.kapok_change r on r.xid = e.xid and r.position = e.position and r.at = e.at
    where f.kind = 'change' and f.op = 'truncate' and f.table_name <> %(table)s and r.after ->> %(of)s = %(table)s
"""
#: Where the change log says which table's partition was truncated.
PARTITION_OF = "partition of"
_CHANGES: LiteralString = """
    with stretches as (
        select g.*, f.id as facet
        from unnest(%(hashes)s::bigint[], %(lows_at)s::timestamptz[], %(lows_index)s::bigint[],
                    %(ends_at)s::timestamptz[], %(ends_index)s::bigint[]) g (hash, low_at, low_index, end_at, end_index)
        cross join {schema}.kapok_facet f where f.kind = 'change' and f.table_name = %(table)s
    ), tops as (
        select g.*, t.at, t.index from stretches g cross join lateral (
            select s.at, s.index from {schema}.kapok_search s
            where s.object = g.hash and s.facet = g.facet and {within} and s.index < %(indexed)s
            order by s.at desc, s.index desc limit 1
        ) t
        order by t.at desc, t.index desc limit %(limit)s
    )
    select s.at, s.index, true from tops g cross join lateral (
        select s.at, s.index from {schema}.kapok_search s
        where s.object = g.hash and s.facet = g.facet and {within} and s.index < %(indexed)s
        order by s.at desc, s.index desc limit %(limit)s
    ) s
    order by s.at desc, s.index desc limit %(limit)s
""".replace("{within}", "(s.at, s.index) >= (g.low_at, g.low_index) and (s.at, s.index) < (g.end_at, g.end_index)")


class Stretch(NamedTuple):
    """The time in which a row had a key: from low on, before end."""

    key: Key
    hash: int
    low: Place
    end: Place


def history_of_row(log: LogRef, table: str, key: Mapping[str, Any], *, size: int = 50, cursor: str = "") -> Page:
    """A page of a row's changes, newest first, and of truncations of its table or of a partition of it. Raises
    VALIDATION_FAILED, BAD_CURSOR, TIMEOUT."""
    wanted = Filter(tables=(table,), key=key)
    life = _Life(log, table, key)

    def search(sql: Any, state: State, before: Place | None, limit: int) -> Found:
        return life.look(sql, state, before, limit)

    what = f"history {table} {sorted(texts_of(wanted.key or {}).items())}"
    return page_of(log, search, life.has, what, size=size, cursor=cursor)


class _Life:
    """A row's stretches, found when they are asked for."""

    def __init__(self, log: LogRef, table: str, key: Mapping[str, Any]) -> None:
        self._log, self._table, self._key, self._asked = log, table, texts_of(key), json.dumps(dict(key))
        self._stretches: list[Stretch] = []
        self._truncated: tuple[str, ...] = ()

    def has(self, view: EntryView) -> bool:
        """Whether a change is one of the row's."""
        if view.table != self._table:
            return view.op == "truncate" and readable((view.after or {}).get(PARTITION_OF, "")) == self._table
        keys = [self._key, *(stretch.key for stretch in self._stretches)]
        return view.op == "truncate" or key_of(view) in keys or new_key_of(view) in keys

    def look(self, sql: Any, state: State, before: Place | None, limit: int) -> Found:
        """The places of the row's changes, and those of its table's and its partitions' truncations."""
        if not self._stretches:
            self._find(sql, state)
            self._truncated = self._partitions(sql, state)
        truncations = Filter(tables=(self._table, *self._truncated), ops=("truncate",))
        found = look(sql, self._log, truncations, state.indexed, before, limit)
        return merged(found, self._changes(sql, state, before or _END, limit), limit)

    def _changes(self, sql: Any, state: State, before: Place, limit: int) -> Found:
        parts = [(hash_, low, min(end, before)) for hash_, low, end in _disjoint(self._stretches) if low < before]
        parameters = {
            "hashes": [hash_ for hash_, _, _ in parts],
            "lows_at": [low.at for _, low, _ in parts],
            "lows_index": [low.entry for _, low, _ in parts],
            "ends_at": [end.at for _, _, end in parts],
            "ends_index": [end.entry for _, _, end in parts],
            "table": self._table,
            "indexed": state.indexed,
            "limit": limit,
        }
        sql.execute(self._log.sql(_CHANGES), parameters)
        return found_of(sql.fetchall(), limit, limit)

    def _find(self, sql: Any, state: State) -> None:
        """Follow the row from key to key."""
        self._stretches = [Stretch(self._key, self._hash(sql, self._asked), _BEGINNING, _END)]
        for stretch in self._stretches:
            for index, view in sorted(self._moves(sql, state, stretch).items(), reverse=True):
                for one in self._beside(sql, stretch, Place(view.at, index), view):
                    if not _covered(one, self._stretches) and len(self._stretches) < MAX_STRETCHES:
                        self._stretches.append(one)

    def _partitions(self, sql: Any, state: State) -> tuple[str, ...]:
        """Those that were truncated by themselves, or with the table: so many as a filter can name."""
        if CHANGE not in state.kinds:
            return ()
        sql.execute(self._log.sql(_PARTITIONS), {"table": self._table, "of": PARTITION_OF})
        return tuple(sorted({name for (name,) in sql.fetchall()}))[: MAX_VALUES - 1]

    def _beside(self, sql: Any, stretch: Stretch, place: Place, view: EntryView) -> list[Stretch]:
        """The stretch before, for a change that gave the row this stretch's key, or the one after."""
        former, latter = key_of(view), new_key_of(view)
        after = Place(place.at, place.entry + 1)
        if view.key is None:
            return []
        if latter == stretch.key and former is not None:
            hash_ = self._hash(sql, json_of(view.key))
            low = self._nearest(sql, _BIRTH, hash_, _BEGINNING, place)
            return [Stretch(former, hash_, low or _BEGINNING, after)]
        if former == stretch.key and latter is not None and view.after is not None:
            hash_ = self._hash(sql, json_of({column: view.after[column] for column in view.key}))
            end = self._nearest(sql, _DEATH, hash_, after, _END)
            return [Stretch(latter, hash_, place, Place(end.at, end.entry + 1) if end else _END)]
        return []

    def _moves(self, sql: Any, state: State, stretch: Stretch) -> dict[int, EntryView]:
        """The changes of key in a stretch."""
        parameters = {**_bounds(stretch.low, stretch.end), "hash": stretch.hash, "limit": MAX_MOVES}
        sql.execute(self._log.sql(_MOVES.replace("{between}", _BETWEEN)), parameters)
        views = views_of(sql, self._log, state, [index for (index,) in sql.fetchall()])
        return {index: view for index, view in views.items() if view.table == self._table}

    def _nearest(self, sql: Any, statement: LiteralString, hash_: int, low: Place, end: Place) -> Place | None:
        parameters = {**_bounds(low, end), "hash": hash_, "table": self._table}
        sql.execute(self._log.sql(statement.replace("{between}", _BETWEEN)), parameters)
        found = sql.fetchone()
        return Place(*found) if found else None

    def _hash(self, sql: Any, key: str) -> int:
        sql.execute(f"select {ROW_IS}", {"table": self._table, "key": key})
        hash_: int = sql.fetchone()[0]
        return hash_


def _covered(one: Stretch, stretches: Iterable[Stretch]) -> bool:
    return any(one.key == other.key and other.low <= one.low and one.end <= other.end for other in stretches)


def _disjoint(stretches: Iterable[Stretch]) -> list[tuple[int, Place, Place]]:
    """The times of each key's hash, each place in one of them only."""
    parts: list[tuple[int, Place, Place]] = []
    for hash_, low, end in sorted((one.hash, one.low, one.end) for one in stretches):
        if parts and parts[-1][0] == hash_ and low <= parts[-1][2]:
            parts[-1] = (hash_, parts[-1][1], max(end, parts[-1][2]))
        else:
            parts.append((hash_, low, end))
    return parts


def _bounds(low: Place, end: Place) -> dict[str, Any]:
    return {"low_at": low.at, "low_index": low.entry, "end_at": end.at, "end_index": end.entry}
