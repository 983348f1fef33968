"""The hot path: a POST whose tenant, caller, tables and operation are all at hand, answered without a coroutine.

In: the head and body of a request. Out: the response's bytes, later, through a callback; or "not mine" (False or None),
and then the endpoint answers the same bytes. It only looks things up: whatever is missing, doubtful or wrong is left to
the endpoint, so that every rule and every error is written once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from time import perf_counter

from apps.graphql_api.asgi import Headers, credentials, request_id_of
from apps.graphql_api.cors import cors_headers
from apps.graphql_api.endpoint import GraphQLEndpoint, error_headers, timing
from apps.graphql_api.engine import Engine
from apps.graphql_api.http import negotiate, request_from_body
from apps.graphql_api.responses import Header, Reply, data_reply, error_reply
from apps.graphql_api.shapes import Shapes
from apps.tenants.addressing import Address, Addressing
from apps.tenants.directory import Directory, Entry
from kapok.errors import KapokError
from kapok.execute.failures import STALE_PLAN, StatementFailed, public_error
from kapok.execute.run import Runner
from kapok.execute.segment import Segment
from kapok.execute.write_run import WriteRun
from kapok.observe import Observation, emit
from kapok.principal import READ, WRITE, Principal
from kapok.query.operation import Operation
from kapok.query.values import Variables
from kapok.query.write_operation import WriteOperation
from kapok.tenancy import TenantRef, TenantState

#: A longer address is none of a tenant's; the cache of addresses must not be filled with whatever strangers send.
MAX_ADDRESS_BYTES = 512

#: Takes the status and the response after its status line, or None: the endpoint is to answer after all.
Respond = Callable[[tuple[int, bytes] | None], None]


@dataclass(slots=True)
class Underway:
    """A request whose statement runs."""

    entry: Entry
    media: bytes
    cors: list[Header]
    seen: Observation
    started: float
    submitted: float
    respond: Respond


class HotPath:
    """Answers what it can at once."""

    def __init__(
        self,
        addressing: Addressing,
        directory: Directory,
        shapes: Shapes,
        engine: Engine,
        runner: Runner,
        endpoint: GraphQLEndpoint,
    ) -> None:
        self._directory = directory
        self._shapes = shapes
        self._engine = engine
        self._runner = runner
        self._endpoint = endpoint
        self._address = lru_cache(maxsize=10_000)(addressing.read)

    def start(self, url: bytes, headers: Headers, body: bytes, respond: Respond) -> bool:
        """Start answering a POST. False: not mine, and nothing has happened. Otherwise `respond` is called once."""
        started = perf_counter()
        try:
            return self._start(url, headers, body, respond, started)
        except KapokError:
            return False  # the endpoint says it properly

    def _start(self, url: bytes, headers: Headers, body: bytes, respond: Respond, started: float) -> bool:
        entry = self._entry(headers.get(b"host", b""), url)
        if entry is None or entry.tenant.state is not TenantState.ACTIVE or entry.project.trusted_documents_only:
            return False
        media = negotiate(headers.get(b"accept", b""), page=False)
        principal = self._directory.principal_at_hand(entry, credentials(headers))
        model = self._shapes.known(entry.tenant.schema)
        if principal is None or model is None or media is None:
            return False
        request = request_from_body(headers.get(b"content-type", b""), body)
        scope = self._engine.scope_at_hand(entry, principal.role, model)
        if request.sha256 is not None or request.query is None or scope is None:
            return False
        resolved = perf_counter()
        prepared = self._engine.at_hand(scope, request.query, request.operation_name, request.variables)
        if prepared is None or prepared.introspects or not prepared.operation.weight:
            return False
        operation, limits = prepared.operation, entry.tenant.limits
        principal.require(WRITE if isinstance(operation, WriteOperation) else READ)
        if operation.cost(prepared.variables, limits.rows) > limits.cost:
            return False
        run = self._bound(entry.tenant, principal, operation, prepared.variables)
        self._endpoint.enter(entry.tenant)
        seen = Observation(
            request_id_of(headers), "POST", url.decode("latin-1"), str(entry.tenant.id), entry.tenant.slug
        )
        seen.role, seen.operation, seen.plan_cache = principal.role, request.operation_name or "", "hit"
        submitted = perf_counter()
        seen.resolve, seen.compile = resolved - started, submitted - resolved
        cors = cors_headers(entry.project, headers)
        run(Underway(entry, media, cors, seen, started, submitted, respond))
        return True

    def _bound(
        self, tenant: TenantRef, principal: Principal, operation: Operation | WriteOperation, variables: Variables
    ) -> Callable[[Underway], object]:
        """What starts the operation with these variables. Raises KapokError for values that cannot be bound."""
        rows, claims = tenant.limits.rows, principal.claims
        if isinstance(operation, WriteOperation):
            bound = operation.bind(variables, rows, claims)
            return lambda underway: self._runner.submit_write(
                tenant,
                principal,
                underway.seen.request_id,
                operation,
                bound,
                partial(self._written, underway, operation),
            )
        given, template = operation.bind(variables, rows, claims), operation.template
        return lambda underway: self._runner.submit(
            tenant, principal, underway.seen.request_id, template, given, partial(self._read, underway, operation)
        )

    def _entry(self, host: bytes, url: bytes) -> Entry | None:
        """The tenant an address names alone by its path or alone by its slug in the host."""
        if len(host) + len(url) > MAX_ADDRESS_BYTES:
            return None
        address: Address = self._address(host, url.decode("latin-1"))
        if address.path != "/graphql" or address.domain is not None:
            return None
        by_path = address.path_slug
        slug = by_path if address.host_slug is None else address.host_slug
        if slug is None or by_path not in (None, slug):
            return None
        return self._directory.entry_at_hand(slug)

    def _read(self, underway: Underway, operation: Operation, segment: Segment) -> None:
        failure = segment.error
        if segment.row is not None and failure is None:
            self._finish(underway, operation.data(segment.row))
        elif isinstance(failure, StatementFailed) and failure.sqlstate not in STALE_PLAN:
            self._finish(underway, public_error(failure.sqlstate), failure)
        else:  # a lost connection or changed tables: once more, by the endpoint
            self._finish(underway, None)

    def _written(self, underway: Underway, operation: WriteOperation, run: WriteRun) -> None:
        if run.rows is not None:
            self._finish(underway, operation.data(run.rows))
        elif isinstance(run.error, KapokError):
            self._finish(underway, run.error, run.error.__cause__)
        else:  # changed tables, nothing was written: once more, by the endpoint
            self._finish(underway, None)

    def _finish(self, underway: Underway, end: bytes | KapokError | None, cause: BaseException | None = None) -> None:
        """Respond with the `data` object or the error; None: the endpoint is to answer. cause: of the error."""
        self._endpoint.leave(underway.entry.tenant)
        seen, now = underway.seen, perf_counter()
        seen.execute, seen.total = now - underway.submitted, now - underway.started
        if end is None:
            underway.respond(None)
            return
        if isinstance(end, bytes):
            reply = data_reply(end, underway.media)
        else:
            seen.error, seen.cause = end.code, cause
            reply = error_reply(end, underway.media, seen.request_id, draft=underway.entry.project.draft_statuses)
            reply.headers.extend(error_headers(end))
        seen.status, seen.response_bytes = reply.status, len(reply.body)
        underway.respond((reply.status, _head(reply, underway.cors, seen) + reply.body))
        emit(seen)


def _head(reply: Reply, cors: list[Header], seen: Observation) -> bytes:
    headers = b"".join([b"%b: %b\r\n" % header for header in (*reply.headers, *cors)])
    ids = (len(reply.body), seen.request_id.encode(), timing(seen))
    return b"%bcontent-length: %d\r\nx-request-id: %b\r\nserver-timing: %b\r\n\r\n" % (headers, *ids)
