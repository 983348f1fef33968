"""Keys of rows that one statement of a mutation keeps for the later ones: a transaction-local setting (docs/adr/0010).

`kapok.w0`, `kapok.w1` ... hold JSON: [[position, text of each column ...], ...]. Positions count from 1; a row that was
not there has no entry. What reads them trusts nothing: they only say which rows are meant, every grant is checked anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kapok.identifiers import QualifiedName
from kapok.model.types import Column, Table
from kapok.query.fragments import Sql, join, literal, sql
from kapok.query.fragments import column as column_of
from kapok.query.guard import GuardedTable

_INT4 = '"pg_catalog"."int4"'
_BOOL = '"pg_catalog"."bool"'


def whole_of(table: Table) -> Table:
    """The table with all its columns, also those the role does not see."""
    return table.whole if isinstance(table, GuardedTable) and table.whole is not None else table


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows kept under a number. many: more than one position. sure: an entry for each, or the transaction fails.
    flags: names of further boolean columns of the rows."""

    number: int
    #: With all its columns.
    table: Table
    columns: tuple[Column, ...]
    many: bool
    sure: bool
    flags: tuple[str, ...] = ()

    def _setting(self) -> Sql:
        return literal(f"kapok.w{self.number}")

    def rows(self) -> Sql:
        """A set of jsonb, for a FROM clause: one for each entry."""
        return sql("jsonb_array_elements(current_setting(", self._setting(), ")::jsonb)")

    def present(self) -> Sql:
        """Whether the only position has an entry."""
        return sql("current_setting(", self._setting(), ") <> '[]'")

    def only(self, name: str) -> Sql:
        """The column of the only position, null without an entry."""
        place, column = self._place(name)
        return sql("(current_setting(", self._setting(), f")::jsonb #>> '{{0,{place}}}')::", column.type.name)

    def of(self, entry: str, name: str) -> Sql:
        """The column of an entry. entry: an alias of `rows`, with its column v."""
        place, column = self._place(name)
        return sql(f"({entry}.v ->> {place})::", column.type.name)

    def flag(self, entry: str, name: str) -> Sql:
        """A flag of an entry."""
        return sql(f"({entry}.v ->> {1 + len(self.columns) + self.flags.index(name)})::", _BOOL)

    @staticmethod
    def position(entry: str) -> Sql:
        """The position of an entry."""
        return sql(f"({entry}.v ->> 0)::{_INT4}")

    def keep(self, rows: Sql, *, more: bool = False) -> Sql:
        """Keep `rows`, a select of entries (see `entry`). more: add to what is kept. The value means nothing."""
        found = sql("coalesce((select jsonb_agg(k.v) from (", rows, ") k(v)), '[]')")
        if more:
            found = sql("current_setting(", self._setting(), ")::jsonb || ", found)
        return sql("left(set_config(", self._setting(), ", (", found, ")::text, true), 0)")

    def entry(self, position: Sql, row: str) -> Sql:
        """The entry of a row. row: an alias with the columns."""
        names = [*(column.name for column in self.columns), *self.flags]
        values = [sql(column_of(row, name), "::text") for name in names]
        return sql("jsonb_build_array(", join(", ", (position, *values)), ")")

    def _place(self, name: str) -> tuple[int, Column]:
        return next((place, column) for place, column in enumerate(self.columns, 1) if column.name == name)


@dataclass(frozen=True, slots=True)
class Ref:
    """One of the rows that were kept."""

    kept: Kept
    position: int


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Whole rows of a table, kept under a number as the text of an array."""

    number: int
    table: Table

    def keep(self, rows: Sql) -> Sql:
        """Keep what `rows`, a select of one row value each, gives. The value means nothing."""
        found = sql("coalesce((select array_agg(k.v)::text from (", rows, ") k(v)), '{}')")
        return sql("left(set_config(", literal(f"kapok.w{self.number}"), ", ", found, ", true), 0)")

    def rows(self) -> Sql:
        """The rows, for a FROM clause."""
        setting = sql("current_setting(", literal(f"kapok.w{self.number}"), ")")
        return sql("unnest(", setting, "::", QualifiedName(None, self.table.name), "[])")


def kept_columns(table: Table, names: Iterable[str]) -> tuple[Column, ...]:
    """The columns to keep: the primary key's and those named, each once, in the order of the table."""
    whole = whole_of(table)
    wanted = {*names, *(whole.primary_key.columns if whole.primary_key is not None else ())}
    return tuple(column for column in whole.columns if column.name in wanted)
