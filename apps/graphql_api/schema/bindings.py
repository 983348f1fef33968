"""What each GraphQL field means: the contract between the schema (which names things) and the compiler (which plans).

In: a `Model` already reduced to what one role may see. Out: a `Surface`: root fields and object fields by their API
names, each with a binding. Pure data; the GraphQL types of the same surface are built in `graphene_types.py`.

Names fixed here and relied on by the compiler (arguments and sub-selections):
  list            filter, search, orderBy, limit, offset, distinctOn
  connection      filter, search, orderBy, first, after, last, before
                  -> edges {cursor node} nodes pageInfo {hasNextPage hasPreviousPage startCursor endCursor} totalCount
  aggregate       filter, search, groupBy (+ orderBy, limit, offset over groups where offered)
                  -> group {<columns>} count countDistinct {<columns>} sum avg min max {<columns>}
  filter          <column>: {eq ne gt gte lt lte in notIn isNull like ilike ... by type},
                  <to-one>: <Filter>, <to-many>: {some none every}, and: [..], or: [..], not: {..}
  orderBy         a list of objects with one key each: {createdAt: DESC_NULLS_LAST} or {author: {name: ASC}}
  directions      ASC, DESC, ASC_NULLS_FIRST, ASC_NULLS_LAST, DESC_NULLS_FIRST, DESC_NULLS_LAST
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.graphql_api.schema.write_bindings import WriteBinding, WriteInputs
from kapok.model.types import Column, Function, Model, Relation, Table, UniqueKey


@dataclass(frozen=True, slots=True)
class ByKey:
    """One row by its primary or a unique key; the arguments are the key's columns under their API names."""

    table: Table
    key: UniqueKey


@dataclass(frozen=True, slots=True)
class RowList:
    """Rows of a table: `relation` None at the root, else the rows related to the parent row."""

    table: Table
    relation: Relation | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A Relay connection over a table's rows, at the root or over a relation."""

    table: Table
    relation: Relation | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Aggregates over a table's rows, at the root or over a relation."""

    table: Table
    relation: Relation | None = None


@dataclass(frozen=True, slots=True)
class NodeById:
    """node(id): one row of any table with a primary key, by its global id."""


@dataclass(frozen=True, slots=True)
class ColumnField:
    """A column of the row."""

    column: Column


@dataclass(frozen=True, slots=True)
class GlobalId:
    """The Relay id (`nodeId`) of the row."""

    table: Table


@dataclass(frozen=True, slots=True)
class RowVersion:
    """The version (`rowVersion`) of the row, another one after each change."""


@dataclass(frozen=True, slots=True)
class ToOne:
    """The one related row, or null."""

    table: Table
    relation: Relation


@dataclass(frozen=True, slots=True)
class FunctionField:
    """A query or mutation function at the root, or a computed field of a row (`function.row_of` is set).

    Arguments are the function's under their API names; a function that returns a set of a table's rows also takes the
    arguments of a list (but those whose name is one of its own), unless it is a mutation; `table` is the table it
    returns rows of, if any.
    """

    function: Function
    table: Table | None = None


RootBinding = ByKey | RowList | Connection | Aggregate | NodeById | FunctionField
MutationBinding = WriteBinding | FunctionField
RowBinding = ColumnField | GlobalId | RowVersion | ToOne | RowList | Connection | Aggregate | FunctionField


@dataclass(frozen=True, slots=True)
class TypeNames:
    """The names of the GraphQL types that belong to one table: of its rows, its inputs, connection and aggregates."""

    row: str
    filter: str
    order_by: str
    column: str
    connection: str
    edge: str
    aggregate: str
    group: str
    count_distinct: str
    sum: str
    avg: str
    min: str
    max: str
    create_input: str
    update_input: str
    update_by_key: str
    key_input: str
    conflict: str
    update_column: str


@dataclass(frozen=True, slots=True)
class Surface:
    """What one role sees of one shape.

    model: the model with every `api_name` made distinct within its row: use this one, not the one it was made from.
    query: the root fields. rows: by GraphQL type name of a table, its fields; a filter, an order and an aggregate's
    columns use the same keys. tables: the table of a type name. columns_by_enum: by table name, the enum value of
    `<Type>Column` -> the column. types: by table name, its types' names. type_names: `PgType.scalar` of an
    enum, composite or range -> the name of its GraphQL type. mutation: the root fields that write. inputs: by table
    name, what they take.
    """

    model: Model
    query: Mapping[str, RootBinding]
    rows: Mapping[str, Mapping[str, RowBinding]]
    tables: Mapping[str, Table]
    columns_by_enum: Mapping[str, Mapping[str, Column]] = field(default_factory=dict)
    types: Mapping[str, TypeNames] = field(default_factory=dict)
    type_names: Mapping[str, str] = field(default_factory=dict)
    mutation: Mapping[str, MutationBinding] = field(default_factory=dict)
    inputs: Mapping[str, WriteInputs] = field(default_factory=dict)
