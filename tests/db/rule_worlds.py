"""Random worlds of rules: small schemas, their rows, roles that inherit, rules, claims; and what a role may see of it,
worked out row by row in Python with SQL's three-valued logic (None is unknown).

A world is plain data. `view` gives for each table the visible rows with hidden cells as None.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from kapok.model import naming

Truth = bool | None
Row = dict[str, Any]

KINDS = ("text", "int", "bool", "kind", "text[]")
LABELS = ("red", "dark blue", "green")
TEXTS = ("a", "b", "B", "", "a%")
NUMBERS = (-1, 0, 1, 2)
#: Values a token may hold under a name; None is left out of the token.
CLAIMS: tuple[Any, ...] = (
    None,
    "a",
    "b",
    1,
    "1",
    2,
    "x y",
    True,
    "RED",
    "green",
    ["a", "b"],
    [1, 2],
    [],
    ["RED"],
    {"n": 1},
)


@dataclass(frozen=True)
class Table:
    """columns: name -> type, beside id. links: column -> table it refers to. joins: whether it is a pure junction."""

    name: str
    columns: dict[str, str]
    links: dict[str, str]
    joins: bool = False

    @property
    def all_columns(self) -> list[str]:
        return [*([] if self.joins else ["id"]), *self.columns, *self.links]


@dataclass(frozen=True)
class World:
    """rules: (table, role) -> its select rule as it is written."""

    tables: dict[str, Table]
    rows: dict[str, list[Row]]
    roles: dict[str, list[str]]
    rules: dict[tuple[str, str], dict[str, Any]]
    claims: dict[str, Any]

    def lineage(self, role: str) -> list[str]:
        found = [role]
        for name in found:
            found += [parent for parent in self.roles[name] if parent not in found]
        return found

    def permissions(self) -> str:
        """permissions.yaml (JSON is YAML)."""
        tables: dict[str, Any] = {}
        for (table, role), rule in self.rules.items():
            tables.setdefault(table, {})[role] = {"select": rule}
        roles = {name: {"inherits": parents} if parents else {} for name, parents in self.roles.items()}
        return json.dumps({"roles": roles, "tables": tables})


# ------------------------------------------------------------------------------------------------------------ schemas


def ddl(world: World) -> str:
    """The tables with their constraints and rows."""
    made = ["create type kind as enum (" + ", ".join(f"'{label}'" for label in LABELS) + ")"]
    for table in world.tables.values():
        columns = [] if table.joins else ["id int primary key"]
        columns += [f"{name} {type_}" for name, type_ in table.columns.items()]
        columns += [f"{name} int references {target}" for name, target in table.links.items()]
        columns += [f"primary key ({', '.join(table.links)})"] if table.joins else []
        made.append(f"create table {table.name} ({', '.join(columns)})")
    return "; ".join([*made, *filled(world.tables, world.rows)])


def filled(tables: dict[str, Table], rows: dict[str, list[Row]]) -> list[str]:
    """Inserts of these rows."""
    return [
        f"insert into {name} ({', '.join(table.all_columns)}) values "
        + ", ".join("(" + ", ".join(_literal(row[c]) for c in table.all_columns) + ")" for row in rows[name])
        for name, table in tables.items()
        if rows[name]
    ]


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return "array[" + ", ".join(_literal(item) for item in value) + "]::text[]"
    return f"'{value}'" if isinstance(value, str) else str(value)


# ------------------------------------------------------------------------------------------------- the naive evaluation


def view(world: World, role: str) -> dict[str, list[Row]]:
    """What the role sees: for each table with a rule its rows, as dicts of all columns."""
    seen: dict[str, list[Row]] = {}
    for name, table in world.tables.items():
        rules = [world.rules[name, parent] for parent in world.lineage(role) if (name, parent) in world.rules]
        seen[name] = []
        for row in world.rows[name]:
            shown: set[str] = set()
            for rule in rules:
                if _Judge(world).holds(rule.get("where", {}), name, row, positive=True):
                    shown |= set(table.all_columns if rule["columns"] == "*" else rule["columns"])
            if shown:
                seen[name].append({column: row[column] if column in shown else None for column in table.all_columns})
    return seen


def negate(value: Truth) -> Truth:
    return None if value is None else not value


def all_of(values: list[Truth]) -> Truth:
    return False if False in values else None if None in values else True


def any_of(values: list[Truth]) -> Truth:
    return True if True in values else None if None in values else False


class _Judge:
    def __init__(self, world: World) -> None:
        self._world = world

    def holds(self, where: dict[str, Any], table: str, row: Row, *, positive: bool) -> Truth:
        found: list[Truth] = []
        for key, value in where.items():
            if key in ("and", "or"):
                inner = [self.holds(item, table, row, positive=positive) for item in value]
                found.append(all_of(inner) if key == "and" else any_of(inner))
            elif key == "not":
                found.append(negate(self.holds(value, table, row, positive=not positive)))
            elif key in links(self._world, table):
                found += self._related(links(self._world, table)[key], value, row, positive=positive)
            else:
                column = next(c for c in self._world.tables[table].all_columns if naming.camel(c) == key)
                type_ = self._world.tables[table].columns.get(column, "int")
                found += [self._compare(operator, row[column], item, type_) for operator, item in value.items()]
        return all_of(found)

    def _related(self, link: Link, value: dict[str, Any], row: Row, *, positive: bool) -> list[Truth]:
        found: list[Truth] = []
        for quantifier, where in {"some": value}.items() if link.one else value.items():
            missing = self._lacks(where, link.target)
            if missing and not positive:
                found.append(True)  # to be turned round
                continue
            if missing and quantifier == "none":
                found.append(False)
                continue
            judged = [
                self.holds(where, link.target, other, positive=positive) for other in link.rows(self._world.rows, row)
            ]
            some = any(truth is True for truth in judged)
            every = all(truth is True for truth in judged)
            found.append(every if quantifier == "every" else some if quantifier == "some" else not some)
        return found

    def _lacks(self, where: dict[str, Any], table: str) -> bool:
        """Whether a claim somewhere in a condition is missing, or of another type than what it is compared with."""
        for key, value in where.items():
            if key in ("and", "or", "not"):
                if any(self._lacks(item, table) for item in (value if isinstance(value, list) else [value])):
                    return True
            elif key in links(self._world, table):
                link = links(self._world, table)[key]
                inner = [value] if link.one else list(value.values())
                if any(self._lacks(item, link.target) for item in inner):
                    return True
            else:
                column = next(c for c in self._world.tables[table].all_columns if naming.camel(c) == key)
                type_ = self._world.tables[table].columns.get(column, "int").removesuffix("[]")
                if any(self._claim_lacks(operator, item, type_) for operator, item in value.items()):
                    return True
        return False

    def _claim_lacks(self, operator: str, argument: Any, type_: str) -> bool:
        if isinstance(argument, list):
            return any(is_claim(item) and self._value(item, type_) is None for item in argument)
        if not is_claim(argument):
            return False
        if operator in ("in", "notIn", "contains", "overlaps"):
            given = self._claim(argument)
            return not isinstance(given, list) or None in [fitted(item, type_) for item in given]
        return self._value(argument, type_) is None

    def _claim(self, text: str) -> Any:
        found: Any = self._world.claims
        for step in text.removeprefix("$claims.").removeprefix("$").split("."):
            found = found.get(step) if isinstance(found, dict) else None
        return found

    def _value(self, argument: Any, type_: str) -> Any:
        """What is compared with; None for a claim that is missing or of another type."""
        if is_claim(argument):
            return fitted(self._claim(argument), type_)
        return fitted(argument, type_)

    def _compare(self, operator: str, mine: Any, argument: Any, type_: str) -> Truth:
        if operator == "isNull":
            return (mine is None) == argument
        element = "text" if type_ == "text[]" else type_
        if operator in ("in", "notIn"):
            return self._among(operator, mine, argument, element)
        if operator in ("contains", "overlaps"):
            if isinstance(argument, str):
                given = self._claim(argument)
                values = [fitted(v, "text") for v in given] if isinstance(given, list) else [None]
            else:
                values = [self._value(v, "text") for v in argument]
            if mine is None or None in values:
                return None
            return set(values) <= set(mine) if operator == "contains" else bool(set(values) & set(mine))
        value = self._value(argument, element)
        if mine is None or value is None:
            return None
        if operator == "has":
            return value in mine
        return {"eq": mine == value, "ne": mine != value, "gt": mine > value, "lt": mine < value}[operator]

    def _among(self, operator: str, mine: Any, argument: Any, type_: str) -> Truth:
        if isinstance(argument, str):
            given = self._claim(argument)
            values = [fitted(item, type_) for item in given] if isinstance(given, list) else None
            if values is None or None in values:
                return None
        else:
            values = [self._value(item, type_) for item in argument]
        matches: list[Truth] = [None if mine is None or v is None else mine == v for v in values]
        return any_of(matches) if operator == "in" else negate(any_of(matches))


def fitted(value: Any, type_: str) -> Any:
    """A value of the type as rows hold it, or None."""
    match type_:
        case "text":
            return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
        case "int":
            if isinstance(value, str) and value.lstrip("+-").isdecimal():
                return int(value)
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case "bool":
            return value if isinstance(value, bool) else None
        case _:
            labels = {naming.upper(label): label for label in LABELS} | {label: label for label in LABELS}
            return labels.get(value) if isinstance(value, str) else None


def is_claim(argument: Any) -> bool:
    """Whether a rule's argument is a claim."""
    return isinstance(argument, str) and argument.startswith("$")


