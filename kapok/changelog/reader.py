"""Committed changes of a tenant's schema in a safe order.

In: the schema and a horizon, the xid below which everything was read before. Out: SQL and parameters for whatever
driver is at hand, and `Change`s of its rows. A position can commit after a later one; what has an xid below the lowest
one that still runs (`HORIZON`) has ended for good, so each change is seen exactly once, whoever commits when.

    new = HORIZON; rows of READ with {"horizon": old, "until": new}; keep new with what was made of the rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kapok.identifiers import checked_schema_name

#: The new horizon. Ask for it before the rows, in a statement of its own.
HORIZON = "select pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::pg_catalog.text"

_READ = """
    select position, xid::text, at, table_name, op, key::text, before::text, after::text,
        actor, session_id, request_id, source
    from "{schema}".kapok_change
    where (xid, position) > (%(horizon)s::xid8, %(position)s) and xid < %(until)s::xid8
    order by xid, position
    limit %(limit)s
"""
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the log. key, before, after: JSON objects as text, as Postgres prints them, or None. key: of the row
    as it was before an update. op: insert, update, delete, truncate or ddl. source: api, owner or platform."""

    position: int
    xid: int
    at: datetime
    table: str | None
    op: str
    key: str | None
    before: str | None
    after: str | None
    actor: str | None
    session_id: str | None
    request_id: str | None
    source: str

    @classmethod
    def of(cls, row: Sequence[Any]) -> Change:
        """A change of a row of `read`."""
        position, xid, *others = row
        return cls(position, int(xid), *others)

    @property
    def place(self) -> tuple[int, int]:
        """(xid, position): where reading goes on after this change."""
        return self.xid, self.position


def read(schema: str) -> str:
    """The statement that reads changes. Parameters: horizon and position (read on after this place; position -1: all of
    the xid), until (the new horizon), limit (rows at most). Raises ValueError for a name that is no tenant's schema."""
    return _READ.replace("{schema}", checked_schema_name(schema))


def fields(whole: str | None) -> dict[str, str]:
    """The members of a JSON object as Postgres prints one (`{"a": 1.50, "b": null}`), each value's text untouched."""
    found: dict[str, str] = {}
    place = 1
    while whole is not None and whole[place] != "}":
        name, end = _DECODER.raw_decode(whole, place)
        start = end + 2
        _, place = _DECODER.raw_decode(whole, start)
        found[name] = whole[start:place]
        place += 2 if whole[place] == "," else 0
    return found
