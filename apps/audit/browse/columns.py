"""What is selected of rows that are looked at: as many of their values as a page has room for, chosen by Postgres.

In: a kind of entries, and how much. Out: SQL of a row `r`, and what it gives as a `Row` and the values that were cut.
Whole values only: the key's first, then the shortest; of a cut one its digest, so that before and after can be
compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString, NamedTuple

import orjson

from apps.audit.browse.filters import MAX_TEXT
from apps.audit.sealing_rows import ROW_TIME, Row, row_of
from kapok.ledger.entries import CHANGE, EVENT


@dataclass(frozen=True, slots=True)
class Room:
    """values: bytes of an entry's values and their names. opened: bytes, as Postgres stores them (compressed), of all
    values, beyond which they are not even read; what they are called is not known then."""

    values: int
    opened: int


#: Of an entry of a list.
PREVIEW = Room(32 * 2**10, 128 * 2**10)
#: Of one entry by itself.
WHOLE = Room(4 * 2**20, 2**40)
#: Up to this size it is looked up whether an update changed the key.
FOLLOWED = 4 * 2**20


class Cut(NamedTuple):
    """A value that is not shown. digest: SHA-256 of its JSON, in hex; characters of it."""

    digest: str
    characters: int


#: Of what was not read.
UNREAD = Cut("", 0)

# No filter is so long, so a beginning is never taken for the whole.
_NAME: LiteralString = "to_jsonb(left(r.{name}, %(name)s))::text"
# As EVENT_COLUMNS.
_NAME_OR_NONE: LiteralString = "to_jsonb(nullif(left(r.{name}, %(name)s), ''))::text"
_PART: LiteralString = """
    select '{name}.' || key as path, value::text as text, {rank} as rank
    from jsonb_each(case when jsonb_typeof(r.{name}) = 'object' and {size} <= %(opened)s then r.{name} else '{}' end)
"""
# Whether an update gave the row another key is looked up all the same: a row's history goes by it.
_MOVED: LiteralString = """
    select 'after.' || key, (r.after -> key)::text, 1
    from jsonb_object_keys(case when jsonb_typeof(r.key) = 'object' and r.op = 'update'
        and {size} > %(opened)s and {size} <= %(followed)s then r.key else '{}' end) key
    where r.after ? key
"""
_VALUES: LiteralString = """(
    select json_object_agg(v.path, v.text) filter (where v.total <= %(values)s) as kept,
           json_object_agg(v.path, json_build_array(
               encode(sha256(convert_to(v.text, 'UTF8')), 'hex'), length(v.text)
           )) filter (where v.total > %(values)s) as cut
    from (
        select path, text, sum(octet_length(path) + octet_length(text)) over (order by rank, octet_length(text), path)
            as total
        from ({parts}) part
    ) v
)"""
_CHANGE: LiteralString = (
    f"r.xid::text::bigint, r.position, {ROW_TIME}, r.table_name, r.op, r.source, left(r.request_id, %(name)s), "
    + ", ".join(_NAME.replace("{name}", name) for name in ("actor", "session_id"))
)
_EVENT: LiteralString = (
    f"r.xid::text::bigint, r.position, {ROW_TIME}, r.action, r.outcome, left(r.request_id, %(name)s), "
    + ", ".join(_NAME_OR_NONE.replace("{name}", name) for name in ("actor", "address", "target"))
)
_KEY_SIZE: LiteralString = "coalesce(pg_column_size(r.key), 0)"
_IMAGES_SIZE: LiteralString = "coalesce(pg_column_size(r.before), 0) + coalesce(pg_column_size(r.after), 0)"
_DETAILS_SIZE: LiteralString = "coalesce(pg_column_size(r.details), 0)"
# What there is of a kind: its name, how early it is taken, the size of what is read together with it.
_OF_KEY: LiteralString = "case when r.key ? key then 1 else 2 end"
_PARTS: dict[str, tuple[tuple[LiteralString, LiteralString, LiteralString], ...]] = {
    CHANGE: (("key", "0", _KEY_SIZE), ("before", _OF_KEY, _IMAGES_SIZE), ("after", _OF_KEY, _IMAGES_SIZE)),
    EVENT: (("details", "0", _DETAILS_SIZE),),
}
_PLAIN: dict[str, LiteralString] = {CHANGE: _CHANGE, EVENT: _EVENT}
_NAMES = ("actor", "sessionId", "address", "target")
_SELECTED: LiteralString = """
    {plain}, array[{closed}], (select json_build_array(v.kept, v.cut)::text from {values} v)
"""


def shown_columns(kind: str) -> LiteralString:
    """The select list of a table called `r`; its parameters are those of `room_for`."""
    parts: LiteralString = " union all ".join(
        _PART.replace("{name}", name).replace("{rank}", rank).replace("{size}", size)
        for name, rank, size in _PARTS[kind]
    )
    if kind == CHANGE:
        parts += " union all " + _MOVED.replace("{size}", _IMAGES_SIZE)
    closed: LiteralString = ", ".join(f"{size} > %(opened)s" for _, _, size in _PARTS[kind])
    values = _VALUES.replace("{parts}", parts)
    return _SELECTED.replace("{plain}", _PLAIN[kind]).replace("{closed}", closed).replace("{values}", values)


def room_for(room: Room) -> dict[str, int]:
    """The parameters of `shown_columns`."""
    return {"values": room.values, "opened": room.opened, "followed": FOLLOWED, "name": MAX_TEXT + 1}


def shown_row(kind: str, found: tuple[Any, ...]) -> tuple[Row, Mapping[str, Cut]]:
    """The row, and what was cut of it, by path; `after.*` where nobody knows what it is called."""
    *plain, closed, text = found
    kept, cut = orjson.loads(text)
    row = row_of(kind, (*plain, None if kept is None else orjson.dumps(kept)))
    gone = {path: Cut(*facts) for path, facts in (cut or {}).items()}
    gone |= {f"{name}.*": UNREAD for (name, _, _), is_so in zip(_PARTS[kind], closed, strict=True) if is_so}
    names = {path: orjson.loads(row.private[path]) for path in _NAMES if path in row.private}
    names["requestId"] = row.public["requestId"] or ""
    return row, gone | {path: UNREAD for path, name in names.items() if len(name) > MAX_TEXT}
