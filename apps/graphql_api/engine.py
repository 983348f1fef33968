"""From a document to an operation: the miss path of the caches, in the order of its phases.

In: a tenant's entry, its principal's role, a document's text and variables. Out: an `Operation` with coerced variables.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from apps.graphql_api.compile import compile_operation
from apps.graphql_api.document import Document, coerce_variables, parse_document
from apps.graphql_api.schema.graphene_types import ApiSchema, build_schema
from apps.graphql_api.schema.surface import build_surface
from apps.graphql_api.shapes import Shapes
from apps.tenants.directory import Directory, Entry, PermissionTexts
from kapok.errors import KapokError
from kapok.lru import Lru
from kapok.model.types import Model
from kapok.permissions.apply import visible
from kapok.permissions.overrides import effective_permissions
from kapok.query.operation import Operation
from kapok.query.recorded import Recorded
from kapok.query.write_operation import WriteOperation
from kapok.tenancy import Limits

#: Documents longer than this, with their variables, are parsed and compiled in a thread: they must not hold up others.
INLINE_CHARACTERS = 2000
MAX_TOKENS = 15_000
#: Characters of documents kept; one counts as at least so many. Parsed, a character takes up to 100 bytes.
DOCUMENT_CHARACTERS, LEAST_CHARACTERS = 2_000_000, 400
#: Characters of SQL kept, each operation with what is around it.
SQL_CHARACTERS, AROUND_CHARACTERS = 20_000_000, 2000


@dataclass(frozen=True, slots=True)
class SchemaKey:
    """What an API schema depends on. permissions: digest of the permissions' texts."""

    shape: str
    permissions: bytes
    role: str


@dataclass(eq=False, slots=True)
class Scope:
    """Where documents mean the same: one API schema under one set of limits. Compared by identity, which is quick.
    recorded: whose reads are recorded; None for most."""

    key: SchemaKey
    limits: Limits
    model: Model
    schema: ApiSchema
    recorded: Recorded | None = None


#: Operation name and structure of the variables (docs/adr/0003).
OperationKey = tuple[str | None, Hashable]


@dataclass(eq=False, slots=True)
class CachedDocument:
    """A document under a scope. Compared by identity, as a part of the keys of its operations."""

    document: Document


@dataclass(slots=True)
class Prepared:
    """An operation ready to be bound. hit: whether it was compiled before. introspects: whether it asks for the
    schema."""

    operation: Operation | WriteOperation
    variables: Mapping[str, Any]
    hit: bool
    introspects: bool


