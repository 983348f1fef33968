"""SQL as a type: text and bound parameters that are put together without ever turning a value into text.

In: fixed SQL words, names through kapok.identifiers, parameters. Out: `render` gives one text with $1, $2 ... (numbered
by first appearance, equal parameters share a number) and the parameters in that order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kapok.identifiers import QualifiedName, quote_identifier, quote_literal
from kapok.query.values import Value


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


def render(fragment: Sql) -> tuple[str, tuple[Parameter, ...]]:
    """The text and its parameters in the order of $1, $2 ..."""
    numbers: dict[Parameter, int] = {}
    text: list[str] = []
    for part in fragment.parts:
        if isinstance(part, Parameter):
            number = numbers.setdefault(part, len(numbers) + 1)
            text.append(f"${number}::{part.type_sql}")
        else:
            text.append(part)
    return "".join(text), tuple(numbers)
