"""POST /control/graphql: reading the control plane, with the control API's credentials and rights.

In: `{"query", "variables", "operationName"}`. Out: a GraphQL answer, or the control API's error envelope where the
request does not get as far as GraphQL.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from graphene.validation import depth_limit_validator
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    parse,
    validate,
)
from graphql.validation import ValidationContext, ValidationRule, specified_rules

from apps.accounts.models import User
from apps.control.api.errors import as_kapok_error, error_response
from apps.control.api.who import user_of
from apps.control.graphql.schema import schema
from apps.tenants.sizes import schema_sizes
from kapok.errors import KapokError

MAX_DEPTH = 8
MAX_TOKENS = 2000
#: Every alias runs its resolver, and each may be a query.
MAX_ROOT_FIELDS = 20


@dataclass(slots=True)
class Context:
    """What resolvers know: who asks, and the sizes of tenants, measured for a whole page at once."""

    user: User
    _sizes: dict[str, int] = field(default_factory=dict)
    _expected: set[str] = field(default_factory=set)

    def expect_sizes(self, schemas: Iterable[str]) -> None:
        """These schemas are on the page; whoever asks for the size of one measures all."""
        self._expected.update(schemas)

    def size_of(self, schema_name: str) -> int:
        """Bytes on disk; 0 for a schema that does not exist (yet)."""
        if schema_name not in self._sizes:
            wanted = {schema_name, *self._expected}
            self._sizes |= dict.fromkeys(wanted, 0) | schema_sizes(sorted(wanted))
            self._expected.clear()
        return self._sizes[schema_name]


# A bearer token needs no CSRF check; for sessions `user_of` makes it.
@csrf_exempt
def control_graphql(request: HttpRequest) -> HttpResponse:
    """One operation."""
    try:
        if request.method != "POST":
            raise KapokError("METHOD_NOT_ALLOWED")
        context = Context(user_of(request))
        query, variables, operation = _read(request)
    except Exception as exc:  # whatever it is, it becomes the envelope
        return error_response(as_kapok_error(exc))
    try:
        document = _checked(query)
    except GraphQLError as exc:
        return _answer({"errors": [_public(exc)]}, 400)
    result = execute_sync(
        schema.graphql_schema,
        document,
        context_value=context,
        variable_values=variables,
        operation_name=operation,
    )
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [_public(error) for error in result.errors]
    return _answer(body, 200)


def _read(request: HttpRequest) -> tuple[str, dict[str, Any] | None, str | None]:
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise RequestDataTooBig
    if request.content_type != "application/json":
        raise KapokError("UNSUPPORTED_MEDIA_TYPE")
    try:
        body = json.loads(request.body)
    except ValueError as exc:
        raise KapokError("BAD_REQUEST", "The body is not JSON.") from exc
    query = body.get("query") if isinstance(body, dict) else None
    variables = body.get("variables") if isinstance(body, dict) else None
    operation = body.get("operationName") if isinstance(body, dict) else None
    fits = isinstance(query, str) and isinstance(variables, dict | None) and isinstance(operation, str | None)
    if not fits:
        raise KapokError("INVALID_REQUEST", "Send query (text), variables (object) and operationName (text).")
    assert isinstance(query, str)
    return query, variables, operation


def _checked(query: str) -> DocumentNode:
    """Parse and validate. Raises GraphQLError."""
    document = parse(query, max_tokens=MAX_TOKENS)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and node.operation is not OperationType.QUERY:
            raise GraphQLError("Only queries are answered here: changes go through the control API.", node)
    errors = validate(
        schema.graphql_schema, document, [*specified_rules, depth_limit_validator(MAX_DEPTH), _RootFieldLimit]
    )
    if errors:
        raise errors[0]
    return document


class _RootFieldLimit(ValidationRule):
    """Counts the fields of Query wherever they stand: at the root, in fragments, under aliases."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._count = 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if self.context.get_parent_type() is self.context.schema.query_type:
            self._count += 1
            if self._count == MAX_ROOT_FIELDS + 1:
                self.report_error(GraphQLError(f"A document may ask Query for at most {MAX_ROOT_FIELDS} fields.", node))


def _public(error: GraphQLError) -> dict[str, Any]:
    """The error as a caller may see it: an exception in a resolver is logged by graphene and not shown."""
    cause = error.original_error
    if cause is None:
        shown: dict[str, Any] = dict(error.formatted)
        return shown
    known = as_kapok_error(cause)
    return {
        "message": known.message,
        "path": error.path,
        "extensions": {"code": known.code, "number": known.number},
    }


def _answer(body: dict[str, Any], status: int) -> JsonResponse:
    return JsonResponse(body, status=status)
