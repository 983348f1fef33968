"""New rows and changes of rows, grouped into statements.

In: rows of the input with what they are linked to. Out: statements of a script, and the rows they keep for later ones.
Rows that give the same columns share a statement.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kapok.model.types import Column, Relation, Table
from kapok.query.demands import Demand, flag_of, of_insert, of_update
from kapok.query.draft import POSITION, WRITTEN, Draft, Script
from kapok.query.fragments import Sql, sql
from kapok.query.kept import Kept, Ref
from kapok.query.refusals import Refusal
from kapok.query.values import Value
from kapok.query.write_change import Changes, delete, find, refuse_repeated, refuse_stale, refuse_unfound, update
from kapok.query.write_insert import Batch, Conflict, insert, number, refuse_missing
from kapok.query.write_links import Link
from kapok.query.write_operation import Origin
from kapok.query.write_rules import Rule, delete_rule, insert_rule, update_rule
from kapok.query.write_target import Target
from kapok.query.writes import Assigned, Path, RowKey

Links = tuple[tuple[Link, Path], ...]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A row to insert. under: the kept row it hangs on, where that may be missing."""

    values: tuple[Assigned, ...]
    path: Path
    links: Links = ()
    under: Ref | None = None

    def signature(self) -> Hashable:
        """What rows of one statement have in common."""
        under = None if self.under is None else self.under.kept.number
        return _names(self.values), tuple(link.signature() for link, _ in self.links), under


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A row to change. found: what its columns equal. through, parent: a many-to-many relation it is reached by.
    later: columns that are changed once it is found."""

    values: tuple[Assigned, ...]
    path: Path
    links: Links = ()
    nulls: tuple[str, ...] = ()
    key: RowKey | None = None
    found: Links = ()
    through: Relation | None = None
    parent: Ref | None = None
    version: Value | None = None
    later: tuple[str, ...] = ()

    def signature(self) -> Hashable:
        """What rows of one statement have in common."""
        links = tuple(link.signature() for link, _ in (*self.links, *self.found))
        key = None if self.key is None else self.key.key.name
        parent = None if self.parent is None else self.parent.kept.number
        return _names(self.values), links, self.nulls, key, parent, self.version is None, frozenset(self.later)


def insert_rows(
    script: Script, table: Table, rows: Sequence[Incoming], kept: Kept | None, conflict: Conflict | None = None
) -> None:
    """Insert rows; their positions in `kept` are those in `rows`, from 1."""
    origin = Origin(tuple(row.path for row in rows))
    for turn, batch in enumerate(batches(table, rows, conflict)):
        draft = Draft(origin, table.name)
        insert_batch(script, draft, batch, kept, more=turn > 0)
        if kept is None:
            draft.result(sql("(select count(*)::text from ", WRITTEN, ")"))
        script.add(draft)


def batches(table: Table, rows: Sequence[Incoming], conflict: Conflict | None = None) -> Iterator[Batch]:
    """The rows by what they give."""
    for places in _groups([row.signature() for row in rows]):
        group = [rows[place] for place in places]
        yield Batch(
            table,
            columns_of_rows([row.values for row in group]),
            tuple(place + 1 for place in places),
            _links([row.links for row in group], places),
            tuple(row.under for row in group if row.under is not None),
            conflict,
        )


def insert_batch(
    script: Script,
    draft: Draft,
    batch: Batch,
    kept: Kept | None,
    *,
    more: bool = False,
    columns: Iterable[str] = (),
    counted: bool = True,
) -> None:
    """Write the insert of a batch with all its checks; keep its rows. columns: of the rows, to be read at once.
    counted: refuse when fewer rows were written."""
    draft.key = None if batch.conflict is None else batch.conflict.key
    rule = insert_rule(batch.table, batch.columns())
    changes = batch.conflict.update if batch.conflict is not None else ()
    changed = update_rule(batch.table, changes) if changes else None
    demand = of_insert(rule, changed, flagged=batch.flagged)
    later = script.later(batch.table, demand, draft.origin)
    wanted = [*columns, *demand.columns(), *_kept_names(kept), *_kept_names(later)]
    feed = insert(draft, batch, rule, changed, wanted, flagged=bool(demand.flags()) and not demand.trivial)
    if counted and (batch.conflict is None or changed is not None):
        refuse_missing(draft, feed, Refusal.SKIPPED if changed is None else Refusal.TAKEN)
    if kept is not None or not demand.trivial:
        rows = number(draft, feed)
        _ask(script, draft, demand, later, rows)
        if kept is not None:
            draft.result(keep(kept, rows, more=more))


def change_rows(script: Script, table: Table, rows: Sequence[Outgoing], kept: Kept | None, *, required: bool) -> None:
    """Change rows; their positions in `kept` are those in `rows`, from 1. required: each must be there."""
    origin = Origin(tuple(row.path for row in rows))
    for turn, places in enumerate(_groups([row.signature() for row in rows])):
        group = [rows[place] for place in places]
        draft = Draft(origin, table.name)
        target = target_of(table, group, places)
        changes = Changes(
            columns_of_rows([row.values for row in group]), _links([row.links for row in group], places), group[0].nulls
        )
        change(script, draft, target, changes, kept, required=_named(rows) if required else None, more=turn > 0)
        script.add(draft)


def delete_rows(script: Script, table: Table, rows: Sequence[Outgoing], *, required: bool) -> None:
    """Delete rows. required: each must be there."""
    origin = Origin(tuple(row.path for row in rows))
    for places in _groups([row.signature() for row in rows]):
        draft = Draft(origin, table.name, deletes=True)
        feed = delete(draft, target_of(table, [rows[place] for place in places], places), delete_rule(table))
        if required:
            refuse_unfound(draft, feed)
        draft.result(sql("(select count(*)::text from ", WRITTEN, ")"))
        script.add(draft)


def find_rows(
    script: Script, table: Table, rows: Sequence[Outgoing], kept: Kept, rule: Rule | None = None, *, required: bool
) -> None:
    """Find and lock rows; their positions in `kept` are those in `rows`, from 1. rule: what they must meet; None: that
    of the columns changed later. required: each must be there."""
    origin = Origin(tuple(row.path for row in rows))
    named = _named(rows)
    for turn, places in enumerate(_groups([row.signature() for row in rows])):
        group = [rows[place] for place in places]
        draft = Draft(origin, table.name)
        target = target_of(table, group, places)
        meets = update_rule(table, group[0].later) if rule is None else rule
        feed = find(draft, target, meets, _kept_names(kept))
        refuse_repeated(draft, feed, target)
        refuse_stale(draft, feed, target, meets)
        if required:
            refuse_unfound(draft, feed, origin=named)
        draft.result(keep(kept, WRITTEN, more=turn > 0))
        script.add(draft)


def _named(rows: Sequence[Outgoing]) -> Origin:
    return Origin(tuple(row.path if row.key is None else row.key.path for row in rows))


def target_of(table: Table, group: Sequence[Outgoing], places: Sequence[int]) -> Target:
    """The target of rows of one signature."""
    return Target(
        table,
        tuple(place + 1 for place in places),
        tuple(row.key for row in group if row.key is not None),
        _links([row.found for row in group], places),
        group[0].through,
        tuple(row.parent for row in group if row.parent is not None),
        None,
        tuple(row.version for row in group if row.version is not None),
    )


def change(
    script: Script,
    draft: Draft,
    target: Target,
    changes: Changes,
    kept: Kept | None,
    *,
    required: Origin | None = None,
    more: bool = False,
    columns: Iterable[str] = (),
) -> None:
    """Write an update with all its checks; keep its rows. required: each row must be there; where they are named.
    columns: of the new rows, to be read at once."""
    rule = update_rule(target.table, changes.columns())
    demand = of_update(rule)
    if not changes.columns() and not rule.presets:
        demand = Demand(((None, None),))  # nothing changes
    later = script.later(target.table, demand, draft.origin)
    wanted = [*columns, *demand.columns(), *_kept_names(kept), *_kept_names(later)]
    feed = update(draft, target, changes, rule, wanted)
    refuse_repeated(draft, feed, target)
    refuse_stale(draft, feed, target, rule)
    if required is not None:
        refuse_unfound(draft, feed, origin=required)
    _ask(script, draft, demand, later, WRITTEN)
    if kept is not None:
        draft.result(keep(kept, WRITTEN, more=more))
    elif later is None and not columns:
        draft.result(sql("(select count(*)::text from ", WRITTEN, ")"))


def keep(kept: Kept, rows: str, *, more: bool = False, position: Sql | None = None) -> Sql:
    """Keep the rows of a CTE."""
    entry = kept.entry(position or sql(rows, ".", POSITION), rows)
    return kept.keep(sql("select ", entry, f" from {rows}"), more=more)


def _ask(script: Script, draft: Draft, demand: Demand, later: Kept | None, rows: str) -> None:
    """Ask the demand now, or keep what is needed to ask it later."""
    if later is not None:
        draft.result(keep(later, rows))
    elif not demand.trivial:
        asked = sql(demand.sql(rows, flag_of(rows), draft.aliases), " is not true")
        draft.refuse(Refusal.CHECK, sql(rows, ".", POSITION), sql(f" from {rows} where ", asked))


def _kept_names(kept: Kept | None) -> list[str]:
    return [] if kept is None else [column.name for column in kept.columns]


def _groups(signatures: Sequence[Hashable]) -> list[list[int]]:
    """The places of equal signatures, in the order of their first."""
    groups: dict[Hashable, list[int]] = {}
    for place, signature in enumerate(signatures):
        groups.setdefault(signature, []).append(place)
    return list(groups.values())


def _names(values: Iterable[Assigned]) -> frozenset[str]:
    return frozenset(assigned.column.name for assigned in values)


def columns_of_rows(rows: Sequence[Sequence[Assigned]]) -> tuple[tuple[Column, tuple[Value, ...]], ...]:
    """The values of rows that give the same columns, by column."""
    by_name = [{assigned.column.name: assigned.value for assigned in row} for row in rows]
    return tuple((a.column, tuple(row[a.column.name] for row in by_name)) for a in rows[0])


def _links(rows: Sequence[Links], places: Sequence[int]) -> tuple[tuple[tuple[Link, ...], Origin], ...]:
    """The links of rows of one signature, by link. Origins count by the rows' positions."""
    found = []
    for index in range(len(rows[0])):
        paths: dict[int, Path] = {place: row[index][1] for place, row in zip(places, rows, strict=True)}
        origin = Origin(tuple(paths.get(place, rows[0][index][1]) for place in range(max(places) + 1)))
        found.append((tuple(row[index][0] for row in rows), origin))
    return tuple(found)
