"""Documents: parsed, bounded and validated against a role's schema once, then only their variables are looked at.

In: a document's text, an `ApiSchema`, a tenant's limits. Out: a `Document`, or `DocumentInvalid` with every reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    ListValueNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    VariableNode,
    parse,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from apps.graphql_api.introspection_weight import asks_for_too_much, introspection_fields
from apps.graphql_api.limits import children, size_errors
from apps.graphql_api.schema.graphene_types import ApiSchema
from apps.graphql_api.schema.write_bindings import Verb
from apps.graphql_api.variables import VariablePlan, VariableUses, coerce, plan_variables, signature
from kapok.errors import REGISTRY, KapokError
from kapok.tenancy import Limits

#: Tokens of a document; GraphiQL's introspection query has about 250.
MAX_TOKENS = 5000
#: Errors reported for one document; looking for names to suggest takes a while for each.
MAX_ERRORS = 10
#: Characters of one error's message; a message quotes the document.
MAX_MESSAGE = 500
# A tenth of graphql-core's own budget: comparing fields that could be merged takes at most 30 ms.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 50_000


class DocumentInvalid(Exception):
    """A document that is not run. errors: {message, locations: [{line, column}], extensions}, all of one code."""

    def __init__(self, code: str, errors: Sequence[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = [_error_object(error, code) for error in errors]


@dataclass(frozen=True, slots=True)
class _Operation:
    node: OperationDefinitionNode
    variables: tuple[VariablePlan, ...]
    introspects: bool


class Document:
    """A valid document. ast: without locations. sha256: hex digest of its text. fragments: by name."""

    def __init__(self, text: str, ast: DocumentNode, schema: ApiSchema) -> None:
        self.ast = ast
        self.sha256 = hashlib.sha256(text.encode()).hexdigest()
        self.fragments = {node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)}
        uses = VariableUses(frozenset(_deciding(ast)), frozenset(_within(ast)))
        self._operations: dict[str | None, _Operation] = {}
        for node in ast.definitions:
            if isinstance(node, OperationDefinitionNode):
                introspects = bool(introspection_fields(node.selection_set, self.fragments))
                plans = plan_variables(schema, node, uses, introspects=introspects)
                self._operations[node.name.value if node.name else None] = _Operation(node, plans, introspects)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of this name, or the only one. Raises OPERATION_RESOLUTION_FAILURE."""
        return self._operation(name).node

    def introspects(self, name: str | None) -> bool:
        """Whether the operation has `__schema` or `__type`: its answer may be large, and a project may forbid it."""
        return self._operation(name).introspects

    def signature(self, name: str | None, coerced: Mapping[str, Any]) -> Hashable:
        """What of the coerced variables the operation is compiled for; see `variables.signature`."""
        return signature(self._operation(name).variables, coerced)

    def given(self, name: str | None, variables: Mapping[str, Any]) -> tuple[dict[str, Any], Hashable]:
        """An operation's coerced variables and their signature. Raises what `operation` and `coerce_variables` do."""
        plans = self._operation(name).variables
        coerced = coerce(plans, variables)
        return coerced, signature(plans, coerced)

    def variables(self, operation: OperationDefinitionNode) -> tuple[VariablePlan, ...]:
        """The plans of an operation's variables."""
        return self._operations[operation.name.value if operation.name else None].variables

    def _operation(self, name: str | None) -> _Operation:
        if name is None and len(self._operations) == 1:
            (only,) = self._operations.values()
            return only
        found = self._operations.get(name)
        if found is None:
            known = [known for known in self._operations if known is not None]
            raise KapokError(
                "OPERATION_RESOLUTION_FAILURE",
                "Name the operation to run."
                if name is None
                else f'There is no operation "{name[:100]}" in the document.',
                details={"operations": known[:20]},
            )
        return found


