"""Which old rows a statement is about, as conditions on the table it writes to.

In: for each row of a feed how its target is found: by a key, by columns that equal those of a kept row, through a
junction from a kept row, or all by one condition. Out: SQL conditions on the target's alias. Rows the role does not see
or may not change do not meet them. They are conditions on the target itself, so that Postgres asks them again of a row
it had to wait for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kapok.identifiers import QualifiedName
from kapok.model.types import Relation, Table
from kapok.query.aliases import Aliases
from kapok.query.comparison import TEXT
from kapok.query.comparisons import may_fail
from kapok.query.draft import Draft
from kapok.query.expressions import Expression
from kapok.query.feed import Feed
from kapok.query.fragments import Sql, column, join, sql
from kapok.query.guard import GuardedJunction, GuardedTable
from kapok.query.kept import Kept, Ref
from kapok.query.mentions import columns_of
from kapok.query.plan import Drawn
from kapok.query.seen import masks, shown_cells
from kapok.query.source import condition, table_source
from kapok.query.values import Value
from kapok.query.write_links import FromKept, Link, are_inline, key_match, linked
from kapok.query.write_operation import Origin
from kapok.query.write_rules import Rule, shows_all, visible
from kapok.query.writes import RowKey


@dataclass(frozen=True, slots=True)
class Target:
    """What is changed. positions: one for each row of the feed (None: the values are arrays). keys, parents, versions:
    () or one for each.

    links: what columns of the target must equal, for each link one a row. parents: kept rows the targets are related to
    by `through`, a many-to-many relation of the parents' table. known: rows that count as visible anyhow.
    """

    table: Table
    positions: tuple[int, ...] | None
    keys: tuple[RowKey, ...] = ()
    links: tuple[tuple[tuple[Link, ...], Origin], ...] = ()
    through: Relation | None = None
    parents: tuple[Ref, ...] = ()
    where: Expression | None = None
    versions: tuple[Value, ...] = ()
    known: Kept | None = None

    def is_inline(self) -> bool:
        """Whether the feed is one row that needs no CTE of its own."""
        return self.positions is not None and len(self.positions) == 1 and are_inline(self.links, self.parents)


def conditions(draft: Draft, feed: Feed, target: Target, rule: Rule, row: str, *, versions: bool = True) -> list[Sql]:
    """What the row `row` of the table must meet to be a target."""
    met = []
    if target.keys:
        met += [sql(left, " = ", feed.column(right)) for left, right in key_match(row, target.table, target.keys, feed)]
    for links, origin in target.links:
        found = linked(draft, feed, links, origin)
        met += [sql(column(row, own), " = ", feed.column(value)) for own, value in found.items()]
        if not (isinstance(links[0], FromKept) and links[0].itself):
            met += [condition(shown, row, draft.aliases) for shown in _shown_cells(target.table, found)]
    if target.through is not None:
        met.append(_through_junction(draft.aliases, feed, target, target.through, row))
    if target.where is not None:
        met.append(_as_seen(draft.aliases, target.table, target.where, row))
    seen = visible(target.table)
    if target.known is not None and seen is not None:
        entry = draft.aliases.new()
        same = [sql(column(row, c.name), " = ", target.known.of(entry, c.name)) for c in target.known.columns]
        made = sql("exists (select from ", target.known.rows(), f" {entry}(v) where ", join(" and ", same), ")")
        met.append(sql("(", condition(seen, row, draft.aliases), " or ", made, ")"))
        seen = None
    asked = dict.fromkeys((seen, rule.where()))
    met += [condition(expression, row, draft.aliases) for expression in asked if expression is not None]
    if versions and target.versions:
        met.append(sql(row, ".xmin::text = ", feed.column(feed.value(target.versions, TEXT))))
    return [*met, *feed.conditions()]


def _as_seen(aliases: Aliases, table: Table, where: Expression, row: str) -> Sql:
    """A caller's condition on a row of the table itself, which must not look at what the role does not see of it."""
    if not isinstance(table, GuardedTable) or (shows_all(table, columns_of(where)) and not may_fail(where)):
        return condition(where, row, aliases)
    whole = table.whole or table
    # By name: `*` would ask for the right to read columns that the project keeps from requests.
    values = join(", ", [column(row, item.name) for item in whole.columns])
    seen = table_source(table, aliases, Drawn(sql("(select ", values, ")")), asked=where)
    return sql("exists (select from ", seen.tables, " where ", condition(where, seen.alias, aliases), ")")


def _through_junction(aliases: Aliases, feed: Feed, target: Target, relation: Relation, row: str) -> Sql:
    junction, alias = relation.junction, aliases.new()
    assert junction is not None  # it is a many-to-many relation
    feed.require(target.parents)
    mine = [feed.column(feed.kept(target.parents, name)) for name in relation.columns]
    theirs = [column(row, name) for name in relation.target_columns]
    names = (*junction.source_columns, *junction.target_columns)
    met = join(" and ", (sql(column(alias, n), " = ", v) for n, v in zip(names, (*mine, *theirs), strict=True)))
    guard = shown_cells(junction.select, names) if isinstance(junction, GuardedJunction) else None
    seen = sql() if guard is None else sql(" and ", condition(guard, alias, aliases))
    return sql("exists (select from ", QualifiedName(None, junction.table), f" {alias} where ", met, seen, ")")


def _shown_cells(table: Table, names: Iterable[str]) -> Iterator[Expression]:
    """What a row must meet for the role to see these cells of it, beside being seen: a relation can only be followed
    where both of its ends are."""
    if isinstance(table, GuardedTable) and table.select:
        yield from masks(table.select, names).values()
