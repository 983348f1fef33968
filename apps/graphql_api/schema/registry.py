"""The Graphene types of one surface while they are made: each name once, what is alike shared.

In: names and functions that give fields. Out: Graphene classes. A class is handed out before its fields are known, so
types may refer to each other in any order; `finish()` fills them all without recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import astuple
from typing import Any

import graphene

from apps.graphql_api.schema.bindings import Surface
from apps.graphql_api.schema.graphene_classes import (
    Fields,
    GrapheneType,
    Member,
    enum_class,
    input_class,
    interface_class,
    object_class,
)
from apps.graphql_api.schema.names import RESERVED_TYPES, Names
from apps.graphql_api.schema.scalars import GRAPHENE_SCALARS

FieldsOf = Callable[[], Fields]


class Registry:
    """structural: enums whose values, and input objects whose Booleans decide over SQL. leaves: input objects that are
    one value to Postgres."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self.structural: set[str] = set()
        self.leaves: set[str] = set()
        taken = [name for names in surface.types.values() for name in astuple(names)]
        self._names = Names({*RESERVED_TYPES, *surface.type_names.values(), *taken})
        self._helpers: dict[str, str] = {}
        self._types: dict[str, GrapheneType] = {}
        self._shared: dict[Hashable, Any] = {}
        self._unfilled: list[tuple[Fields, FieldsOf]] = []

    def helper_name(self, wanted: str) -> str:
        """The name of a type that many tables share (StringFilter), distinct from those of the tables' own types."""
        if wanted not in self._helpers:
            self._helpers[wanted] = self._names.claim(wanted)
        return self._helpers[wanted]

    def own_name(self, owner: Hashable, wanted: str) -> str:
        """The name of a type that belongs to one owner (a relation's input), distinct from all others."""
        found: str = self.shared(("name", owner), lambda: self._names.claim(wanted))
        return found

    def scalar(self, name: str) -> GrapheneType:
        """A scalar by its GraphQL name."""
        return GRAPHENE_SCALARS[name]

    def object(
        self, name: str, fields: FieldsOf, description: str | None = None, interfaces: tuple[GrapheneType, ...] = ()
    ) -> GrapheneType:
        """The object type of this name."""
        return self._type(name, fields, lambda empty: object_class(name, empty, description, interfaces))

    def interface(self, name: str, fields: FieldsOf, description: str) -> GrapheneType:
        """The interface of this name."""
        return self._type(name, fields, lambda empty: interface_class(name, empty, description))

    def input(
        self, name: str, fields: FieldsOf, description: str | None = None, *, one_of: bool = False
    ) -> GrapheneType:
        """The input object type of this name. one_of: exactly one of its fields must be given."""
        return self._type(name, fields, lambda empty: input_class(name, empty, description, one_of=one_of))

    def leaf_input(
        self, name: str, fields: FieldsOf, description: str, text: Callable[[Mapping[str, Any]], str]
    ) -> GrapheneType:
        """An input object that becomes one text for Postgres."""
        self.leaves.add(name)
        return self._type(name, fields, lambda empty: input_class(name, empty, description, container=text))

    def enum(
        self, name: str, values: Callable[[], Mapping[str, Member]], description: str | None = None
    ) -> GrapheneType:
        """The enum of this name."""
        if name not in self._types:
            self._types[name] = enum_class(name, values(), description)
        return self._types[name]

    def structural_enum(
        self, name: str, values: Callable[[], Mapping[str, str | None]], description: str
    ) -> GrapheneType:
        """An enum whose values decide over the SQL: value -> description. Coerced values are the names."""
        self.structural.add(name)
        return self.enum(name, lambda: {value: Member(value, text) for value, text in values().items()}, description)

    def _type(self, name: str, fields: FieldsOf, make: Callable[[Fields], GrapheneType]) -> GrapheneType:
        if name not in self._types:
            empty: Fields = {}
            self._types[name] = make(empty)
            self._unfilled.append((empty, fields))
        return self._types[name]

    def finish(self) -> None:
        """Fill every type that was asked for."""
        while self._unfilled:
            empty, fields = self._unfilled.pop()
            empty.update(fields())

    def shared(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What was made for this key, made the first time."""
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    def required(self, type_: GrapheneType) -> GrapheneType:
        """`T!`"""
        return self.shared(("!", id(type_)), lambda: graphene.NonNull(type_))

    def list_of(self, type_: GrapheneType) -> GrapheneType:
        """`[T!]`"""
        return self.shared(("[!]", id(type_)), lambda: graphene.List(self.required(type_)))

    def list_of_nullable(self, type_: GrapheneType) -> GrapheneType:
        """`[T]`"""
        return self.shared(("[]", id(type_)), lambda: graphene.List(type_))

    def rows(self, type_: GrapheneType) -> GrapheneType:
        """`[T!]!`"""
        return self.required(self.list_of(type_))

    def arguments(self, key: Hashable, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The arguments of this key, so that all fields with them can share them."""
        found: dict[str, Any] = self.shared(("arguments", key), make)
        return found

    def field(
        self, type_: GrapheneType, description: str | None = None, arguments: Mapping[str, Any] | None = None
    ) -> Any:
        """A field; the same one for the same type, description and arguments object."""
        return self.shared(
            ("field", id(type_), description, id(arguments)),
            # `arguments` is kept as well, so that its id stays its own.
            lambda: (graphene.Field(type_, args=dict(arguments or {}), description=description), arguments),
        )[0]

    def argument(self, type_: GrapheneType, description: str | None = None) -> Any:
        """An argument; the same one for the same type and description."""
        return self.shared(
            ("argument", id(type_), description), lambda: graphene.Argument(type_, description=description)
        )

    def input_field(self, type_: GrapheneType, description: str | None = None) -> Any:
        """An input field; the same one for the same type and description."""
        return self.shared(
            ("input field", id(type_), description), lambda: graphene.InputField(type_, description=description)
        )
