"""One Postgres connection, given one segment at a time, and a read behind a read of the same tenant.

In: a segment (preamble, statement, Sync). Out: the one row of its statement. A segment is one round
trip and its own implicit transaction: an error aborts that segment only. Runs on `psycopg.pq`, because the high-level
cursor costs more than the query (docs/adr/0002). Sources: libpq manual, "Pipeline Mode"; protocol manual, "Pipelining".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from time import monotonic

import psycopg
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from kapok.execute.failures import SERVER_GOES_AWAY, ConnectionLost, Diagnostics, NotRun, StatementFailed
from kapok.execute.segment import Segment, WriteSegment
from kapok.execute.session import AGAIN, CHANGED_SESSION, KEEP_MEMORY, LOGIN_OPTIONS, PREAMBLE, REPORTED, WRITE_PREAMBLE
from kapok.execute.statements import StatementCache
from kapok.identifiers import bind_schema

log = logging.getLogger("kapok.execute")

_PREAMBLE_NAME, _WRITE_PREAMBLE_NAME, _AGAIN_NAME = b"kapok_preamble", b"kapok_write_preamble", b"kapok_again"
# As plain numbers: looking a member up costs more than reading a result's status.
_TUPLES_OK, _PIPELINE_SYNC = int(ExecStatus.TUPLES_OK), int(ExecStatus.PIPELINE_SYNC)
_PREPARED = ((_PREAMBLE_NAME, PREAMBLE), (_WRITE_PREAMBLE_NAME, WRITE_PREAMBLE), (_AGAIN_NAME, AGAIN))
_CHANGED = "a project's function changed the settings of its session; the connection is dropped"
_REPORTED_NAMES, _REPORTED_VALUES = list(REPORTED), list(REPORTED.values())
#: How much longer than its statement_timeout a segment may stay unanswered before the connection counts as dead.
ANSWER_GRACE_SECONDS = 5.0


class _Unfit(psycopg.OperationalError):
    """The connection cannot be used any more, and what is under way is not committed."""


OnFree = Callable[["Connection", Segment | None], None]


class Connection:
    """A connection of a gateway role in pipeline mode. Made by `connect`; all methods belong to the event loop."""

    def __init__(self, session: psycopg.AsyncConnection[object], *, slots: int, on_free: OnFree) -> None:
        self._session = session
        self._pgconn: PGconn = session.pgconn
        self._loop = asyncio.get_running_loop()
        self._segment: Segment | None = None
        # Sent already; the server begins with it when it has answered the other.
        self._behind: Segment | None = None
        self._statements = StatementCache(slots)
        self._socket = self._pgconn.socket
        self._writing = False
        self._on_free = on_free
        #: Who waits for it to be free, by the pool's word.
        self.awaited_by: Segment | None = None
        self.opened_at = monotonic()
        self.closed = False

    @classmethod
    async def connect(cls, conninfo: str, *, slots: int, on_free: OnFree) -> Connection:
        """Log in, prepare the preamble and enter pipeline mode. on_free: called after each answered segment, though one
        behind it may keep the connection busy, and when the connection is lost (with the segment that was under way, if
        any). Raises psycopg.OperationalError."""
        session = await psycopg.AsyncConnection[object].connect(conninfo, autocommit=True, options=LOGIN_OPTIONS)
        pgconn = session.pgconn
        for name, text in _PREPARED:
            result = pgconn.prepare(name, text.encode())
            if result.status != ExecStatus.COMMAND_OK:
                await session.close()
                raise psycopg.OperationalError(f"the preamble could not be prepared: {statement_failed(result)}")
        pgconn.exec_(KEEP_MEMORY)
        pgconn.nonblocking = 1
        pgconn.enter_pipeline_mode()
        connection = cls(session, slots=slots, on_free=on_free)
        connection._loop.add_reader(connection._socket, connection._on_readable)
        return connection

    @property
    def busy(self) -> bool:
        """Whether a segment is under way."""
        return self._segment is not None

    def knows(self, segment: Segment) -> bool:
        """Whether the statement, of a write the first one, is prepared here."""
        return (segment.schema, segment.template) in self._statements

    def takes_behind(self, segment: Segment, patience: float) -> bool:
        """Whether this read may be sent behind the one under way: a read of the same tenant, sent at most `patience`
        seconds before this one was queued, with none behind it; and this one's statement is prepared here."""
        first = self._segment
        return (
            first is not None
            and self._behind is None
            and not first.writes
            and not segment.writes
            and first.schema == segment.schema
            and segment.since - first.since < patience
            and self.knows(segment)
        )

    def take_back(self, before: float) -> Segment | None:
        """The read that stands behind one that was begun before this moment, to be run elsewhere. What the server still
        answers to it here is for nobody."""
        first, behind = self._segment, self._behind
        if first is None or behind is None or behind.abandoned or first.since > before:
            return None
        self._behind = Segment(behind.schema, behind.template, (), (), seconds=behind.seconds, done=_for_nobody)
        self._behind.abandoned = True
        self._behind.closes = behind.closes
        return behind

    @property
    def followed(self) -> bool:
        """Whether somebody waits for a read that stands behind another."""
        return self._behind is not None and not self._behind.abandoned

    def send(self, segment: Segment) -> None:
        """Send a segment on an idle connection, or a read that it `takes_behind`; it ends with the row, StatementFailed
        or ConnectionLost."""
        segment.since = monotonic()
        if self._segment is None:
            self._segment = segment
        else:
            self._behind = segment
        pgconn = self._pgconn
        try:
            for closing in self._statements.take_closing():
                pgconn.send_close_prepared(closing)
                segment.closes += 1
            if isinstance(segment, WriteSegment):
                self._send_write(segment)
            else:
                pgconn.send_query_prepared(_PREAMBLE_NAME, segment.preamble)
                segment.key, segment.name = self._send_statement(segment.schema, segment.template, segment.parameters)
            pgconn.pipeline_sync()
            self._flush()
        except psycopg.OperationalError as exc:
            self._lose(exc)

    def _send_write(self, segment: WriteSegment) -> None:
        preamble = _WRITE_PREAMBLE_NAME
        for template, parameters in segment.statements:
            self._pgconn.send_query_prepared(preamble, segment.preamble)
            preamble = _AGAIN_NAME
            key, name = self._send_statement(segment.schema, template, parameters)
            if key is not None:
                segment.prepared.append((key, name))

    def _send_statement(
        self, schema: str, template: str, parameters: Sequence[bytes | None]
    ) -> tuple[Hashable | None, bytes]:
        """Send one statement; its key and name where it is prepared by this."""
        key = (schema, template)
        name = self._statements.get(key)
        if name is not None:
            self._pgconn.send_query_prepared(name, parameters)
            return None, b""
        text = bind_schema(template, schema).encode()
        if not self._statements.admits(key):
            self._pgconn.send_query_params(text, parameters)
            return None, b""
        name = self._statements.new_name()
        self._pgconn.send_prepare(name, text)
        self._pgconn.send_query_prepared(name, parameters)
        return key, name

    def overdue(self, now: float) -> bool:
        """Whether the segment should have been answered by now."""
        segment = self._segment
        return segment is not None and segment.since + segment.seconds + ANSWER_GRACE_SECONDS < now

    def close(self, reason: str = "closed") -> None:
        """Close at once; what is under way fails with ConnectionLost."""
        self._lose(ConnectionLost(reason))

    def _flush(self) -> None:
        pending = self._pgconn.flush()
        if pending and not self._writing:
            self._writing = True
            self._loop.add_writer(self._socket, self._on_writable)
        elif not pending and self._writing:
            self._writing = False
            self._loop.remove_writer(self._socket)

    def _on_writable(self) -> None:
        try:
            self._flush()
        except psycopg.OperationalError as exc:
            self._lose(exc)

    def _on_readable(self) -> None:
        pgconn = self._pgconn
        try:
            try:
                pgconn.consume_input()
            except psycopg.OperationalError:
                self._hear_goodbye()
                raise
            while self._segment is not None and not pgconn.is_busy():
                result = pgconn.get_result()
                if result is not None:
                    self._take(self._segment, result)
            if self.closed:
                return
            # Input while nothing is under way is a notice, or the server's goodbye.
            if pgconn.status != ConnStatus.OK:
                raise psycopg.OperationalError("the server closed the connection")
            if self._writing:
                self._flush()
        except psycopg.OperationalError as exc:
            self._lose(exc)

    def _hear_goodbye(self) -> None:
        """What the server said before the end may have been read with nothing under way, and wait to be looked at.
        Raises _Unfit."""
        nothing = 0
        # One None stands between two results; a lost connection has no end of them.
        while self._segment is not None and nothing < 2 and not self._pgconn.is_busy():
            result = self._pgconn.get_result()
            nothing = nothing + 1 if result is None else 0
            if result is not None:
                self._take(self._segment, result)

    def _take(self, segment: Segment, result: PGresult) -> None:
        status = result.status
        if status == _TUPLES_OK:
            segment.tuples += 1
            # Every other one is a preamble's.
            if segment.tuples % 2 == 0 and result.ntuples:
                segment.take([result.get_value(0, column) for column in range(result.nfields)])
        elif status == _PIPELINE_SYNC:
            self._segment, self._behind = self._behind, None
            if isinstance(segment, WriteSegment):
                for key, name in segment.prepared[: max(0, segment.commands - segment.closes)]:
                    self._statements.confirm(key, name)
            elif segment.key is not None and segment.commands > segment.closes:
                self._statements.confirm(segment.key, segment.name)
            if [*map(self._pgconn.parameter_status, _REPORTED_NAMES)] != _REPORTED_VALUES:
                self._retire()
            elif self._segment is not None:
                self._segment.since = monotonic()
            # First the next segment: Postgres works on it while this answer is written.
            self._on_free(self, segment)
            segment.finish()
        elif status == ExecStatus.COMMAND_OK:
            segment.commands += 1
        elif status == ExecStatus.FATAL_ERROR:
            failure = segment.error = statement_failed(result)
            if failure.sqlstate in SERVER_GOES_AWAY:
                raise _Unfit(str(failure))
            if not segment.tuples and failure.sqlstate == CHANGED_SESSION:
                log.warning(_CHANGED)
                raise _Unfit(_CHANGED)
            if isinstance(segment, WriteSegment):
                segment.failed = segment.tuples // 2

    def _retire(self) -> None:
        """Nothing may run on this session after what has just been answered; what has, counts for nothing."""
        log.warning(_CHANGED)
        self._disconnect()
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.fail(NotRun(_CHANGED))

    def _disconnect(self) -> None:
        self.closed = True
        self._loop.remove_reader(self._socket)
        if self._writing:
            self._loop.remove_writer(self._socket)
        self._pgconn.finish()

    def _lose(self, cause: BaseException) -> None:
        if self.closed:
            return
        self._disconnect()
        segment, behind, self._segment, self._behind = self._segment, self._behind, None, None
        for one in (segment, behind):
            if one is not None:
                lost = NotRun(str(cause)) if isinstance(cause, _Unfit) else ConnectionLost(str(cause))
                lost.__cause__ = cause
                one.fail(lost)
        self._on_free(self, segment)


def _for_nobody(segment: Segment) -> None:
    """Nobody waits for it."""


def statement_failed(result: PGresult) -> StatementFailed:
    """What the server said of a statement."""
    state = _field(result, DiagnosticField.SQLSTATE) or "XX000"
    diagnostics = Diagnostics(
        _field(result, DiagnosticField.TABLE_NAME),
        _field(result, DiagnosticField.COLUMN_NAME),
        _field(result, DiagnosticField.CONSTRAINT_NAME),
        _field(result, DiagnosticField.MESSAGE_DETAIL) if state.startswith("KP") else "",
        _field(result, DiagnosticField.DATATYPE_NAME),
    )
    return StatementFailed(state, _field(result, DiagnosticField.MESSAGE_PRIMARY), diagnostics)


def _field(result: PGresult, field: DiagnosticField) -> str:
    return (result.error_field(field) or b"").decode(errors="replace")
