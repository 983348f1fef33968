"""Strategies of random worlds of rules (tests/db/rule_worlds.py)."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from kapok.model import naming
from tests.db.rule_worlds import CLAIMS, KINDS, LABELS, NUMBERS, TEXTS, Row, Table, World, links

#: What refers to what.
LINKS = {
    "clubs": {},
    "members": {"club_id": "clubs"},
    "notes": {"member_id": "members"},
    "tags": {},
    "note_tags": {"note_id": "notes", "tag_id": "tags"},
}
ROLES: tuple[dict[str, list[str]], ...] = (
    {"anon": []},
    {"anon": [], "member": ["anon"]},
    {"left": [], "right": [], "child": ["left", "right"]},
    {"a": [], "b": ["a"], "c": ["b"], "d": ["c", "a"]},
)
_PATHS = ("$sub", "$claims.x", "$claims.x.n", "$claims.list")
_OPERATORS = {
    "text": ("eq", "ne", "in", "notIn"),
    "int": ("eq", "ne", "gt", "lt", "in", "notIn"),
    "bool": ("eq", "ne"),
    "kind": ("eq", "ne", "in", "notIn"),
    "text[]": ("has", "contains", "overlaps"),
}


def values(type_: str, *, api: bool) -> st.SearchStrategy[Any]:
    """Values of a type, as rows hold them or (api) as filters write them."""
    match type_:
        case "text":
            return st.sampled_from(TEXTS)
        case "int":
            return st.sampled_from(NUMBERS)
        case "bool":
            return st.booleans()
        case "kind":
            return st.sampled_from([naming.upper(label) for label in LABELS] if api else LABELS)
        case _:
            return st.lists(st.sampled_from(TEXTS[:3]), max_size=2)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world with two to five tables, at most five rows in each."""
    names = draw(st.sampled_from([list(LINKS), list(LINKS), ["clubs", "members"], ["clubs", "members", "notes"]]))
    tables = {name: _table(draw, name) for name in names}
    rows: dict[str, list[Row]] = {}
    for table in tables.values():
        rows[table.name] = _rows(draw, table, rows)
    roles = draw(st.sampled_from(ROLES))
    claims = {name: draw(st.sampled_from(CLAIMS)) for name in ("sub", "x", "list")}
    world = World(tables, rows, roles, {}, {name: value for name, value in claims.items() if value is not None})
    for name in names:
        for role in roles:
            if draw(st.integers(0, 4)) > 0:
                world.rules[name, role] = _rule(draw, world, name)
    return world


def _table(draw: st.DrawFn, name: str) -> Table:
    joins = name == "note_tags"
    kinds = [] if joins else draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    return Table(name, {f"{'abc'[n]}_column": kind for n, kind in enumerate(kinds)}, LINKS[name], joins)


def _rows(draw: st.DrawFn, table: Table, others: dict[str, list[Row]]) -> list[Row]:
    if table.joins:
        pairs = [(n["id"], t["id"]) for n in others["notes"] for t in others["tags"]]
        chosen = draw(st.lists(st.sampled_from(pairs), max_size=5, unique=True)) if pairs else []
        return [{"note_id": note, "tag_id": tag} for note, tag in chosen]
    rows = []
    for number in range(1, draw(st.integers(0, 5)) + 1):
        row: Row = {"id": number}
        for column, type_ in table.columns.items():
            row[column] = draw(st.none() | values(type_, api=False) | values(type_, api=False))
        for column, target in table.links.items():
            keys = [other["id"] for other in others[target]]
            row[column] = draw(st.sampled_from([None, *keys, *keys]))
        rows.append(row)
    return rows


def _rule(draw: st.DrawFn, world: World, table: str) -> dict[str, Any]:
    columns = world.tables[table].all_columns
    chosen = draw(st.lists(st.sampled_from(columns), min_size=1, unique=True))
    rule: dict[str, Any] = {"columns": draw(st.sampled_from(["*", chosen]))}
    where = conditions(draw, world, table, 2)
    if draw(st.integers(0, 3)) > 0 and where:
        rule["where"] = where
    return rule


def conditions(draw: st.DrawFn, world: World, table: str, depth: int) -> dict[str, Any]:
    """A condition on rows of a table."""
    where: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 2))):
        choice = draw(st.integers(0, 7)) if depth else 0
        related = links(world, table)
        if choice == 5:
            where["not"] = conditions(draw, world, table, depth - 1)
        elif choice == 6:
            where[draw(st.sampled_from(["and", "or"]))] = [
                conditions(draw, world, table, depth - 1) for _ in range(draw(st.integers(1, 3)))
            ]
        elif choice in (3, 4, 7) and related:
            name = draw(st.sampled_from(sorted(related)))
            inner = conditions(draw, world, related[name].target, depth - 1)
            where[name] = inner if related[name].one else {draw(st.sampled_from(["some", "none", "every"])): inner}
        else:
            column = draw(st.sampled_from(world.tables[table].all_columns))
            where[naming.camel(column)] = _comparison(draw, world.tables[table].columns.get(column, "int"))
    return where


def _comparison(draw: st.DrawFn, type_: str) -> dict[str, Any]:
    operator = draw(st.sampled_from(("isNull", *_OPERATORS[type_] * 2)))
    if operator == "isNull":
        return {"isNull": draw(st.booleans())}
    many = operator in ("in", "notIn", "contains", "overlaps")
    item = "text" if type_ == "text[]" else type_
    one = st.sampled_from(_PATHS) | values(item, api=True)
    if not many:
        return {operator: draw(one)}
    return {operator: draw(st.sampled_from(_PATHS) | st.lists(one, max_size=3))}
