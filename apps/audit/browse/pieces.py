"""One value of an entry, in pieces: what is too large to be shown with the others.

In: an entry's index, a path, which piece. Out: `Piece`. Postgres cuts it, so that no more than one is in memory here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from apps.audit.browse.reading import reading, state_of
from apps.audit.logs import LogRef
from apps.audit.sealing_rows import table_of
from kapok.errors import KapokError
from kapok.ledger.entries import CHANGE, EVENT

#: Characters of a piece.
PIECE = 4 * 2**20
_LARGEST = 2**63 - 1

_VALUES: dict[str, LiteralString] = {
    CHANGE: """case %(part)s::text when 'key' then r.key -> %(name)s::text when 'before' then r.before -> %(name)s::text
        when 'after' then r.after -> %(name)s::text when 'actor' then to_jsonb(r.actor)
        when 'sessionId' then to_jsonb(r.session_id) when 'requestId' then to_jsonb(r.request_id) end""",
    EVENT: """case %(part)s::text when 'details' then r.details -> %(name)s::text when 'actor' then to_jsonb(r.actor)
        when 'address' then to_jsonb(r.address) when 'target' then to_jsonb(r.target)
        when 'requestId' then to_jsonb(r.request_id) end""",
}
# offset 0: the value is made once.
_PIECE: LiteralString = """
    select length(v.text), substr(v.text, %(since)s, %(length)s)
    from {schema}.kapok_entry e join {schema}.{table} r on r.xid = e.xid and r.position = e.position and r.at = e.at
    cross join lateral (select ({value})::text as text offset 0) v
    where e.kind = '{kind}' and e.index = %(index)s and v.text is not null
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a value's JSON, as it was sealed. number: from 1 to `pieces`. characters: of the whole value."""

    text: str
    number: int
    characters: int

    @property
    def pieces(self) -> int:
        """How many there are."""
        return pieces_of(self.characters)


def pieces_of(characters: int) -> int:
    """How many pieces a value of this length is."""
    return max(1, -(-characters // PIECE))


def get_piece(log: LogRef, index: int, path: str, number: int = 1) -> Piece:
    """A piece of the value at a path (`after.body`). Raises NOT_FOUND where there is none (any more), VALIDATION_FAILED
    for a number there is not, TIMEOUT."""
    part, _, name = path.replace("\x00", "").partition(".")
    parameters = {
        "part": part, "name": name, "index": min(index, _LARGEST), "length": PIECE,
        "since": min(number - 1, 2**16) * PIECE + 1,
    }  # fmt: skip
    with reading() as cursor:
        for kind in state_of(cursor, log).kinds:
            statement = _PIECE.replace("{value}", _VALUES[kind]).replace("{table}", table_of(kind))
            cursor.execute(log.sql(statement.replace("{kind}", kind)), parameters)
            found = cursor.fetchone()
            if found is not None:
                return _piece(found[1], number, found[0])
    raise KapokError("NOT_FOUND", f"Entry {index} has no value {path[:100]!r}.")


def _piece(text: str, number: int, characters: int) -> Piece:
    if not 1 <= number <= pieces_of(characters):
        message = f"The value has {pieces_of(characters)} pieces."
        raise KapokError("VALIDATION_FAILED", message, details={"field": "piece"})
    return Piece(text, number, characters)
