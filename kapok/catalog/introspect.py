"""The introspection query, and a synchronous way to run it for tools and tests. Out: the catalog's JSON as bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

#: Parameters: $1 the schema's name, $2 the role whose privileges count. One row, one text column.
SQL = Path(__file__).with_name("introspect.sql").read_text(encoding="utf-8")


def introspect(connection: psycopg.Connection[Any], schema: str, role: str | None = None) -> bytes:
    """The catalog of a schema as its request role (of the same name unless given) may see it.

    Raises psycopg.errors.UndefinedObject when there is no such role and the schema is not empty.
    """
    with psycopg.RawCursor(connection) as cursor:
        row = cursor.execute(SQL, [schema, role or schema]).fetchone()
    if row is None:
        raise RuntimeError("the introspection query gave no row")
    document: str = row[0]
    return document.encode()
