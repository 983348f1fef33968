"""Values of variables: checked, coerced, and what of them decides over the SQL.

In: an input type of the schema. Out: two functions: a coercer, from a JSON value to what the binder binds, as strict as
the GraphQL specification (6.1.2, 3.10), and a structure, from a coerced value to the part of it that an operation is
compiled for. Made once for each type and shared by all documents of a schema.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, cast

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNamedInputType,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
    get_named_type,
)
from graphql.pyutils import did_you_mean, suggestion_list

from kapok.model.scalar_values import NotAValue

Coerce = Callable[[Any], Any]
#: None: the value never decides over the SQL, beyond being there or null.
Structure = Callable[[Any], Hashable] | None

NULL = "null"
LEAF = "value"
UNIFORM = "rows"


class NotCoercible(Exception):
    """A value that does not fit. path: keys and indexes from the variable to it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str | int] = []

    def within(self, step: str | int) -> NotCoercible:
        """The same, seen from one step further out."""
        self.path.insert(0, step)
        return self


class Coercion:
    """The functions of a schema's input types. structural, leaves, rows: as in `ApiSchema`."""

    def __init__(self, structural: frozenset[str], leaves: frozenset[str], rows: frozenset[str]) -> None:
        self._structural = structural
        self._leaves = leaves
        self._rows = rows
        self._coercers: dict[str, Coerce] = {}
        self._structures: dict[str, Structure] = {}

    def coercer(self, type_: GraphQLInputType) -> Coerce:
        """From a JSON value to the coerced one. It raises NotCoercible."""
        if isinstance(type_, GraphQLNonNull):
            return _required(self.coercer(type_.of_type), str(type_))
        if isinstance(type_, GraphQLList):
            return _listed(self.coercer(type_.of_type))
        named = cast(GraphQLNamedInputType, type_)
        if named.name not in self._coercers:
            self._coercers[named.name] = self._named(named)
        return self._coercers[named.name]

    def _named(self, type_: GraphQLNamedInputType) -> Coerce:
        if isinstance(type_, GraphQLInputObjectType):
            return self._input_object(type_)
        return _enum(type_) if isinstance(type_, GraphQLEnumType) else _scalar(type_)

    def _input_object(self, type_: GraphQLInputObjectType) -> Coerce:
        """Fields are looked at when the first value comes: filters refer to each other in circles."""
        fields: dict[str, tuple[Coerce, bool, Any]] = {}
        make = type_.out_type if type_.name in self._leaves else None

        def coerce(value: Any) -> Any:
            if value is None:
                return None
            if not isinstance(value, Mapping):
                raise NotCoercible(f"Expected an object of type {type_.name}.")
            for name in value:
                if name not in type_.fields:
                    raise _unknown_field(type_, name)
            if not fields:
                fields.update({name: self._input_field(type_, name) for name in type_.fields})
            coerced = _coerce_fields(fields, value, type_.name)
            if type_.is_one_of and (len(coerced) != 1 or None in coerced.values()):
                raise NotCoercible(f"Exactly one field of {type_.name} must be given, and not null.")
            return coerced if make is None else make(coerced)

        return coerce

    def _input_field(self, type_: GraphQLInputObjectType, name: str) -> tuple[Coerce, bool, Any]:
        field = type_.fields[name]
        needed = isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined
        return self.coercer(field.type), needed, field.default_value

    def structure(self, type_: GraphQLInputType) -> Structure:
        """From a coerced value (not None) to what the operation is compiled for."""
        if isinstance(type_, GraphQLNonNull):
            return self.structure(type_.of_type)
        if isinstance(type_, GraphQLList):
            item = self.structure(type_.of_type)
            return None if item is None else _list_structure(item)
        if isinstance(type_, GraphQLEnumType):
            return str if type_.name in self._structural else None
        if not isinstance(type_, GraphQLInputObjectType) or type_.name in self._leaves:
            return None
        if type_.name not in self._structures:
            self._structures[type_.name] = self._object_structure(type_)
        return self._structures[type_.name]

    def _object_structure(self, type_: GraphQLInputObjectType) -> Structure:
        fields: dict[str, Structure] = {}

        def structure(value: Mapping[str, Any]) -> Hashable:
            if not fields:
                fields.update({name: self._field_structure(type_, name) for name in type_.fields})
            return tuple([(name, part_of(fields[name], entry)) for name, entry in value.items()])

        return structure

    def _field_structure(self, type_: GraphQLInputObjectType, name: str) -> Structure:
        field = type_.fields[name].type
        if type_.name in self._structural and get_named_type(field) is GraphQLBoolean:
            return bool
        return self.structure(field)

    def rows_structure(self, type_: GraphQLInputType) -> Structure:
        """As `structure`, for a list of new rows: rows that give the same columns are compiled once, however many. None
        where the type is no such list."""
        rows = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if not isinstance(rows, GraphQLList) or get_named_type(rows).name not in self._rows:
            return None
        item = self.structure(rows)
        return None if item is None else _rows_structure(item)


