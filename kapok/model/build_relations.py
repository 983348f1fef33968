"""Pass: foreign keys to relation fields on both ends, and many-to-many fields through pure junction tables.

In: tables with columns and keys, the prepared catalog, each table's field names. Out: the relations of each table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile

from kapok.catalog.types import Catalog, RawForeignKey, RawTable
from kapok.model import naming
from kapok.model.directives import read_comment
from kapok.model.namespace import Candidate, Key, Name, Namespace
from kapok.model.types import Junction, Relation, RelationKind, Table

#: Last words of a column that say no more than "a key".
_KEY_WORDS = frozenset({"id", "uuid", "fk"})
_Reference = tuple[RawTable, RawForeignKey]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A relation that has no name yet. on: the table whose field it is."""

    on: str
    key: Key
    wishes: tuple[str, ...]
    relation: Relation
    explicit: bool


def build_relations(
    catalog: Catalog, tables: Mapping[str, Table], fields: Mapping[str, Namespace]
) -> dict[str, tuple[Relation, ...]]:
    """The relations of each table: to-one, those that point here, many-to-many, and the rows of pure junctions, which
    leave the better name to what they lead to.
    """
    keys = [(raw, key) for raw in catalog.tables for key in _distinct(raw.foreign_keys)]
    guarded = {raw.name for raw in catalog.tables if raw.row_security}
    junctions = {raw.name for raw in catalog.tables if _junction_ends(raw)}
    found: dict[str, tuple[Relation, ...]] = dict.fromkeys(tables, ())
    for drafts in (
        [_forward(raw, key, tables, guarded) for raw, key in keys],
        _backward([(raw, key) for raw, key in keys if raw.name not in junctions], keys, tables),
        _through(catalog.tables, tables),
        _backward([(raw, key) for raw, key in keys if raw.name in junctions], keys, tables),
    ):
        by_table: dict[str, list[_Draft]] = {}
        for draft in drafts:
            by_table.setdefault(draft.on, []).append(draft)
        for name, own in by_table.items():
            found[name] += _named(own, fields[name])
    return found


def _named(drafts: Iterable[_Draft], fields: Namespace) -> tuple[Relation, ...]:
    ordered = sorted(drafts, key=lambda draft: draft.key)
    given = fields.assign(
        [
            Candidate(
                draft.key, tuple([(wish,) for wish in draft.wishes]), _claims(draft.relation.kind), draft.explicit
            )
            for draft in ordered
        ]
    )
    return tuple([replace(draft.relation, api_name=given[draft.key][0]) for draft in ordered])


def _to_one_claims(name: Name) -> frozenset[str]:
    return frozenset(name)


def _to_many_claims(name: Name) -> frozenset[str]:
    return frozenset([name[0], f"{name[0]}Connection", f"{name[0]}Aggregate"])


def _claims(kind: RelationKind) -> Callable[[Name], frozenset[str]]:
    return _to_one_claims if kind is RelationKind.TO_ONE else _to_many_claims


def _distinct(keys: Iterable[RawForeignKey]) -> list[RawForeignKey]:
    """Of several constraints over the same columns the first by name, a checked one before an unchecked."""
    first: dict[tuple[object, ...], RawForeignKey] = {}
    for key in sorted(keys, key=lambda key: (key.unchecked, key.name)):
        pairs = frozenset(zip(key.columns, key.target_columns, strict=True))
        first.setdefault((key.target, pairs), key)
    return list(first.values())


def _role(key: RawForeignKey) -> tuple[str, ...] | None:
    """What the columns call the other end: `author_id` gives (author,); None when they only repeat its key's name."""
    pairs = list(zip(key.columns, key.target_columns, strict=True))
    if len(pairs) > 1:
        pairs = [(column, target) for column, target in pairs if column != target]
    roles = [_column_role(naming.words(column), naming.words(target)) or () for column, target in pairs]
    # Of several columns what their roles begin with: (home_country, home_region) is (home,).
    same = takewhile(lambda words: len(set(words)) == 1, zip(*roles, strict=False))
    return tuple([words[0] for words in same]) or None


def _column_role(column: tuple[str, ...], target: tuple[str, ...]) -> tuple[str, ...] | None:
    if len(column) > 1 and column[-1] in _KEY_WORDS:
        return column[:-1]
    if column == target:
        return None
    if column[-len(target) :] == target:
        return column[: -len(target)]
    return column


