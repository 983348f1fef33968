"""permissions.yaml to `Permissions`: who may do what. Default deny; what is not understood is refused, never skipped.

In: the file's text (a tenant's own: over the rules of its project). Out: frozen rules by table and role, or KapokError
PROJECT_INVALID with every problem. Conditions stay data here: kapok.permissions.apply reads them with the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kapok.errors import KapokError
from kapok.permissions.document import Node, did_you_mean, load_document

#: Sees everything; needs no rules and cannot be given any.
SERVICE_ROLE = "service"
#: Exists without being declared.
ANONYMOUS_ROLE = "anon"
#: Problems told at once.
MOST_PROBLEMS = 50

_ROLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_OPERATIONS = frozenset({"select", "insert", "update", "delete"})

#: A condition or a value as JSON's data: {"status": {"eq": "PUBLISHED"}}, "$sub". None: no condition.
Raw = Any


@dataclass(frozen=True, slots=True)
class SelectRule:
    """What a role may read. columns: None for all. limit: most rows of one list, None for the tenant's."""

    columns: frozenset[str] | None
    where: Raw = None
    aggregate: bool = True
    limit: int | None = None
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class InsertRule:
    """What a role may insert. columns: those callers give, None for all. presets: values the rule sets."""

    columns: frozenset[str] | None
    check: Raw = None
    presets: Mapping[str, Raw] = field(default_factory=dict)
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class UpdateRule:
    """What a role may update. where: of the row as it was; check: of the row as it becomes."""

    columns: frozenset[str] | None
    where: Raw = None
    check: Raw = None
    presets: Mapping[str, Raw] = field(default_factory=dict)
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DeleteRule:
    """What a role may delete."""

    where: Raw = None
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TableRules:
    """What one role may do with one table; None: nothing. own: written for one tenant."""

    select: SelectRule | None = None
    insert: InsertRule | None = None
    update: UpdateRule | None = None
    delete: DeleteRule | None = None
    line: int | None = field(default=None, compare=False)
    own: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Permissions:
    """roles: each role's own parents. rules: by (table, role). functions: the roles each function is open to.

    lines: where each place is written: `tables.posts.anon.select.where.status.eq`.
    """

    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: Mapping[tuple[str, str], TableRules] = field(default_factory=dict)
    functions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    def lineage(self, role: str) -> tuple[str, ...]:
        """A role and all it inherits from, each once; of a role nobody declared, just itself."""
        found = [role]
        for name in found:
            found += [parent for parent in self.roles.get(name, ()) if parent not in found]
        return tuple(found)

    def line_of(self, path: str) -> int | None:
        """The line of a place, or of the nearest one around it."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path.rpartition(".")[0]
        return None


def parse_permissions(text: str, base: Permissions | None = None) -> Permissions:
    """Read a permissions file; the empty file permits nothing. Raises KapokError PROJECT_INVALID.

    base: the rules this text stands over: its (table, role) entries and functions take the place of theirs, its roles
    are added.
    """
    return _Reader(base or Permissions(roles={ANONYMOUS_ROLE: ()}), own=base is not None).read(text)


class _Reader:
    """Reads one file. Goes on after a problem inside a rule, so that all are told at once."""

    def __init__(self, base: Permissions, *, own: bool) -> None:
        self._base = base
        self._own = own
        self._roles: dict[str, tuple[str, ...]] = dict(base.roles)
        self._lines: dict[str, int] = {}
        self._problems: list[KapokError] = []

    def read(self, text: str) -> Permissions:
        sections = load_document(text).mapping({"roles", "tables", "functions"})
        self._read_roles(sections.get("roles"))
        rules = self._read_tables(sections.get("tables"))
        functions = self._read_functions(sections.get("functions"))
        if self._problems:
            raise _all_of(self._problems)
        return Permissions(
            roles=MappingProxyType(self._roles),
            rules=MappingProxyType({**self._base.rules, **rules}),
            functions=MappingProxyType({**self._base.functions, **functions}),
            lines=MappingProxyType({**self._kept_lines(rules, functions), **self._lines}),
        )

    def _kept_lines(self, rules: Collection[tuple[str, str]], functions: Collection[str]) -> dict[str, int]:
        """The base's, without those of entries that are replaced."""
        gone = [*[f"tables.{table}.{role}" for table, role in rules], *[f"functions.{name}" for name in functions]]
        prefixes = tuple(f"{path}." for path in gone)
        return {
            path: line
            for path, line in self._base.lines.items()
            if path not in gone and not (prefixes and path.startswith(prefixes))
        }

    def _attempt(self, read: Callable[[], None]) -> None:
        try:
            read()
        except KapokError as problem:
            self._problems.append(problem)
            if len(self._problems) >= MOST_PROBLEMS:
                raise _all_of(self._problems) from problem

    def _meet(self, node: Node) -> None:
        if node.line is not None:
            self._lines[node.path] = node.line

    # --- roles

    def _read_roles(self, node: Node | None) -> None:
        members = node.mapping() if node else {}
        for name, member in members.items():
            if name == SERVICE_ROLE:
                member.fail("`service` sees everything and cannot be declared.")
            if not _ROLE_NAME.fullmatch(name):
                member.fail("a role's name is made of letters, digits, - and _, and begins with a letter.")
            if self._own and name in self._base.roles:
                member.fail(f"the project has the role `{name}` already; only new ones are declared here.")
        known = {*members, *self._roles}
        for name, member in members.items():
            parents = member.mapping({"inherits"}).get("inherits")
            self._roles[name] = self._role_names(parents, known) if parents else ()
        for name, member in members.items():
            self._meet(member)
            if _inherits_itself(name, self._roles):
                member.fail(f"`{name}` inherits from itself.")

    def _role_names(self, node: Node, known: Collection[str]) -> tuple[str, ...]:
        names = node.names()
        for name in names:
            _check_role(name, node, known)
        return names

    # --- tables

    def _read_tables(self, node: Node | None) -> dict[tuple[str, str], TableRules]:
        rules: dict[tuple[str, str], TableRules] = {}
        for table, by_role in (node.mapping() if node else {}).items():
            self._meet(by_role)
            for role, operations in by_role.mapping().items():

                def read(table: str = table, role: str = role, operations: Node = operations) -> None:
                    _check_role(role, operations, self._roles)
                    rules[table, role] = self._table_rules(operations)

                self._attempt(read)
        return rules

    def _table_rules(self, node: Node) -> TableRules:
        self._meet(node)
        operations = node.mapping(_OPERATIONS)
        found: dict[str, Any] = {}
        for name, operation in operations.items():
            self._meet(operation)
            if operation.is_null():
                operation.fail("nothing is written here; leave the operation out, or write `{}` for all rows.")

            def read(name: str = name, operation: Node = operation) -> None:
                found[name] = self._rule(name, operation)

            self._attempt(read)
        return TableRules(**found, line=node.line, own=self._own)

    def _rule(self, operation: str, node: Node) -> SelectRule | InsertRule | UpdateRule | DeleteRule:
        match operation:
            case "select":
                return self._select(node)
            case "insert":
                members = node.mapping({"columns", "check", "set"})
                columns, presets = self._written(node, members)
                return InsertRule(columns, self._condition(members.get("check")), presets, node.line)
            case "update":
                members = node.mapping({"columns", "where", "check", "set"})
                columns, presets = self._written(node, members)
                where, check = self._condition(members.get("where")), self._condition(members.get("check"))
                return UpdateRule(columns, where, check, presets, node.line)
            case _:
                return DeleteRule(self._condition(node.mapping({"where"}).get("where")), node.line)

    def _select(self, node: Node) -> SelectRule:
        members = node.mapping({"columns", "where", "aggregate", "limit"})
        if "columns" not in members:
            node.fail('`columns` is missing: a list of columns, or "*" for all.')
        aggregate, limit = members.get("aggregate"), members.get("limit")
        return SelectRule(
            columns=self._columns(members["columns"]),
            where=self._condition(members.get("where")),
            aggregate=aggregate.boolean() if aggregate else True,
            limit=limit.positive() if limit else None,
            line=node.line,
        )

    def _written(self, node: Node, members: Mapping[str, Node]) -> tuple[frozenset[str] | None, Mapping[str, Raw]]:
        """The columns callers give, and those the rule sets."""
        if "columns" not in members and "set" not in members:
            node.fail('`columns` is missing: a list of columns, or "*" for all.')
        presets = {name: value.mapped(self._meet) for name, value in _entries(members.get("set"))}
        columns = self._columns(members["columns"]) if "columns" in members else frozenset[str]()
        for name in sorted(presets):
            if columns is not None and name in columns:
                members["set"].fail(f"`{name}` is set by the rule, so callers cannot give it: take it out of columns.")
        return columns, MappingProxyType(presets)

    def _columns(self, node: Node) -> frozenset[str] | None:
        self._meet(node)
        if node.is_text():
            if node.text() != "*":
                node.fail('a list of columns is expected, or "*" for all.')
            return None
        names = node.names()
        if not names:
            node.fail("at least one column is expected.")
        return frozenset(names)

    def _condition(self, node: Node | None) -> Raw:
        """A condition; null is refused, because a forgotten one must not mean all rows."""
        if node is None:
            return None
        if node.is_null():
            node.fail("a condition is expected; write `{}` for all rows.")
        node.mapping()
        return node.mapped(self._meet) or None

    # --- functions

    def _read_functions(self, node: Node | None) -> dict[str, frozenset[str]]:
        functions: dict[str, frozenset[str]] = {}
        for name, item in (node.mapping() if node else {}).items():
            self._meet(item)

            def read(name: str = name, item: Node = item) -> None:
                functions[name] = frozenset(self._role_names(item, self._roles))

            self._attempt(read)
        return functions


def _entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    yield from (node.mapping() if node else {}).items()


def _check_role(name: str, node: Node, known: Collection[str]) -> None:
    if name == SERVICE_ROLE:
        node.fail("`service` sees everything; it needs no rule and nobody inherits from it.")
    if name not in known:
        node.fail(f"there is no role `{name}` under roles.{did_you_mean(name, known)}")


def _inherits_itself(role: str, roles: Mapping[str, tuple[str, ...]]) -> bool:
    ancestors = list(roles[role])
    for name in ancestors:
        ancestors += [parent for parent in roles.get(name, ()) if parent not in ancestors]
    return role in ancestors


def _all_of(problems: list[KapokError]) -> KapokError:
    """The first problem in the file, with all of them in its details."""
    ordered = sorted(problems, key=lambda problem: problem.details.get("line") or 0)
    listed = [
        {"line": item.details.get("line"), "path": item.details.get("path"), "message": item.message}
        for item in ordered
    ]
    first = ordered[0]
    return KapokError(first.code, first.message, details={**first.details, "problems": listed})
