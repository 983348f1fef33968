"""Foreign keys of the rows a statement writes: taken from rows kept earlier, or looked up by a key of the target.

In: a link for each row of a feed. Out: an SQL expression for each column of the foreign key. Who is not found, or
hidden, refuses the whole transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kapok.model.types import Column, Table
from kapok.query.comparison import comparable
from kapok.query.draft import Draft
from kapok.query.feed import Feed
from kapok.query.fragments import Sql, column, join, sql
from kapok.query.kept import Ref
from kapok.query.refusals import Refusal
from kapok.query.source import table_source
from kapok.query.write_operation import Origin
from kapok.query.writes import RowKey

#: A column of the written row, and the column of the row it points at.
Pairs = tuple[tuple[str, Column], ...]


@dataclass(frozen=True, slots=True)
class FromKept:
    """A row that was kept. itself: the very row, found again by its key; else one that a relation leads to."""

    pairs: Pairs
    ref: Ref
    itself: bool = False

    def signature(self) -> object:
        """What rows of one statement have in common."""
        return self.pairs, self.ref.kept.number, self.itself


@dataclass(frozen=True, slots=True)
class FromLookup:
    """A row of the target by one of its keys."""

    pairs: Pairs
    target: Table
    key: RowKey

    def signature(self) -> object:
        """What rows of one statement have in common."""
        return self.pairs, self.target.name, self.key.key.name


Link = FromKept | FromLookup


def are_inline(links: Iterable[tuple[Sequence[Link], Origin]], refs: Iterable[Ref]) -> bool:
    """Whether one row with these links and references needs no CTE."""
    every = [link for found, _ in links for link in found]
    kept = [*refs, *(link.ref for link in every if isinstance(link, FromKept))]
    return not any(isinstance(link, FromLookup) for link in every) and not any(ref.kept.many for ref in kept)


def linked(draft: Draft, feed: Feed, links: Sequence[Link], origin: Origin) -> dict[str, Sql]:
    """The columns of one link, inside of the feed. links: one for each row, of one signature. origin: by position."""
    first = links[0]
    if isinstance(first, FromKept):
        refs = [link.ref for link in links if isinstance(link, FromKept)]
        feed.require(refs)
        return {own: feed.kept(refs, theirs.name) for own, theirs in first.pairs}
    found = _look_up(draft, feed, first, [link.key for link in links if isinstance(link, FromLookup)])
    columns = {}
    for place, (own, theirs) in enumerate(first.pairs):
        refusal = draft.refusal(Refusal.NOT_FOUND, feed.inner_position, origin)
        columns[own] = sql("coalesce(", found, f".c{place}, ", refusal, "::", theirs.type.name, ")")
    return columns


def _look_up(draft: Draft, feed: Feed, link: FromLookup, keys: Sequence[RowKey]) -> Sql:
    source = table_source(link.target, draft.aliases)
    row = draft.aliases.new()
    values = [sql(column(source.alias, theirs.name), f" as c{i}") for i, (_, theirs) in enumerate(link.pairs)]
    meets = [sql(left, " = ", right) for left, right in key_match(source.alias, link.target, keys, feed)]
    select = sql("select ", join(", ", values), " from ", source.tables, " where ", join(" and ", meets))
    feed.join(sql(" left join lateral (", select, ") ", row, " on true"))
    return sql(row)


def key_match(alias: str, table: Table, keys: Sequence[RowKey], feed: Feed) -> list[tuple[Sql, Sql]]:
    """For each column of a key what must equal what: the row's value, and the given one inside of the feed."""
    pairs = []
    for place, name in enumerate(keys[0].key.columns):
        of = table.column(name)
        form = comparable(of.type)
        pairs.append((form.of(column(alias, name)), feed.value([key.values[place] for key in keys], form.type_sql)))
    return pairs