def _forward(raw: RawTable, key: RawForeignKey, tables: Mapping[str, Table], guarded: set[str]) -> _Draft:
    """The row a foreign key points to: `author` for author_id, `parentCategory` for a column called just `parent`."""
    table, target = tables[raw.name], tables[key.target]
    role = _role(key)
    if role is None:
        wishes = (target.api_one, f"{target.api_one}By{_by_columns(key)}")
    else:
        wishes = (naming.camel(role), naming.camel(role) + target.api_type)
    chosen = read_comment(key.comment).argument("name")
    # Where row-level security guards the target, the row may be there and not to be seen.
    nullable = key.unchecked or key.target in guarded or any(table.column(name).nullable for name in key.columns)
    return _Draft(
        on=raw.name,
        key=(key.name,),
        wishes=_chosen(chosen) or wishes,
        relation=Relation(
            "", RelationKind.TO_ONE, key.target, key.columns, key.target_columns, key.name, nullable, own_key=True
        ),
        explicit=chosen is not None,
    )


def _by_columns(key: RawForeignKey) -> str:
    return "And".join([naming.pascal(column) for column in key.columns])


def _chosen(name: str | None) -> tuple[str, ...]:
    return (naming.camel(name),) if name else ()


def _backward(keys: Iterable[_Reference], every: Iterable[_Reference], tables: Mapping[str, Table]) -> list[_Draft]:
    """The rows that point here: the list name of their table, with `By` and the role where there are several ways."""
    ways = Counter([(raw.name, key.target) for raw, key in every])
    drafts = []
    for raw, key in keys:
        one = any(set(unique.columns) <= set(key.columns) for unique in raw.keys)
        chosen = read_comment(key.comment).argument("reverse")
        drafts.append(
            _Draft(
                on=key.target,
                key=(raw.name, key.name),
                wishes=_chosen(chosen)
                or _backward_wishes(tables[raw.name], key, tables, ways[raw.name, key.target], one),
                relation=Relation(
                    "",
                    RelationKind.TO_ONE if one else RelationKind.TO_MANY,
                    raw.name,
                    key.target_columns,
                    key.columns,
                    key.name,
                ),
                explicit=chosen is not None,
            )
        )
    return drafts


def _backward_wishes(
    table: Table, key: RawForeignKey, tables: Mapping[str, Table], ways: int, one: bool
) -> tuple[str, ...]:
    role, target = _role(key), tables[key.target]
    plain = table.api_one if one else table.api_list
    by = f"{plain}By{naming.pascal(role) if role else _by_columns(key)}"
    if table is target:
        return ("child" if one else "children", by) if role == ("parent",) else (by,)
    if ways > 1 and role is not None and role != naming.words(target.api_one):
        return (by,)
    return (plain, by)


def _through(raw_tables: Iterable[RawTable], tables: Mapping[str, Table]) -> list[_Draft]:
    """Both many-to-many fields of each table that is nothing but two foreign keys making up its primary key.

    `labels`; where several junctions would give that name, `labelsThroughPostLabel` for all but one called `labels`.
    """
    ends = [(tables[raw.name], near, far) for raw in raw_tables for near, far in _junction_ends(raw)]
    names = [_far_name(far, tables) for _, _, far in ends]
    ways = Counter([(near.target, name) for (_, near, _), name in zip(ends, names, strict=True)])
    drafts = []
    for (junction, near, far), name in zip(ends, names, strict=True):
        through = f"{name}Through{junction.api_type}"
        plain = ways[near.target, name] == 1 or junction.api_list == name
        chosen = read_comment(far.comment).argument("manyToMany")
        drafts.append(
            _Draft(
                on=near.target,
                key=(junction.name, far.name),
                wishes=_chosen(chosen) or ((name, through) if plain else (through,)),
                relation=_many_to_many(junction.name, near, far),
                explicit=chosen is not None,
            )
        )
    return drafts


def _junction_ends(raw: RawTable) -> list[tuple[RawForeignKey, RawForeignKey]]:
    """(near, far) in both directions; nothing for a table with more to it."""
    keys = _distinct(raw.foreign_keys)
    primary = next((set(key.columns) for key in raw.keys if key.primary), None)
    columns = {column.name for column in raw.columns}
    if len(keys) != 2 or primary != columns or {*keys[0].columns, *keys[1].columns} != columns:
        return []
    return [(keys[0], keys[1]), (keys[1], keys[0])]


def _far_name(far: RawForeignKey, tables: Mapping[str, Table]) -> str:
    role = _role(far)
    return naming.camel(naming.plural(role)) if role else tables[far.target].api_list


def _many_to_many(junction: str, near: RawForeignKey, far: RawForeignKey) -> Relation:
    return Relation(
        "",
        RelationKind.MANY_TO_MANY,
        far.target,
        near.target_columns,
        far.target_columns,
        far.name,
        junction=Junction(junction, near.columns, far.columns),
    )
