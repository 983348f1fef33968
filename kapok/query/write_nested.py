"""What hangs on rows that are written: rows of related tables, and the links to them.

In: rows of the input with their nested writes. Out: statements of a script. A foreign key of the row's own is known
before the row is written: its targets come first. What points at the row comes after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kapok.errors import KapokError
from kapok.model.types import Junction, Relation, RelationKind, Table, TableKind
from kapok.query.draft import Script
from kapok.query.guard import GuardedTable
from kapok.query.kept import Kept, Ref, whole_of
from kapok.query.values import Value
from kapok.query.write_insert import Conflict
from kapok.query.write_links import FromKept, FromLookup, Pairs
from kapok.query.write_rows import Incoming, Links, Outgoing, change_rows, delete_rows, find_rows, insert_rows
from kapok.query.write_rules import delete_rule
from kapok.query.writes import Change, Nested, NestedToMany, NestedToOne, NewRow, Path, RowKey

Hanging = tuple[Nested, Ref]


@dataclass(frozen=True, slots=True)
class Found:
    """How a row that is changed is found, and what becomes of it. under: as of `Incoming`."""

    change: Change
    key: RowKey | None = None
    found: Links = ()
    through: Relation | None = None
    parent: Ref | None = None
    version: Value | None = None
    under: Ref | None = None


# --- new rows -------------------------------------------------------------------------------------------------------


def create(
    script: Script,
    table: Table,
    rows: Sequence[NewRow],
    names: Iterable[str] = (),
    links: Sequence[Links] = (),
    under: Sequence[Ref | None] = (),
) -> Kept:
    """Insert rows and all that hangs on them. names: of columns to keep beside the key. links, under: () or one a
    row."""
    insert = partial(insert_rows, script, table, prepare(script, rows, links, under))
    return place(script, table, rows, insert, names, under)


def place(
    script: Script,
    table: Table,
    rows: Sequence[NewRow],
    write: Callable[[Kept], None],
    names: Iterable[str] = (),
    under: Sequence[Ref | None] = (),
) -> Kept:
    """Keep rows that `write` inserts, and write what hangs on them."""
    hanging = [list(_after(row.nested)) for row in rows]
    needed = [*names, *(name for items in hanging for nested in items for name in nested.relation.columns)]
    kept = script.keep(table, needed, many=len(rows) > 1, sure=all(ref is None for ref in under))
    write(kept)
    hang(script, [(nested, Ref(kept, i)) for i, items in enumerate(hanging, 1) for nested in items])
    return kept


def prepare(
    script: Script, rows: Sequence[NewRow], links: Sequence[Links] = (), under: Sequence[Ref | None] = ()
) -> list[Incoming]:
    """Rows to insert, once what they point at is there."""
    links = links or [()] * len(rows)
    under = under or [None] * len(rows)
    own = _own_links(script, [(row.nested, ref) for row, ref in zip(rows, under, strict=True)])
    return [
        Incoming(row.values, row.path, (*given, *more), ref)
        for row, given, more, ref in zip(rows, links, own, under, strict=True)
    ]


def hangs(nested: Sequence[Nested]) -> bool:
    """Whether something is to be written after the row."""
    return any(True for _ in _after(nested))


def _after(nested: Sequence[Nested]) -> Iterator[Nested]:
    """What points at the row, or is done through its foreign key once that is known."""
    return (item for item in nested if not (item.relation.kind is RelationKind.TO_ONE and item.relation.own_key))


def _own(nested: Sequence[Nested]) -> Iterator[NestedToOne]:
    for item in nested:
        if isinstance(item, NestedToOne) and item.relation.own_key:
            yield item


def _own_links(script: Script, rows: Sequence[tuple[Sequence[Nested], Ref | None]]) -> list[Links]:
    """The links of the rows' own foreign keys; their new targets are inserted now, together by relation."""
    links: list[list[tuple[FromKept | FromLookup, Path]]] = [[] for _ in rows]
    new: dict[Relation, list[tuple[int, NestedToOne, NewRow, Ref | None]]] = {}
    for place, (nested, ref) in enumerate(rows):
        for item in _own(nested):
            if item.create is not None:
                new.setdefault(item.relation, []).append((place, item, item.create, ref))
            elif item.connect is not None:
                link = FromLookup(_own_pairs(item), item.target, item.connect)
                links[place].append((link, item.connect.path))
    for relation, items in new.items():
        targets = [row for _, _, row, _ in items]
        under = [ref for _, _, _, ref in items]
        kept = create(script, items[0][1].target, targets, relation.target_columns, (), under)
        for position, (place, item, row, _) in enumerate(items, 1):
            links[place].append((FromKept(_own_pairs(item), Ref(kept, position)), row.path))
    return [tuple(sorted(found, key=lambda link: link[0].pairs[0][0])) for found in links]


