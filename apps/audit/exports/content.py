"""A log's entries with the rows they were made of, in the log's order.

In: a connection in a repeatable-read transaction and a range. Out: `Item`s, by server-side cursors: as many in memory
as are fetched at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, LiteralString, NamedTuple

from apps.audit.logs import LogRef
from apps.audit.sealing_rows import Row, columns_of, kinds_of, row_of, table_of
from apps.audit.sealing_state import Session
from kapok.ledger.entries import Entry

#: Rows fetched at once.
CHUNK = 1000

_ITEMS: LiteralString = """
    select e.index, e.leaf_hash, e.seed, e.salts, e.erased, {columns}
    from {schema}.kapok_entry e
    left join {schema}.{table} r on r.xid = e.xid and r.position = e.position and r.at = e.at
    where e.kind = '{kind}' and e.index >= %s and e.index < %s
    order by e.index
"""
# Each entry's row by its key: other plans would read or sort the whole log before the first row comes.
_PLAN = """
    select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
           set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true),
           set_config('jit', 'off', true)
"""


class Item(NamedTuple):
    """An entry by its index. entry: None where its row is gone, and only the leaf's hash is left.
    put_back: whether the row has a value again that was erased; the entry has it not."""

    index: int
    leaf_hash: bytes
    entry: Entry | None
    put_back: bool = False


def items(session: Session, log: LogRef, first: int, last: int) -> Iterator[Item]:
    """The entries [first, last) that the database has. Call it in a transaction; it holds for that one's snapshot."""
    session.execute(_PLAN)
    parts = [_items(session, log, kind, first, last) for kind in kinds_of(session, log)]
    return heapq.merge(*parts, key=attrgetter("index"))


def _items(session: Session, log: LogRef, kind: str, first: int, last: int) -> Iterator[Item]:
    statement = _ITEMS.replace("{columns}", columns_of(kind)).replace("{table}", table_of(kind)).replace("{kind}", kind)
    with session.cursor(name=f"export_{kind}") as cursor:
        cursor.itersize = CHUNK
        cursor.execute(log.sql(statement), [first, last])
        for index, leaf_hash, seed, salts, erased, *row in cursor:
            if row[1] is None:
                yield Item(index, leaf_hash, None)
                continue
            found = row_of(kind, tuple(row))
            entry = entry_of(found, seed, salts, erased)
            yield Item(index, leaf_hash, entry, len(entry.private) < len(found.private))


def entry_of(found: Row, seed: bytes | None, salts: Any, erased: Any) -> Entry:
    """The entry of a row, with what kapok_entry has of it. What a hand in the database has put there must not be shown,
    nor stop an export: the verifier names it."""
    gone = _texts(erased) if isinstance(erased, dict) else {}
    private = {path: text for path, text in found.private.items() if path not in gone} if gone else found.private
    # A seed beside erased values would give them away.
    kept = None if gone else seed
    left = _texts(salts) if isinstance(salts, dict) else None
    return Entry(found.place.kind, found.at, found.place.position, found.public, private, kept, left, gone)


def _texts(given: dict[str, Any]) -> dict[str, str]:
    """The same; what is no text is an empty one, which is neither a salt nor a digest."""
    return {path: text if isinstance(text, str) else "" for path, text in given.items()}
