"""Updates, deletes and the finding of rows to SQL.

In: a target, and for an update the new values and links of each row. Out: a `Draft` whose CTE w is the rows that were
changed (found), with the position of each, ready to be kept, checked, counted or read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kapok.identifiers import QualifiedName
from kapok.model.types import Column
from kapok.query.demands import met
from kapok.query.draft import POSITION, WRITTEN, Draft
from kapok.query.feed import SOURCE, Feed
from kapok.query.fragments import Parameter, Sql, column, identifier, join, sql
from kapok.query.kept import whole_of
from kapok.query.refusals import Refusal
from kapok.query.source import condition
from kapok.query.values import Value
from kapok.query.write_links import Link, are_inline, key_match, linked
from kapok.query.write_operation import Origin
from kapok.query.write_rules import Rule
from kapok.query.write_target import Target, conditions

#: The old rows, locked, where which grant they meet has to be known afterwards.
_LOCKED = "o"


@dataclass(frozen=True, slots=True)
class Changes:
    """What becomes of the rows of a target: for each column a value a row, for each link one a row; nulls: columns that
    become null."""

    values: tuple[tuple[Column, tuple[Value, ...]], ...] = ()
    links: tuple[tuple[tuple[Link, ...], Origin], ...] = ()
    nulls: tuple[str, ...] = ()

    def columns(self) -> list[str]:
        """Names of the columns that are given."""
        linked_columns = [own for links, _ in self.links for own, _ in links[0].pairs]
        return list(dict.fromkeys([*(column.name for column, _ in self.values), *linked_columns, *self.nulls]))


def update(draft: Draft, target: Target, changes: Changes, rule: Rule, columns: Iterable[str]) -> Feed:
    """Write the update; a `find` where nothing is to be set. rule: of the columns. columns: of the new rows, used
    later."""
    feed = draft.feed(target.positions, inline=target.is_inline() and are_inline(changes.links, ()))
    given = _given(draft, feed, changes)
    given |= {p.column.name: sql(Parameter(p.value, p.column.type.name.sql())) for p in rule.presets}
    if not given:
        _find(draft, feed, target, rule, columns)
        return feed
    row = draft.aliases.new()
    flags = [met(number) for number in range(len(rule.alternatives))] if rule.paired else []
    if flags:
        _lock(draft, feed, target, rule)
        key = whole_of(target.table).primary_key
        names = [identifier(name) for name in key.columns] if key is not None else [sql("ctid")]
        tables = sql(f" from {_LOCKED}", "" if feed.inline else f", {SOURCE}")
        where = [sql(f"{row}.", name, f" = {_LOCKED}.", name) for name in names]
        where += [] if feed.inline else [sql(f"{_LOCKED}.{POSITION} = {SOURCE}.n")]
    else:
        tables = sql("" if feed.inline else f" from {SOURCE}")
        where = conditions(draft, feed, target, rule, row)
    values = join(", ", (sql(identifier(name), " = ", value) for name, value in given.items()))
    head = sql("update ", QualifiedName(None, target.table.name), f" as {row} set ", values, tables, _where(where))
    old = [sql(f"{_LOCKED}.", identifier(flag)) for flag in flags]
    draft.cte(WRITTEN, sql(head, " returning ", _returning(feed, row, columns, old)))
    return feed


def delete(draft: Draft, target: Target, rule: Rule, columns: Iterable[str] = ()) -> Feed:
    """Write the delete. columns: of the old rows, used later."""
    feed = draft.feed(target.positions, inline=target.is_inline())
    row = draft.aliases.new()
    where = conditions(draft, feed, target, rule, row)
    tables = sql(f" as {row}", "" if feed.inline else f" using {SOURCE}")
    head = sql("delete from ", QualifiedName(None, target.table.name), tables, _where(where))
    draft.cte(WRITTEN, sql(head, " returning ", _returning(feed, row, columns)))
    return feed


def find(draft: Draft, target: Target, rule: Rule, columns: Iterable[str], *, lock: bool = True) -> Feed:
    """Find rows that are not changed yet."""
    feed = draft.feed(target.positions, inline=target.is_inline())
    _find(draft, feed, target, rule, columns, lock=lock)
    return feed


def _find(draft: Draft, feed: Feed, target: Target, rule: Rule, columns: Iterable[str], *, lock: bool = True) -> None:
    row = draft.aliases.new()
    where = conditions(draft, feed, target, rule, row)
    tables = sql(QualifiedName(None, target.table.name), f" {row}", "" if feed.inline else f", {SOURCE}")
    values = _returning(feed, row, columns)
    locked = f" for update of {row}" if lock else ""
    draft.cte(WRITTEN, sql("select ", values, " from ", tables, _where(where), locked))


def _lock(draft: Draft, feed: Feed, target: Target, rule: Rule) -> None:
    """The old rows with what they meet of the rule."""
    row = draft.aliases.new()
    key = whole_of(target.table).primary_key
    names = [column(row, name) for name in key.columns] if key is not None else [sql(row, ".ctid")]
    flags = [
        sql(
            "true" if item.where is None else condition(item.where, row, draft.aliases), " as ", identifier(met(number))
        )
        for number, item in enumerate(rule.alternatives)
    ]
    where = conditions(draft, feed, target, rule, row)
    tables = sql(QualifiedName(None, target.table.name), f" {row}", "" if feed.inline else f", {SOURCE}")
    values = join(", ", (sql(feed.position, f" as {POSITION}"), *names, *flags))
    draft.cte(_LOCKED, sql("select ", values, " from ", tables, _where(where), f" for update of {row}"))


def _given(draft: Draft, feed: Feed, changes: Changes) -> dict[str, Sql]:
    given = {of.name: feed.column(feed.value(values, of.type.name.sql())) for of, values in changes.values}
    for links, origin in changes.links:
        given |= {own: feed.column(value) for own, value in linked(draft, feed, links, origin).items()}
    return given | {name: sql("null") for name in changes.nulls if name not in given}


def _returning(feed: Feed, row: str, columns: Iterable[str], more: Sequence[Sql] = ()) -> Sql:
    values = [sql(column(row, name), " as ", identifier(name)) for name in dict.fromkeys(columns)]
    return join(", ", (sql(feed.position, f" as {POSITION}"), *values, *more))


def _where(conditions_: Sequence[Sql]) -> Sql:
    return sql(" where ", join(" and ", conditions_)) if conditions_ else sql()


def refuse_unfound(draft: Draft, feed: Feed, reason: Refusal = Refusal.NOT_FOUND, origin: Origin | None = None) -> None:
    """Refuse when a row of the feed has found nothing. origin: where the rows are named, if elsewhere."""
    if feed.inline:
        absent = [sql(f"not exists (select from {WRITTEN})"), *feed.conditions()]
        draft.refuse(reason, feed.position, _where(absent), origin)
        return
    absent = [sql(f"not exists (select from {WRITTEN} where {WRITTEN}.{POSITION} = {SOURCE}.n)")]
    draft.refuse(reason, feed.position, sql(f" from {SOURCE}", _where(absent)), origin)


def refuse_repeated(draft: Draft, feed: Feed, target: Target) -> None:
    """Refuse when two rows of the feed name the same row."""
    if feed.single or not target.keys:
        return
    key = join(", ", (feed.column(value) for _, value in key_match(WRITTEN, target.table, target.keys, feed)))
    repeated = sql("select max(", feed.position, f") as n from {SOURCE} group by ", key, " having count(*) > 1")
    again = draft.aliases.new()
    draft.refuse(Refusal.TWICE, sql(f"{again}.n"), sql(" from (", repeated, f") {again}"))


def refuse_stale(draft: Draft, feed: Feed, target: Target, rule: Rule) -> None:
    """Refuse when a row is there, but not in the version the caller has seen."""
    if not target.versions:
        return
    row = draft.aliases.new()
    where = conditions(draft, feed, target, rule, row, versions=False)
    if feed.inline:
        where.append(sql(f"not exists (select from {WRITTEN})"))
    else:
        where.append(sql(f"not exists (select from {WRITTEN} where {WRITTEN}.{POSITION} = {SOURCE}.n)"))
    tables = sql(QualifiedName(None, target.table.name), f" {row}", "" if feed.inline else f", {SOURCE}")
    draft.refuse(Refusal.VERSION, feed.position, sql(" from ", tables, _where(where)))