def _own_pairs(item: NestedToOne) -> Pairs:
    whole = whole_of(item.target)
    names = zip(item.relation.columns, item.relation.target_columns, strict=True)
    return tuple((mine, whole.column(theirs)) for mine, theirs in names)


# --- rows that are there --------------------------------------------------------------------------------------------


def change(script: Script, table: Table, rows: Sequence[Found], names: Iterable[str] = (), *, required: bool) -> Kept:
    """Change rows and all that hangs on them; those that are not there are left out, with all that hangs on them, or
    refused if required."""
    whole = whole_of(table)
    sure = required and all(row.under is None for row in rows)
    own = [list(_own(row.change.nested)) for row in rows]
    first = [item for items in own for item in items if item.create is not None or item.delete]
    later = [[item for item in items if item.update is not None] for items in own]
    hanging = [[*after, *_after(row.change.nested)] for after, row in zip(later, rows, strict=True)]
    needed = [*names, *(name for items in hanging for nested in items for name in nested.relation.columns)]
    old: Kept | None = None
    if first:
        if whole.primary_key is None:
            raise KapokError("BAD_USER_INPUT", f"{table.api_type} has no primary key to be found by.")
        old = script.keep(
            table, [n for i in first for n in i.relation.columns], many=len(rows) > 1, sure=sure
        )  # fmt: skip
        sought = [replace(_outgoing(row), later=_columns(row.change)) for row in rows]
        find_rows(script, table, sought, old, required=required)
        rows = [replace(row, key=None, version=None, through=None, parent=None, found=_itself(old, i, row.change.path))
                for i, row in enumerate(rows, 1)]  # fmt: skip
    under = [None if old is None or old.sure else Ref(old, i) for i in range(1, len(rows) + 1)]
    links = _own_links(script, [(row.change.nested, ref) for row, ref in zip(rows, under, strict=True)])
    kept = script.keep(table, needed, many=len(rows) > 1, sure=sure)
    outgoing = [
        replace(_outgoing(row), values=row.change.values, links=given, nulls=_nulls(whole, items))
        for row, given, items in zip(rows, links, own, strict=True)
    ]
    change_rows(script, table, outgoing, kept, required=required)
    if old is not None:
        _delete_old(script, [(item, Ref(old, i)) for i, items in enumerate(own, 1) for item in items if item.delete])
    hang(script, [(nested, Ref(kept, i)) for i, items in enumerate(hanging, 1) for nested in items])
    return kept


def _columns(change: Change) -> tuple[str, ...]:
    """The columns of the row itself that are changed."""
    linked = (item for item in _own(change.nested) if item.update is None)
    names = [*(value.column.name for value in change.values), *(n for item in linked for n in item.relation.columns)]
    return tuple(dict.fromkeys(names))


def _outgoing(row: Found) -> Outgoing:
    return Outgoing(
        (), row.change.path, (), (), row.key, row.found, row.through, row.parent, row.version
    )  # fmt: skip


def _itself(kept: Kept, position: int, path: Path) -> Links:
    key = kept.table.primary_key
    assert key is not None  # checked by the caller
    pairs = tuple((name, kept.table.column(name)) for name in key.columns)
    return ((FromKept(pairs, Ref(kept, position), itself=True), path),)


def _nulls(whole: Table, items: Sequence[NestedToOne]) -> tuple[str, ...]:
    """The foreign keys that are cut: their columns that may be null, or all where none may (and Postgres refuses)."""
    found: list[str] = []
    for item in items:
        if item.disconnect or item.delete:
            found += _nullable(whole, item.relation.columns)
    return tuple(dict.fromkeys(found))


