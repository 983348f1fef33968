"""What was committed, but is not sealed or not searchable yet. In: a log's state. Out: the newest of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, LiteralString

from apps.audit.browse.columns import PREVIEW, room_for, shown_columns, shown_row
from apps.audit.browse.reading import State, unsealed_view, views_of
from apps.audit.browse.views import EntryView
from apps.audit.logs import LogRef
from apps.audit.sealing_rows import sealed_up_to_place, table_of
from apps.audit.sealing_state import Place

#: So many of the newest rows of each table, and of the newest entries, are looked at.
MOST = 200

_UNSEALED: LiteralString = """
    select {columns} from (
        select * from {schema}.{table} where (xid, position) > (%(xid)s::text::xid8, %(position)s)
            and position > %(restored)s
        order by xid desc, position desc limit %(most)s
    ) r
"""


def waiting_of(
    cursor: Any, log: LogRef, state: State, fits: Callable[[EntryView], bool]
) -> tuple[tuple[EntryView, ...], bool]:
    """What fits of it, and whether there may be more than was looked at."""
    views: list[EntryView] = []
    more = state.size - state.indexed > MOST
    for kind in state.kinds:
        rows = list(_unsealed(cursor, log, state, kind))
        views += rows
        more = more or len(rows) == MOST
    unindexed = range(max(state.indexed, state.size - MOST), state.size)
    if unindexed:
        views += views_of(cursor, log, state, unindexed).values()
    found = sorted((view for view in views if fits(view)), key=attrgetter("at", "position"), reverse=True)
    return tuple(found), more


def _unsealed(cursor: Any, log: LogRef, state: State, kind: str) -> Iterator[EntryView]:
    xid, position = sealed_up_to_place(Place(state.xid, state.after_kind, state.after_position), kind)
    statement = _UNSEALED.replace("{columns}", shown_columns(kind)).replace("{table}", table_of(kind))
    place = {"xid": str(xid), "position": position, "restored": state.restored[kind], "most": MOST}
    cursor.execute(log.sql(statement), {**room_for(PREVIEW), **place})
    return (unsealed_view(kind, *shown_row(kind, row)) for row in cursor.fetchall())
