"""From Graphene classes to a GraphQL schema that is small and quick to build.

In: the classes of Query and, for a role that may write, Mutation. Out: a `GraphQLSchema`. What is alike is shared
(wrappers, arguments, fields without a difference), fields have no resolvers (one SQL statement answers an operation),
and no type keeps its Graphene class.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import graphene
from graphene.types.schema import TypeMap
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
)

from apps.graphql_api.schema.graphene_classes import Fields, GrapheneType
from apps.graphql_api.schema.scalars import GRAPHQL_SCALARS

T = TypeVar("T")


class Schema(graphene.Schema):  # type: ignore[misc]
    """A graphene.Schema over a LeanTypeMap."""

    def __init__(self, query: GrapheneType, mutation: GrapheneType | None) -> None:
        self.query, self.mutation, self.subscription = query, mutation, None
        type_map = LeanTypeMap(query=query, mutation=mutation, auto_camelcase=False)
        # Made by rules, and tests/unit/test_schema.py validates what the rules make: not again for each shape.
        self.graphql_schema = GraphQLSchema(type_map.query, type_map.mutation, assume_valid=True)


class LeanTypeMap(TypeMap):  # type: ignore[misc]
    """Graphene classes to GraphQL types by name. Graphene objects must live as long as this does."""

    def __init__(self, **options: Any) -> None:
        self._shared: dict[int, Any] = {}
        super().__init__(**options)

    def add_type(self, graphene_type: GrapheneType) -> Any:
        """The GraphQL type of a Graphene class or of a List or NonNull of one."""
        if isinstance(graphene_type, graphene.NonNull):
            return self._once(graphene_type, lambda type_: GraphQLNonNull(self.add_type(type_.of_type)))
        if isinstance(graphene_type, graphene.List):
            return self._once(graphene_type, lambda type_: GraphQLList(self.add_type(type_.of_type)))
        return super().add_type(graphene_type)

    def _once(self, graphene_object: Any, make: Callable[[Any], T]) -> T:
        """What this very Graphene object was turned into, made the first time."""
        made: T | None = self._shared.get(id(graphene_object))
        if made is None:
            made = self._shared[id(graphene_object)] = make(graphene_object)
        return made

    @staticmethod
    def create_scalar(graphene_type: GrapheneType) -> GraphQLScalarType:
        """Scalars are shared by all schemas."""
        return GRAPHQL_SCALARS[graphene_type]

    @staticmethod
    def create_enum(graphene_type: GrapheneType) -> GraphQLEnumType:
        """An enum whose coerced values are the members' plain values."""
        meta = graphene_type._meta
        values = {
            name: GraphQLEnumValue(member.value, description=member.description)
            for name, member in meta.enum.__members__.items()
        }
        return GraphQLEnumType(meta.name, values, description=meta.description)

    def create_objecttype(self, graphene_type: GrapheneType) -> GraphQLObjectType:
        """An object type."""
        meta = graphene_type._meta
        return GraphQLObjectType(
            meta.name,
            _released(partial(self._fields, meta.fields)),
            interfaces=[self.add_type(interface) for interface in meta.interfaces],
            description=meta.description,
        )

    def create_interface(self, graphene_type: GrapheneType) -> GraphQLInterfaceType:
        """An interface."""
        meta = graphene_type._meta
        return GraphQLInterfaceType(
            meta.name, _released(partial(self._fields, meta.fields)), description=meta.description
        )

    def create_inputobjecttype(self, graphene_type: GrapheneType) -> GraphQLInputObjectType:
        """An input object type. A container other than dict makes another value of it."""
        meta = graphene_type._meta
        return GraphQLInputObjectType(
            meta.name,
            _released(partial(self._input_fields, meta.fields)),
            description=meta.description,
            out_type=None if meta.container is dict else meta.container,
            is_one_of=meta.one_of,
        )

    def _fields(self, fields: Fields) -> dict[str, GraphQLField]:
        return {name: self._once(field, self._field) for name, field in fields.items()}

    def _field(self, field: Any) -> GraphQLField:
        return GraphQLField(
            self.add_type(field.type),
            args={name: self._once(argument, self._argument) for name, argument in field.args.items()},
            description=field.description,
        )

    def _argument(self, argument: Any) -> GraphQLArgument:
        return GraphQLArgument(self.add_type(argument.type), argument.default_value, description=argument.description)

    def _input_fields(self, fields: Fields) -> dict[str, GraphQLInputField]:
        return {name: self._once(field, self._input_field) for name, field in fields.items()}

    def _input_field(self, field: Any) -> GraphQLInputField:
        return GraphQLInputField(self.add_type(field.type), field.default_value, description=field.description)


def _released(make: Callable[[], T]) -> Callable[[], T]:
    """`make`, to be called once: a GraphQL type keeps its thunk for ever, and this thunk keeps nothing."""
    waiting = [make]
    return lambda: waiting.pop()()
