"""Rows that a mutation gives: create and update inputs, with the rows related to them, to any depth.

In: an Input of a table's create, update or key type. Out: `NewRow`, `Change`, `RowKey` of kapok.query.writes. Raises
BAD_USER_INPUT with the place in the argument and QUERY_TOO_COMPLEX.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn

from apps.graphql_api.compile.arguments import Input
from apps.graphql_api.compile.context import Context, Selected, refuse
from apps.graphql_api.schema.write_bindings import ColumnInput, InputBinding, RelationInput, Verb
from kapok.errors import KapokError
from kapok.model.types import Column, Relation, RelationKind, Table, UniqueKey
from kapok.query.encoding import encoder_of
from kapok.query.given import given_column
from kapok.query.ids import given_id
from kapok.query.values import Given, Literal, Value
from kapok.query.writes import (
    Assigned,
    Change,
    Nested,
    NestedToMany,
    NestedToOne,
    NewRow,
    Path,
    RowChange,
    RowKey,
)

#: Rows within rows of one input.
MAX_DEPTH = 10
_NOTHING: frozenset[str] = frozenset()


class WrittenRows:
    """The rows of one root field."""

    def __init__(self, context: Context, selected: Selected) -> None:
        self._context = context
        self._selected = selected

    def new_row(self, table: Table, given: Input, path: Path, around: frozenset[str] = _NOTHING) -> NewRow:
        """A row to insert. around: the columns that the row it hangs on supplies."""
        self._enter(path)
        bindings = self._context.surface.inputs[table.name].create
        values, nested = self._given(bindings, given, path, around)
        supplied = {value.column.name for value in values}.union(around, _own_columns(nested))
        self._check_supplied(table, bindings, supplied, path)
        return NewRow(values, path, nested)

    def change(self, table: Table, given: Input, path: Path) -> Change:
        """What becomes of a row that is there."""
        bindings = self._context.surface.inputs[table.name].update
        values, nested = self._given(bindings, given, path, _NOTHING)
        return Change(values, path, nested)

    def row_change(self, table: Table, given: Input, path: Path) -> RowChange:
        """One row of an update by key."""
        self._enter(path)
        entries = given.entries()
        key = self._key(table, entries["key"], (*path, "key"))
        change = self.change(table, entries["input"], (*path, "input"))
        return RowChange(key, change, version_of(entries.get("ifVersion")))

    def row_key(self, key: UniqueKey, columns: Mapping[str, Column], given: Mapping[str, Input], path: Path) -> RowKey:
        """One row by a key. columns: of the key, by the names under which they are given."""
        # A key of arguments has the place of its first one.
        around = path if path[-1] not in columns else path[:-1]
        values = tuple(self._value_of(column, given[name], (*around, name)) for name, column in columns.items())
        return RowKey(key, values, path)

    def _key(self, table: Table, given: Input, path: Path) -> RowKey:
        entries = given.entries()
        keys = self._context.surface.inputs[table.name].keys
        ways = [{column.api_name: column for column in map(table.column, key.columns)} for key in keys]
        for key, columns in zip(keys, ways, strict=True):
            if columns.keys() == entries.keys():
                for name, value in entries.items():
                    self._check_present(value, (*path, name))
                return self.row_key(key, columns, entries, path)
        self._refuse(path, f"must give exactly {' or '.join([' and '.join(columns) for columns in ways])}")

    def _given(
        self, bindings: Mapping[str, InputBinding], given: Input, path: Path, around: frozenset[str]
    ) -> tuple[tuple[Assigned, ...], tuple[Nested, ...]]:
        values: list[Assigned] = []
        nested: list[Nested] = []
        by_column: dict[str, str] = {}
        for name, value in given.entries().items():
            place = (*path, name)
            match bindings[name]:
                case ColumnInput(column):
                    columns: Iterable[str] = (column.name,)
                    values.append(Assigned(column, self._value(column, value, place)))
                case RelationInput() as binding:
                    found = self._nested(binding, value, place)
                    if found is None:
                        continue
                    columns = _own_columns([found])
                    nested.append(found)
            for column_name in columns:
                if column_name in around:
                    self._refuse(place, "comes from the row around this one and must not be given")
                if column_name in by_column:
                    self._refuse(place, f"must not be given together with {by_column[column_name]}")
                by_column[column_name] = name
        return tuple(values), tuple(nested)

    def _value(self, column: Column, given: Input, path: Path) -> Value:
        if given.is_null and not column.nullable:
            self._refuse(path, "must not be null")
        if given.is_null:
            return Given(Literal(None))
        return given_column(given.source(), column, self._selected.path, _argument(path))

    def _value_of(self, column: Column, given: Input, path: Path) -> Value:
        if given.is_null:
            return Given(Literal(None))
        if column.is_id:
            return given_id(given.source(), column.type, self._selected.path, _argument(path))
        return Given(given.source(), encoder_of(column.type))

    def _check_supplied(
        self, table: Table, bindings: Mapping[str, InputBinding], supplied: set[str], path: Path
    ) -> None:
        """Foreign key columns may be left out where a related row supplies them: one of the two must be there."""
        optional = self._context.surface.inputs[table.name].preset
        for name, binding in bindings.items():
            if not isinstance(binding, ColumnInput):
                continue
            column = binding.column
            if column.name in supplied or column.has_default or column.nullable or column.name in optional:
                continue
            ways = [name, *[other for other, way in bindings.items() if _supplies(way, column)]]
            self._refuse((*path, name), f"must be given, by {' or '.join(ways)}" if len(ways) > 1 else "must be given")

    # --- related rows ---------------------------------------------------------------------------------------------

    def _nested(self, binding: RelationInput, given: Input, path: Path) -> Nested | None:
        """What becomes of related rows; None where nothing is said."""
        self._check_present(given, path)
        entries = {Verb(name): value for name, value in given.entries().items()}
        for verb, value in entries.items():
            self._check_present(value, (*path, verb.value))
        if binding.relation.kind is not RelationKind.TO_ONE:
            return self._to_many(binding, entries, path)
        asked = {verb: value for verb, value in entries.items() if _says_something(verb, value)}
        if not asked:
            return None
        if len(asked) > 1:
            self._refuse(path, f"must say one of {', '.join(verb.value for verb in asked)}")
        ((verb, value),) = asked.items()
        return self._to_one(binding.relation, binding.target, verb, value, path)

    def _to_one(self, relation: Relation, target: Table, verb: Verb, given: Input, path: Path) -> NestedToOne:
        place = (*path, verb.value)
        match verb:
            case Verb.CREATE:
                row = self.new_row(target, given, place, _around(relation))
                return NestedToOne(relation, target, path, create=row)
            case Verb.CONNECT:
                self._enter(place)
                return NestedToOne(relation, target, path, connect=self._key(target, given, place))
            case Verb.UPDATE:
                self._enter(place)
                return NestedToOne(relation, target, path, update=self.change(target, given, place))
            case Verb.DISCONNECT:
                return NestedToOne(relation, target, path, disconnect=True)
            case Verb.DELETE:
                return NestedToOne(relation, target, path, delete=True)

    def _to_many(self, binding: RelationInput, entries: Mapping[Verb, Input], path: Path) -> NestedToMany | None:
        relation, target = binding.relation, binding.target

        def keys(verb: Verb) -> tuple[RowKey, ...]:
            found = []
            for item, place in _items(entries, verb, path):
                self._enter(place)
                found.append(self._key(target, item, place))
            return tuple(found)

        around = _around(relation)
        nested = NestedToMany(
            relation,
            target,
            path,
            create=tuple(self.new_row(target, i, place, around) for i, place in _items(entries, Verb.CREATE, path)),
            connect=keys(Verb.CONNECT),
            disconnect=keys(Verb.DISCONNECT),
            update=tuple(self.row_change(target, i, place) for i, place in _items(entries, Verb.UPDATE, path)),
            delete=keys(Verb.DELETE),
        )
        return nested if any((nested.create, nested.connect, nested.disconnect, nested.update, nested.delete)) else None

    # --- refusals -------------------------------------------------------------------------------------------------

    def _enter(self, path: Path) -> None:
        """Count a row, and how deep it stands: each level of rows takes a relation and a verb."""
        self._context.count_row(self._selected.path)
        depth = sum(isinstance(step, str) for step in path) // 2
        if depth > MAX_DEPTH:
            message = f"The input has rows within rows more than {MAX_DEPTH} levels deep."
            raise KapokError("QUERY_TOO_COMPLEX", message, details={"path": list(self._selected.path)})

    def _check_present(self, given: Input, path: Path) -> None:
        if given.is_null:
            self._refuse(path, "must not be null")

    def _refuse(self, path: Path, problem: str) -> NoReturn:
        refuse(self._selected, _argument(path), problem)


def version_of(given: Input | None) -> Value | None:
    """The value of `ifVersion`; None where none is asked for."""
    return None if given is None or given.is_null else Given(given.source())


def _argument(path: Path) -> str:
    return ".".join([str(step) for step in path[1:]])


def _items(entries: Mapping[Verb, Input], verb: Verb, path: Path) -> Iterator[tuple[Input, Path]]:
    if verb in entries:
        for index, item in enumerate(entries[verb].items()):
            yield item, (*path, verb.value, index)


def _says_something(verb: Verb, given: Input) -> bool:
    return verb not in (Verb.DISCONNECT, Verb.DELETE) or bool(given.structure())


def _around(relation: Relation) -> frozenset[str]:
    """The columns of a new target that the row it hangs on supplies: those of a foreign key that is the target's."""
    return _NOTHING if relation.own_key or relation.junction is not None else frozenset(relation.target_columns)


def _own_columns(nested: Iterable[Nested]) -> set[str]:
    """The row's own columns that nested writes set."""
    return {
        column
        for item in nested
        if item.relation.own_key and not (isinstance(item, NestedToOne) and item.update is not None)
        for column in item.relation.columns
    }


def _supplies(binding: InputBinding, column: Column) -> bool:
    return isinstance(binding, RelationInput) and binding.relation.own_key and column.name in binding.relation.columns
