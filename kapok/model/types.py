"""The model: what one schema means to the API. Pure data; equal models make equal shapes.

Built by kapok.model.build from the catalog, read by the GraphQL schema, the compiler, REST and the generators.
Database names and API names stand side by side here and nowhere else: `name` is the database's, `api_*` the caller's.
All objects are frozen; collections are tuples (ordered) so that a model can be hashed, pickled and compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kapok.identifiers import QualifiedName


class TypeKind(StrEnum):
    """How a Postgres type is built; decides how it is filtered, read and written."""

    SCALAR = "scalar"
    ENUM = "enum"
    ARRAY = "array"
    DOMAIN = "domain"
    RANGE = "range"
    MULTIRANGE = "multirange"
    COMPOSITE = "composite"


@dataclass(frozen=True, slots=True)
class EnumValue:
    """One label of an enum: `label` as in the database, `api_name` UPPER_CASE."""

    label: str
    api_name: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a composite type. hidden: not for callers; in the text of a value it keeps its place, null."""

    name: str
    api_name: str
    type: PgType
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class PgType:
    """The type of a column, argument or attribute.

    name: the type for a cast, `QualifiedName("pg_catalog", "int4")`; schema None for the tenant's own types.
    scalar: the GraphQL scalar of a SCALAR (and of a DOMAIN over one): Int, BigInt, Float, Decimal, String, Boolean, ID,
      UUID, DateTime, LocalDateTime, Date, Time, TimeTz, Interval, JSON, Bytes ... ; the GraphQL type's name for
      ENUM, COMPOSITE and RANGE.
    element: of an ARRAY, the subtype of a RANGE or MULTIRANGE, the base of a DOMAIN.
    """

    kind: TypeKind
    name: QualifiedName
    scalar: str
    element: PgType | None = None
    values: tuple[EnumValue, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    comment: str | None = None
    #: A domain declared NOT NULL.
    not_null: bool = False
    #: The rows of a table as values: its name is the table's.
    row: bool = False

    @property
    def shown(self) -> tuple[Attribute, ...]:
        """The attributes that callers see and give."""
        return tuple([attribute for attribute in self.attributes if not attribute.hidden])


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `is_id`: part of a primary or foreign key, so `ID` (a string) on the wire."""

    name: str
    api_name: str
    type: PgType
    nullable: bool
    is_id: bool = False
    #: default, identity by default or nullable: may be left out of an insert.
    has_default: bool = False
    #: generated always, identity always, or a column of a view: never written.
    read_only: bool = False
    #: whether the tenant's database role may give it in an INSERT, an UPDATE.
    insertable: bool = True
    updatable: bool = True
    comment: str | None = None
    #: pg_attribute.atttypmod (a domain's own): how long or precise the values are; -1 where that is not limited.
    modifier: int = -1


class RelationKind(StrEnum):
    """What a relation field gives for one row."""

    TO_ONE = "to_one"
    TO_MANY = "to_many"
    MANY_TO_MANY = "many_to_many"


@dataclass(frozen=True, slots=True)
class Junction:
    """The pure junction table between the two ends of a many-to-many relation."""

    table: str
    #: columns of the junction that meet the source's `Relation.columns`, in order.
    source_columns: tuple[str, ...]
    #: columns of the junction that meet the target's `Relation.target_columns`, in order.
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation field of a table: `source.columns` equal `target.target_columns` (through `junction` if given)."""

    api_name: str
    kind: RelationKind
    target: str
    columns: tuple[str, ...]
    target_columns: tuple[str, ...]
    constraint: str
    #: TO_ONE: whether there may be no such row. A reverse one-to-one (unique foreign key) is TO_ONE and nullable.
    nullable: bool = True
    #: TO_ONE: the foreign key is this table's own, made of `columns`; else the target's, made of `target_columns`.
    own_key: bool = False
    junction: Junction | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A primary key or unique constraint (or unique index without expression or predicate)."""

    name: str
    columns: tuple[str, ...]
    #: the field that fetches one row by it: blogPostBySlug; for the primary key the table's api_one.
    api_field: str
    #: INSERT ... ON CONFLICT can name it.
    arbiter: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """A check constraint and the columns it looks at."""

    name: str
    columns: tuple[str, ...]


class Volatility(StrEnum):
    """How a function may be used: IMMUTABLE and STABLE read, VOLATILE writes."""

    IMMUTABLE = "immutable"
    STABLE = "stable"
    VOLATILE = "volatile"


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a function a caller gives."""

    name: str
    api_name: str
    type: PgType
    has_default: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A function the API shows. `returns_table` names the table whose rows it returns, otherwise `returns` is its type.

    row_of: for a computed field, the table whose row is the (left-out) first argument.
    positional: arguments without names are passed by place.
    """

    name: str
    api_name: str
    volatility: Volatility
    arguments: tuple[Argument, ...]
    returns: PgType | None
    returns_table: str | None
    returns_set: bool
    row_of: str | None = None
    positional: bool = False
    #: SQL `strict`: null in, null out.
    strict: bool = False
    comment: str | None = None


class TableKind(StrEnum):
    """What a relation of the catalog is."""

    TABLE = "table"
    PARTITIONED = "partitioned"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized_view"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view with its API names and everything reachable from its rows."""

    name: str
    kind: TableKind
    api_type: str  # BlogPost
    api_one: str  # blogPost
    api_list: str  # blogPosts
    columns: tuple[Column, ...]
    primary_key: UniqueKey | None = None
    unique_keys: tuple[UniqueKey, ...] = ()  # without the primary key
    relations: tuple[Relation, ...] = ()
    computed: tuple[Function, ...] = ()
    comment: str | None = None
    #: whether the tenant's database role may delete rows.
    deletable: bool = True
    #: row-level security of the project's own may hide rows.
    row_security: bool = False
    checks: tuple[Check, ...] = ()
    #: estimated rows (pg_class.reltuples); not part of the shape.
    estimated_rows: int = field(default=0, compare=False)
    #: what the role may do (kapok.permissions.apply): aggregates, and at most how many rows of a list.
    aggregate_allowed: bool = True
    row_limit: int | None = None

    def column(self, name: str) -> Column:
        """The column of this database name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Model:
    """Everything the API knows of one schema. `shape`: hex digest of the catalog, equal for equal schemas. reads: what
    reading a view or a table, or calling a function (`name()`), reads beside it, one step deep."""

    shape: str
    tables: tuple[Table, ...]
    #: query and mutation functions (computed fields hang on their table).
    functions: tuple[Function, ...] = ()
    reads: tuple[tuple[str, tuple[str, ...]], ...] = ()
    #: comment directives that could not be used and why, for whoever wrote them.
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def table(self, name: str) -> Table:
        """The table of this database name. Raises KeyError."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)
