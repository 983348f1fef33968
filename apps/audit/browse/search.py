"""Where entries may be that fit a filter, by kapok_search alone.

In: a filter and a place. Out: the places before it, newest first. Each facet that the filter allows is a stream of its
own in an index that ends in (at, index); as many streams as a page has entries can have a part in it, those that begin
latest. So a page costs one probe a facet, and is as quick where nothing is found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, LiteralString, NamedTuple

from apps.audit.actions import ACTIONS
from apps.audit.browse.cursor import Place
from apps.audit.browse.filters import Filter
from apps.audit.logs import LogRef
from apps.audit.search_terms import REQUEST_IS, ROW_IS, TARGET_IS, WHO_IS
from kapok.ledger.entries import CHANGE, EVENT

#: So many entries of one request, or of one row where somebody is looked for, are looked at in one statement.
SCAN = 400

_STREAMS: LiteralString = """
    select s.at, s.index, s.fits from (
        select f.id, t.at, t.index from {schema}.kapok_facet f cross join lateral (
            select s.at, s.index from {schema}.kapok_search s where {term} s.facet = f.id and {range}
            order by s.at desc, s.index desc limit 1
        ) t
        where {facets} order by t.at desc, t.index desc limit %(limit)s
    ) f cross join lateral (
        select s.at, s.index, {fits} as fits from {schema}.kapok_search s where {term} s.facet = f.id and {range}
        order by s.at desc, s.index desc limit %(limit)s
    ) s
    order by s.at desc, s.index desc limit %(limit)s
"""
_OF_REQUEST: LiteralString = """
    select s.at, s.index, {fits} as fits from {schema}.kapok_search s
    where s.request = {hash} and {range} order by s.at desc, s.index desc limit %(limit)s
"""
_CAME: LiteralString = """
    select s.at, s.index, true from {schema}.kapok_search s
    where s.moved_to = {hash} and {range} order by s.at desc, s.index desc limit %(limit)s
"""
# An empty list allows all.
_FACETS: dict[str, LiteralString] = {
    CHANGE: """
        f.kind = 'change' and (%(tables)s::text[] = '{}' or f.table_name = any(%(tables)s))
        and (%(ops)s::text[] = '{}' or f.op = any(%(ops)s))
        and (%(sources)s::text[] = '{}' or f.source = any(%(sources)s))
    """,
    EVENT: """
        f.kind = 'event' and (%(numbers)s::int[] = '{}' or f.action = any(%(numbers)s))
        and (%(outcomes)s::text[] = '{}' or f.outcome = any(%(outcomes)s))
    """,
}


class Found(NamedTuple):
    """places: newest first. reached: there may be more before this one; None: there is none."""

    places: list[Place]
    reached: Place | None


def look(cursor: Any, log: LogRef, wanted: Filter, indexed: int, before: Place | None, limit: int) -> Found:
    """At most `limit` places of entries below `indexed` that may fit."""
    found = Found([], None)
    for kind in wanted.of_kinds:
        search = _Search(cursor, log, wanted, kind, indexed, before, limit)
        found = merged(found, search.of_request() if wanted.request_id else search.of_kind(), limit)
    return found


class _Search:
    """One kind of entries."""

    def __init__(
        self, cursor: Any, log: LogRef, wanted: Filter, kind: str, indexed: int, before: Place | None, limit: int
    ) -> None:
        self._cursor, self._log, self._wanted, self._kind, self._limit = cursor, log, wanted, kind, limit
        self._parameters = {**_parameters(wanted), "indexed": indexed}
        self._range = range_of(self._parameters, before, wanted)
        self._who: LiteralString = f"s.who = {WHO_IS}" if wanted.who else "true"

    def of_request(self) -> Found:
        """By the request; all else is looked at one by one."""
        allowed: LiteralString = "exists (select from {schema}.kapok_facet f where f.id = s.facet and {facets})"
        return self._run(_OF_REQUEST, {"{hash}": REQUEST_IS, "{fits}": f"{self._who} and {allowed}"}, SCAN)

    def of_kind(self) -> Found:
        """By the row or target, else by who it was, else by facets alone."""
        key, wanted = self._wanted.key if self._kind == CHANGE else None, self._wanted
        if key is None and (self._kind == CHANGE or not wanted.target):
            term: LiteralString = f"{self._who} and" if wanted.who else ""
            return self._run(_STREAMS, {"{term}": term, "{fits}": "true"}, self._limit)
        hashed = TARGET_IS if key is None else ROW_IS
        most = SCAN if wanted.who else self._limit
        found = self._run(_STREAMS, {"{term}": f"s.object = {hashed} and", "{fits}": self._who}, most)
        return found if key is None else merged(found, self._run(_CAME, {"{hash}": ROW_IS}, self._limit), self._limit)

    def _run(self, statement: LiteralString, marks: Mapping[str, LiteralString], most: int) -> Found:
        for mark, text in {**marks, "{facets}": _FACETS[self._kind], "{range}": self._range}.items():
            statement = statement.replace(mark, text)
        self._cursor.execute(self._log.sql(statement), {**self._parameters, "limit": most})
        return found_of(self._cursor.fetchall(), most, self._limit)


def merged(one: Found, other: Found, limit: int) -> Found:
    """Of two searches, as far as both have come."""
    reached = max((found.reached for found in (one, other) if found.reached is not None), default=None)
    places = sorted({*one.places, *other.places}, reverse=True)
    if reached is not None:
        places = [place for place in places if place >= reached]
    return Found(places[:limit], places[limit - 1] if len(places) > limit else reached)


def range_of(parameters: dict[str, Any], before: Place | None, wanted: Filter) -> LiteralString:
    """The condition of time and place; its parameters are put to the others."""
    conditions: LiteralString = "s.index < %(indexed)s"
    if before is not None:
        parameters.update(before_at=before.at, before_index=before.entry)
        conditions += " and (s.at, s.index) < (%(before_at)s, %(before_index)s)"
    if wanted.since is not None:
        conditions += " and s.at >= %(since)s"
    if wanted.until is not None:
        conditions += " and s.at < %(until)s"
    return conditions


def found_of(rows: list[tuple[Any, ...]], most: int, limit: int) -> Found:
    """Of rows (at, index, whether it fits), `most` of which were asked for: at most `limit` places."""
    places = [Place(at, index) for at, index, fits in rows if fits]
    if len(places) >= limit and (len(places) > limit or len(rows) == most):
        return Found(places[:limit], places[limit - 1])
    return Found(places, Place(*rows[-1][:2]) if len(rows) == most else None)


def _parameters(wanted: Filter) -> dict[str, Any]:
    return {
        "tables": list(wanted.tables),
        "ops": list(wanted.ops),
        "sources": list(wanted.sources),
        "numbers": [ACTIONS[name].number for name in wanted.actions],
        "outcomes": list(wanted.outcomes),
        "who": wanted.who,
        "request_id": wanted.request_id,
        "target": wanted.target,
        "table": wanted.tables[0] if wanted.tables else "",
        "key": None if wanted.key is None else json.dumps(dict(wanted.key)),
        "since": wanted.since,
        "until": wanted.until,
    }
