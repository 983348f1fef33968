"""SQL as a type: text and bound parameters that are put together without ever turning a value into text.

In: fixed SQL words, names through kapok.identifiers, parameters. Out: `render` gives one text with $1, $2 ... (numbered
by first appearance, equal parameters share a number) and the parameters in that order. The one kind of value that is
text are the numbers of LIMIT and OFFSET, where the document says them: Postgres guesses a tenth of all rows for a
parameter, and therefore plans such a statement anew each time it runs (a third of the time of a nested read).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kapok.identifiers import QualifiedName, quote_identifier, quote_literal
from kapok.query.values import Offset, RowLimit, Value


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value bound at run time, cast to a type. type_sql: the quoted name of the type."""

    value: Value
    type_sql: str


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL."""

    parts: tuple[str | Parameter, ...]


Piece = str | Sql | Parameter | QualifiedName


def sql(*pieces: Piece) -> Sql:
    """Pieces one after another. A plain str must be fixed SQL words, never a name or a value."""
    parts: list[str | Parameter] = []
    for piece in pieces:
        if isinstance(piece, Sql):
            parts.extend(piece.parts)
        elif isinstance(piece, QualifiedName):
            parts.append(piece.sql())
        else:
            parts.append(piece)
    return Sql(tuple(parts))


def join(separator: str, pieces: Iterable[Piece]) -> Sql:
    """Pieces with fixed SQL words between them."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined:
            joined.append(separator)
        joined.append(piece)
    return sql(*joined)


def identifier(name: str) -> Sql:
    """A quoted name."""
    return Sql((quote_identifier(name),))


def column(alias: str, name: str) -> Sql:
    """A column of an alias of our own: t0."title"."""
    return Sql((f"{alias}.{quote_identifier(name)}",))


def literal(text: str) -> Sql:
    """A text constant for names (of types, of enum values, keys of an object), never for a caller's value."""
    return Sql((quote_literal(text),))


@dataclass(frozen=True, slots=True)
class Statement:
    """text: SQL. parameters: in the order of $1, $2 ... known: limits and offsets in the text, still to be checked."""

    text: str
    parameters: tuple[Parameter, ...] = ()
    known: tuple[RowLimit | Offset, ...] = ()


def render(fragment: Sql) -> Statement:
    """The statement."""
    numbers: dict[Parameter, int] = {}
    known: dict[RowLimit | Offset, None] = {}
    text: list[str] = []
    for part in fragment.parts:
        if not isinstance(part, Parameter):
            text.append(part)
        elif isinstance(part.value, RowLimit | Offset) and part.value.known is not None:
            known[part.value] = None
            text.append(str(part.value.known))
        else:
            text.append(f"${numbers.setdefault(part, len(numbers) + 1)}::{part.type_sql}")
    return Statement("".join(text), tuple(numbers), tuple(known))
