"""permissions.yaml to `Permissions`: who may see what. Default deny; what is not understood is refused, never skipped.

In: the file's text. Out: frozen rules by table, role and operation, or KapokError PROJECT_INVALID naming path and line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kapok.permissions.document import Node, did_you_mean, load_document

#: Sees everything; needs no rules and cannot be given any.
SERVICE_ROLE = "service"
#: Exists without being declared.
ANONYMOUS_ROLE = "anon"

_ROLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Select:
    """What a role may read of a table. columns: None for all. limit: most rows of one list, None for the tenant's."""

    columns: frozenset[str] | None
    aggregate: bool = True
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Permissions:
    """roles: each role's own parents. select: rules by (table, role). functions: the roles each function is open to."""

    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    select: Mapping[tuple[str, str], Select] = field(default_factory=dict)
    functions: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def lineage(self, role: str) -> tuple[str, ...]:
        """A role and all it inherits from, each once; of a role nobody declared, just itself."""
        found = [role]
        for name in found:
            found += [parent for parent in self.roles.get(name, ()) if parent not in found]
        return tuple(found)


def parse_permissions(text: str) -> Permissions:
    """Read a permissions file; the empty file permits nothing. Raises KapokError PROJECT_INVALID."""
    root = load_document(text)
    sections = root.mapping({"roles", "tables", "functions"})
    roles = _roles(sections.get("roles"))
    return Permissions(
        roles=MappingProxyType(roles),
        select=MappingProxyType(_tables(sections.get("tables"), roles)),
        functions=MappingProxyType(_functions(sections.get("functions"), roles)),
    )


def _roles(node: Node | None) -> dict[str, tuple[str, ...]]:
    members = node.mapping() if node else {}
    for name, member in members.items():
        if name == SERVICE_ROLE:
            member.fail("`service` sees everything and cannot be declared.")
        if not _ROLE_NAME.fullmatch(name):
            member.fail("a role's name is made of letters, digits, - and _, and begins with a letter.")
    known = {*members, ANONYMOUS_ROLE}
    roles = {}
    for name, member in members.items():
        parents = member.mapping({"inherits"}).get("inherits")
        roles[name] = _role_names(parents, known) if parents else ()
    for name, member in members.items():
        if _inherits_itself(name, roles):
            member.fail(f"`{name}` inherits from itself.")
    return {ANONYMOUS_ROLE: (), **roles}


def _inherits_itself(role: str, roles: Mapping[str, tuple[str, ...]]) -> bool:
    ancestors = list(roles[role])
    for name in ancestors:
        ancestors += [parent for parent in roles.get(name, ()) if parent not in ancestors]
    return role in ancestors


def _role_names(node: Node, known: Collection[str]) -> tuple[str, ...]:
    names = node.names()
    for name in names:
        _check_role(name, node, known)
    return names


def _check_role(name: str, node: Node, known: Collection[str]) -> None:
    if name == SERVICE_ROLE:
        node.fail("`service` sees everything; it needs no rule and nobody inherits from it.")
    if name not in known:
        node.fail(f"there is no role `{name}` under roles.{did_you_mean(name, known)}")


def _tables(node: Node | None, roles: Collection[str]) -> dict[tuple[str, str], Select]:
    rules = {}
    for table, by_role in (node.mapping() if node else {}).items():
        for role, operations in by_role.mapping().items():
            _check_role(role, operations, roles)
            rule = operations.mapping({"select"}).get("select")
            if rule is not None:
                rules[table, role] = _select(rule)
    return rules


def _select(node: Node) -> Select:
    members = node.mapping({"columns", "aggregate", "limit"})
    if "columns" not in members:
        node.fail('`columns` is missing: a list of columns, or "*" for all.')
    aggregate, limit = members.get("aggregate"), members.get("limit")
    return Select(
        columns=_columns(members["columns"]),
        aggregate=aggregate.boolean() if aggregate else True,
        limit=limit.positive() if limit else None,
    )


def _columns(node: Node) -> frozenset[str] | None:
    if node.is_text():
        if node.text() != "*":
            node.fail('a list of columns is expected, or "*" for all.')
        return None
    names = node.names()
    if not names:
        node.fail("at least one column is expected.")
    return frozenset(names)


def _functions(node: Node | None, roles: Collection[str]) -> dict[str, frozenset[str]]:
    return {name: frozenset(_role_names(item, roles)) for name, item in (node.mapping() if node else {}).items()}
