"""Names in SQL: the only place that quotes identifiers and the one rule for schema and role names.

In: names from the catalog or ids. Out: quoted SQL text. Nothing a person typed becomes a schema or role name: those
are derived from ids (`t_` + base32 of the UUID).
"""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import dataclass

#: Longest identifier in bytes (PostgreSQL manual, 4.1.1: NAMEDATALEN - 1).
MAX_IDENTIFIER_BYTES = 63

#: Stands for the tenant's quoted schema in compiled SQL. NUL cannot occur in SQL text, so nothing else looks like it.
SCHEMA_MARK = "\x00schema\x00"

_SCHEMA_NAME = re.compile(r"t_[a-z2-7]{26}")


def quote_identifier(name: str) -> str:
    """Quote one identifier: `a"b` becomes `"a""b"`. Raises ValueError where Postgres could not hold the name."""
    if not name or "\x00" in name or len(name.encode()) > MAX_IDENTIFIER_BYTES:
        raise ValueError(f"not an SQL identifier: {name!r}")
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """Quote a string constant, for the few statements that take no parameters (CREATE ROLE ... PASSWORD, COMMENT)."""
    if "\x00" in text:
        raise ValueError("a string constant cannot hold NUL")
    escaped = text.replace("'", "''")
    if "\\" in escaped:
        return " E'" + escaped.replace("\\", "\\\\") + "'"
    return "'" + escaped + "'"


@dataclass(frozen=True, slots=True)
class QualifiedName:
    """A name in a schema. `schema` None means the tenant's own schema, rendered as SCHEMA_MARK until it is bound."""

    schema: str | None
    name: str

    def sql(self) -> str:
        """`"schema"."name"`, or SCHEMA_MARK in place of the tenant's schema."""
        schema = SCHEMA_MARK if self.schema is None else quote_identifier(self.schema)
        return f"{schema}.{quote_identifier(self.name)}"


def called(function: str) -> str:
    """What a function is called where tables are named as well: `name()`."""
    return f"{function}()"


def encode_id(value: uuid.UUID) -> str:
    """The 26 lower-case base32 characters of a UUID (RFC 4648 without padding)."""
    return base64.b32encode(value.bytes).decode().rstrip("=").lower()


def schema_name(tenant_id: uuid.UUID) -> str:
    """The schema (and the NOLOGIN request role) of a tenant: `t_` + base32 of its id, 28 characters."""
    return "t_" + encode_id(tenant_id)


def owner_role(schema: str) -> str:
    """The LOGIN role that owns the project's tables in a tenant's schema."""
    return checked_schema_name(schema) + "_owner"


def gateway_role(project_id: uuid.UUID) -> str:
    """The LOGIN NOINHERIT role a project's requests log in as."""
    return "g_" + encode_id(project_id)


def checked_schema_name(schema: str) -> str:
    """Return the name unchanged when it is a tenant's schema name. Raises ValueError otherwise."""
    if not _SCHEMA_NAME.fullmatch(schema):
        raise ValueError(f"not a tenant's schema name: {schema!r}")
    return schema


def bind_schema(template: str, schema: str) -> str:
    """Put a tenant's quoted schema in the place of every SCHEMA_MARK of a compiled statement."""
    return template.replace(SCHEMA_MARK, f'"{checked_schema_name(schema)}"')
