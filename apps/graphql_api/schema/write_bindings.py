"""What each field of Mutation and of its inputs means: the part of the contract with the compiler that writes.

Names fixed here and relied on by the compiler (arguments and input fields):
  create          input                                      create many   input: [..]
  update          <key columns>, input, ifVersion            update by key updates: [{key, input, ifVersion}]
  update where    filter, input
  upsert          input, onConflict, update: [<columns>]     upsert many   the same with input: [..]
  delete          <key columns>, ifVersion                   delete where  filter
  a relation      create, connect (disconnect, update, delete where the row is there already)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kapok.model.types import Column, Relation, Table, UniqueKey


@dataclass(frozen=True, slots=True)
class CreateField:
    """Inserts a row, or (many) a list of rows."""

    table: Table
    many: bool = False


@dataclass(frozen=True, slots=True)
class UpdateField:
    """Changes one row by its primary key."""

    table: Table
    key: UniqueKey


@dataclass(frozen=True, slots=True)
class UpdateByKeyField:
    """Changes several rows, each in its own way."""

    table: Table


@dataclass(frozen=True, slots=True)
class UpdateWhereField:
    """Changes all rows that match a filter in one way."""

    table: Table


@dataclass(frozen=True, slots=True)
class UpsertField:
    """Inserts a row or (many) rows, or changes those that are there already."""

    table: Table
    many: bool = False


@dataclass(frozen=True, slots=True)
class DeleteField:
    """Deletes one row by its primary key."""

    table: Table
    key: UniqueKey


@dataclass(frozen=True, slots=True)
class DeleteWhereField:
    """Deletes all rows that match a filter."""

    table: Table


WriteBinding = (
    CreateField | UpdateField | UpdateByKeyField | UpdateWhereField | UpsertField | DeleteField | DeleteWhereField
)


class Verb(StrEnum):
    """What a relation field of an input does with the related rows."""

    CREATE = "create"
    CONNECT = "connect"
    DISCONNECT = "disconnect"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class ColumnInput:
    """A column of the row. required: it has no default, may not be null, and nothing else can supply it."""

    column: Column
    required: bool = False


@dataclass(frozen=True, slots=True)
class RelationInput:
    """Rows to write along with this one."""

    relation: Relation
    target: Table
    verbs: tuple[Verb, ...]


InputBinding = ColumnInput | RelationInput


@dataclass(frozen=True, slots=True)
class WriteInputs:
    """What a role may give for one table. create, update: input fields by name, empty where it may not.

    preset: columns some grant fills itself. keys: what tells one row apart, the primary key first. conflicts: value of
    `<Type>Conflict` -> key. update_columns: value of `<Type>UpdateColumn` -> column.
    """

    create: Mapping[str, InputBinding]
    update: Mapping[str, InputBinding]
    deletable: bool
    preset: frozenset[str]
    keys: tuple[UniqueKey, ...]
    conflicts: Mapping[str, UniqueKey]
    update_columns: Mapping[str, Column]


#: Arguments of an update or delete that stand beside the columns of the key.
KEY_COMPANIONS = frozenset({"input", "ifVersion"})


def key_arguments(table: Table, key: UniqueKey) -> dict[str, Column]:
    """The arguments that name one row: the columns of a key, with `_` where a column is called like a companion."""
    columns = [table.column(name) for name in key.columns]
    return {c.api_name + "_" * (c.api_name in KEY_COMPANIONS): c for c in columns}