def _nullable(table: Table, names: Sequence[str]) -> Sequence[str]:
    return [name for name in names if table.column(name).nullable] or names


def _delete_old(script: Script, items: Sequence[tuple[NestedToOne, Ref]]) -> None:
    for relation, group in _by_relation(items).items():
        target = group[0][0].target
        rows = [Outgoing((), item.path, found=_theirs(relation, item.path, ref)) for item, ref in group]
        delete_rows(script, target, rows, required=False)


# --- what points at rows --------------------------------------------------------------------------------------------


def hang(script: Script, items: Sequence[Hanging]) -> None:
    """Write what hangs on kept rows."""
    for relation, group in _by_relation(items).items():
        if relation.kind is RelationKind.MANY_TO_MANY:
            _hang_through(script, relation, [(item, ref) for item, ref in group if isinstance(item, NestedToMany)])
        else:
            _hang_on_key(script, relation, group)


def _by_relation(items: Sequence[tuple[Nested, Ref]]) -> dict[Relation, list[tuple[Nested, Ref]]]:
    groups: dict[Relation, list[tuple[Nested, Ref]]] = {}
    for item, ref in items:
        groups.setdefault(item.relation, []).append((item, ref))
    return groups


def _theirs(relation: Relation, path: Path, ref: Ref) -> Links:
    """The target's columns that meet the kept row's."""
    names = zip(relation.columns, relation.target_columns, strict=True)
    return ((FromKept(tuple((theirs, ref.kept.table.column(mine)) for mine, theirs in names), ref), path),)


def _under(ref: Ref) -> Ref | None:
    return None if ref.kept.sure else ref


def _hang_on_key(script: Script, relation: Relation, group: Sequence[Hanging]) -> None:
    """The foreign key is the target's (or, to update a target, the row's own)."""
    target = group[0][0].target
    cut = tuple(_nullable(whole_of(target), relation.target_columns))
    ones = [(item, ref) for item, ref in group if isinstance(item, NestedToOne)]
    many = [(item, ref) for item, ref in group if isinstance(item, NestedToMany)]
    free = [Outgoing((), i.path, nulls=cut, found=_theirs(relation, i.path, ref)) for i, ref in ones if i.disconnect]
    change_rows(script, target, free, None, required=False)
    named = [(key, ref) for item, ref in many for key in item.disconnect]
    free = [Outgoing((), k.path, nulls=cut, key=k, found=_theirs(relation, k.path, ref)) for k, ref in named]
    change_rows(script, target, free, None, required=True)
    gone = [Outgoing((), i.path, found=_theirs(relation, i.path, ref)) for i, ref in ones if i.delete]
    delete_rows(script, target, gone, required=False)
    named = [(key, ref) for item, ref in many for key in item.delete]
    gone = [Outgoing((), k.path, key=k, found=_theirs(relation, k.path, ref)) for k, ref in named]
    delete_rows(script, target, gone, required=True)
    changed = [
        Found(i.update, found=_theirs(relation, i.path, ref), under=_under(ref))
        for i, ref in ones
        if i.update is not None
    ]
    changed += [
        Found(row.change, row.key, _theirs(relation, row.key.path, ref), version=row.if_version, under=_under(ref))
        for item, ref in many
        for row in item.update
    ]
    if changed:
        change(script, target, changed, required=True)
    named = [(key, ref) for item, ref in many for key in item.connect]
    named += [(item.connect, ref) for item, ref in ones if item.connect is not None]
    tied = [Outgoing((), k.path, links=_theirs(relation, k.path, ref), key=k) for k, ref in named]
    change_rows(script, target, tied, None, required=True)
    new = [(row, ref) for item, ref in many for row in item.create]
    new += [(item.create, ref) for item, ref in ones if item.create is not None]
    if new:
        links = [_theirs(relation, row.path, ref) for row, ref in new]
        create(script, target, [row for row, _ in new], (), links, [_under(ref) for _, ref in new])


