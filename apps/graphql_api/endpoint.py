"""The GraphQL endpoint of the data plane: `_answer` is the pipeline, one call a phase.

In: an ASGI HTTP request and the tenant it is addressed to. Out: a complete response. Every error a phase raises is a
KapokError (or a list of GraphQL errors); anything else is a bug, logged with its cause and answered without it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter

from apps.graphql_api import graphiql
from apps.graphql_api.asgi import (
    Headers,
    Receive,
    Scope,
    Send,
    address_of,
    credentials,
    pick_headers,
    read_request,
    request_id_of,
)
from apps.graphql_api.cors import cors_headers, preflight
from apps.graphql_api.document import DocumentInvalid
from apps.graphql_api.engine import Engine, Prepared
from apps.graphql_api.engine import Scope as EngineScope
from apps.graphql_api.http import HTML, JSON, GraphQLRequest, negotiate
from apps.graphql_api.persisted import PersistedDocuments
from apps.graphql_api.responses import Header, Reply, challenge, data_reply, error_reply, errors_reply
from apps.tenants.directory import Directory, Entry, admit
from kapok.errors import KapokError
from kapok.execute.failures import StalePlan
from kapok.execute.run import Runner
from kapok.observe import Observation, emit
from kapok.principal import READ, WRITE, Principal
from kapok.query.write_operation import WriteOperation
from kapok.tenancy import TenantRef

#: Finds the tenant a request is addressed to.
Resolve = Callable[[], Awaitable[Entry]]

log = logging.getLogger("kapok.graphql")

#: How often an operation is compiled and run while the tables change under it.
ATTEMPTS = 4


@dataclass(slots=True)
class Caller:
    """Who asks, where, and how."""

    entry: Entry
    principal: Principal
    method: str
    seen: Observation


class GraphQLEndpoint:
    """Answers /graphql for every tenant."""

    def __init__(self, directory: Directory, engine: Engine, runner: Runner, persisted: PersistedDocuments) -> None:
        self._directory = directory
        self._engine = engine
        self._runner = runner
        self._persisted = persisted
        self._running: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send, resolve: Resolve) -> None:
        """Answer one request. resolve: gives the tenant, or raises why there is none."""
        started = perf_counter()
        headers = pick_headers(scope)
        request_id = request_id_of(headers)
        seen = Observation(request_id, scope["method"], scope["path"], address=address_of(scope))
        reply = await self._answer(scope, receive, headers, resolve, seen)
        seen.status, seen.response_bytes = reply.status, len(reply.body)
        seen.total = perf_counter() - started
        reply.headers.append((b"content-length", b"%d" % len(reply.body)))
        reply.headers.append((b"x-request-id", request_id.encode()))
        reply.headers.append((b"server-timing", timing(seen)))
        await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
        await send({"type": "http.response.body", "body": reply.body})
        emit(seen)

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Headers, resolve: Resolve, seen: Observation
    ) -> Reply:
        """The pipeline, with every refusal turned into a reply."""
        media, draft, cors = JSON, False, list[Header]()
        try:
            entry = await resolve()
            seen.tenant, seen.tenant_id = entry.tenant.slug, str(entry.tenant.id)
            draft, cors = entry.project.draft_statuses, cors_headers(entry.project, headers)
            admit(entry)
            if scope["method"] == "OPTIONS":
                return preflight(headers, cors)
            media = _media(scope["method"], headers)
            if media == HTML:
                return _page(scope, entry)
            reply = await self._execute(scope, receive, headers, entry, media, seen)
        except KapokError as error:
            _note(seen, error)
            reply = error_reply(error, media, seen.request_id, draft=draft)
            reply.headers.extend(error_headers(error))
        except DocumentInvalid as invalid:
            seen.error = invalid.code
            reply = errors_reply(invalid.code, invalid.errors, media, seen.request_id, draft=draft)
        except Exception as exc:
            log.exception("a request failed", extra={"request_id": seen.request_id, "tenant_id": seen.tenant_id})
            seen.error, seen.cause = "INTERNAL_SERVER_ERROR", exc
            reply = error_reply(KapokError("INTERNAL_SERVER_ERROR"), media, seen.request_id, draft=draft)
        reply.headers.extend(cors)
        return reply

    async def _execute(
        self, scope: Scope, receive: Receive, headers: Headers, entry: Entry, media: bytes, seen: Observation
    ) -> Reply:
        """Authenticate, read, compile, run."""
        started = perf_counter()
        principal = await self._directory.principal(entry, credentials(headers, seen.address))
        request = await read_request(scope, receive, headers)
        seen.role, seen.operation = principal.role, request.operation_name or ""
        seen.resolve = perf_counter() - started
        text = await self._persisted.text(entry.project, request, entry.tenant.limits)
        caller = Caller(entry, principal, scope["method"], seen)
        self.enter(entry.tenant)
        try:
            return data_reply(await self._run_or_refresh(caller, text, request), media)
        finally:
            self.leave(entry.tenant)

    def enter(self, tenant: TenantRef) -> None:
        """Count a request of the tenant as under way. Raises OVERLOADED where there are too many."""
        running = self._running.get(tenant.schema, 0)
        if running >= tenant.limits.concurrency:
            raise KapokError("OVERLOADED", "This tenant has too many requests under way.", status=429)
        self._running[tenant.schema] = running + 1

    def leave(self, tenant: TenantRef) -> None:
        """The request that entered is done."""
        running = self._running[tenant.schema]
        if running == 1:
            del self._running[tenant.schema]
        else:
            self._running[tenant.schema] = running - 1

    async def _run_or_refresh(self, caller: Caller, text: str, request: GraphQLRequest) -> bytes:
        """Run; where the tables have changed since the plan was made and the news has not come yet, read them anew and
        run again."""
        shapes = set[str]()
        for _ in range(ATTEMPTS):
            started = perf_counter()
            scope = await self._engine.scope(caller.entry, caller.principal.role)
            shapes.add(scope.key.shape)
            try:
                return await self._run(caller, scope, text, request, started)
            except StalePlan as exc:
                stale = exc
                self._engine.refresh(caller.entry.tenant.schema)
        # Where the tables stayed as they were, something else is missing, such as what a project's function looks for.
        raise KapokError("SCHEMA_CHANGING" if len(shapes) > 1 else "DATABASE_ERROR") from stale

    async def _run(
        self, caller: Caller, scope: EngineScope, text: str, request: GraphQLRequest, started: float
    ) -> bytes:
        """Compile and run the document: the `data` object. started: when its scope was looked for, for the timing."""
        tenant, seen = caller.entry.tenant, caller.seen
        prepared = await self._engine.prepare(
            scope, text, request.operation_name, request.variables, method=caller.method
        )
        if prepared.introspects and not caller.entry.project.introspection:
            raise KapokError("GRAPHQL_VALIDATION_FAILED", "This project does not show its schema.")
        operation, limits = prepared.operation, tenant.limits
        cost = operation.cost(prepared.variables, limits.rows)
        if cost > limits.cost:
            raise KapokError("QUERY_TOO_COMPLEX", details={"cost": cost, "limit": limits.cost})
        compiled = perf_counter()
        seen.plan_cache = "hit" if prepared.hit else "miss"
        seen.compile = compiled - started
        data = await self._data(caller, prepared)
        seen.execute = perf_counter() - compiled
        return data

    async def _data(self, caller: Caller, prepared: Prepared) -> bytes:
        """Run an operation: the `data` object."""
        tenant, principal, request_id = caller.entry.tenant, caller.principal, caller.seen.request_id
        operation, rows, told = prepared.operation, tenant.limits.rows, prepared.operation.record
        principal.require(WRITE if isinstance(operation, WriteOperation) else READ)
        if not operation.weight:  # nothing of it needs the database
            return operation.data([])
        record = None if told is None else told.parameters(caller.entry.tenant_id, caller.seen.address)
        if isinstance(operation, WriteOperation):
            bound = operation.bind(prepared.variables, rows, principal.claims)
            return operation.data(await self._runner.write(tenant, principal, request_id, operation, bound, record))
        given = operation.bind(prepared.variables, rows, principal.claims)
        row = await self._runner.read(tenant, principal, request_id, operation.template, given, record)
        return operation.data(row)


def _media(method: str, headers: Headers) -> bytes:
    """The media type to answer with. Raises METHOD_NOT_ALLOWED, NOT_ACCEPTABLE."""
    if method not in ("GET", "POST"):
        raise KapokError("METHOD_NOT_ALLOWED")
    media = negotiate(headers.get(b"accept", b""), page=method == "GET")
    if media is None:
        raise KapokError("NOT_ACCEPTABLE", hint="Accept application/graphql-response+json or application/json.")
    return media


def _page(scope: Scope, entry: Entry) -> Reply:
    """GraphiQL for a browser."""
    nonce = secrets.token_urlsafe(16)
    body = graphiql.page(endpoint=scope["path"], tenant=entry.tenant.slug, nonce=nonce, assets=graphiql.ASSETS_PATH)
    return Reply(200, body, graphiql.page_headers(nonce))


def error_headers(error: KapokError) -> list[Header]:
    """What the status asks for (RFC 9110: 405 with Allow, 401 with WWW-Authenticate, 503 with Retry-After)."""
    if error.status == 405:
        return [(b"allow", error.details.get("allow", "GET, POST, OPTIONS").encode())]
    if error.status == 401:
        return [challenge(error)]
    if error.status in (429, 503):
        return [(b"retry-after", b"1")]
    return []


def _note(seen: Observation, error: KapokError) -> None:
    seen.error = error.code
    seen.cause = error.__cause__


def timing(seen: Observation) -> bytes:
    """Server-Timing (W3C): milliseconds by phase."""
    return b"auth;dur=%.2f, plan;desc=%b;dur=%.2f, db;dur=%.2f, total;dur=%.2f" % (
        seen.resolve * 1e3,
        seen.plan_cache.encode() or b"none",
        seen.compile * 1e3,
        seen.execute * 1e3,
        seen.total * 1e3,
    )