def coerce_variables(
    document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> dict[str, Any]:
    """The variables of an operation, coerced. Raises BAD_USER_INPUT, QUERY_TOO_COMPLEX."""
    return coerce(document.variables(operation), variables)


def parse_document(text: str, schema: ApiSchema, limits: Limits) -> Document:
    """A document that fits the schema and the limits. Raises DocumentInvalid."""
    ast = _parse(text, limits)
    _refuse("QUERY_TOO_COMPLEX", size_errors(ast, limits))
    _validate(ast, schema)
    _refuse("GRAPHQL_VALIDATION_FAILED", _operation_errors(ast, schema))
    _refuse("QUERY_TOO_COMPLEX", _introspection_errors(ast, schema))
    _forget_locations(ast)
    return Document(text, ast, schema)


def _parse(text: str, limits: Limits) -> DocumentNode:
    size = len(text.encode(errors="surrogatepass"))
    if size > limits.document_bytes:
        problem = f"The document has {size} bytes; at most {limits.document_bytes} are allowed."
        raise DocumentInvalid("QUERY_TOO_COMPLEX", [GraphQLError(problem)])
    try:
        return parse(text, max_tokens=MAX_TOKENS)
    except GraphQLSyntaxError as exc:
        too_many = "Document contains more than" in exc.message
        raise DocumentInvalid("QUERY_TOO_COMPLEX" if too_many else "GRAPHQL_PARSE_FAILED", [exc]) from exc


def _validate(ast: DocumentNode, schema: ApiSchema) -> None:
    errors = validate(schema.graphql, ast, max_errors=MAX_ERRORS)
    # Aborted for another reason than too many errors: fragments or mergeable fields beyond graphql-core's own bounds.
    if any(isinstance(error, ValidationAbortedError) for error in errors) and len(errors) <= MAX_ERRORS:
        raise DocumentInvalid(
            "QUERY_TOO_COMPLEX",
            [GraphQLError("The document has too many fragments or repeated fields to be checked.", ast)],
        )
    _refuse("GRAPHQL_VALIDATION_FAILED", errors)


def _operation_errors(ast: DocumentNode, schema: ApiSchema) -> list[GraphQLError]:
    """graphql-core's rules let operations pass that the schema has no root type for, and documents without any."""
    operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    if not operations:
        return [GraphQLError("The document has no operation.", ast)]
    return [
        GraphQLError(f"This API has no {node.operation.value}s.", node)
        for node in operations
        if schema.graphql.get_root_type(node.operation) is None
    ]


def _introspection_errors(ast: DocumentNode, schema: ApiSchema) -> list[GraphQLError]:
    fragments = {node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)}
    return [
        GraphQLError("The operation asks for too much of the schema at once.", node)
        for node in ast.definitions
        if isinstance(node, OperationDefinitionNode)
        and asks_for_too_much(schema.graphql, node.selection_set, fragments)
    ]


def _refuse(code: str, errors: Sequence[GraphQLError]) -> None:
    if errors:
        raise DocumentInvalid(code, errors)


def _error_object(error: GraphQLError, code: str) -> dict[str, Any]:
    found: dict[str, Any] = {"message": error.message[:MAX_MESSAGE]}
    if error.locations:
        found["locations"] = [{"line": place.line, "column": place.column} for place in error.locations[:MAX_ERRORS]]
    return {**found, "extensions": {"code": code, "number": REGISTRY[code].number}}


def _deciding(ast: DocumentNode) -> Iterator[str]:
    """The variables in @skip and @include, the only directives of a valid document with arguments, and in fields of
    literals that are called as the verbs of a relation's input that are Booleans."""
    for node in _nodes(ast):
        given: Sequence[ArgumentNode | ObjectFieldNode] = ()
        if isinstance(node, DirectiveNode):
            given = node.arguments
        elif isinstance(node, ObjectFieldNode) and node.name.value in (Verb.DISCONNECT, Verb.DELETE):
            given = [node]
        yield from (entry.value.name.value for entry in given if isinstance(entry.value, VariableNode))


def _within(ast: DocumentNode) -> Iterator[str]:
    """The variables inside of lists and objects."""
    for node in _nodes(ast):
        if isinstance(node, ListValueNode | ObjectFieldNode):
            for child in children(node):
                if isinstance(child, VariableNode):
                    yield child.name.value


def _forget_locations(ast: DocumentNode) -> None:
    """A location keeps every token of the document alive: ten times the size of the rest."""
    for node in _nodes(ast):
        node.loc = None


def _nodes(ast: DocumentNode) -> Iterator[Node]:
    stack: list[Node] = [ast]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))
