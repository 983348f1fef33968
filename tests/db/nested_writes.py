"""Random nested writes over the worlds of tests/db/rule_worlds.py, and what they leave behind, worked out in Python.

A `Tree` is one row of an input with what is done to related rows, to any depth. `NestedInterpreter` goes through trees
as docs/graphql.md says: what a row points at comes first, then the row, then what points at it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.db.rule_strategies import values
from tests.db.rule_worlds import Link, Row, World, links
from tests.db.write_worlds import Interpreter, Refused, api


@dataclass(frozen=True)
class Tree:
    """given: values of columns. related: for each relation its verbs; to one row: (verb, tree or key or True); to many:
    verb -> keys, trees, or (key, tree) of `update`."""

    given: Row
    related: dict[str, Any] = field(default_factory=dict)


# --- trees ------------------------------------------------------------------------------------------------------------


@st.composite
def trees(draw: st.DrawFn, world: World, table: str, *, new: bool, depth: int, around: str = "") -> Tree:
    """A row of a table. around: the column that the row it hangs on supplies."""
    of = world.tables[table]
    given: Row = {}
    for name, type_ in of.columns.items():
        if draw(st.booleans()):
            given[name] = draw(st.none() | values(type_, api=False) | values(type_, api=False))
    for name in of.links:
        if name != around and draw(st.integers(0, 2)) == 0:
            given[name] = draw(st.sampled_from([None, *_keys(world, of.links[name])]))
    if new and draw(st.integers(0, 3)) == 0:
        given["id"] = draw(st.integers(4, 9))
    found: dict[str, Any] = {}
    for name, link in links(world, table).items():
        if not depth or link.mine == around or draw(st.booleans()):
            continue
        made = draw(_one(world, link, new, depth) if link.one else _many(world, link, new, depth))
        if made:
            found[name] = made
            given.pop(link.mine if link.one else "", None)
    return Tree(given, found)


def _keys(world: World, table: str) -> list[int]:
    return [*(row["id"] for row in world.rows[table]), 9]


def _one(world: World, link: Link, new: bool, depth: int) -> st.SearchStrategy[Any]:
    ways = [
        st.tuples(st.just("create"), trees(world, link.target, new=True, depth=depth - 1)),
        st.tuples(st.just("connect"), st.sampled_from(_keys(world, link.target))),
    ]
    if not new:
        ways.append(st.tuples(st.just("update"), trees(world, link.target, new=False, depth=depth - 1)))
        ways.append(st.tuples(st.just("disconnect"), st.just(True)))
    return st.one_of(ways)


@st.composite
def _many(draw: st.DrawFn, world: World, link: Link, new: bool, depth: int) -> dict[str, Any]:
    key = st.sampled_from(_keys(world, link.target))
    around = "" if link.junction else link.theirs
    verbs: dict[str, Any] = {}
    for verb in ("create", "connect") if new else ("disconnect", "delete", "update", "connect", "create"):
        if draw(st.integers(0, 2)):
            continue
        match verb:
            case "create":
                row = trees(world, link.target, new=True, depth=depth - 1, around=around)
                verbs[verb] = draw(st.lists(row, min_size=1, max_size=2))
            case "update":
                row = trees(world, link.target, new=False, depth=depth - 1, around=around)
                verbs[verb] = [(draw(key), draw(row))]
            case _:
                verbs[verb] = draw(st.lists(key, min_size=1, max_size=2, unique=True))
    return verbs


def written(world: World, table: str, tree: Tree) -> dict[str, Any]:
    """The tree as the API takes it."""
    found = api(world, table, tree.given)
    for name, verbs in tree.related.items():
        target = links(world, table)[name].target
        if links(world, table)[name].one:
            found[name] = {verbs[0]: _part(world, target, verbs[0], verbs[1])}
        else:
            found[name] = {verb: [_part(world, target, verb, item) for item in items] for verb, items in verbs.items()}
    return found


def _part(world: World, target: str, verb: str, item: Any) -> Any:
    if isinstance(item, Tree):
        return written(world, target, item)
    if verb == "update":
        return {"key": {"id": str(item[0])}, "input": written(world, target, item[1])}
    return item if item is True else {"id": str(item)}


# --- what they do -----------------------------------------------------------------------------------------------------


class Ambiguous(Exception):
    """Nobody promises which way it goes."""


class NestedInterpreter(Interpreter):
    """What a role's nested writes do to rows."""

    def create(self, table: str, new: list[Tree]) -> None:
        """Insert rows with all that hangs on them. Raises Refused, with the rows as they were."""
        for tree in new:
            self._allowed(table, tree, new=True)
        self.all_or_nothing(lambda: self._grow(table, new, [{}] * len(new)))

    def update(self, table: str, key: int, tree: Tree) -> None:
        """Change a row with all that hangs on it; nothing where it is not there."""
        self._allowed(table, tree, new=False)
        targets = [row for row in self.world.rows[table] if row["id"] == key]
        self.all_or_nothing(lambda: self._change(table, [(tree, targets)]))

    # --- what is refused whatever the rows are ------------------------------------------------------------------------

    def _allowed(self, table: str, tree: Tree, *, new: bool, around: str = "") -> None:
        """Some grant must cover each row, also one that is never come to."""
        self._candidates(
            table, "insert" if new else "update", self._names(table, tree) | ({around} - {""} if new else set())
        )
        for name, verbs in tree.related.items():
            link = links(self.world, table)[name]
            tied = "" if link.one or link.junction else link.theirs
            for verb, items in {verbs[0]: [verbs[1]]}.items() if link.one else verbs.items():
                self._verb_allowed(link, verb, tied)
                for item in items:
                    inner = item[1] if isinstance(item, tuple) else item
                    if isinstance(inner, Tree):
                        self._allowed(link.target, inner, new=verb == "create", around=tied)

    def _verb_allowed(self, link: Link, verb: str, tied: str) -> None:
        if link.junction is not None and verb in ("connect", "create"):
            self._candidates(link.junction[0], "insert", set(link.junction[1:]))
        if link.junction is not None and verb in ("disconnect", "delete"):
            self._some(link.junction[0], "delete")
        if tied and verb in ("connect", "disconnect"):
            self._candidates(link.target, "update", {tied})
        if verb == "delete":
            self._some(link.target, "delete")

    def _some(self, table: str, verb: str) -> None:
        if not self._grants(table, verb):
            raise Refused("no grant")

    def _names(self, table: str, tree: Tree) -> set[str]:
        """The columns of the row itself that are given."""
        return set(tree.given) | {links(self.world, table)[name].mine for name, _ in self._own(table, tree, "update")}

    def _own(self, table: str, tree: Tree, but: str = "") -> list[tuple[str, Any]]:
        found = [(name, verbs) for name, verbs in tree.related.items() if links(self.world, table)[name].one]
        return [(name, verbs) for name, verbs in found if verbs[0] != but]

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _grow(self, table: str, new: list[Tree], around: list[Row]) -> list[Row]:
        own = self._targets_of_own(table, new)
        made: dict[int, Row] = {}
        for group in _alike([self._signature(table, tree) for tree in new]):
            given = [{**new[at].given, **self._tied(table, new[at], own.get(at)), **around[at]} for at in group]
            made |= dict(zip(group, self._insert(table, tuple(given)), strict=True))
        rows = [made[at] for at in range(len(new))]
        self._hang(table, list(zip(new, rows, strict=True)))
        return rows

    def _signature(self, table: str, tree: Tree) -> Any:
        return frozenset(tree.given), tuple((name, verbs[0]) for name, verbs in self._own(table, tree, "update"))

    def _targets_of_own(self, table: str, given: list[Tree]) -> dict[int, int]:
        """New rows that rows point at: their ids, by the places of the rows. Each table points at one other at most."""
        new = [(at, v[1]) for at, tree in enumerate(given) for _, v in self._own(table, tree) if v[0] == "create"]
        target = next(iter(self.world.tables[table].links.values()), "")
        rows = self._grow(target, [tree for _, tree in new], [{}] * len(new)) if new else []
        return {at: row["id"] for (at, _), row in zip(new, rows, strict=True)}

    def _tied(self, table: str, tree: Tree, made: int | None) -> Row:
        """The row's own foreign key."""
        found: Row = {}
        for name, (verb, given) in self._own(table, tree, "update"):
            link = links(self.world, table)[name]
            if verb == "connect":
                self._required(
                    [row for row in self.world.rows[link.target] if row["id"] == given and self.sees(link.target, row)]
                )
            found[link.mine] = {"connect": given, "disconnect": None, "create": made}[verb]
        return found

    def _change(self, table: str, items: list[tuple[Tree, list[Row]]], *, required: bool = False) -> None:
        """items: trees, each with the row it may be about."""
        chosen = [id(row) for _, rows in items for row in rows]
        if len(set(chosen)) < len(chosen):
            raise Ambiguous
        two_steps = any(verbs[0] == "create" for tree, _ in items for _, verbs in self._own(table, tree))
        if two_steps:
            items = [(tree, self._reached(table, tree, rows)) for tree, rows in items]
            if required:
                for _, rows in items:
                    self._required(rows)
            items = [(tree, rows) for tree, rows in items if rows]
        own = self._targets_of_own(table, [tree for tree, _ in items])
        changed: dict[int, Row] = {}
        for group in _alike([self._signature(table, tree) for tree, _ in items]):
            changed |= self._change_alike(table, [(at, *items[at], own.get(at)) for at in group], required=required)
        self._hang(table, [(items[at][0], changed[at]) for at in sorted(changed)])

    def _change_alike(
        self, table: str, items: list[tuple[int, Tree, list[Row], int | None]], *, required: bool
    ) -> dict[int, Row]:
        """Rows that are given the same columns are changed at once: each rule looks at rows as they were."""
        reached = [(at, tree, self._reached(table, tree, rows), made) for at, tree, rows, made in items]
        found: dict[int, Row] = {}
        for at, tree, rows, made in reached:
            try:
                values = {**tree.given, **self._tied(table, tree, made)}
            except Refused as refused:
                if rows:
                    raise
                raise Ambiguous from refused  # neither the row nor what it is to point at is there
            if required:
                self._required(rows)
            for row in self._update(table, rows, values):
                found[at] = row
        return found

    def _reached(self, table: str, tree: Tree, rows: list[Row]) -> list[Row]:
        rules = self._candidates(table, "update", self._names(table, tree))
        return [
            row
            for row in rows
            if self.sees(table, row) and any(self.holds(rule.get("where"), table, row) for rule in rules)
        ]

    # --- what hangs on them -------------------------------------------------------------------------------------------

    def _hang(self, table: str, items: list[tuple[Tree, Row]]) -> None:
        by_name: dict[str, list[tuple[Any, Row]]] = {}
        for tree, row in items:
            own = [(name, verbs) for name, verbs in self._own(table, tree) if verbs[0] == "update"]
            many = [(name, verbs) for name, verbs in tree.related.items() if not links(self.world, table)[name].one]
            for name, verbs in (*own, *many):
                by_name.setdefault(name, []).append((verbs, row))
        for name, group in by_name.items():
            link = links(self.world, table)[name]
            if link.one:
                found = [(verbs[1], link.rows(self.world.rows, row)) for verbs, row in group]
                self._change(link.target, found, required=True)
            elif link.junction is None:
                self._hang_on_key(link, group)
            else:
                self._hang_through(link, group)

    def _hang_on_key(self, link: Link, group: list[tuple[Any, Row]]) -> None:
        target = link.target

        def named(verb: str) -> list[tuple[Any, Row]]:
            return [(item, row) for verbs, row in group for item in verbs.get(verb, ())]

        for key, row in named("disconnect"):
            self._required(self._update(target, self._of(target, key, link.theirs, row), {link.theirs: None}))
        for key, row in named("delete"):
            self._required(self._delete(target, self._of(target, key, link.theirs, row)))
        if named("update"):
            found = [(tree, self._of(target, key, link.theirs, row)) for (key, tree), row in named("update")]
            self._change(target, found, required=True)
        if len({key for key, _ in named("connect")}) < len(named("connect")):
            raise Ambiguous
        for key, row in named("connect"):
            rows = [other for other in self.world.rows[target] if other["id"] == key]
            self._required(self._update(target, rows, {link.theirs: row["id"]}))
        new = named("create")
        if new:
            self._grow(target, [tree for tree, _ in new], [{link.theirs: row["id"]} for _, row in new])

    def _of(self, table: str, key: int, link: str, parent: Row) -> list[Row]:
        """Rows whose tie is hidden cannot be reached by it."""
        found = super()._of(table, key, link, parent)
        return [row for row in found if self.cell(table, row, link) is not None]

    def _hang_through(self, link: Link, group: list[tuple[Any, Row]]) -> None:
        assert link.junction is not None
        (between, near, far), target = link.junction, link.target

        def named(verb: str) -> list[tuple[Any, Row]]:
            return [(item, row) for verbs, row in group for item in verbs.get(verb, ())]

        def ties(key: int, row: Row) -> list[Row]:
            found = [tie for tie in self.world.rows[between] if (tie[near], tie[far]) == (row["id"], key)]
            return [tie for tie in found if None not in (self.cell(between, tie, near), self.cell(between, tie, far))]

        def there(key: int, row: Row) -> list[Row]:
            return [other for other in self.world.rows[target] if other["id"] == key and ties(key, row)]

        for key, row in named("disconnect"):
            self._seen(target, key)
            self._required(self._delete(between, ties(key, row)))
        self._delete_through(
            between, far, target, [(key, ties(key, row), there(key, row)) for key, row in named("delete")]
        )
        if named("update"):
            found = [(tree, there(key, row)) for (key, tree), row in named("update")]
            self._change(target, found, required=True)
        for key, _ in named("connect"):
            self._seen(target, key)
        self._tie(between, [{near: row["id"], far: key} for key, row in named("connect")])
        new = named("create")
        if new:
            made = self._grow(target, [tree for tree, _ in new], [{}] * len(new))
            self._tie(between, [{near: row["id"], far: own["id"]} for (_, row), own in zip(new, made, strict=True)])

    def _delete_through(
        self, between: str, far: str, target: str, named: list[tuple[int, list[Row], list[Row]]]
    ) -> None:
        if len({key for key, _, _ in named}) < len(named):
            raise Refused("not found")
        rules = self._grants(target, "delete")
        for _, _, rows in named:
            self._required(
                [r for r in rows if self.sees(target, r) and any(self.holds(g.get("where"), target, r) for g in rules)]
            )
        if named:
            self._delete(between, [tie for _, ties, _ in named for tie in ties])
            for _, _, rows in named:
                self._required(self._delete(target, rows))

    def _seen(self, table: str, key: int) -> None:
        self._required([row for row in self.world.rows[table] if row["id"] == key and self.sees(table, row)])

    def _tie(self, between: str, rows: list[Row]) -> None:
        """Insert what is not there yet."""
        new = [row for at, row in enumerate(rows) if row not in self.world.rows[between] and row not in rows[:at]]
        self._insert(between, tuple(new))


def _alike(signatures: list[Any]) -> list[list[int]]:
    groups: dict[Any, list[int]] = {}
    for at, signature in enumerate(signatures):
        groups.setdefault(signature, []).append(at)
    return list(groups.values())
