"""From a document to an operation: the miss path of the caches, in the order of its phases.

In: a tenant's entry, its principal's role, a document's text and variables. Out: an `Operation` with coerced variables.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from apps.graphql_api.cache import Lru, SchemaKey
from apps.graphql_api.compile import compile_operation
from apps.graphql_api.document import Document, coerce_variables, parse_document
from apps.graphql_api.schema.graphene_types import ApiSchema, build_schema
from apps.graphql_api.shapes import Shapes
from apps.tenants.directory import Directory, Entry
from kapok.errors import KapokError
from kapok.model.types import Model
from kapok.permissions.apply import visible
from kapok.permissions.rules import parse_permissions
from kapok.query.operation import Operation
from kapok.tenancy import Limits

#: Documents longer than this are parsed and compiled in a thread, so that they do not hold up others.
INLINE_CHARACTERS = 2000
MAX_TOKENS = 15_000

DocumentKey = tuple[SchemaKey, Limits, str]
OperationKey = tuple[DocumentKey, str | None, Hashable]


@dataclass(slots=True)
class Prepared:
    """An operation ready to be bound. hit: whether it was compiled before."""

    operation: Operation
    variables: Mapping[str, Any]
    hit: bool


class Engine:
    """Schemas, documents and operations, compiled once per shape, permissions and role."""

    def __init__(self, directory: Directory, shapes: Shapes) -> None:
        self._directory = directory
        self._shapes = shapes
        self._schemas: Lru[SchemaKey, ApiSchema] = Lru(size=300)
        self._documents: Lru[DocumentKey, Document] = Lru(size=5000)
        self.operations: Lru[OperationKey, Operation] = Lru(size=10_000)
        self._building: dict[SchemaKey, asyncio.Task[ApiSchema]] = {}
        self._permissions: Lru[tuple[object, int], bytes] = Lru(size=2000)

    async def prepare(
        self,
        entry: Entry,
        role: str,
        text: str,
        operation_name: str | None,
        variables: Mapping[str, Any],
        *,
        method: str,
    ) -> Prepared:
        """The operation for this role of this tenant. method: the HTTP method; GET runs queries only. Raises
        DocumentInvalid, KapokError."""
        key, model = await self._context(entry, role)
        limits = entry.tenant.limits
        document_key = (key, limits, text)
        document = self._documents.get(document_key)
        if document is None:
            schema = await self._schema(entry, key, model)
            if method == "GET":
                refuse_mutation(text)
            document = await _aside(text, parse_document, text, schema, limits)
            self._documents.put(document_key, document)
        operation = document.operation(operation_name)
        operation_key = (document_key, operation_name, document.signature(operation_name, variables))
        coerced = coerce_variables(document, operation, variables)
        compiled = self.operations.get(operation_key)
        if compiled is not None:
            return Prepared(compiled, coerced, hit=True)
        schema = await self._schema(entry, key, model)
        compiled = await _aside(text, compile_operation, schema, document, operation, coerced)
        self.operations.put(operation_key, compiled)
        return Prepared(compiled, coerced, hit=False)

    def refresh(self, schema: str) -> None:
        """Forget what is known of a schema: a plan made from it failed."""
        self._shapes.changed(schema)

    async def _context(self, entry: Entry, role: str) -> tuple[SchemaKey, Model]:
        """What the API schema of this role depends on."""
        model = self._shapes.known(entry.tenant.schema) or await self._shapes.model(entry.tenant.schema)
        version = (entry.project.id, entry.project.permissions_version)
        digest = self._permissions.get(version)
        if digest is None:
            text = await self._directory.permissions_text(entry.project)
            digest = hashlib.sha256(text.encode()).digest()
            self._permissions.put(version, digest)
        return SchemaKey(model.shape, digest, role), model

    async def _schema(self, entry: Entry, key: SchemaKey, model: Model) -> ApiSchema:
        """The API schema, built in a thread and once for all who ask at the same time."""
        schema = self._schemas.get(key)
        if schema is not None:
            return schema
        task = self._building.get(key)
        if task is None:
            text = await self._directory.permissions_text(entry.project)
            task = self._building[key] = asyncio.create_task(asyncio.to_thread(_build, model, text, key.role))
            task.add_done_callback(lambda _: self._building.pop(key, None))
        schema = await asyncio.shield(task)
        self._schemas.put(key, schema)
        return schema


def refuse_mutation(text: str) -> None:
    """A safe method must not change anything (RFC 9110 9.2.1). Raises METHOD_NOT_ALLOWED."""
    try:
        document = parse(text, no_location=True, max_tokens=MAX_TOKENS)
    except GraphQLError:
        return  # said properly by parse_document
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and node.operation is not OperationType.QUERY:
            raise KapokError("METHOD_NOT_ALLOWED", "Only queries may be sent by GET.", details={"allow": "POST"})


def _build(model: Model, permissions: str, role: str) -> ApiSchema:
    return build_schema(visible(model, parse_permissions(permissions), role))


async def _aside(text: str, function: Any, *arguments: Any) -> Any:
    if len(text) <= INLINE_CHARACTERS:
        return function(*arguments)
    return await asyncio.to_thread(function, *arguments)
