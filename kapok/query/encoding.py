"""Coerced values to Postgres text format (the input syntax of each type; libpq sends it as it is).

In: a str (already in the type's input syntax), int, float, bool, or a list (or tuple) of those. Out: bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kapok.errors import KapokError
from kapok.model.types import PgType, TypeKind

_BOX = '"pg_catalog"."box"'
#: a coerced value that is not None -> text-format bytes
Encoder = Callable[[Any], bytes]


def encode(value: Any) -> bytes:
    """A scalar, or a list as an array."""
    return encode_array(value) if value.__class__ is list or value.__class__ is tuple else encode_text(value)


def encode_text(value: Any) -> bytes:
    """A scalar. Raises BAD_USER_INPUT for NUL (libpq would cut the value there) and lone surrogates."""
    if isinstance(value, str):
        try:
            data: bytes = value.encode()
        except UnicodeEncodeError as exc:
            raise KapokError("BAD_USER_INPUT", "A string holds half of a surrogate pair.") from exc
        if b"\0" in data:
            raise KapokError("BAD_USER_INPUT", "A string holds the character NUL, which Postgres cannot store.")
        return data
    if value is True or value is False:
        return b"true" if value else b"false"
    # repr of a float is the shortest text that reads back the same; nan and inf are Postgres input, too.
    return repr(value).encode()


def encode_array(value: Any, delimiter: bytes = b",") -> bytes:
    """A list; lists in it are more dimensions (PostgreSQL manual, 8.15.6)."""
    return b"{" + delimiter.join([_element(item, delimiter) for item in value]) + b"}"


def encode_boxes(value: Any) -> bytes:
    """A list of boxes: the one built-in type whose arrays have another delimiter."""
    return encode_array(value, b";")


def _element(item: Any, delimiter: bytes) -> bytes:
    if item is None:
        return b"NULL"
    if item.__class__ is list or item.__class__ is tuple:
        return encode_array(item, delimiter)
    return b'"' + encode_text(item).replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def encode_multirange(value: Any) -> bytes:
    """A list of range texts: {[1,2),[5,6)} (8.17.5)."""
    return b"{" + b",".join([encode_text(item) for item in value]) + b"}"


def encode_multiranges(value: Any) -> bytes:
    """A list of multiranges, as an array."""
    return encode_array([None if item is None else encode_multirange(item).decode() for item in value])


def encoder_of(type_: PgType) -> Encoder:
    """The encoder of values of a type."""
    while type_.kind is TypeKind.DOMAIN and type_.element is not None:
        type_ = type_.element
    if type_.kind is TypeKind.MULTIRANGE:
        return encode_multirange
    if type_.kind is TypeKind.ARRAY and type_.element is not None and encoder_of(type_.element) is encode_multirange:
        return encode_multiranges
    if type_.kind is TypeKind.ARRAY and type_.element is not None and type_.element.name.sql() == _BOX:
        return encode_boxes
    return encode
