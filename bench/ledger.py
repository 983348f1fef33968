"""The table a subject's writes end in: emptied before each run, and read afterwards.

In: the database (a superuser) and the schema. Out: the rows, or WrongAnswer when they are not what was sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from bench.load import CONNECTIONS

#: A server that writes nothing for so long has finished what was under way: 16 requests take the slowest 0.1 s.
_QUIET_SECONDS = 0.4
#: A row of the table, by column name.
Row = dict[str, Any]


class WrongAnswer(Exception):
    """A subject's answer, or what it wrote, differs from what was worked out from the rows."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where a subject writes."""

    url: str
    schema: str

    def empty(self, table: str) -> None:
        """Take out every row: each run begins with the same table."""
        with psycopg.connect(self.url) as connection:
            connection.execute(sql.SQL("truncate {}").format(sql.Identifier(self.schema, table)))

    def rows(self, table: str, columns: tuple[str, ...]) -> list[Row]:
        """Every row, in the order of the first column."""
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        query = sql.SQL("select {} from {} order by 1").format(names, sql.Identifier(self.schema, table))
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return list(connection.execute(query))

    def check_load(
        self, who: str, table: str, columns: tuple[str, ...], answered: int, was_sent: Callable[[Row], bool]
    ) -> None:
        """After a run: one row for each answer, and none that nobody sent. Raises WrongAnswer.

        Requests that were under way when the load generator stopped may have written a row each, too.
        """
        rows = self._settled(table, columns)
        if not answered <= len(rows) <= answered + CONNECTIONS:
            raise WrongAnswer(f"{who} answered {answered} writes to {table}, but {len(rows)} rows are there")
        strange = next((row for row in rows if not was_sent(row)), None)
        if strange:
            raise WrongAnswer(f"{who} wrote a row to {table} that was not sent: {strange}")

    def _settled(self, table: str, columns: tuple[str, ...]) -> list[Row]:
        """The rows, once no more come."""
        rows = self.rows(table, columns)
        while True:
            time.sleep(_QUIET_SECONDS)
            before, rows = len(rows), self.rows(table, columns)
            if len(rows) == before:
                return rows
