"""The hot path: a POST whose tenant, caller, tables and operation are all at hand, answered without a coroutine.

In: the head and body of a request. Out: the response's bytes, later, through a callback; or "not mine" (False or None),
and then the endpoint answers the same bytes. It only looks things up: whatever is missing, doubtful or wrong is left to
the endpoint, so that every rule and every error is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter

from apps.graphql_api.asgi import Headers, credentials, request_id_of
from apps.graphql_api.cors import cors_headers
from apps.graphql_api.endpoint import GraphQLEndpoint, error_headers, timing
from apps.graphql_api.engine import Engine
from apps.graphql_api.http import MAX_HEADER_BYTES, is_json, negotiate, request_from_json
from apps.graphql_api.responses import CONTENT_TYPE_LINE, Header, data_parts, error_reply
from apps.graphql_api.shapes import Shapes
from apps.tenants.addressing import Address, Addressing
from apps.tenants.credentials import Credentials
from apps.tenants.directory import Directory, Entry
from kapok.errors import KapokError
from kapok.execute.failures import STALE_PLAN, StatementFailed, public_error
from kapok.execute.run import Runner
from kapok.execute.segment import Segment
from kapok.execute.write_run import WriteRun
from kapok.observe import Observation, emit
from kapok.principal import READ, WRITE
from kapok.query.write_operation import WriteOperation
from kapok.tenancy import TenantState

#: A longer address is none of a tenant's; the cache of addresses must not be filled with whatever strangers send.
MAX_ADDRESS_BYTES = 512
_ACTIVE = TenantState.ACTIVE

#: Takes the status and the pieces of the response after its status line, or None: the endpoint is to answer after all.
Respond = Callable[[tuple[int, Sequence[bytes]] | None], None]


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a POST says, whoever may be behind it: nothing here has been looked up or checked."""

    slug: str
    path: str
    media: bytes
    shown: Credentials
    headers: Headers


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

    def head(self, url: bytes, headers: Headers, address: str) -> Head | None:
        """What a head says; None: not mine. address: where it came from."""
        try:
            slug = self._slug(headers.get(b"host", b""), url)
            media = negotiate(headers.get(b"accept", b""), page=False)
            if slug is None or media is None or not is_json(headers.get(b"content-type", b"")[:MAX_HEADER_BYTES]):
                return None
            return Head(slug, url.decode("latin-1"), media, credentials(headers, address), headers)
        except KapokError:
            return None  # the endpoint says it properly

    def start(self, head: Head, body: bytes, respond: Respond) -> bool:
        """Start answering a POST. False: not mine, and nothing has happened. Otherwise `respond` is called once."""
        started = perf_counter()
        try:
            return self._start(head, body, respond, started)
        except KapokError:
            return False  # the endpoint says it properly

    def _start(self, head: Head, body: bytes, respond: Respond, started: float) -> bool:
        entry = self._directory.entry_at_hand(head.slug)
        if entry is None or entry.tenant.state is not _ACTIVE or entry.project.trusted_documents_only:
            return False
        tenant, limits = entry.tenant, entry.tenant.limits
        principal = self._directory.principal_at_hand(entry, head.shown)
        model = self._shapes.known(tenant.schema)
        if principal is None or model is None:
            return False
        request = request_from_json(body)
        scope = self._engine.scope_at_hand(entry, principal.role, model)
        if request.sha256 is not None or request.query is None or scope is None:
            return False
        resolved = perf_counter()
        prepared = self._engine.at_hand(scope, request.query, request.operation_name, request.variables)
        if prepared is None or prepared.introspects or not prepared.operation.weight:
            return False
        operation, variables, told = prepared.operation, prepared.variables, prepared.operation.record
        if operation.cost(variables, limits.rows) > limits.cost:
            return False
        seen = Observation(request_id_of(head.headers), "POST", head.path, entry.tenant_id, tenant.slug, principal.role)
        seen.operation, seen.plan_cache, seen.address = request.operation_name or "", "hit", head.shown.address
        record = None if told is None else told.parameters(entry.tenant_id, seen.address)
        underway = Underway(self._endpoint, entry, head, operation.data, seen, respond, started)
        if isinstance(operation, WriteOperation):
            principal.require(WRITE)
            rows = operation.bind(variables, limits.rows, principal.claims)
            underway.enter(resolved)
            self._runner.submit_write(tenant, principal, seen.request_id, operation, rows, underway.written, record)
        else:
            principal.require(READ)
            given = operation.bind(variables, limits.rows, principal.claims)
            underway.enter(resolved)
            self._runner.submit(tenant, principal, seen.request_id, operation.template, given, underway.read, record)
        return True

    def _slug(self, host: bytes, url: bytes) -> str | None:
        """Of the tenant an address names alone by its path or alone by its slug in the host."""
        if len(host) + len(url) > MAX_ADDRESS_BYTES:
            return None
        address: Address = self._address(host, url.decode("latin-1"))
        if address.path != "/graphql" or address.domain is not None:
            return None
        by_path = address.path_slug
        slug = by_path if address.host_slug is None else address.host_slug
        return slug if by_path in (None, slug) else None


