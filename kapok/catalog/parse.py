"""The JSON document of introspect.sql, as bytes, to a `Catalog`. Oids are resolved to names here and go no further."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import intern
from typing import Any

import orjson

from kapok.catalog.types import (
    Catalog,
    RawArgument,
    RawAttribute,
    RawCheck,
    RawColumn,
    RawForeignKey,
    RawFunction,
    RawKey,
    RawTable,
    RawTableKind,
    RawType,
    RawTypeKind,
)
from kapok.identifiers import QualifiedName

_TypeNames = Mapping[int, QualifiedName]
_INPUT_MODES = frozenset("ib")


def parse(document: bytes | str) -> Catalog:
    """Read the document of introspect.sql. Raises ValueError or KeyError when it is none."""
    raw = orjson.loads(document)
    types = raw.get("types", [])
    names = {item["oid"]: QualifiedName(item.get("schema"), intern(item["name"])) for item in types}
    return Catalog(
        tables=tuple([_table(item, names) for item in raw.get("tables", [])]),
        types=tuple([_type(item, names) for item in types]),
        functions=tuple(sorted([_function(item, names) for item in raw.get("functions", [])], key=_signature)),
        reads=tuple(sorted([(name, _interned(beneath)) for name, beneath in raw.get("reads", {}).items()])),
    )


def _signature(function: RawFunction) -> tuple[str, list[tuple[str, str]]]:
    # Overloads come in the order of their types' oids, which differs between schemas made alike.
    return function.name, [(argument.type.schema or "", argument.type.name) for argument in function.arguments]


def _interned(items: Iterable[str]) -> tuple[str, ...]:
    return tuple([intern(item) for item in items])


def _table(item: Mapping[str, Any], names: _TypeNames) -> RawTable:
    return RawTable(
        name=intern(item["name"]),
        kind=RawTableKind(item["kind"]),
        columns=tuple([_column(column, names) for column in item["columns"]]),
        keys=tuple([_key(key) for key in item.get("keys", [])]),
        foreign_keys=tuple([_foreign_key(key) for key in item.get("foreign_keys", [])]),
        checks=tuple([_check(check) for check in item.get("checks", [])]),
        row_security=item.get("row_security", False),
        deletable=not item.get("no_delete", False),
        comment=item.get("comment"),
        estimated_rows=item["rows"],
    )


def _column(item: Mapping[str, Any], names: _TypeNames) -> RawColumn:
    return RawColumn(
        name=intern(item["name"]),
        type=names[item["type"]],
        not_null=item.get("not_null", False),
        has_default=item.get("default", False),
        identity=item.get("identity", ""),
        generated=item.get("generated", False),
        insertable=not item.get("no_insert", False),
        updatable=not item.get("no_update", False),
        comment=item.get("comment"),
        modifier=item.get("modifier", -1),
    )


def _key(item: Mapping[str, Any]) -> RawKey:
    return RawKey(
        name=intern(item["name"]),
        columns=_interned(item["columns"]),
        primary=item.get("primary", False),
        arbiter=not item.get("no_arbiter", False),
        comment=item.get("comment"),
    )


def _check(item: Mapping[str, Any]) -> RawCheck:
    return RawCheck(intern(item["name"]), _interned(item.get("columns", [])))


def _foreign_key(item: Mapping[str, Any]) -> RawForeignKey:
    return RawForeignKey(
        name=intern(item["name"]),
        columns=_interned(item["columns"]),
        target=intern(item["target"]),
        target_columns=_interned(item["target_columns"]),
        unchecked=item.get("unchecked", False),
        comment=item.get("comment"),
    )


def _type(item: Mapping[str, Any], names: _TypeNames) -> RawType:
    element = item.get("element")
    return RawType(
        name=names[item["oid"]],
        kind=RawTypeKind(item["kind"]),
        element=None if element is None else names[element],
        labels=tuple(item.get("labels", ())),
        attributes=tuple(
            [RawAttribute(intern(part["name"]), names[part["type"]]) for part in item.get("attributes", [])]
        ),
        not_null=item.get("not_null", False),
        row=item.get("row", False),
        comment=item.get("comment"),
    )


def _function(item: Mapping[str, Any], names: _TypeNames) -> RawFunction:
    return RawFunction(
        name=intern(item["name"]),
        arguments=_arguments(item, names),
        returns=names[item["returns"]],
        returns_set=item.get("set", False),
        volatility=item["volatility"],
        strict=item.get("strict", False),
        comment=item.get("comment"),
    )


def _arguments(item: Mapping[str, Any], names: _TypeNames) -> tuple[RawArgument, ...]:
    """pg_proc's parallel arrays; the last `defaults` of the input arguments have a default."""
    types = item["types"]
    modes = item.get("modes") or ["i"] * len(types)
    labels = item.get("names") or [""] * len(types)
    inputs = [place for place, mode in enumerate(modes) if mode in _INPUT_MODES]
    defaults = item.get("defaults", 0)
    optional = frozenset(inputs[len(inputs) - defaults :])
    return tuple(
        [
            RawArgument(name=intern(label), type=names[oid], mode=mode, has_default=place in optional)
            for place, (label, oid, mode) in enumerate(zip(labels, types, modes, strict=True))
        ]
    )
