"""The root fields of a mutation to writes of kapok.query.writes. Raises BAD_USER_INPUT and QUERY_TOO_COMPLEX."""

from __future__ import annotations

from collections.abc import Iterator

from apps.graphql_api.compile.arguments import variables_in
from apps.graphql_api.compile.context import Context, Selected, refuse
from apps.graphql_api.compile.filters import where_of
from apps.graphql_api.compile.rows import call_of, function_read, row_fields
from apps.graphql_api.compile.uniform import uniform_rows
from apps.graphql_api.compile.write_rows import WrittenRows, version_of
from apps.graphql_api.schema.bindings import FunctionField, MutationBinding
from apps.graphql_api.schema.mutation_types import is_certain, is_read_back
from apps.graphql_api.schema.write_bindings import (
    CreateField,
    DeleteField,
    DeleteWhereField,
    UpdateByKeyField,
    UpdateField,
    UpdateWhereField,
    UpsertField,
    key_arguments,
)
from kapok.model.types import Column, Table, UniqueKey
from kapok.query.expressions import Expression
from kapok.query.plan import RowFields
from kapok.query.writes import (
    CallWrite,
    CreateMany,
    CreateOne,
    DeleteOne,
    DeleteWhere,
    NewRow,
    NewRows,
    RowChange,
    RowKey,
    UpdateMany,
    UpdateOne,
    UpdateWhere,
    Upsert,
    Write,
)


def write_of(context: Context, selected: Selected, binding: MutationBinding) -> Write:
    """What a root field writes."""
    return _Root(context, selected).write(binding)


class _Root:
    """One root field."""

    def __init__(self, context: Context, selected: Selected) -> None:
        self._context = context
        self._selected = selected
        self._rows = WrittenRows(context, selected)

    def write(self, binding: MutationBinding) -> Write:
        match binding:
            case CreateField(table, many):
                fields = self._read_back(table)
                if many:
                    return CreateMany(table, self._new_rows(table), fields)
                return CreateOne(table, self._new_row(table), fields, required=is_certain(table))
            case UpsertField():
                return self._upsert(binding)
            case UpdateField(table, key):
                change = self._rows.change(table, self._selected.arguments["input"], self._path("input"))
                row = RowChange(self._key(table, key), change, version_of(self._selected.arguments.get("ifVersion")))
                return UpdateOne(table, row, self._read_back(table))
            case UpdateByKeyField(table):
                items = self._selected.arguments["updates"].items()
                changes = [
                    self._rows.row_change(table, item, self._path("updates", place)) for place, item in enumerate(items)
                ]
                return UpdateMany(table, tuple(changes), self._read_back(table))
            case UpdateWhereField(table):
                return self._update_where(table)
            case DeleteField(table, key):
                return DeleteOne(table, self._key(table, key), version_of(self._selected.arguments.get("ifVersion")))
            case DeleteWhereField(table):
                return DeleteWhere(table, self._where(table))
            case FunctionField(function, table):
                if table is None and function.returns is None:
                    return CallWrite(call_of(self._selected, function))
                return CallWrite(function_read(self._context, self._selected, binding))

    def _path(self, *steps: str | int) -> tuple[str | int, ...]:
        return (self._selected.key, *steps)

    def _read_back(self, table: Table) -> RowFields | None:
        return row_fields(self._context, self._selected, table) if is_read_back(table) else None

    def _new_row(self, table: Table) -> NewRow:
        return self._rows.new_row(table, self._selected.arguments["input"], self._path("input"))

    def _new_rows(self, table: Table) -> tuple[NewRow, ...] | NewRows:
        given = self._selected.arguments["input"]
        items = given.items()
        if not items:
            return ()
        first = self._rows.new_row(table, items[0], self._path("input", 0))
        bindings = self._context.surface.inputs[table.name].create
        uniform = uniform_rows(given, bindings, first, self._selected.path, self._path("input"))
        if uniform is not None:
            return uniform
        others = enumerate(items[1:], 1)
        return (first, *[self._rows.new_row(table, item, self._path("input", place)) for place, item in others])

    def _key(self, table: Table, key: UniqueKey) -> RowKey:
        self._context.count_row(self._selected.path)
        columns = key_arguments(table, key)
        return self._rows.row_key(key, columns, self._selected.arguments, self._path(*list(columns)[:1]))

    def _update_where(self, table: Table) -> UpdateWhere:
        change = self._rows.change(table, self._selected.arguments["input"], self._path("input"))
        if change.nested:
            place = ".".join(str(step) for step in change.nested[0].path[1:])
            hint = "Name each row: the field that ends in ByKey takes related rows as well."
            refuse(self._selected, place, "cannot be given for all rows of a filter", hint=hint)
        where = self._where(table)
        return UpdateWhere(table, where, change, self._read_back(table))

    def _where(self, table: Table) -> Expression | None:
        """The filter. Where a variable in it was not given, that part would say nothing: all rows would be changed."""
        given = next(argument for argument in self._selected.nodes[0].arguments if argument.name.value == "filter")
        for name in variables_in(given.value):
            if name not in self._context.variables:
                refuse(self._selected, "filter", f"needs the variable ${name}, which was not given")
        return where_of(self._context, self._selected, table)

    def _upsert(self, binding: UpsertField) -> Upsert:
        table, arguments = binding.table, self._selected.arguments
        inputs = self._context.surface.inputs[table.name]
        rows = self._new_rows(table) if binding.many else (self._new_row(table),)
        conflict = inputs.conflicts[arguments["onConflict"].structure()]
        chosen = arguments.get("update")
        if chosen is None or chosen.is_null:
            given = {name for row in ([rows] if isinstance(rows, NewRows) else rows) for name in _written(row)}
            update = [c for c in inputs.update_columns.values() if c.name in given and c.name not in conflict.columns]
        else:
            update = [inputs.update_columns[item.structure()] for item in chosen.items()]
        one = not binding.many
        required = one and is_certain(table)
        fields = self._read_back(table)
        return Upsert(table, rows, conflict, _distinct(update), fields, one, required)


def _written(row: NewRow | NewRows) -> Iterator[str]:
    """The row's own columns that are set, by the caller or by a related row."""
    yield from (value.column.name for value in row.values)
    if isinstance(row, NewRow):
        yield from (name for nested in row.nested if nested.relation.own_key for name in nested.relation.columns)


def _distinct(columns: list[Column]) -> tuple[Column, ...]:
    return tuple(dict.fromkeys(columns))
