"""The form in which values of a type are compared, ordered, grouped and kept in cursors.

In: an SQL expression and its type. Out: an expression of a type that has an order and equality, and that type's name
for the cast of a parameter. `json` is compared as jsonb; a type Kapok does not know (money, xml, point, one of an
extension) as its text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kapok.identifiers import QualifiedName
from kapok.model.types import PgType, TypeKind
from kapok.query.fragments import Sql, sql

#: Types of pg_catalog that are compared as they are.
_ORDERED = frozenset(
    {
        *("bool", "int2", "int4", "int8", "float4", "float8", "numeric", "oid", "uuid", "bytea"),
        *("date", "time", "timetz", "timestamp", "timestamptz", "interval"),
        *("text", "varchar", "bpchar", "name", "jsonb", "xid8", "inet", "cidr", "macaddr", "macaddr8"),
    }
)
#: Types of extensions that are text with an order of their own.
_TEXT_LIKE = frozenset({"citext"})

TEXT = QualifiedName("pg_catalog", "text").sql()
JSONB = QualifiedName("pg_catalog", "jsonb").sql()
INT4 = QualifiedName("pg_catalog", "int4").sql()
INT8 = QualifiedName("pg_catalog", "int8").sql()


@dataclass(frozen=True, slots=True)
class Comparable:
    """What to compare a type as. cast: a value of the type itself needs `::type_sql`. as_text: it is text then.
    element_sql: the type of an array's element or of a range's bounds.
    """

    type_sql: str
    cast: bool = False
    as_text: bool = False
    element_sql: str = ""

    def of(self, value: Sql) -> Sql:
        """The value in comparable form."""
        return sql(value, "::", self.type_sql) if self.cast else value


def comparable(type_: PgType) -> Comparable:
    """How values of a type are compared."""
    if type_.kind is TypeKind.DOMAIN and type_.element is not None:
        # Without the cast Postgres finds no operator for a domain over an enum or a range.
        return replace(comparable(type_.element), cast=True)
    name = type_.name
    if type_.kind is TypeKind.ARRAY and type_.element is not None:
        element = comparable(type_.element)
        element_sql = element.type_sql
        return Comparable(element_sql + "[]", element.cast, element.as_text, element_sql)
    if type_.kind in (TypeKind.RANGE, TypeKind.MULTIRANGE) and type_.element is not None:
        return Comparable(name.sql(), element_sql=type_.element.name.sql())
    if type_.kind is not TypeKind.SCALAR or name.name in _TEXT_LIKE:
        return Comparable(name.sql())
    if name.schema != "pg_catalog" or name.name not in _ORDERED | {"json"}:
        return Comparable(TEXT, cast=True, as_text=True)
    return Comparable(JSONB, cast=True) if name.name == "json" else Comparable(name.sql())
