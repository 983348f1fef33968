"""The scalars: what a value looks like on the wire, and what Postgres reads.

In: a JSON value or a literal. Out: the value in Postgres' text input form (a str; Int, Float, Boolean stay numbers and
booleans), or NotAValue (of a literal: GraphQLError) that says what is wrong. Whatever Postgres gives back is accepted.
Scalars belong to no schema: one `GraphQLScalarType` each for the whole process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import graphene
from graphql import (
    FloatValueNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
    IntValueNode,
    StringValueNode,
    ValueNode,
)

from apps.graphql_api.schema.json_values import json_literal, json_text
from kapok.model.scalar_values import PARSERS, NotAValue
from kapok.model.scalars import SCALARS as DESCRIPTIONS


def _literal(parse: Callable[[Any], str], *, numbers: bool) -> Callable[..., str]:
    """A literal of a scalar written as a string, or also as a number. A number keeps all of its digits."""

    def parse_literal(node: ValueNode, variables: Mapping[str, Any] | None = None) -> str:
        if isinstance(node, StringValueNode) or (numbers and isinstance(node, IntValueNode | FloatValueNode)):
            try:
                return parse(node.value)
            except NotAValue as exc:
                raise GraphQLError(str(exc), node) from exc
        raise GraphQLError("Write it as a string or a number." if numbers else "Write it as a string.", node)

    return parse_literal


_SPECIFICATIONS = {
    "Bytes": "https://www.rfc-editor.org/rfc/rfc4648#section-4",
    "Date": "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
    "DateTime": "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
    "JSON": "https://www.rfc-editor.org/rfc/rfc8259",
    "UUID": "https://www.rfc-editor.org/rfc/rfc9562",
}
_NUMBERS = frozenset({"BigInt", "Decimal"})


def _scalar_class(name: str) -> type[graphene.Scalar]:
    parse = json_text if name == "JSON" else PARSERS[name]
    literal = json_literal if name == "JSON" else _literal(parse, numbers=name in _NUMBERS)
    methods = {"serialize": str, "parse_value": staticmethod(parse), "parse_literal": staticmethod(literal)}
    return type(name, (graphene.Scalar,), {"Meta": {"description": DESCRIPTIONS[name]}, **methods})


def _graphql_scalar(scalar: type[graphene.Scalar]) -> GraphQLScalarType:
    name = scalar._meta.name
    return GraphQLScalarType(
        name,
        serialize=scalar.serialize,
        parse_value=scalar.parse_value,
        parse_literal=scalar.parse_literal,
        description=scalar._meta.description,
        specified_by_url=_SPECIFICATIONS.get(name),
    )


_BUILT_IN = {
    graphene.ID: GraphQLID,
    graphene.Int: GraphQLInt,
    graphene.Float: GraphQLFloat,
    graphene.Boolean: GraphQLBoolean,
    graphene.String: GraphQLString,
}

#: The Graphene scalar of a scalar's name.
GRAPHENE_SCALARS: Mapping[str, type[graphene.Scalar]] = MappingProxyType(
    {scalar._meta.name: scalar for scalar in _BUILT_IN} | {name: _scalar_class(name) for name in DESCRIPTIONS}
)
#: The GraphQL scalar of a Graphene scalar, shared by all schemas.
GRAPHQL_SCALARS: Mapping[type[graphene.Scalar], GraphQLScalarType] = MappingProxyType(
    _BUILT_IN | {scalar: _graphql_scalar(scalar) for scalar in GRAPHENE_SCALARS.values() if scalar not in _BUILT_IN}
)
