"""Ids that callers give, checked before they are bound: Postgres would not say which of them is wrong.

In: where an id (or a list of ids) comes from and the type of its column. Out: a `Value`. On the wire every id is a
text, so GraphQL cannot tell a UUID from a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kapok.model.scalar_values import NotAValue
from kapok.model.types import PgType, TypeKind
from kapok.query.claims import converter
from kapok.query.encoding import Encoder, encode, encoder_of
from kapok.query.families import base_type
from kapok.query.values import Given, Reader, Source, Value, checked_reader

_CHECKED = {"UUID": "a UUID", "Int": "a whole number", "BigInt": "a whole number"}


@dataclass(frozen=True, slots=True)
class GivenId:
    """An id of a type, or a list of them. path: the response path of the field; argument: where it is given."""

    source: Source
    type: PgType
    path: tuple[str, ...] = field(compare=False)
    argument: str = field(compare=False)

    def reader(self) -> Reader:
        """The closure that finds, checks and encodes it. It raises BAD_USER_INPUT."""
        check = checked_id(self.type)

        def encoded(found: Any) -> bytes:
            if found.__class__ is list or found.__class__ is tuple:
                return encode([None if item is None else check(item).decode() for item in found])
            return check(found)

        return checked_reader(self.source, encoded, self.path, self.argument)


def id_encoder(type_: PgType) -> Encoder:
    """The encoder of an id of this type; it raises NotAValue for what is none."""
    if not is_checked(type_):
        return encoder_of(type_)
    convert: Callable[[Any], Any] = converter(type_)
    return lambda value: encode(convert(value))


def checked_id(type_: PgType) -> Encoder:
    """The same for a type that is checked; NotAValue says what the id must be."""
    check, problem = id_encoder(type_), f"must be {_CHECKED[base_type(type_).scalar]}"

    def encoded(value: Any) -> bytes:
        try:
            return check(value)
        except NotAValue as exc:
            raise NotAValue(problem) from exc

    return encoded


def given_id(source: Source, type_: PgType, path: tuple[str, ...], argument: str) -> Value:
    """The value of an id column."""
    return GivenId(source, type_, path, argument) if is_checked(type_) else Given(source, encoder_of(type_))


def is_checked(type_: PgType) -> bool:
    """Whether ids of this type are checked; texts need not be."""
    base = base_type(type_)
    return base.kind is TypeKind.SCALAR and base.scalar in _CHECKED
