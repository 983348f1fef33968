"""How much an introspection query asks for: `types { fields { type { fields } } }` multiplies.

In: a schema and a validated operation. Out: a number of values, estimated with the schema's own averages.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
)

#: Values an operation may ask for, by type of the schema. GraphiQL's query asks for about 400.
MAX_WEIGHT_PER_TYPE = 600
_ROOTS = frozenset({"__schema", "__type"})

Fragments = Mapping[str, FragmentDefinitionNode]


def asks_for_too_much(schema: GraphQLSchema, selection_set: SelectionSetNode, fragments: Fragments) -> bool:
    """Whether the introspection fields of an operation, if any, weigh too much."""
    roots = introspection_fields(selection_set, fragments)
    if not roots:
        return False
    measure = _Weight(_lengths(schema), fragments)
    weight = sum(measure.of(node.selection_set) for node in roots if node.selection_set is not None)
    return weight > MAX_WEIGHT_PER_TYPE * len(schema.type_map)


def introspection_fields(selection_set: SelectionSetNode, fragments: Fragments) -> list[FieldNode]:
    """The fields `__schema` and `__type` at the root of an operation."""
    found: list[FieldNode] = []
    for node in selection_set.selections:
        if isinstance(node, FieldNode):
            found.extend([node] if node.name.value in _ROOTS else [])
        elif isinstance(node, InlineFragmentNode):
            found.extend(introspection_fields(node.selection_set, fragments))
        elif isinstance(node, FragmentSpreadNode):
            found.extend(introspection_fields(fragments[node.name.value].selection_set, fragments))
    return found


def _lengths(schema: GraphQLSchema) -> dict[str, float]:
    """How long the lists of introspection are: `types` and `directives` exactly, the others on average."""
    types = list(schema.type_map.values())
    fields = [
        len(item.args)
        for type_ in types
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        for item in type_.fields.values()
    ]
    inputs = sum(len(type_.fields) for type_ in types if isinstance(type_, GraphQLInputObjectType))
    values = sum(len(type_.values) for type_ in types if isinstance(type_, GraphQLEnumType))
    return {
        "types": len(types),
        "directives": len(schema.directives),
        "fields": len(fields) / len(types),
        "args": sum(fields) / len(fields),
        "inputFields": inputs / len(types),
        "enumValues": values / len(types),
    }


class _Weight:
    """The weight of selections, each fragment measured once. Validation has bounded the nesting."""

    def __init__(self, lengths: Mapping[str, float], fragments: Fragments) -> None:
        self._lengths = lengths
        self._fragments = fragments
        self._known: dict[str, float] = {}

    def of(self, selection_set: SelectionSetNode) -> float:
        """The number of values selected."""
        weight = 0.0
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                below = self.of(node.selection_set) if node.selection_set is not None else 0.0
                weight += 1 + self._lengths.get(node.name.value, 1) * below
            elif isinstance(node, InlineFragmentNode):
                weight += self.of(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                weight += self._of_fragment(node.name.value)
        return weight

    def _of_fragment(self, name: str) -> float:
        if name not in self._known:
            self._known[name] = self.of(self._fragments[name].selection_set)
        return self._known[name]
