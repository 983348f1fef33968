"""Rows of tables among the arguments of functions, as one role may give them.

In: the tables of the role's model and its functions. Out: the functions with what the role may neither read nor write
of such rows hidden in them (it is null). A column that holds rows of a table shows whoever may touch it all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from kapok.model.types import Column, Function, PgType
from kapok.query.guard import GuardedTable, InsertGrant, UpdateGrant


class RowArguments:
    """What a role may give of the rows of each table."""

    def __init__(self, tables: Iterable[GuardedTable]) -> None:
        columns = {table.name: _touched(table) for table in tables}
        self._names = {name: frozenset([column.name for column in found]) for name, found in columns.items()}
        self._whole = {row for found in columns.values() for column in found for row in rows_within(column.type)}

    def allow(self, function: Function) -> bool:
        """Whether there is something the role may give of each row."""
        rows = [name for argument in function.arguments for name in rows_within(argument.type)]
        return all(name in self._whole or self._names.get(name) for name in rows)

    def reduced(self, function: Function) -> Function:
        """The function as the role may call it."""
        arguments = [replace(argument, type=self._reduced(argument.type)) for argument in function.arguments]
        return replace(function, arguments=tuple(arguments))

    def _reduced(self, type_: PgType) -> PgType:
        if all(name in self._whole for name in rows_within(type_)):
            return type_
        hidden = self._hidden(type_)
        attributes = [
            replace(item, type=self._reduced(item.type), hidden=item.hidden or item.name in hidden)
            for item in type_.attributes
        ]
        element = None if type_.element is None else self._reduced(type_.element)
        return replace(type_, element=element, attributes=tuple(attributes))

    def _hidden(self, type_: PgType) -> set[str]:
        """Of a row, the attributes that the role may not give."""
        if not type_.row or type_.name.name in self._whole:
            return set()
        return {item.name for item in type_.attributes} - self._names[type_.name.name]


def rows_within(type_: PgType | None) -> Iterator[str]:
    """The tables whose rows are values within a value of this type: as such, they are not reduced by rules."""
    if type_ is not None:
        if type_.row:
            yield type_.name.name
        for inner in (type_.element, *[attribute.type for attribute in type_.attributes]):
            yield from rows_within(inner)


def _touched(table: GuardedTable) -> list[Column]:
    """The columns that the role may read or write."""
    written: tuple[InsertGrant | UpdateGrant, ...] = (*table.insert, *table.update)
    names = {column.name for column in table.columns}.union(*[way.columns for way in written])
    return [column for column in (table.whole or table).columns if column.name in names]