class Engine:
    """Schemas, documents and operations, compiled once per shape, permissions and role."""

    def __init__(self, directory: Directory, shapes: Shapes) -> None:
        self._directory = directory
        self._shapes = shapes
        # By the parts of the SchemaKey, and the limits: a flat tuple of texts is hashed faster.
        self._scopes: Lru[tuple[str, bytes, str, str], Scope] = Lru(size=500)
        self._schemas: Lru[SchemaKey, ApiSchema] = Lru(size=300)
        self._documents: Lru[tuple[Scope, str], CachedDocument] = Lru(
            DOCUMENT_CHARACTERS, lambda key, _: max(len(key[1]), LEAST_CHARACTERS)
        )
        self._operations: Lru[tuple[CachedDocument, OperationKey], Operation | WriteOperation] = Lru(
            SQL_CHARACTERS, lambda _, operation: operation.weight + AROUND_CHARACTERS
        )
        # Their answers are part of them, up to a megabyte each.
        self._introspections: Lru[tuple[CachedDocument, OperationKey], Operation | WriteOperation] = Lru(size=20)
        self._building: dict[SchemaKey, asyncio.Task[ApiSchema]] = {}

    async def scope(self, entry: Entry, role: str) -> Scope:
        """Where this role's documents are compiled. Raises MODEL_UNAVAILABLE, DATABASE_UNAVAILABLE."""
        model = self._shapes.known(entry.tenant.schema) or await self._shapes.model(entry.tenant.schema)
        permissions = await self._directory.permissions(entry)
        found = self._scopes.get((model.shape, permissions.digest, role, entry.settings_key))
        if found is not None and found.model is model:
            return found
        key = SchemaKey(model.shape, permissions.digest, role)
        schema = await self._schema(key, model, permissions)
        wanted = entry.project.recorded_reads
        scope = Scope(key, entry.tenant.limits, model, schema, Recorded(wanted, model) if wanted else None)
        self._scopes.put((model.shape, permissions.digest, role, entry.settings_key), scope)
        return scope

    def scope_at_hand(self, entry: Entry, role: str, model: Model) -> Scope | None:
        """The scope, if it has been made: the hot path's look-up."""
        permissions = self._directory.permissions_at_hand(entry)
        if permissions is None:
            return None
        found = self._scopes.get((model.shape, permissions.digest, role, entry.settings_key))
        return found if found is not None and found.model is model else None

    async def prepare(
        self, scope: Scope, text: str, operation_name: str | None, variables: Mapping[str, Any], *, method: str
    ) -> Prepared:
        """The operation to run. method: the HTTP method; GET runs queries only. Raises DocumentInvalid, KapokError."""
        if method == "GET" and self._documents.get((scope, text)) is None:
            refuse_mutation(text, operation_name)
        prepared = self.at_hand(scope, text, operation_name, variables)
        if prepared is None:
            prepared = await self._compiled(scope, text, operation_name, variables)
        if method == "GET" and isinstance(prepared.operation, WriteOperation):
            raise _only_queries()
        return prepared

    async def _compiled(
        self, scope: Scope, text: str, operation_name: str | None, variables: Mapping[str, Any]
    ) -> Prepared:
        cached = self._documents.get((scope, text))
        if cached is None:
            document = await _aside(len(text), parse_document, text, scope.schema, scope.limits)
            cached = CachedDocument(document)
            self._documents.put((scope, text), cached)
        operation = cached.document.operation(operation_name)
        coerced = coerce_variables(cached.document, operation, variables)
        key = _operation_key(cached.document, operation_name, coerced)
        introspects = cached.document.introspects(operation_name)
        if introspects:  # takes 0.2 s however short the document is
            compiled = await asyncio.to_thread(_compile, scope, cached.document, operation, coerced)
            self._introspections.put((cached, key), compiled)
        else:
            # A variable may hold hundreds of rows within rows.
            size = len(text) + len(orjson.dumps(variables))
            compiled = await _aside(size, _compile, scope, cached.document, operation, coerced)
            self._operations.put((cached, key), compiled)
        return Prepared(compiled, coerced, hit=False, introspects=introspects)

    def at_hand(
        self, scope: Scope, text: str, operation_name: str | None, variables: Mapping[str, Any]
    ) -> Prepared | None:
        """The operation, if it has been compiled: the hot path's look-up. Raises KapokError for wrong variables."""
        cached = self._documents.get((scope, text))
        if cached is None:
            return None
        coerced, signature = cached.document.given(operation_name, variables)
        key = (operation_name, signature)
        compiled = self._operations.get((cached, key))
        if compiled is not None:
            return Prepared(compiled, coerced, hit=True, introspects=False)
        compiled = self._introspections.get((cached, key))
        return None if compiled is None else Prepared(compiled, coerced, hit=True, introspects=True)

    def refresh(self, schema: str) -> None:
        """Forget what is known of a schema: a plan made from it failed."""
        self._shapes.changed(schema)

    async def _schema(self, key: SchemaKey, model: Model, permissions: PermissionTexts) -> ApiSchema:
        """The API schema, built in a thread and once for all who ask at the same time."""
        schema = self._schemas.get(key)
        if schema is not None:
            return schema
        task = self._building.get(key)
        if task is None:
            task = self._building[key] = asyncio.create_task(asyncio.to_thread(_build, model, permissions, key.role))
            task.add_done_callback(lambda _: self._building.pop(key, None))
        schema = await asyncio.shield(task)
        self._schemas.put(key, schema)
        return schema


def _operation_key(document: Document, operation_name: str | None, coerced: Mapping[str, Any]) -> OperationKey:
    """What a compiled operation of a document depends on."""
    return operation_name, document.signature(operation_name, coerced)


def refuse_mutation(text: str, operation_name: str | None) -> None:
    """A safe method must not change anything (RFC 9110 9.2.1). Raises METHOD_NOT_ALLOWED."""
    try:
        document = parse(text, no_location=True, max_tokens=MAX_TOKENS)
    except GraphQLError:
        return  # said properly by parse_document
    for node in document.definitions:
        if not isinstance(node, OperationDefinitionNode) or node.operation is OperationType.QUERY:
            continue
        if operation_name is None or (node.name is not None and node.name.value == operation_name):
            raise _only_queries()


def _only_queries() -> KapokError:
    return KapokError("METHOD_NOT_ALLOWED", "Only queries may be sent by GET.", details={"allow": "POST"})


def _compile(
    scope: Scope, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Operation | WriteOperation:
    """The operation, with what is to be written down of each run."""
    recorded = scope.recorded
    if recorded is None:
        return compile_operation(scope.schema, document, operation, variables)
    compiled = compile_operation(scope.schema, document, operation, variables, recorded.keyed)
    name = operation.name.value if operation.name is not None else ""
    return recorded.noted(compiled, scope.key.role, name, document.sha256)


def _build(model: Model, permissions: PermissionTexts, role: str) -> ApiSchema:
    rules = effective_permissions(permissions.project, permissions.tenant)
    return build_schema(build_surface(visible(model, rules, role)))


async def _aside(characters: int, function: Any, *arguments: Any) -> Any:
    if characters <= INLINE_CHARACTERS:
        return function(*arguments)
    return await asyncio.to_thread(function, *arguments)
