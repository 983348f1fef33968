"""Any number of new rows that give the same columns, from one variable: compiled once, bound as an array a column.

In: the Input of a list of rows. Out: `NewRows`. A signature tells such lists apart by the columns alone
(schema/coerce.py), so nothing here may depend on the number of rows or their values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.graphql_api.compile.arguments import Input, VariableInput
from apps.graphql_api.compile.context import too_many_rows
from apps.graphql_api.schema.write_bindings import ColumnInput, InputBinding
from kapok.model.scalar_values import NotAValue
from kapok.model.types import Column
from kapok.query.encoding import encode_array
from kapok.query.given import column_encoder
from kapok.query.values import Claims, Reader, Source, Variables, refused
from kapok.query.writes import Assigned, NewRow, NewRows, Path


@dataclass(frozen=True, slots=True)
class ColumnOfRows:
    """A column of all rows, as a text[]. source: of the rows. argument: where they are given."""

    source: Source
    name: str
    column: Column
    field: tuple[str, ...]
    argument: str

    def reader(self) -> Reader:
        find, name, nullable = self.source.getter(), self.name, self.column.nullable
        encode = column_encoder(self.column)

        def encoded(place: int, value: Any) -> str:
            try:
                return encode(value).decode()
            except NotAValue as exc:
                raise refused(self.field, f"{self.argument}.{place}.{name}", str(exc)) from exc

        def read(variables: Variables, row_cap: int, claims: Claims) -> bytes:
            rows: Sequence[Mapping[str, Any]] = find(variables)
            if len(rows) > row_cap:
                raise too_many_rows(self.field, row_cap)
            values = [row[name] for row in rows]
            if not nullable and None in values:
                raise refused(self.field, f"{self.argument}.{values.index(None)}.{name}", "must not be null")
            return encode_array(
                [None if value is None else encoded(place, value) for place, value in enumerate(values)]
            )

        return read


def uniform_rows(
    given: Input, bindings: Mapping[str, InputBinding], first: NewRow, field: tuple[str, ...], path: Path
) -> NewRows | None:
    """The rows, if they all give the columns of the first and nothing else. first: compiled, so checked."""
    if not isinstance(given, VariableInput) or first.nested or not first.values:
        return None
    rows: Sequence[Mapping[str, Any]] = given.structure()
    names = list(rows[0])
    if any(list(row) != names for row in rows) or any(not isinstance(bindings[n], ColumnInput) for n in names):
        return None
    argument = ".".join(str(step) for step in path[1:])
    source = given.source()
    values = [
        Assigned(item.column, ColumnOfRows(source, name, item.column, field, argument))
        for name, item in zip(names, first.values, strict=True)
    ]
    return NewRows(tuple(values), path)
