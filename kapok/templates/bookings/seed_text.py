"""How sample values become text: SQL literals, insert statements, slugs. In: Python values. Out: SQL text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from kapok.identifiers import quote_identifier, quote_literal

Value = None | bool | int | float | str | Decimal | date | datetime | timedelta | UUID | tuple[str, ...]
#: One row of a table: a value for each column's name.
Row = dict[str, Value]

#: Rows in one insert statement: enough to be quick, few enough to read in a log.
ROWS_A_STATEMENT = 500

#: Letters that Unicode does not take apart into a base letter and an accent.
_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ß": "ss", "æ": "ae", "&": " and ", "'": ""})


def literal(value: Value) -> str:
    """A value as an SQL constant; a tuple of strings becomes a text[]. JSON and ranges are given as their text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, tuple):
        return "array[" + ", ".join(map(quote_literal, value)) + "]::text[]"
    if isinstance(value, timedelta):
        return f"'{int(value.total_seconds())} seconds'"
    return quote_literal(str(value))


def inserts(table: str, rows: Sequence[Row]) -> Iterator[str]:
    """Insert statements for the rows, a few hundred each. All rows have the columns of the first, in its order."""
    names = ", ".join(map(quote_identifier, rows[0]))
    # Identity columns get the ids that the other rows refer to.
    head = f"insert into {quote_identifier(table)} ({names}) overriding system value"
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        chunk = rows[start : start + ROWS_A_STATEMENT]
        yield head + " values\n" + ",\n".join("(" + ", ".join(map(literal, row.values())) + ")" for row in chunk)


def restart_identity(table: str, next_id: int) -> str:
    """Let the identity column `id` go on after the ids that were inserted."""
    return f"alter table {quote_identifier(table)} alter column id restart with {next_id}"


def slugify(text: str) -> str:
    """Lower-case ASCII words joined by hyphens: "Café à L'Œil" becomes cafe-a-lil."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:90].strip("-")
