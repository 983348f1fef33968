"""The raw catalog of one schema, as read: database names only, no oids, nothing decided yet.

Type names are `QualifiedName`s; schema None is the schema itself, so that two schemas made alike have equal catalogs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kapok.identifiers import QualifiedName


class RawTypeKind(StrEnum):
    """pg_type.typtype, with `a` for the true arrays."""

    BASE = "b"
    ARRAY = "a"
    COMPOSITE = "c"
    DOMAIN = "d"
    ENUM = "e"
    MULTIRANGE = "m"
    PSEUDO = "p"
    RANGE = "r"


class RawTableKind(StrEnum):
    """pg_class.relkind of what holds rows."""

    TABLE = "r"
    PARTITIONED = "p"
    VIEW = "v"
    MATERIALIZED_VIEW = "m"
    FOREIGN = "f"


@dataclass(frozen=True, slots=True)
class RawAttribute:
    """An attribute of a composite type. hidden: of a row, that its column is not shown (never as read)."""

    name: str
    type: QualifiedName
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class RawType:
    """A type. element: of an array, base of a domain, subtype of a range, range of a multirange.

    row: the row type of a table or view. not_null: a domain's own NOT NULL (not its base's).
    """

    name: QualifiedName
    kind: RawTypeKind
    element: QualifiedName | None = None
    labels: tuple[str, ...] = ()
    attributes: tuple[RawAttribute, ...] = ()
    not_null: bool = False
    row: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column. identity: "a" always, "d" by default, "" none. insertable, updatable: the role has the privilege."""

    name: str
    type: QualifiedName
    not_null: bool = False
    has_default: bool = False
    identity: str = ""
    generated: bool = False
    insertable: bool = True
    updatable: bool = True
    comment: str | None = None
    #: atttypmod, or that of its domain: of varchar(n) n + 4; -1 for none.
    modifier: int = -1


@dataclass(frozen=True, slots=True)
class RawKey:
    """A primary key, unique constraint or unique index on plain columns without a predicate.

    arbiter: INSERT ... ON CONFLICT can name it; not so when it is deferrable or only declared in a comment.
    """

    name: str
    columns: tuple[str, ...]
    primary: bool = False
    arbiter: bool = True
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class RawForeignKey:
    """A foreign key within the schema. unchecked: NOT VALID or NOT ENFORCED, so rows may point nowhere."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    unchecked: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class RawCheck:
    """A check constraint and the columns it looks at."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table or view with the columns the role may select."""

    name: str
    kind: RawTableKind
    columns: tuple[RawColumn, ...]
    keys: tuple[RawKey, ...] = ()
    foreign_keys: tuple[RawForeignKey, ...] = ()
    checks: tuple[RawCheck, ...] = ()
    row_security: bool = False
    #: whether the role may delete rows.
    deletable: bool = True
    comment: str | None = None
    #: pg_class.reltuples, 0 when never counted; not part of what the table is.
    estimated_rows: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class RawArgument:
    """An argument. mode: "i" in, "o" out, "b" inout, "t" a column of RETURNS TABLE; name "" when it has none."""

    name: str
    type: QualifiedName
    mode: str = "i"
    has_default: bool = False


@dataclass(frozen=True, slots=True)
class RawFunction:
    """A function the role may execute. volatility: "i", "s" or "v"."""

    name: str
    arguments: tuple[RawArgument, ...]
    returns: QualifiedName
    returns_set: bool
    volatility: str
    strict: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """One schema: tables and functions by name, and every type they use. reads: what reading a view or a table, or
    calling a function (`name()`), reads beside it, one step deep, as far as Postgres knows."""

    tables: tuple[RawTable, ...] = ()
    types: tuple[RawType, ...] = ()
    functions: tuple[RawFunction, ...] = ()
    reads: tuple[tuple[str, tuple[str, ...]], ...] = ()