class Underway:
    """A request on its way. data: from the rows to the `data` object. started: by perf_counter."""

    __slots__ = ("_data", "_endpoint", "_entry", "_head", "_respond", "_seen", "_started", "_submitted")

    def __init__(
        self,
        endpoint: GraphQLEndpoint,
        entry: Entry,
        head: Head,
        data: Callable[..., bytes],
        seen: Observation,
        respond: Respond,
        started: float,
    ) -> None:
        self._endpoint = endpoint
        self._entry = entry
        self._head = head
        self._data = data
        self._seen = seen
        self._respond = respond
        self._started = self._submitted = started

    def enter(self, resolved: float) -> None:
        """It is about to be submitted. resolved: when its caller and tables were known. Raises OVERLOADED."""
        self._endpoint.enter(self._entry.tenant)
        self._submitted = perf_counter()
        self._seen.resolve, self._seen.compile = resolved - self._started, self._submitted - resolved

    def read(self, segment: Segment) -> None:
        """The read has ended."""
        failure = segment.error
        if segment.row is not None and failure is None:
            self._finish(self._data(segment.row))
        elif isinstance(failure, StatementFailed) and failure.sqlstate not in STALE_PLAN:
            self._fail(public_error(failure.sqlstate), failure)
        else:  # a lost connection or changed tables: once more, by the endpoint
            self._leave()
            self._respond(None)

    def written(self, run: WriteRun) -> None:
        """The mutation has ended."""
        if run.rows is not None:
            self._finish(self._data(run.rows))
        elif isinstance(run.error, KapokError):
            self._fail(run.error, run.error.__cause__)
        else:  # changed tables, nothing was written: once more, by the endpoint
            self._leave()
            self._respond(None)

    def _finish(self, data: bytes) -> None:
        self._leave()
        self._send(200, CONTENT_TYPE_LINE[self._head.media], data_parts(data))

    def _fail(self, error: KapokError, cause: BaseException | None) -> None:
        self._leave()
        seen, draft = self._seen, self._entry.project.draft_statuses
        seen.error, seen.cause = error.code, cause
        reply = error_reply(error, self._head.media, seen.request_id, draft=draft)
        self._send(reply.status, _lines([*reply.headers, *error_headers(error)]), (reply.body,))

    def _leave(self) -> None:
        self._endpoint.leave(self._entry.tenant)
        now = perf_counter()
        self._seen.execute, self._seen.total = now - self._submitted, now - self._started

    def _send(self, status: int, lines: bytes, body: Sequence[bytes]) -> None:
        """body: in pieces, so that a long answer is copied once."""
        seen = self._seen
        seen.status, seen.response_bytes = status, sum(map(len, body))
        cors = _lines(cors_headers(self._entry.project, self._head.headers))
        head = _HEAD % (lines, cors, seen.response_bytes, seen.request_id.encode(), timing(seen))
        self._respond((status, (head, *body)))
        emit(seen)


_HEAD = b"%b%bcontent-length: %d\r\nx-request-id: %b\r\nserver-timing: %b\r\n\r\n"


def _lines(headers: list[Header]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])
