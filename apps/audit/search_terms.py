"""The hashes that kapok_search holds, as SQL of a row `r` of kapok_change or kapok_event, and of what is looked for.

In: nothing. Out: expressions. A key's quotes are left out, so that a number and its text are one (`{id: 7}`). Different
values can have one hash: whoever looks for something looks at the rows, too.
"""

from __future__ import annotations

from typing import LiteralString

from kapok.ledger.entries import CHANGE, EVENT

_WHO: LiteralString = "hashtextextended(nullif(r.actor, ''), 0)"
_REQUEST: LiteralString = "hashtextextended(nullif(r.request_id, ''), 1)"
_ROW: LiteralString = """hashtextextended({table} || ' ' || replace({key}::text, '"', ''), 2)"""
_TARGET: LiteralString = "hashtextextended(nullif(r.target, ''), 3)"
# A key of no column is one that was erased.
_KEY: LiteralString = "nullif(r.key, '{}')"
# The key that an update gave the row, where it gave it another. What is no object somebody else has written.
_NEW_KEY: LiteralString = """
    case when r.op = 'update' and jsonb_typeof(r.key) = 'object' and jsonb_typeof(r.after) = 'object'
            and not r.after @> r.key then
        (select case when bool_and(r.after ? k) then jsonb_object_agg(k, r.after -> k) end
         from jsonb_object_keys(r.key) k)
    end
"""


def _row(table: LiteralString, key: LiteralString) -> LiteralString:
    return _ROW.replace("{table}", table).replace("{key}", key)


#: Of a row: kind, table_name, op, source, action, outcome.
FACET_COLUMNS: dict[str, LiteralString] = {
    CHANGE: "'change' as kind, coalesce(r.table_name, '') as table_name, r.op, r.source, 0 as action, '' as outcome",
    EVENT: "'event' as kind, '' as table_name, '' as op, '' as source, r.action, r.outcome",
}
#: Of a row: who, object, moved_to, request.
TERMS: dict[str, LiteralString] = {
    CHANGE: ", ".join(
        (
            f"{_WHO} as who",
            f"{_row('r.table_name', _KEY)} as object",
            f"{_row('r.table_name', '(' + _NEW_KEY + ')')} as moved_to",
            f"{_REQUEST} as request",
        )
    ),
    EVENT: f"{_WHO} as who, {_TARGET} as object, null::bigint as moved_to, {_REQUEST} as request",
}
#: Of what is looked for: parameters who, request_id, target; table and key (JSON).
WHO_IS: LiteralString = "hashtextextended(%(who)s::text, 0)"
REQUEST_IS: LiteralString = "hashtextextended(%(request_id)s::text, 1)"
TARGET_IS: LiteralString = "hashtextextended(%(target)s::text, 3)"
ROW_IS: LiteralString = _row("%(table)s::text", "%(key)s::text::jsonb")
