"""JSON put together as text: objects, lists, and the layers of sub-selects they are made from.

In: SQL expressions. Out: SQL for JSON text. Postgres concatenates text in half the time it takes for row_to_json over
the same rows (which looks up each column's type again for every row), keys may be of any length, and values are turned
into text only after order and limit. The price: a null would swallow everything around it, so every value that may be
null goes through coalesce, here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kapok.query.fragments import Sql, join, literal, sql

#: Operands of one chain of ||; longer ones are nested, so that wide rows do not make Postgres recurse deeply.
_CHAIN = 50


@dataclass(frozen=True, slots=True)
class Json:
    """JSON as what is known while compiling (str) and text expressions that are never null (Sql), one after another."""

    parts: tuple[str | Sql, ...]

    def text(self) -> Sql:
        """The text expression."""
        pieces: list[Sql] = []
        known = ""
        for part in self.parts:
            if isinstance(part, str):
                known += part
                continue
            if known:
                pieces.append(literal(known))
                known = ""
            pieces.append(part)
        if known or not pieces:
            pieces.append(literal(known))
        return _chain(pieces)


def constant(text: str) -> Json:
    """JSON that is known."""
    return Json((text,))


def present(value: Sql) -> Json:
    """JSON text that is never null."""
    return Json((value,))


def nullable(value: Sql) -> Json:
    """JSON text that may be null, which stands for JSON null."""
    return Json((sql("coalesce(", value, ", 'null')"),))


def quoted(value: Sql) -> Json:
    """Text without characters that need an escape, never null."""
    return Json(('"', value, '"'))


def object_of(entries: Iterable[tuple[str, Json]]) -> Json:
    """`{"key":value,...}`. Keys are GraphQL names: nothing to escape."""
    parts: list[str | Sql] = []
    for key, value in entries:
        parts += (f'{"," if parts else "{"}"{key}":', *value.parts)
    return Json((*(parts or ["{"]), "}"))


def list_of(item: Json, order: Sql | None = None, where: Sql | None = None) -> Sql:
    """`[item,...]` as an aggregate over rows, in their order; never null."""
    rest = sql() if where is None else sql(" filter (where ", where, ")")
    return sql("concat('[', string_agg(", item.text(), ", ','", order or "", ")", rest, ", ']')")


def _chain(pieces: Sequence[Sql]) -> Sql:
    if len(pieces) <= _CHAIN:
        return join(" || ", pieces)
    half = len(pieces) // 2
    return sql("(", _chain(pieces[:half]), ") || (", _chain(pieces[half:]), ")")


class Layer:
    """A sub-select whose columns get their names as they are asked for."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self._names: dict[Sql, str] = {}

    def column(self, value: Sql) -> Sql:
        """What is computed inside as `value`, seen from outside."""
        return sql(self.alias, ".", self._names.setdefault(value, f"c{len(self._names)}"))

    def select_list(self) -> Sql:
        """The columns asked for."""
        return join(", ", (sql(value, " as ", name) for value, name in self._names.items()))

    def __bool__(self) -> bool:
        return bool(self._names)