def _rows_structure(rows: Callable[[Any], Hashable]) -> Structure:
    def structure(values: list[dict[str, Any]]) -> Hashable:
        parts = cast(tuple[tuple[tuple[str, Hashable], ...], ...], rows(values))
        keys = {tuple([name for name, _ in part]) for part in parts}
        flat = all(part in (LEAF, NULL) for row in parts for _, part in row)
        return (UNIFORM, *keys) if flat and len(keys) == 1 else parts

    return structure


def part_of(structure: Structure, value: Any) -> Hashable:
    """What of a coerced value an operation is compiled for."""
    if value is None:
        return NULL
    return LEAF if structure is None else structure(value)


def _list_structure(item: Callable[[Any], Hashable]) -> Structure:
    return lambda values: tuple([part_of(item, value) for value in values])


def _required(coerce: Coerce, described: str) -> Coerce:
    def required(value: Any) -> Any:
        if value is None:
            raise NotCoercible(f"Expected non-nullable type {described} not to be null.")
        return coerce(value)

    return required


def _listed(coerce: Coerce) -> Coerce:
    def listed(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, list):
            return [coerce(value)]
        coerced = []
        try:
            for item in value:
                coerced.append(coerce(item))
        except NotCoercible as exc:
            raise exc.within(len(coerced)) from exc.__cause__
        return coerced

    return listed


def _coerce_fields(
    fields: Mapping[str, tuple[Coerce, bool, Any]], value: Mapping[str, Any], type_name: str
) -> dict[str, Any]:
    coerced: dict[str, Any] = {}
    for name, (coerce, needed, default) in fields.items():
        if name in value:
            try:
                coerced[name] = coerce(value[name])
            except NotCoercible as exc:
                raise exc.within(name) from exc.__cause__
        elif needed:
            raise NotCoercible(f"Field {name} of required type was not given in {type_name}.")
        elif default is not Undefined:
            coerced[name] = default
    return coerced


def _unknown_field(type_: GraphQLInputObjectType, name: str) -> NotCoercible:
    # A long name is not worth comparing with every other one.
    suggestions = suggestion_list(name, type_.fields) if len(name) < 100 else []
    return NotCoercible(f"Field {name[:100]} is not defined by type {type_.name}.{did_you_mean(suggestions)}")


def _enum(type_: GraphQLEnumType) -> Coerce:
    values = {name: value.value for name, value in type_.values.items()}

    def enum(value: Any) -> Any:
        if value is None:
            return None
        if value.__class__ is not str:
            raise NotCoercible(f"Expected a value of the enum {type_.name}, as a string.")
        try:
            return values[value]
        except KeyError:
            suggestions = suggestion_list(value, values) if len(value) < 100 else []
            raise NotCoercible(
                f"Value {value[:100]} does not exist in {type_.name} enum.{did_you_mean(suggestions)}"
            ) from None

    return enum


def _scalar(type_: GraphQLScalarType) -> Coerce:
    if type_ is GraphQLString:
        return _string
    if type_ is GraphQLID:
        return _id
    parse = type_.parse_value
    expected = type_.name if type_ in (GraphQLInt, GraphQLFloat, GraphQLBoolean) else None

    def scalar(value: Any) -> Any:
        if value is None:
            return None
        try:
            parsed = parse(value)
        except GraphQLError as exc:
            raise NotCoercible(exc.message) from exc
        except NotAValue as exc:
            raise NotCoercible(str(exc)) from exc
        if parsed is Undefined:
            raise NotCoercible(f"Expected type {expected}.")
        return parsed

    return scalar


def _string(value: Any) -> Any:
    if value.__class__ is str:
        if "\0" in value:
            raise NotCoercible("A string holds the character NUL, which Postgres cannot store.")
        return value
    if value is None:
        return None
    raise NotCoercible("Expected a string.")


def _id(value: Any) -> Any:
    if value.__class__ is str:
        return _string(value)
    if value is None:
        return None
    try:
        return GraphQLID.parse_value(value)
    except GraphQLError as exc:
        raise NotCoercible("Expected an ID: a string or a whole number.") from exc
