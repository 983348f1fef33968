"""The variables of one operation, planned once: coerced on every request, and what of them the operation depends on.

In: an operation of a validated document; then a request's variables. Out: coerced variables (GraphQL specification
6.1.2) or BAD_USER_INPUT with the path of the value; and their signature, equal where one compiled operation will do.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson
from graphql import (
    GraphQLBoolean,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    get_named_type,
    type_from_ast,
    value_from_ast,
)

from apps.graphql_api.limits import MAX_INPUT_DEPTH, is_nested_too_deeply
from apps.graphql_api.schema.coerce import Coerce, NotCoercible, Structure, part_of
from apps.graphql_api.schema.graphene_types import ApiSchema
from kapok.errors import KapokError

#: Variables of one request as JSON, in bytes.
MAX_BYTES = 500_000
ABSENT = "absent"
#: The types of all arguments of introspection fields, and of conditions.
INTROSPECTION_INPUTS = (GraphQLString, GraphQLBoolean)


@dataclass(frozen=True, slots=True)
class VariablePlan:
    """One variable. default: Undefined for none. structure: None where its value never decides over the SQL.

    by_value: the operation is compiled for its very value (@skip, @include, introspection). certain: always there and
    never null.
    """

    name: str
    type: GraphQLInputType
    coerce: Coerce
    default: Any
    structure: Structure
    by_value: bool
    certain: bool


@dataclass(frozen=True, slots=True)
class VariableUses:
    """Names of variables of a document. deciding: in @skip, @include, or where a Boolean says what to do. within:
    inside of a list or object."""

    deciding: frozenset[str]
    within: frozenset[str]


def plan_variables(
    schema: ApiSchema, operation: OperationDefinitionNode, uses: VariableUses, *, introspects: bool
) -> tuple[VariablePlan, ...]:
    """The plans of an operation's variables. introspects: whether there is __schema or __type, which the operation
    holds the answer to."""
    return tuple(_plan(schema, node, uses, introspects) for node in operation.variable_definitions)


def _plan(schema: ApiSchema, node: VariableDefinitionNode, uses: VariableUses, introspects: bool) -> VariablePlan:
    name = node.variable.name.value
    type_ = cast(GraphQLInputType, type_from_ast(schema.graphql, node.type))
    nullable = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    in_answer = introspects and get_named_type(type_) in INTROSPECTION_INPUTS
    return VariablePlan(
        name=name,
        type=type_,
        coerce=schema.coercion.coercer(type_),
        default=value_from_ast(node.default_value, type_) if node.default_value is not None else Undefined,
        structure=(None if name in uses.within else schema.coercion.rows_structure(type_))
        or schema.coercion.structure(type_),
        by_value=(name in uses.deciding and nullable is GraphQLBoolean) or in_answer,
        certain=isinstance(type_, GraphQLNonNull),
    )


def coerce(plans: Sequence[VariablePlan], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The coerced variables; those that are not declared are ignored."""
    coerced: dict[str, Any] = {}
    if variables:
        _check_size(variables)
    for plan in plans:
        name = plan.name
        if name in variables:
            value = variables[name]
            if plan.structure is not None and is_nested_too_deeply(value):
                raise _refused(plan, f"It is nested deeper than {MAX_INPUT_DEPTH} levels.", [])
            try:
                coerced[name] = plan.coerce(value)
            except NotCoercible as exc:
                raise _refused(plan, exc.reason, exc.path) from exc
        elif plan.default is not Undefined:
            coerced[name] = plan.default
        elif plan.certain:
            raise _refused(plan, "It was not given.", [])
    return coerced


def _check_size(variables: Mapping[str, Any]) -> None:
    try:
        size = len(orjson.dumps(variables))
    except (TypeError, ValueError) as exc:
        raise KapokError(
            "BAD_USER_INPUT", "The variables are nested too deeply or hold a number that is too large."
        ) from exc
    if size > MAX_BYTES:
        raise KapokError(
            "QUERY_TOO_COMPLEX", "The variables are too large.", details={"bytes": size, "limit": MAX_BYTES}
        )


def _refused(plan: VariablePlan, reason: str, path: Sequence[str | int]) -> KapokError:
    return KapokError(
        "BAD_USER_INPUT",
        f'Variable "${plan.name}" of type "{plan.type}" got an invalid value. {reason}',
        details={"variable": plan.name, "path": [plan.name, *path]},
    )


def signature(plans: Sequence[VariablePlan], coerced: Mapping[str, Any]) -> Hashable:
    """What of coerced variables the operation is compiled for: which are absent or null, the keys and enum values of
    input objects, and values that count as such. All others are bound when the operation runs."""
    parts: list[Hashable] = []
    for plan in plans:
        if plan.by_value:
            parts.append((coerced[plan.name],) if plan.name in coerced else ABSENT)
        elif plan.structure is not None or not plan.certain:
            parts.append(part_of(plan.structure, coerced[plan.name]) if plan.name in coerced else ABSENT)
    return tuple(parts)
