"""Graphene types without what only resolvers need.

In: a name and a mapping of mounted fields, which may be filled later. Out: Graphene classes. Graphene derives a
dataclass from each ObjectType, a container from each InputObjectType and an Enum from each Enum: no value of a dynamic
type is ever made here (Postgres makes them), and they would cost 0.5 ms a type. Graphene also puts each Enum under its
own name into the globals of its module, where a tenant's enum called `Enum` would break all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import graphene
from graphene.types.base import BaseTypeMeta
from graphene.types.enum import EnumMeta, EnumOptions
from graphene.types.inputobjecttype import InputObjectTypeOptions
from graphene.types.interface import InterfaceOptions
from graphene.types.objecttype import ObjectTypeMeta, ObjectTypeOptions

#: A Graphene class, or a List or NonNull around one.
GrapheneType = Any
Fields = dict[str, Any]


class _ObjectMeta(ObjectTypeMeta):  # type: ignore[misc]
    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        return BaseTypeMeta.__new__(cls, name, bases, namespace, **options)


class _EnumMeta(EnumMeta):  # type: ignore[misc]
    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        return BaseTypeMeta.__new__(cls, name, bases, namespace, **options)


class _Object(graphene.ObjectType, metaclass=_ObjectMeta):  # type: ignore[misc]
    class Meta:
        abstract = True

    @classmethod
    def __init_subclass_with_meta__(cls, **options: Any) -> None:
        # Graphene would look for fields among the class attributes, and replace a mapping that is still empty.
        super(graphene.ObjectType, cls).__init_subclass_with_meta__(**options)


class _Interface(graphene.Interface):  # type: ignore[misc]
    class Meta:
        abstract = True

    @classmethod
    def __init_subclass_with_meta__(cls, **options: Any) -> None:
        super(graphene.Interface, cls).__init_subclass_with_meta__(**options)


class _Input(graphene.InputObjectType):  # type: ignore[misc]
    class Meta:
        abstract = True

    @classmethod
    def __init_subclass_with_meta__(cls, **options: Any) -> None:
        super(graphene.InputObjectType, cls).__init_subclass_with_meta__(**options)


class _Enum(graphene.Enum, metaclass=_EnumMeta):  # type: ignore[misc]
    class Meta:
        abstract = True

    @classmethod
    def __init_subclass_with_meta__(cls, **options: Any) -> None:
        super(graphene.Enum, cls).__init_subclass_with_meta__(**options)


@dataclass(frozen=True, slots=True)
class Member:
    """One value of an enum. value: what a coerced value is."""

    value: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """What Graphene looks at of a Python Enum."""

    __members__: Mapping[str, Member]


def object_class(
    name: str, fields: Fields, description: str | None = None, interfaces: tuple[GrapheneType, ...] = ()
) -> GrapheneType:
    """A graphene.ObjectType."""
    meta = ObjectTypeOptions(None)
    meta.fields, meta.interfaces = fields, interfaces
    return _ObjectMeta(name, (_Object,), {"Meta": {"_meta": meta, "description": description}})


def interface_class(name: str, fields: Fields, description: str) -> GrapheneType:
    """A graphene.Interface."""
    meta = InterfaceOptions(None)
    meta.fields = fields
    return type(name, (_Interface,), {"Meta": {"_meta": meta, "description": description}})


def input_class(
    name: str,
    fields: Fields,
    description: str | None = None,
    *,
    container: Callable[[dict[str, Any]], Any] = dict,
    one_of: bool = False,
) -> GrapheneType:
    """A graphene.InputObjectType. container: makes the coerced value. one_of: exactly one field must be given."""
    meta = InputObjectTypeOptions(None)
    meta.fields, meta.container, meta.one_of = fields, container, one_of
    return type(name, (_Input,), {"Meta": {"_meta": meta, "description": description}})


def enum_class(name: str, values: Mapping[str, Member], description: str | None = None) -> GrapheneType:
    """A graphene.Enum."""
    meta = EnumOptions(None)
    meta.enum = Members(values)
    return _EnumMeta(name, (_Enum,), {"Meta": {"_meta": meta, "description": description}})
