"""Inserts to SQL: one statement for any number of rows that give the same columns.

In: a batch of rows with their links, under the table's grants. Out: a `Draft` whose CTE w is the inserted rows (in
order; r is them with the position of each), ready to be kept, checked or read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kapok.identifiers import QualifiedName
from kapok.model.types import Column, Table, TableKind, UniqueKey
from kapok.query.demands import NEW, OLD
from kapok.query.draft import POSITION, WRITTEN, Draft
from kapok.query.expressions import Expression
from kapok.query.feed import SOURCE, Feed
from kapok.query.fragments import Parameter, Sql, column, identifier, join, sql
from kapok.query.kept import Ref
from kapok.query.refusals import Refusal
from kapok.query.source import condition
from kapok.query.values import Value
from kapok.query.write_links import Link, are_inline, linked
from kapok.query.write_operation import Origin
from kapok.query.write_rules import Rule, visible

#: w with the position of each row.
NUMBERED = "r"


@dataclass(frozen=True, slots=True)
class Conflict:
    """What to do about a row that is there: update these columns of it. key None: nothing, whichever key it is."""

    key: UniqueKey | None
    update: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that give the same columns. positions: None for rows whose values are arrays (writes.NewRows).

    links: for each link, one for each row. under: () or for each row the row it hangs on, which may be missing.
    """

    table: Table
    values: tuple[tuple[Column, tuple[Value, ...]], ...]
    positions: tuple[int, ...] | None
    links: tuple[tuple[tuple[Link, ...], Origin], ...] = ()
    under: tuple[Ref, ...] = ()
    conflict: Conflict | None = None

    def columns(self) -> list[str]:
        """Names of the columns that are given."""
        linked_columns = [own for links, _ in self.links for own, _ in links[0].pairs]
        return list(dict.fromkeys([*(given.name for given, _ in self.values), *linked_columns]))

    @property
    def flagged(self) -> bool:
        """Whether an upsert can tell which rows it has inserted: by a system column, which Postgres may not know of a
        row it has passed on to a partition."""
        return self.table.kind is not TableKind.PARTITIONED

    def is_inline(self) -> bool:
        """Whether it is one row that needs no CTE of its own."""
        return self.positions is not None and len(self.positions) == 1 and are_inline(self.links, self.under)


def insert(
    draft: Draft, batch: Batch, rule: Rule, update: Rule | None, columns: Iterable[str], *, flagged: bool
) -> Feed:
    """Write the insert. update: the rule of what an upsert changes. columns: of the new rows, used later. flagged: it
    matters which rows are new; asked for only then, because Postgres gives system columns to those only who may read
    all columns."""
    feed = draft.feed(batch.positions, inline=batch.is_inline())
    given = {of.name: feed.column(feed.value(values, of.type.name.sql())) for of, values in batch.values}
    for links, origin in batch.links:
        found = linked(draft, feed, links, origin)
        given |= {own: feed.column(value) for own, value in found.items()}
    if batch.under:
        feed.require(batch.under)
    given |= _presets(rule)
    row = draft.aliases.new()
    conflict = _conflict(draft, batch, update, row)
    head = sql("insert into ", QualifiedName(None, batch.table.name), f" as {row}", _rows(given, feed), conflict)
    values = [sql(column(row, name), " as ", identifier(name)) for name in dict.fromkeys(columns)]
    if feed.inline:
        values.insert(0, sql(feed.position, f" as {POSITION}"))
    if flagged:
        values += [sql(f'{row}.xmax = 0 as "{NEW}", {row}.xmax <> 0 as "{OLD}"')]
    draft.cte(WRITTEN, sql(head, " returning ", join(", ", values) if values else "1 as one"))
    return feed


def number(draft: Draft, feed: Feed) -> str:
    """The name of the written rows with their positions: they come back in the order in which they went in."""
    if feed.inline:
        return WRITTEN
    written = sql("select ", WRITTEN, '.*, row_number() over () as "kapok.p" from ', WRITTEN)
    fed = sql("select n as ", POSITION, ', row_number() over (order by n) as "kapok.p" from ', SOURCE)
    meets = 'a."kapok.p" = b."kapok.p"'
    draft.cte(NUMBERED, sql("select a.*, b.", POSITION, " from (", written, ") a join (", fed, ") b on ", meets))
    return NUMBERED


def _presets(rule: Rule) -> dict[str, Sql]:
    return {p.column.name: sql(Parameter(p.value, p.column.type.name.sql())) for p in rule.presets}


def _rows(given: dict[str, Sql], feed: Feed) -> Sql:
    names = sql(" (", join(", ", map(identifier, given)), ")") if given else sql()
    values = join(", ", given.values())
    if not feed.inline:
        return sql(names, " select ", values, f" from {SOURCE} order by {SOURCE}.n")
    if feed.conditions():
        return sql(names, " select ", values, " where ", join(" and ", feed.conditions()))
    return sql(names, " values (", values, ")") if given else sql(" default values")


def _conflict(draft: Draft, batch: Batch, update: Rule | None, row: str) -> Sql:
    conflict = batch.conflict
    if conflict is None:
        return sql()
    names = sql() if conflict.key is None else sql(" (", join(", ", map(identifier, conflict.key.columns)), ")")
    if update is None:
        return sql(" on conflict", names, " do nothing")
    values = {name: sql("excluded.", identifier(name)) for name in conflict.update} | _presets(update)
    changes = join(", ", (sql(identifier(name), " = ", value) for name, value in values.items()))
    asked: list[Expression] = [e for e in dict.fromkeys((visible(batch.table), update.where())) if e is not None]
    met = [condition(expression, row, draft.aliases) for expression in asked]
    where = sql(" where ", join(" and ", met)) if met else sql()
    return sql(" on conflict", names, " do update set ", changes, where)


def refuse_missing(draft: Draft, feed: Feed, reason: Refusal) -> None:
    """Refuse when fewer rows were written than were to be: a trigger or, of an upsert, a row that is out of reach."""
    if feed.inline:
        absent = [sql(f"not exists (select from {WRITTEN})"), *feed.conditions()]
        draft.refuse(reason, feed.position, sql(" where ", join(" and ", absent)))
        return
    fewer = sql("(select count(*) from ", WRITTEN, ") <> (select count(*) from ", SOURCE, ")")
    draft.refuse(reason, feed.position, sql(" from ", SOURCE, " where ", fewer))
