"""What a request wants, as data, before it is SQL. Knows nothing of GraphQL; values stay values.

A plan is total: everything in it exists in the model and codegen can always turn it into SQL. Response keys are plain
names ([_A-Za-z0-9]+). Tables and columns come from a `Model` already reduced to what the role may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from kapok.model.types import Column, Function, PgType, Relation, Table
from kapok.query.expressions import Expression
from kapok.query.fragments import Sql
from kapok.query.kept import Kept
from kapok.query.values import Offset, RowLimit, Value

Read = TypeVar("Read", covariant=True)


@dataclass(frozen=True, slots=True)
class Field(Generic[Read]):
    """One entry of a JSON object: what is read, under its response key."""

    key: str
    read: Read


# --- rows -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One term of an order: a column of the row, or of a row reached over to-one relations."""

    column: Column
    descending: bool = False
    nulls_first: bool = False
    path: tuple[ToOneStep, ...] = ()


@dataclass(frozen=True, slots=True)
class ToOneStep:
    """A to-one relation and the table it leads to."""

    relation: Relation
    target: Table


@dataclass(frozen=True, slots=True)
class PassedArgument:
    """An argument given to a function. name: None to pass it by place."""

    name: str | None
    type: PgType
    value: Value


@dataclass(frozen=True, slots=True)
class Call:
    """A function call. The row of the parent is the first argument of a computed field (function.row_of)."""

    function: Function
    arguments: tuple[PassedArgument, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Where rows come from instead of their table. tables: SQL for a FROM clause, with all columns of the table and
    "xmin". typed: it gives rows of the table's type, and no "xmin"."""

    tables: Sql
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table: all, those related to the parent row, those a function returns, or of a mutation: those an
    earlier statement kept, in their order, or those drawn from elsewhere."""

    table: Table
    relation: Relation | None = None
    call: Call | None = None
    where: Expression | None = None
    order: tuple[OrderTerm, ...] = ()
    distinct: tuple[Column, ...] = ()
    limit: RowLimit | None = None
    offset: Offset | None = None
    kept: Kept | None = None
    drawn: Drawn | None = None


# --- what is read of a row ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TypeName:
    """__typename."""

    name: str


@dataclass(frozen=True, slots=True)
class GlobalIdRead:
    """The Relay id: base64 of the JSON array [type, key ...]."""

    type_name: str
    key: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class VersionRead:
    """rowVersion: a text that changes with every change of the row (its xmin), opaque to callers."""


@dataclass(frozen=True, slots=True)
class Member:
    """An attribute of a composite, or one of lower, upper, lowerInclusive, upperInclusive, isEmpty of a range."""

    name: str
    shape: Shape = None


#: What is read of the object a composite or range value becomes; None for values that are no object.
Shape = tuple[Field["Member | TypeName"], ...] | None


@dataclass(frozen=True, slots=True)
class ColumnRead:
    """A column in its wire form."""

    column: Column
    shape: Shape = None


@dataclass(frozen=True, slots=True)
class OneRead:
    """One row as an object, or null: a to-one relation, a row by its key, a row a function returns."""

    rows: Rows
    fields: RowFields
    #: at most one row can match, so no limit is needed.
    unique: bool = True


@dataclass(frozen=True, slots=True)
class ListRead:
    """Rows as a list of objects."""

    rows: Rows
    fields: RowFields


@dataclass(frozen=True, slots=True)
class ValueRead:
    """What a function returns, when that is no table's row: a value, or a list of values when it returns a set."""

    call: Call
    type: PgType
    shape: Shape = None
    limit: RowLimit | None = None


# --- connections ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cursor:
    """cursor of an edge."""


@dataclass(frozen=True, slots=True)
class NodeRead:
    """node of an edge."""

    fields: RowFields


@dataclass(frozen=True, slots=True)
class EdgesRead:
    """edges."""

    fields: tuple[Field[Cursor | NodeRead | TypeName], ...]


@dataclass(frozen=True, slots=True)
class NodesRead:
    """nodes."""

    fields: RowFields


class PageFact(StrEnum):
    """A field of pageInfo."""

    HAS_NEXT = "hasNextPage"
    HAS_PREVIOUS = "hasPreviousPage"
    START = "startCursor"
    END = "endCursor"


@dataclass(frozen=True, slots=True)
class PageInfoRead:
    """pageInfo."""

    fields: tuple[Field[PageFact | TypeName], ...]


@dataclass(frozen=True, slots=True)
class TotalCount:
    """totalCount: all rows that match, whatever the page."""


@dataclass(frozen=True, slots=True)
class ConnectionRead:
    """A page of rows. rows.order is total (ends in a key); rows.limit is first or last; backward: `last` was given.

    after, before: the values of a cursor, one for each term of the order, or () where none was given.
    order_id: what a cursor of this order starts with.
    """

    rows: Rows
    fields: tuple[Field[EdgesRead | NodesRead | PageInfoRead | TotalCount | TypeName], ...]
    order_id: str
    backward: bool = False
    after: tuple[Value, ...] = ()
    before: tuple[Value, ...] = ()


# --- aggregates -----------------------------------------------------------------------------------------------------


class AggregateFunction(StrEnum):
    """An aggregate over one column."""

    COUNT_DISTINCT = "countDistinct"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class ColumnAggregate:
    """An aggregate of a column. as_text: its JSON number would lose digits, so it is a string."""

    function: AggregateFunction
    column: Column
    as_text: bool = False


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A column the rows are grouped by."""

    column: Column
    shape: Shape = None


@dataclass(frozen=True, slots=True)
class NullRead:
    """Null: what there is to say of a column the rows are not grouped by."""


@dataclass(frozen=True, slots=True)
class CountRead:
    """count of the rows of a group."""


@dataclass(frozen=True, slots=True)
class AggregateObject:
    """group, sum, avg ...: an object with a value for each column asked for."""

    fields: tuple[Field[ColumnAggregate | GroupKey | NullRead | TypeName], ...]


@dataclass(frozen=True, slots=True)
class AggregateRead:
    """Aggregates of rows as a list, one object for each group, in the order of group_by. rows.limit: of groups."""

    rows: Rows
    group_by: tuple[Column, ...]
    fields: tuple[Field[AggregateObject | CountRead | NullRead | TypeName], ...]


# --- fields and roots -----------------------------------------------------------------------------------------------

RowRead = (
    TypeName | GlobalIdRead | VersionRead | ColumnRead | OneRead | ListRead | ValueRead | ConnectionRead | AggregateRead
)

RowFields = tuple[Field[RowRead], ...]


@dataclass(frozen=True, slots=True)
class FirstRead:
    """The first of several rows that is there: node(id)."""

    choices: tuple[OneRead, ...]


RootRead = OneRead | ListRead | ValueRead | ConnectionRead | AggregateRead | FirstRead