def _hang_through(script: Script, relation: Relation, group: Sequence[tuple[NestedToMany, Ref]]) -> None:
    """A many-to-many relation: links are rows of its junction."""
    assert relation.junction is not None  # it is a many-to-many relation
    junction, target = relation.junction, group[0][0].target
    table = _junction_table(script, junction, target)

    def sides(key: RowKey, ref: Ref) -> Links:
        there = zip(junction.target_columns, relation.target_columns, strict=True)
        pairs = tuple((name, whole_of(target).column(theirs)) for name, theirs in there)
        return (*_near(relation, junction, key.path, ref), (FromLookup(pairs, target, key), key.path))

    named = [(key, ref) for item, ref in group for key in item.disconnect]
    delete_rows(script, table, [Outgoing((), k.path, found=sides(k, ref)) for k, ref in named], required=True)
    named = [(key, ref) for item, ref in group for key in item.delete]
    if named:
        _delete_through(script, relation, table, target, named)
    changed = [
        Found(row.change, row.key, through=relation, parent=ref, version=row.if_version, under=_under(ref))
        for item, ref in group
        for row in item.update
    ]
    if changed:
        change(script, target, changed, required=True)
    named = [(key, ref) for item, ref in group for key in item.connect]
    tied = [Incoming((), key.path, sides(key, ref), _under(ref)) for key, ref in named]
    insert_rows(script, table, tied, None, Conflict(None))
    new = [(row, ref) for item, ref in group for row in item.create]
    if new:
        under = [_under(ref) for _, ref in new]
        kept = create(script, target, [row for row, _ in new], relation.target_columns, (), under)
        made = [
            Incoming((), row.path, _both(relation, junction, row.path, ref, Ref(kept, position)), _under(ref))
            for position, (row, ref) in enumerate(new, 1)
        ]
        insert_rows(script, table, made, None, Conflict(None))


def _near(relation: Relation, junction: Junction, path: Path, ref: Ref) -> Links:
    """The junction's columns that meet the kept row's."""
    names = zip(junction.source_columns, relation.columns, strict=True)
    return ((FromKept(tuple((name, ref.kept.table.column(mine)) for name, mine in names), ref), path),)


def _both(relation: Relation, junction: Junction, path: Path, ref: Ref, target: Ref) -> Links:
    """The junction's columns for two kept rows."""
    names = zip(junction.target_columns, relation.target_columns, strict=True)
    far = FromKept(tuple((name, target.kept.table.column(theirs)) for name, theirs in names), target)
    return (*_near(relation, junction, path, ref), (far, path))


def _delete_through(
    script: Script, relation: Relation, table: Table, target: Table, named: Sequence[tuple[RowKey, Ref]]
) -> None:
    """The links first, or they would keep the rows from being deleted."""
    assert relation.junction is not None
    if whole_of(target).primary_key is None:
        raise KapokError("BAD_USER_INPUT", f"{target.api_type} has no primary key to be found by.")
    sure = all(_under(ref) is None for _, ref in named)
    kept = script.keep(target, relation.target_columns, many=len(named) > 1, sure=sure)
    rows = [Outgoing((), key.path, key=key, through=relation, parent=ref) for key, ref in named]
    find_rows(script, target, rows, kept, delete_rule(target), required=True)
    refs = [Ref(kept, position) for position in range(1, len(named) + 1)]
    tied = [_both(relation, relation.junction, k.path, ref, r) for (k, ref), r in zip(named, refs, strict=True)]
    delete_rows(script, table, [Outgoing((), links[0][1], found=links) for links in tied], required=False)
    gone = [
        Outgoing((), key.path, found=_itself(kept, r.position, key.path))
        for (key, _), r in zip(named, refs, strict=True)
    ]
    delete_rows(script, target, gone, required=True)


def _junction_table(script: Script, junction: Junction, target: Table) -> Table:
    """The junction as the role sees it."""
    for table in script.model.tables:
        if table.name == junction.table:
            return table
    if isinstance(target, GuardedTable):
        raise KapokError("FORBIDDEN", f"This role may not change which {target.api_list} are connected.")
    return Table(junction.table, TableKind.TABLE, junction.table, junction.table, junction.table, ())