@dataclass(frozen=True)
class Link:
    """A relation: `mine` of a row equals `theirs` of the target's rows, or both meet in a junction."""

    target: str
    mine: str
    theirs: str
    one: bool
    junction: tuple[str, str, str] | None = None

    def rows(self, rows: dict[str, list[Row]], row: Row) -> list[Row]:
        value = row[self.mine]
        if self.junction is None:
            return [other for other in rows[self.target] if value is not None and other[self.theirs] == value]
        table, near, far = self.junction
        ends = {between[far] for between in rows[table] if value is not None and between[near] == value}
        return [other for other in rows[self.target] if other[self.theirs] in ends]


def links(world: World, table: str) -> dict[str, Link]:
    """The relations that rules of a table may use, by their names in the API."""
    found = {}
    for column, target in world.tables[table].links.items():
        found[naming.camel(column.removesuffix("_id"))] = Link(target, column, "id", one=True)
    if world.tables[table].joins:
        return found
    for other in world.tables.values():
        for column, target in other.links.items():
            if target == table and not other.joins and other.name != table:
                found[other.name] = Link(other.name, "id", column, one=False)
        ends = list(other.links.items())
        if other.joins and table in (ends[0][1], ends[1][1]):
            (near, _), (far, target) = ends if ends[0][1] == table else reversed(ends)
            found[target] = Link(target, "id", "id", one=False, junction=(other.name, near, far))
    return found
