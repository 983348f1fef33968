"""Opaque texts that point at rows: global ids and the cursors of connections.

A global id is base64 of the JSON array [type, key ...], a cursor is base64url of [order id, value of each term ...].
Values are in Postgres text form, so that they come back exactly. Here: the SQL that writes them, and the values of a
plan that read them when an operation runs.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from kapok.errors import KapokError
from kapok.model.scalar_values import NotAValue
from kapok.model.types import PgType
from kapok.query.encoding import encode
from kapok.query.fragments import Sql, join, literal, sql
from kapok.query.ids import id_encoder
from kapok.query.values import Claims, Reader, Source, Variables


def global_id(type_name: str, key: Sequence[Sql]) -> Sql:
    """The global id of a row. encode() breaks lines after 76 characters."""
    return sql("replace(", _base64(type_name, key), ", chr(10), '')")


def cursor(order_id: str, values: Sequence[Sql]) -> Sql:
    """The cursor of a row. translate() makes base64 safe for URLs and drops the padding and the line breaks."""
    return sql("translate(", _base64(order_id, values), ", '+/=' || chr(10), '-_')")


def _base64(first: str, values: Sequence[Sql]) -> Sql:
    items = join(", ", (sql(literal(first), "::text"), *(sql(value, "::text") for value in values)))
    return sql("encode(convert_to(json_build_array(", items, ")::text, 'UTF8'), 'base64')")


@dataclass(frozen=True, slots=True)
class CursorValue:
    """One value of a cursor a caller gave. count: how many terms the order has."""

    source: Source
    order_id: str
    index: int
    count: int
    path: tuple[str, ...] = field(default=(), compare=False)

    def reader(self) -> Reader:
        find, index = self.source.getter(), self.index

        def read(variables: Variables, row_cap: int, claims: Claims) -> bytes | None:
            values = _read(find(variables), urlsafe_b64decode)
            if values is None or len(values) != self.count + 1 or values[0] != self.order_id:
                raise KapokError("BAD_CURSOR", details={"path": list(self.path)})
            value = values[index + 1]
            return None if value is None else encode(value)

        return read


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One value of a global id, or NULL when the id is of another type (or no id at all). type: of the column."""

    source: Source
    type_name: str
    type: PgType
    index: int
    count: int

    def reader(self) -> Reader:
        find, index, check = self.source.getter(), self.index, id_encoder(self.type)

        def read(variables: Variables, row_cap: int, claims: Claims) -> bytes | None:
            values = _read(find(variables), b64decode)
            if values is None or len(values) != self.count + 1 or values[0] != self.type_name:
                return None
            value = values[index + 1]
            try:
                return None if value is None else check(value)
            except NotAValue:
                return None

        return read


def _read(text: str, decode: Callable[[bytes], bytes]) -> list[Any] | None:
    """The array inside a global id or a cursor; None when it is none of ours."""
    try:
        values = orjson.loads(decode(text.encode() + b"=="))
    except (binascii.Error, orjson.JSONDecodeError, UnicodeEncodeError, ValueError):
        return None
    good = isinstance(values, list) and all(value is None or isinstance(value, str) for value in values)
    return values if good else None
