"""What a writing statement is fed with: values callers give, keys that earlier statements kept, rows found on the way.

In: for each column one value a row. Out: SQL expressions. One row without look-ups is inline: its values stand where
they are used. Otherwise the rows are a CTE named s, made from one array parameter a column, so that the text is the
same for any number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from kapok.query.aliases import Aliases
from kapok.query.comparison import INT4, TEXT
from kapok.query.fragments import Parameter, Piece, Sql, join, sql
from kapok.query.kept import Kept, Ref
from kapok.query.values import Value
from kapok.query.write_values import Positions, Texts

#: The name of the CTE.
SOURCE = "s"


class Feed:
    """The rows of one statement. positions: of each row among those of its kept set; None where their number is not
    known, the values being arrays already. inline: see above."""

    def __init__(self, positions: Sequence[int] | None, aliases: Aliases, *, inline: bool) -> None:
        self._positions = None if positions is None else tuple(positions)
        self._aliases = aliases
        self.inline = inline
        self.single = positions is not None and len(positions) == 1
        self._row = aliases.new()
        self._arrays: list[Parameter] = []
        self._joins: list[Sql] = []
        self._conditions: list[Sql] = []
        self._entries: dict[tuple[Ref, ...], str] = {}
        self._columns: list[Sql] = []

    # --- expressions --------------------------------------------------------------------------------------------------

    @property
    def position(self) -> Sql:
        """The position of a row, for whoever reads the feed."""
        return self.inner_position if self.inline else sql(SOURCE, ".n")

    @property
    def inner_position(self) -> Sql:
        """The position of a row, inside of the feed."""
        if self._positions is not None and len(self._positions) == 1:
            return sql(str(self._positions[0]))
        return sql(self._row, ".n")

    def value(self, values: Sequence[Value], type_sql: str) -> Sql:
        """A value for each row, cast to a type; inside of the feed."""
        if self.single:
            return sql(Parameter(values[0], type_sql))
        array = Parameter(values[0] if self._positions is None else Texts(tuple(values)), TEXT + "[]")
        return sql(self._array(array), "::", type_sql)

    def _array(self, array: Parameter) -> Sql:
        if array not in self._arrays:
            self._arrays.append(array)
        return sql(self._row, f".c{self._arrays.index(array) + 1}")

    def kept(self, refs: Sequence[Ref], name: str) -> Sql:
        """A column of the kept row each row refers to (all in one set); inside of the feed."""
        kept = refs[0].kept
        if self.single and not kept.many:
            return kept.only(name)
        return kept.of(self._entry(tuple(refs)), name)

    def require(self, refs: Sequence[Ref]) -> None:
        """Leave out the rows whose kept row is not there."""
        kept = refs[0].kept
        if kept.sure:
            return
        if self.single and not kept.many:
            if kept.present() not in self._conditions:
                self._conditions.append(kept.present())
        else:
            self._entry(tuple(refs))

    def join(self, tables: Sql) -> None:
        """Find something for each row: ` left join lateral (...) alias on true`."""
        assert not self.inline
        self._joins.append(tables)

    def column(self, inside: Sql) -> Sql:
        """What is known inside of the feed, for whoever reads the feed."""
        if self.inline:
            return inside
        if inside not in self._columns:
            self._columns.append(inside)
        return sql(SOURCE, f".v{self._columns.index(inside)}")

    def _entry(self, refs: tuple[Ref, ...]) -> str:
        """The alias of the kept rows the rows refer to. An inner join: who refers to nothing is left out."""
        assert not self.inline
        if refs not in self._entries:
            entry = self._entries[refs] = self._aliases.new()
            kept = refs[0].kept
            meets = sql(Kept.position(entry), " = ", self._places(refs)) if kept.many else sql("true")
            self._joins.append(sql(" join ", kept.rows(), f" {entry}(v) on ", meets))
        return self._entries[refs]

    def _places(self, refs: tuple[Ref, ...]) -> Sql:
        if self.single:
            return sql(str(refs[0].position))
        return self._array(Parameter(Positions(tuple(ref.position for ref in refs)), INT4 + "[]"))

    # --- the rows -----------------------------------------------------------------------------------------------------

    def conditions(self) -> list[Sql]:
        """What must hold for the one row of an inline feed."""
        return self._conditions if self.inline else []

    def cte(self) -> Sql:
        """`s as materialized (select ...)`."""
        values = [sql(self.inner_position, " as n"), *(sql(v, f" as v{i}") for i, v in enumerate(self._columns))]
        where = sql(" where ", join(" and ", self._conditions)) if self._conditions else sql()
        rows = sql(" from ", self._tables(), *self._joins, where)
        order: Piece = "" if self.single else sql(" order by ", self.inner_position)
        return sql(f"{SOURCE} as materialized (select ", join(", ", values), rows, order, ")")

    def _tables(self) -> Sql:
        if self.single:
            return sql(f"(values (1)) {self._row}(n)")
        names = [f"c{number}" for number in range(1, len(self._arrays) + 1)]
        columns = f" {self._row}({', '.join([*names, 'n'])})"
        in_order = self._positions is None or self._positions == tuple(range(1, len(self._positions) + 1))
        if in_order and self._arrays:
            return sql("unnest(", join(", ", self._arrays), ") with ordinality", columns)
        positions = Parameter(Positions(self._positions or ()), INT4 + "[]")
        return sql("unnest(", join(", ", (*self._arrays, positions)), ")", columns)
