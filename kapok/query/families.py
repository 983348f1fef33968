"""What may be done with a value of each type: filters, order, aggregates. One table for the schema and the compiler.

In: a `PgType`. Out: its family, the operators of a family with the kind of argument each takes, whether its values can
be compared, and the wire type of sum and avg. The schema builds inputs from this; the compiler maps each operator to
SQL. Semantics the SQL must keep:
- A missing operator says nothing; several operators in one object are all required.
- `null` as an operator's argument is refused (BAD_USER_INPUT), except for distinctFrom and notDistinctFrom.
- `ne` and `notIn` are SQL's: a row whose value is null does not match.
- like, ilike take SQL patterns (% _ and \\); startsWith, endsWith, contains (and their i-forms) take plain text.
- An unknown Postgres type is a String: its values are compared as text (`column::text`), `json` as `jsonb`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from kapok.identifiers import QualifiedName
from kapok.model.types import Column, PgType, Table, TypeKind

#: What `length` is compared as.
INTEGER = PgType(TypeKind.SCALAR, QualifiedName("pg_catalog", "int4"), "Int")


class ArgumentKind(StrEnum):
    """What an operator takes, relative to the type of the column it is applied to."""

    VALUE = "value"  # the type itself; a list for an array, a range input for a range
    VALUES = "values"  # a list of values
    ELEMENT = "element"  # one element of an array, one value of a range's subtype
    RANGE = "range"  # of a multirange: one range
    BOOLEAN = "boolean"  # Boolean; false asks for the opposite
    STRING = "string"
    STRINGS = "strings"  # [String!]
    INT_FILTER = "int_filter"  # IntFilter: the operators of the integer family, applied to a number


class Family(StrEnum):
    """Types that are filtered alike."""

    BOOLEAN = "boolean"
    ORDERED = "ordered"  # numbers, ids, UUID, times, Interval, Bytes
    TEXT = "text"
    ENUM = "enum"
    JSON = "json"
    ARRAY = "array"
    OPAQUE_ARRAY = "opaque_array"  # an array whose elements have no equality (json, composites)
    RANGE = "range"
    MULTIRANGE = "multirange"
    COMPOSITE = "composite"  # and one filter for each attribute, under the attribute's API name


_NULL = {"isNull": ArgumentKind.BOOLEAN}
_EQUALITY = {
    "eq": ArgumentKind.VALUE,
    "ne": ArgumentKind.VALUE,
    "in": ArgumentKind.VALUES,
    "notIn": ArgumentKind.VALUES,
    "distinctFrom": ArgumentKind.VALUE,
    "notDistinctFrom": ArgumentKind.VALUE,
}
_ORDER = dict.fromkeys(("gt", "gte", "lt", "lte"), ArgumentKind.VALUE)
_PATTERNS = dict.fromkeys(
    (
        *("like", "notLike", "ilike", "notIlike"),
        *("startsWith", "istartsWith", "endsWith", "iendsWith", "contains", "icontains"),
        *("regex", "notRegex", "iregex", "notIregex"),
    ),
    ArgumentKind.STRING,
)
#: The number of characters of a text, of elements of an array (0 for an empty one).
_LENGTH = {"length": ArgumentKind.INT_FILTER}
_SPAN = {
    "contains": ArgumentKind.VALUE,  # @>
    "containedBy": ArgumentKind.VALUE,  # <@
    "overlaps": ArgumentKind.VALUE,  # &&
    "adjacent": ArgumentKind.VALUE,  # -|-
    "strictlyLeft": ArgumentKind.VALUE,  # <<
    "strictlyRight": ArgumentKind.VALUE,  # >>
    "notExtendsRight": ArgumentKind.VALUE,  # &<
    "notExtendsLeft": ArgumentKind.VALUE,  # &>
    "containsValue": ArgumentKind.ELEMENT,  # @> element
    "isEmpty": ArgumentKind.BOOLEAN,
}

#: family -> operator -> what it takes. The order is the one of the schema.
OPERATORS: Mapping[Family, Mapping[str, ArgumentKind]] = {
    Family.BOOLEAN: _EQUALITY | _NULL,
    Family.ORDERED: _EQUALITY | _ORDER | _NULL,
    Family.TEXT: _EQUALITY | _ORDER | _PATTERNS | _LENGTH | _NULL,
    Family.ENUM: _EQUALITY | _ORDER | _NULL,
    Family.JSON: _EQUALITY
    | {
        "contains": ArgumentKind.VALUE,  # @>
        "containedBy": ArgumentKind.VALUE,  # <@
        "hasKey": ArgumentKind.STRING,  # ?
        "hasKeysAny": ArgumentKind.STRINGS,  # ?|
        "hasKeysAll": ArgumentKind.STRINGS,  # ?&
        "pathExists": ArgumentKind.STRING,  # @?  a jsonpath
        "pathMatches": ArgumentKind.STRING,  # @@  a jsonpath predicate
    }
    | _NULL,
    Family.ARRAY: {
        "eq": ArgumentKind.VALUE,
        "ne": ArgumentKind.VALUE,
        "distinctFrom": ArgumentKind.VALUE,
        "notDistinctFrom": ArgumentKind.VALUE,
        "has": ArgumentKind.ELEMENT,  # the element occurs
        "contains": ArgumentKind.VALUE,  # @>
        "containedBy": ArgumentKind.VALUE,  # <@
        "overlaps": ArgumentKind.VALUE,  # &&
    }
    | _LENGTH
    | _NULL,
    Family.OPAQUE_ARRAY: _LENGTH | _NULL,
    Family.RANGE: _EQUALITY | _SPAN | _NULL,
    Family.MULTIRANGE: {name: kind for name, kind in _EQUALITY.items() if name not in ("in", "notIn")}
    | _SPAN
    | {"containsRange": ArgumentKind.RANGE}
    | _NULL,
    Family.COMPOSITE: _NULL,
}


_FAMILIES = {
    TypeKind.ENUM: Family.ENUM,
    TypeKind.RANGE: Family.RANGE,
    TypeKind.MULTIRANGE: Family.MULTIRANGE,
    TypeKind.COMPOSITE: Family.COMPOSITE,
}
_SCALAR_FAMILIES = {"Boolean": Family.BOOLEAN, "String": Family.TEXT, "JSON": Family.JSON}

#: GraphQL scalar of a number -> that of its sum and its average, as Postgres gives them (float4 sums are Float too).
_SUMS = {"Int": "BigInt", "BigInt": "Decimal", "Decimal": "Decimal", "Float": "Float", "Interval": "Interval"}
_AVERAGES = {"Int": "Decimal", "BigInt": "Decimal", "Decimal": "Decimal", "Float": "Float", "Interval": "Interval"}
#: GraphQL scalars whose Postgres types have min() and max() in every supported version (uuid, bytea, boolean do not).
_EXTREMES = frozenset(_SUMS) | {"String", "DateTime", "LocalDateTime", "Date", "Time", "TimeTz"}


def base_type(type_: PgType) -> PgType:
    """The type below any domains: what filters, orders and aggregates look at."""
    while type_.kind is TypeKind.DOMAIN and type_.element is not None:
        type_ = type_.element
    return type_


def family_of(type_: PgType) -> Family:
    """The family whose operators a type has. An id column has the family of its own type (with ID for its scalar)."""
    base = base_type(type_)
    if base.kind is TypeKind.ARRAY:
        return Family.ARRAY if base.element is not None and is_comparable(base.element) else Family.OPAQUE_ARRAY
    return _FAMILIES.get(base.kind) or _SCALAR_FAMILIES.get(base.scalar, Family.ORDERED)


def is_comparable(type_: PgType) -> bool:
    """Whether values can be ordered, grouped and told apart: not json (jsonb can), not a composite."""
    base = base_type(type_)
    if base.kind is TypeKind.ARRAY:
        return base.element is not None and is_comparable(base.element)
    return base.kind is not TypeKind.COMPOSITE and base.name.name != "json"


def sum_scalar(column: Column) -> str | None:
    """The GraphQL scalar of sum(column), or None where there is no sum. Sums of ids mean nothing."""
    base = base_type(column.type)
    return _SUMS.get(base.scalar) if base.kind is TypeKind.SCALAR and not column.is_id else None


def avg_scalar(column: Column) -> str | None:
    """The GraphQL scalar of avg(column), or None where there is no average."""
    base = base_type(column.type)
    return _AVERAGES.get(base.scalar) if base.kind is TypeKind.SCALAR and not column.is_id else None


def has_extremes(column: Column) -> bool:
    """Whether min(column) and max(column) exist; they have the column's own type (an unknown type as text)."""
    base = base_type(column.type)
    return base.kind is TypeKind.ENUM or (base.kind is TypeKind.SCALAR and base.scalar in _EXTREMES)


#: Types `search` runs over: those of pg_catalog that are plain text.
_SEARCHED = frozenset({"text", "varchar", "bpchar", "name"})


def searchable_columns(table: Table) -> tuple[Column, ...]:
    """The text columns `search` runs over; without any, a table has no `search`."""
    return tuple(column for column in table.columns if _is_text(base_type(column.type)))


def _is_text(type_: PgType) -> bool:
    return type_.kind is TypeKind.SCALAR and type_.scalar == "String" and type_.name.name in _SEARCHED
