"""Introspection: the root fields `__schema` and `__type`, answered by graphql-core on the schema of a role.

In: a schema, a validated document and one root field. Out: the field's JSON. The answer depends on nothing but the
schema, the document and the variables, so the caller may keep it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    execute_sync,
    get_named_type,
)

from apps.graphql_api.document import Document
from apps.graphql_api.schema.graphene_types import ApiSchema
from apps.graphql_api.variables import INTROSPECTION_INPUTS
from kapok.errors import KapokError


def answer_introspection(
    schema: ApiSchema,
    document: Document,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    *field_nodes: FieldNode,
) -> bytes:
    """The JSON of one root field. variables: coerced. field_nodes: more than one where selections are merged.

    Raises BAD_USER_INPUT.
    """
    # Introspection takes strings and booleans only; the coerced values of other scalars would not be coerced twice.
    plans = document.variables(operation)
    usable = {plan.name for plan in plans if get_named_type(plan.type) in INTROSPECTION_INPUTS}
    alone = OperationDefinitionNode(
        operation=operation.operation,
        variable_definitions=tuple(d for d in operation.variable_definitions if d.variable.name.value in usable),
        directives=(),
        selection_set=SelectionSetNode(selections=field_nodes),
    )
    ast = DocumentNode(definitions=(alone, *document.fragments.values()))
    given = {name: value for name, value in variables.items() if name in usable}
    result = execute_sync(schema.graphql, ast, variable_values=given)
    if result.errors or result.data is None:
        raise KapokError("BAD_USER_INPUT", result.errors[0].message if result.errors else None)
    return orjson.dumps(next(iter(result.data.values()), None))
