"""What a mutation wants, as data, before it is SQL. Knows nothing of GraphQL; values stay values.

In a document's root fields become `RootWrite`s, in order, each with what is read back of it. Tables, columns, relations
come from the role's own `Model` (GuardedTable carries its grants, a plain Table allows everything). A column that is
left out of `values` gets its default; one given as null becomes null. `path` is always the way to a part of the input,
the root's response key first: ("createPost", "input", "author", "connect"). It stands in errors, never in SQL.
"""

from __future__ import annotations

from dataclasses import dataclass

from kapok.model.types import Column, Relation, Table, UniqueKey
from kapok.query.expressions import Expression
from kapok.query.plan import Call, ListRead, OneRead, RowFields, ValueRead
from kapok.query.values import Value

Path = tuple[str | int, ...]


# --- rows -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assigned:
    """A column and the value a caller gives it (Postgres text form of the column's type, or null)."""

    column: Column
    value: Value


@dataclass(frozen=True, slots=True)
class RowKey:
    """One row by a unique key: a value for each of key.columns, in order. A null value finds nothing."""

    key: UniqueKey
    values: tuple[Value, ...]
    path: Path


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to insert and what hangs on it."""

    values: tuple[Assigned, ...]
    path: Path
    nested: tuple[Nested, ...] = ()


@dataclass(frozen=True, slots=True)
class NewRows:
    """Any number of rows with the same columns and nothing nested: the value of each column is a text[] with an element
    a row (Postgres text forms, or null). values must not be empty. The n-th row (from 0) comes from (*path, n)."""

    values: tuple[Assigned, ...]
    path: Path


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a row that is there: new values and what hangs on it. May be empty: the row is only found."""

    values: tuple[Assigned, ...]
    path: Path
    nested: tuple[Nested, ...] = ()


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row by its key and what becomes of it. if_version: the rowVersion it must still have, else CONFLICT."""

    key: RowKey
    change: Change
    if_version: Value | None = None


# --- what hangs on a row --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NestedToOne:
    """Writes through a to-one relation, also a reverse one (the foreign key is the target's): at most one of them.

    create: a new target. connect: one that is there (not found or hidden: NOT_FOUND). disconnect: the link becomes
    null. update: the target that is linked (none: NOT_FOUND). delete: the target that is linked, if
    any. In a NewRow only create and connect.
    """

    relation: Relation
    target: Table
    path: Path
    create: NewRow | None = None
    connect: RowKey | None = None
    disconnect: bool = False
    update: Change | None = None
    delete: bool = False


@dataclass(frozen=True, slots=True)
class NestedToMany:
    """Writes through a to-many or many-to-many relation, run as disconnect, delete, update, connect, create.

    disconnect, delete, update reach rows of this relation only (another row: NOT_FOUND); connect
    any visible row. In a NewRow only create and connect.
    """

    relation: Relation
    target: Table
    path: Path
    create: tuple[NewRow, ...] = ()
    connect: tuple[RowKey, ...] = ()
    disconnect: tuple[RowKey, ...] = ()
    update: tuple[RowChange, ...] = ()
    delete: tuple[RowKey, ...] = ()


Nested = NestedToOne | NestedToMany


# --- root fields ----------------------------------------------------------------------------------------------------

# fields: what is read back of each row, under the reader's rules, after everything of this root field is done. None
# where the role may read nothing of the table: the result is then `true` for one row and the count for several.
# A row that was written but may not be seen is null in place of one row and left out of a list; `required` refuses
# instead (FORBIDDEN, nothing is written), for a field whose type is not nullable.


@dataclass(frozen=True, slots=True)
class CreateOne:
    """-> the new row."""

    table: Table
    row: NewRow
    fields: RowFields | None
    required: bool = True


@dataclass(frozen=True, slots=True)
class CreateMany:
    """-> the new rows, in their order. Rows may differ in the columns they give."""

    table: Table
    rows: tuple[NewRow, ...] | NewRows
    fields: RowFields | None


@dataclass(frozen=True, slots=True)
class UpdateOne:
    """-> the row, or null where there is none the role may update (nothing nested happens then)."""

    table: Table
    row: RowChange
    fields: RowFields | None


@dataclass(frozen=True, slots=True)
class UpdateMany:
    """Per-row bulk -> the rows found, in their order; rows that are not there (or hidden) are left out."""

    table: Table
    rows: tuple[RowChange, ...]
    fields: RowFields | None


@dataclass(frozen=True, slots=True)
class UpdateWhere:
    """-> the rows, by primary key. change.nested must be empty where several rows could be met; the compiler of the
    API does not offer it. where None: every row the role may update."""

    table: Table
    where: Expression | None
    change: Change
    fields: RowFields | None


@dataclass(frozen=True, slots=True)
class Upsert:
    """Insert, or update the row that has the same `conflict` key -> the rows, in their order.

    update: the columns taken from the input when the row is there ((): it stays as it is). one: the result is the one
    row instead of a list. A row that is there but which the role may not see or not update: CONFLICT.
    """

    table: Table
    rows: tuple[NewRow, ...] | NewRows
    conflict: UniqueKey
    update: tuple[Column, ...]
    fields: RowFields | None
    one: bool = True
    required: bool = True


@dataclass(frozen=True, slots=True)
class DeleteOne:
    """-> whether there was such a row that the role may delete."""

    table: Table
    key: RowKey
    if_version: Value | None = None


@dataclass(frozen=True, slots=True)
class DeleteWhere:
    """-> how many rows were deleted. where None: every row the role may delete."""

    table: Table
    where: Expression | None


@dataclass(frozen=True, slots=True)
class CallWrite:
    """A volatile function -> what it returns: a value, a row or rows (`read.rows.call`, with fields); of a bare Call,
    which returns void, `true`."""

    read: OneRead | ListRead | ValueRead | Call


Write = CreateOne | CreateMany | UpdateOne | UpdateMany | UpdateWhere | Upsert | DeleteOne | DeleteWhere | CallWrite


@dataclass(frozen=True, slots=True)
class RootWrite:
    """One root field. key: its response key."""

    key: str
    write: Write
