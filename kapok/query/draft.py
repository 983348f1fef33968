"""One statement of a mutation while it is put together, and the script of them all.

In: CTEs, what they give and what they refuse. Out: `Statement`s. The first CTEs write, the final select reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from kapok.identifiers import QualifiedName
from kapok.model.types import Model, Table, UniqueKey
from kapok.query.aliases import Aliases
from kapok.query.binding import binder_of
from kapok.query.demands import Demand
from kapok.query.feed import Feed
from kapok.query.fragments import Sql, column, join, render, sql
from kapok.query.kept import Kept, KeptRows, kept_columns, whole_of
from kapok.query.refusals import Refusal, refuse
from kapok.query.write_operation import Origin, Statement

#: The CTE of the rows that were written, and its column with the position of each.
WRITTEN, POSITION = "w", '"kapok.n"'


class Draft:
    """origin: of the rows it is about. table: the one it writes to, if any. See `Statement`."""

    def __init__(
        self, origin: Origin, table: str | None = None, *, deletes: bool = False, key: UniqueKey | None = None
    ) -> None:
        self.aliases = Aliases()
        self._feed: Feed | None = None
        self.origin = origin
        self._table = table
        self._deletes = deletes
        self.key = key
        self._ctes: list[Sql] = []
        self._refusals: list[Sql] = []
        self._results: list[Sql] = []
        self._sites: list[Origin] = []

    def feed(self, positions: Sequence[int] | None, *, inline: bool) -> Feed:
        """The rows it is fed with; its first CTE, unless inline."""
        self._feed = Feed(positions, self.aliases, inline=inline)
        return self._feed

    def cte(self, name: str, body: Sql) -> None:
        """`name as (body)`."""
        self._ctes.append(sql(name, " as (", body, ")"))

    def refusal(self, reason: Refusal, position: Sql, origin: Origin | None = None) -> Sql:
        """An expression that refuses. origin: where the rows come from, if not from the statement's own."""
        wanted = origin or self.origin
        if wanted not in self._sites:
            self._sites.append(wanted)
        return refuse(reason, self._sites.index(wanted), position)

    def refuse(self, reason: Refusal, position: Sql, rest: Sql, origin: Origin | None = None) -> None:
        """Refuse if there is a row. rest: ` from ... where ...` of the rows."""
        self._refusals.append(sql("(select ", self.refusal(reason, position, origin), rest, " limit 1)"))

    def result(self, value: Sql) -> int:
        """A text the statement gives; see `column`."""
        self._results.append(value)
        return len(self._results) - 1

    def column(self, result: int) -> int:
        """The number of a result's column, once all refusals are there: they come first."""
        return len(self._refusals) + result

    def statement(self) -> Statement:
        """The finished statement. Its result is the first column after the refusals."""
        fed = [] if self._feed is None or self._feed.inline else [self._feed.cte()]
        ctes = sql("with ", join(", ", (*fed, *self._ctes)), " ") if fed or self._ctes else sql()
        text, parameters = render(sql(ctes, "select ", join(", ", (*self._refusals, *self._results))))
        return Statement(
            text, binder_of(parameters), self.origin, self._table, tuple(self._sites), self._deletes, self.key
        )


class Script:
    """The statements of a mutation, in order."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.statements: list[Statement] = []
        self._kept = 0
        self._later: list[tuple[Kept, Demand, Origin]] = []

    def add(self, draft: Draft) -> int:
        """Append a statement; its number."""
        self.statements.append(draft.statement())
        return len(self.statements) - 1

    def keep(self, table: Table, names: Iterable[str], *, many: bool, sure: bool, flags: Sequence[str] = ()) -> Kept:
        """A new set of kept rows. names: of columns, beside the primary key's."""
        kept = Kept(self._kept, whole_of(table), kept_columns(table, names), many, sure, tuple(flags))
        self._kept += 1
        return kept

    def keep_rows(self, table: Table) -> KeptRows:
        """A new set of whole rows."""
        self._kept += 1
        return KeptRows(self._kept - 1, whole_of(table))

    def later(self, table: Table, demand: Demand, origin: Origin) -> Kept | None:
        """Where rows are kept until `settle` asks a demand of them; None for a demand to be asked at once."""
        if not demand.related or whole_of(table).primary_key is None:
            return None
        kept = self.keep(table, (), many=True, sure=False, flags=demand.flags())
        self._later.append((kept, demand, origin))
        return kept

    def settle(self) -> None:
        """Ask what was put off of the rows as they are now."""
        for kept, demand, origin in self._later:
            draft = Draft(origin, kept.table.name)
            row, entry = draft.aliases.new(), draft.aliases.new()
            key = kept.table.primary_key
            assert key is not None  # see `later`
            meets = join(" and ", (sql(column(row, name), " = ", kept.of(entry, name)) for name in key.columns))
            asked = demand.sql(row, partial(kept.flag, entry), draft.aliases)
            table = sql(QualifiedName(None, kept.table.name), f" {row}")
            rows = sql(" from ", kept.rows(), f" {entry}(v) join ", table, " on ", meets)
            draft.refuse(Refusal.CHECK, kept.position(entry), sql(rows, " where ", asked, " is not true"))
            self.add(draft)
        self._later.clear()
