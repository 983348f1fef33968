"""Random write rules over the worlds of tests/db/rule_worlds.py, and what a write leaves behind, worked out in Python.

`Interpreter` knows nothing of SQL: it takes rows as they are, asks the rules row by row and gives the rows afterwards,
or raises `Refused`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from kapok.model import naming
from tests.db.rule_strategies import conditions, values
from tests.db.rule_worlds import Row, World, _Judge, links

Rules = dict[tuple[str, str], dict[str, Any]]
#: Ids that are not given count from here.
FIRST_ID = 100


class Refused(Exception):
    """The write is refused as a whole."""


@st.composite
def write_rules(draw: st.DrawFn, world: World) -> Rules:
    """Rules for some tables, roles and operations."""
    rules: Rules = {}
    for table in world.tables:
        for role in world.roles:
            found: dict[str, Any] = {}
            for verb in ("insert", "update", "delete"):
                if draw(st.integers(0, 3)):
                    found[verb] = _rule(draw, world, table, verb)
            rules[table, role] = found
    return rules


def _rule(draw: st.DrawFn, world: World, table: str, verb: str) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    columns = world.tables[table].all_columns
    if verb != "delete":
        rule["columns"] = draw(st.sampled_from(["*", "*", columns[: 1 + len(columns) // 2], columns]))
        types = world.tables[table].columns
        settable = [name for name, type_ in types.items() if type_ != "text[]"]
        if settable and draw(st.integers(0, 3)) == 0:
            name = draw(st.sampled_from(settable))
            rule["set"] = {name: draw(values(types[name], api=True))}
            if rule["columns"] != "*":
                rule["columns"] = [column for column in rule["columns"] if column != name]
    if verb != "insert" and draw(st.integers(0, 2)) == 0:
        rule["where"] = conditions(draw, world, table, 1)
    if verb != "delete" and draw(st.integers(0, 2)) == 0:
        rule["check"] = conditions(draw, world, table, 1)
    return {key: value for key, value in rule.items() if value or key == "columns"}


def permissions(world: World, rules: Rules) -> str:
    """permissions.yaml of the select rules and the write rules."""
    found = json.loads(world.permissions())
    for (table, role), verbs in rules.items():
        if verbs:
            found["tables"].setdefault(table, {}).setdefault(role, {}).update(verbs)
    return json.dumps(found)


@dataclass(frozen=True)
class Write:
    """One root field. verb: create, updateOne, updateWhere, deleteOne, deleteWhere, upsert. rows: what is given, one
    for each row. children: by table, what is done to rows that refer to this one: verb -> rows."""

    verb: str
    table: str
    rows: tuple[Row, ...] = ({},)
    key: int | None = None
    where: tuple[str, Any] | None = None
    update: tuple[str, ...] = ()
    children: dict[str, dict[str, Any]] = field(default_factory=dict)


class Interpreter:
    """What a role's writes do to rows."""

    def __init__(self, world: World, rules: Rules, role: str, lineage: list[str]) -> None:
        self._rules = rules
        self._lineage = lineage
        self._role = role
        self.world = replace(world, rows=copy.deepcopy(world.rows))
        self._later: list[Any] = []
        self._ids = FIRST_ID

    def run(self, write: Write) -> Any:
        """Change the rows; the ids of the rows it is about. Raises Refused, with the rows as they were."""
        return self.all_or_nothing(lambda: self._root(write))

    def all_or_nothing(self, act: Callable[[], Any]) -> Any:
        """Do it as one request does. Raises Refused, with the rows as they were."""
        before = copy.deepcopy(self.world.rows)
        self._ids, self._later = FIRST_ID, []
        try:
            found = act()
            for demand in self._later:
                if not demand():
                    raise Refused("check")
            self._constraints()
        except Exception:
            self.world.rows.clear()
            self.world.rows.update(before)
            raise
        return found

    def _root(self, write: Write) -> Any:
        match write.verb:
            case "create":
                made = self._insert(write.table, write.rows)
                for row in made:
                    self._children(write, row)
                return made
            case "upsert":
                return self._upsert(write)
            case "updateOne" | "updateWhere":
                found = self._update(write.table, self._targets(write), write.rows[0])
                for row in found:
                    self._children(write, row)
                return found
            case _:
                return self._delete(write.table, self._targets(write))

    # --- rules --------------------------------------------------------------------------------------------------------

    def holds(self, where: dict[str, Any] | None, table: str, row: Row) -> bool:
        return where is None or _Judge(self.world).holds(where, table, row, positive=True) is True

    def _grants(self, table: str, verb: str) -> list[dict[str, Any]]:
        found = [self._rules.get((table, role), {}) for role in self._lineage]
        return [rules[verb] for rules in found if verb in rules]

    def _candidates(self, table: str, verb: str, given: set[str]) -> list[dict[str, Any]]:
        everything = self.world.tables[table].all_columns
        found = [
            rule
            for rule in self._grants(table, verb)
            if given <= set(everything if rule["columns"] == "*" else rule["columns"])
            and given.isdisjoint(rule.get("set", {}))
        ]
        if not found:
            raise Refused("no grant")
        return [rule for rule in found if rule.get("set", {}) == found[0].get("set", {})]

    def _presets(self, table: str, rule: dict[str, Any]) -> Row:
        types = self.world.tables[table].columns
        return {name: _Judge(self.world)._value(value, types[name]) for name, value in rule.get("set", {}).items()}

    def sees(self, table: str, row: Row) -> bool:
        rules = [self.world.rules[table, role] for role in self._lineage if (table, role) in self.world.rules]
        return not rules or any(self.holds(rule.get("where"), table, row) for rule in rules)

    def cell(self, table: str, row: Row, column: str) -> Any:
        """A cell as the role sees it."""
        for role in self._lineage:
            rule = self.world.rules.get((table, role))
            shown = rule is not None and (rule["columns"] == "*" or column in rule["columns"])
            if rule is not None and shown and self.holds(rule.get("where"), table, row):
                return row[column]
        return None

    def _demand(self, table: str, row: Row, rules: list[dict[str, Any]]) -> None:
        """One of the checks must hold: now, or in the end if one of them looks at other rows."""
        checks = [rule.get("check") for rule in rules]

        def met() -> bool:
            return row not in self.world.rows[table] or any(self.holds(check, table, row) for check in checks)

        if None not in checks and any(related(self.world, table, check) for check in checks if check is not None):
            self._later.append(met)
        elif not met():
            raise Refused("check")

    # --- writes -------------------------------------------------------------------------------------------------------

    def _insert(self, table: str, given: tuple[Row, ...]) -> list[Row]:
        places: dict[frozenset[str], list[int]] = {}
        for place, row in enumerate(given):
            places.setdefault(frozenset(row), []).append(place)
        made: dict[int, Row] = {}
        for names, group in places.items():
            rules = self._candidates(table, "insert", set(names))
            new = []
            for place in group:
                row: Row = dict.fromkeys(self.world.tables[table].all_columns)
                row |= {**given[place], **self._presets(table, rules[0])}
                if "id" in row and "id" not in given[place]:
                    row["id"] = self._ids
                    self._ids += 1
                new.append(row)
                made[place] = row
            self.world.rows[table] += new
            self._unique(table)
            for row in new:
                self._demand(table, row, rules)
        return [made[place] for place in range(len(given))]

    def _targets(self, write: Write) -> list[Row]:
        rows = self.world.rows[write.table]
        if write.key is not None:
            return [row for row in rows if row["id"] == write.key]
        if write.where is None:
            return list(rows)
        column, value = write.where
        return [row for row in rows if value is not None and self.cell(write.table, row, column) == value]

    def _update(self, table: str, targets: list[Row], values: Row) -> list[Row]:
        rules = self._candidates(table, "update", set(values))
        values = {**values, **self._presets(table, rules[0])}
        found = []
        for row in targets:
            met = [rule for rule in rules if self.holds(rule.get("where"), table, row)]
            if met and self.sees(table, row):
                found.append((row, met))
        for row, _ in found:
            row.update(values)
        self._unique(table)
        for row, met in found:
            if values:
                self._demand(table, row, met if _paired(rules) else rules)
        return [row for row, _ in found]

    def _delete(self, table: str, targets: list[Row]) -> list[Row]:
        rules = self._grants(table, "delete")
        if not rules:
            raise Refused("no grant")
        gone = [
            row
            for row in targets
            if self.sees(table, row) and any(self.holds(rule.get("where"), table, row) for rule in rules)
        ]
        self.world.rows[table][:] = [row for row in self.world.rows[table] if not any(row is other for other in gone)]
        self._constraints()
        return gone

    def _upsert(self, write: Write) -> list[Row]:
        given = write.rows[0]
        self._candidates(write.table, "insert", set(given))
        rules = self._candidates(write.table, "update", set(write.update)) if write.update else []
        there = next((row for row in self.world.rows[write.table] if row["id"] == given["id"]), None)
        if there is None:
            return self._insert(write.table, write.rows)
        if not self.sees(write.table, there):
            raise Refused("taken")
        if not write.update:
            return [there]
        met = [rule for rule in rules if self.holds(rule.get("where"), write.table, there)]
        if not met:
            raise Refused("taken")
        there.update({**{name: given[name] for name in write.update}, **self._presets(write.table, rules[0])})
        if _paired(rules):
            for rule in rules:  # which grant's `where` was met is not known to an upsert
                self._demand(write.table, there, [rule])
        else:
            self._demand(write.table, there, rules)
        return [there]

    def _children(self, write: Write, parent: Row) -> None:
        for table, verbs in write.children.items():
            link = next(c for c, target in self.world.tables[table].links.items() if target == write.table)
            if "delete" in verbs:
                self._required(self._delete(table, self._of(table, verbs["delete"], link, parent)))
            if "update" in verbs:
                key, values = verbs["update"]
                self._required(self._update(table, self._of(table, key, link, parent), values))
            if "connect" in verbs:
                rows = [row for row in self.world.rows[table] if row["id"] == verbs["connect"]]
                self._required(self._update(table, rows, {link: parent["id"]}))
            if "create" in verbs:
                self._insert(table, tuple({**row, link: parent["id"]} for row in verbs["create"]))

    def _of(self, table: str, key: int, link: str, parent: Row) -> list[Row]:
        return [row for row in self.world.rows[table] if row["id"] == key and row[link] == parent["id"]]

    @staticmethod
    def _required(rows: list[Row]) -> None:
        if not rows:
            raise Refused("not found")

    # --- constraints --------------------------------------------------------------------------------------------------

    def _unique(self, table: str) -> None:
        of = self.world.tables[table]
        keys = [tuple(row[name] for name in (of.links if of.joins else ["id"])) for row in self.world.rows[table]]
        if len(set(keys)) < len(keys) or any(None in key for key in keys):
            raise Refused("key")
        self._constraints()

    def _constraints(self) -> None:
        for name, table in self.world.tables.items():
            for column, target in table.links.items():
                ids = {row["id"] for row in self.world.rows[target]}
                if any(row[column] is not None and row[column] not in ids for row in self.world.rows[name]):
                    raise Refused("foreign key")


def _paired(rules: list[dict[str, Any]]) -> bool:
    wheres = [json.dumps(rule.get("where"), sort_keys=True) for rule in rules]
    checks = [json.dumps(rule.get("check"), sort_keys=True) for rule in rules]
    return len(set(wheres)) > 1 and len(set(checks)) > 1


def related(world: World, table: str, where: dict[str, Any]) -> bool:
    """Whether a condition looks at other rows."""
    for key, value in where.items():
        if key in ("and", "or") and any(related(world, table, item) for item in value):
            return True
        if (key == "not" and related(world, table, value)) or key in links(world, table):
            return True
    return False


def api(world: World, table: str, row: Row) -> dict[str, Any]:
    """A row's values as the API takes them."""
    types = world.tables[table].columns
    keys = {"id", *world.tables[table].links}
    return {
        naming.camel(name): value
        if value is None
        else str(value)
        if name in keys
        else naming.upper(value)
        if types.get(name) == "kind"
        else value
        for name, value in row.items()
    }
