"""How large a document may be, before anything slow looks at it.

In: a parsed document that is not validated yet (unknown names, circles and all), and a tenant's limits. Out: errors.
Fragments are counted wherever they are spread, each measured once, without recursion; so the time is linear in the
document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from kapok.tenancy import Limits

#: Fields of one operation with all fragments spread.
MAX_FIELDS = 3000
#: Fields at the root of one operation.
MAX_ROOT_FIELDS = 50
#: Variables one operation declares.
MAX_VARIABLES = 200
#: Levels of lists and objects in a literal, or in a variable that is no JSON scalar.
MAX_INPUT_DEPTH = 50
#: Fields above each other below `__schema` or `__type`; GraphiQL asks for 15.
MAX_INTROSPECTION_DEPTH = 20
_INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(slots=True)
class _Size:
    """What one definition brings by itself, or (`total`) with its fragments. introspection: depth below __schema."""

    fields: int = 0
    aliases: int = 0
    roots: int = 0
    depth: int = 0
    introspection: int = 0
    spreads: list[tuple[str, int, bool]] = field(default_factory=list)

    def add(self, other: _Size, depth: int, *, within_introspection: bool) -> None:
        """Add a fragment that is spread below `depth` fields."""
        self.fields += other.fields
        self.aliases += other.aliases
        if depth == 0:
            self.roots += other.roots
        if within_introspection:
            self.introspection = max(self.introspection, depth + max(other.depth, other.introspection))
        else:
            self.depth = max(self.depth, depth + other.depth)
            self.introspection = max(self.introspection, other.introspection)


def size_errors(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """What of a document is beyond the limits."""
    fragments = {
        node.name.value: _own_size(node.selection_set)
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    totals = _totals(fragments)
    errors: list[GraphQLError] = []
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            size = _total(_own_size(node.selection_set), totals)
            errors.extend(GraphQLError(problem, node) for problem in _problems(node, size, limits))
    errors.extend(_input_errors(document))
    return errors


def _problems(node: OperationDefinitionNode, size: _Size, limits: Limits) -> Iterator[str]:
    measured = (
        (size.depth, limits.depth, "fields above each other"),
        (size.introspection, MAX_INTROSPECTION_DEPTH, "introspection fields above each other"),
        (size.aliases, limits.aliases, "aliases"),
        (size.roots, MAX_ROOT_FIELDS, "fields at the root"),
        (size.fields, MAX_FIELDS, "fields"),
        (len(node.variable_definitions), MAX_VARIABLES, "variables"),
    )
    for found, most, what in measured:
        if found > most:
            yield f"The operation has {found if found < 1_000_000 else 'too many'} {what}; at most {most} are allowed."


def _own_size(selection_set: SelectionSetNode) -> _Size:
    size = _Size()
    stack = [(selection_set, 0, False)]
    while stack:
        selections, depth, inside = stack.pop()
        for node in selections.selections:
            if isinstance(node, FragmentSpreadNode):
                size.spreads.append((node.name.value, depth, inside))
            elif isinstance(node, InlineFragmentNode):
                stack.append((node.selection_set, depth, inside))
            elif isinstance(node, FieldNode):
                size.fields += 1
                size.roots += depth == 0 and not inside
                size.aliases += node.alias is not None and node.alias.value != node.name.value
                enters = not inside and node.name.value in _INTROSPECTION
                below = 1 if enters else depth + 1
                if inside or enters:
                    size.introspection = max(size.introspection, below)
                else:
                    size.depth = max(size.depth, below)
                if node.selection_set is not None:
                    stack.append((node.selection_set, below, inside or enters))
    return size


def _totals(fragments: Mapping[str, _Size]) -> dict[str, _Size]:
    """Each fragment with what it spreads. A spread that closes a circle counts nothing: validation refuses it."""
    totals: dict[str, _Size] = {}
    for root in fragments:
        path = [root] if root not in totals else []
        entered: set[str] = set()
        while path:
            name = path[-1]
            entered.add(name)
            missing = [
                spread
                for spread, _, _ in fragments[name].spreads
                if spread in fragments and spread not in totals and spread not in entered
            ]
            if missing:
                path.append(missing[0])
            else:
                totals[name] = _total(fragments[name], totals)
                path.pop()
    return totals


def _total(own: _Size, totals: Mapping[str, _Size]) -> _Size:
    total = _Size(own.fields, own.aliases, own.roots, own.depth, own.introspection)
    for name, depth, inside in own.spreads:
        if name in totals:
            total.add(totals[name], depth, within_introspection=inside)
    return total


def _input_errors(document: DocumentNode) -> Iterator[GraphQLError]:
    """Literals that are nested too deeply for what walks through them."""
    stack: list[tuple[Node, int]] = [(document, 0)]
    while stack:
        node, depth = stack.pop()
        if isinstance(node, ListValueNode | ObjectValueNode):
            depth += 1
            if depth > MAX_INPUT_DEPTH:
                yield GraphQLError(f"The value is nested deeper than {MAX_INPUT_DEPTH} levels.", node)
                return
        stack.extend((child, depth) for child in children(node))


def children(node: Node) -> Iterable[Node]:
    """The nodes right below a node."""
    for key in node.keys:
        if key != "loc":
            child = getattr(node, key, None)
            if isinstance(child, Node):
                yield child
            elif isinstance(child, tuple | list):
                yield from child


def is_nested_too_deeply(value: Any) -> bool:
    """Whether a variable's JSON value is nested beyond MAX_INPUT_DEPTH."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_INPUT_DEPTH + 1):
        level = [
            item
            for container in level
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True
