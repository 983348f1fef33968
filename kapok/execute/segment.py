"""One unit of work for a connection: a preamble, a statement, and whom to tell of the end."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from time import monotonic

from kapok.execute.failures import StatementFailed, record_error
from kapok.query.read_record import RECORD

Row = list[bytes | None]


class Segment:
    """What to run (schema, template, text-format parameters, preamble parameters, time-out in seconds), and, while it
    runs, what has come back. done: called once, with this segment, when `row` or `error` is there; it must not raise.
    A plain call, because a future costs a turn of the event loop."""

    #: Whether its transaction may write.
    writes = False

    __slots__ = (
        "abandoned",
        "closes",
        "commands",
        "done",
        "error",
        "key",
        "name",
        "parameters",
        "preamble",
        "row",
        "schema",
        "seconds",
        "since",
        "template",
        "tuples",
    )

    def __init__(
        self,
        schema: str,
        template: str,
        parameters: Sequence[bytes | None],
        preamble: Sequence[bytes],
        *,
        seconds: float,
        done: Callable[[Segment], None],
    ) -> None:
        self.schema = schema
        self.template = template
        self.parameters = parameters
        self.preamble = preamble
        self.seconds = seconds
        self.done = done
        #: When it was queued, then when it was sent.
        self.since = monotonic()
        #: The caller has gone; it need not run any more.
        self.abandoned = False
        self.closes = 0
        self.commands = 0
        self.tuples = 0
        #: Set when the segment prepares its statement.
        self.key: Hashable | None = None
        self.name = b""
        self.row: Row | None = None
        self.error: BaseException | None = None

    def take(self, row: Row) -> None:
        """The statement's row has come."""
        self.row = row

    def fail(self, error: BaseException) -> None:
        """End without an answer."""
        self.error = error
        self.done(self)

    def finish(self) -> None:
        """The server has answered the whole segment."""
        if self.error is None and self.row is None:
            self.error = StatementFailed("XX000", "the statement gave no row")
        self.done(self)


class WriteSegment(Segment):
    """Statements that run one after another in one transaction that may write; none where nothing is asked for. rows:
    one for each that has run. failed: the number of the one that failed; how many there are when it was the commit."""

    writes = True

    __slots__ = ("failed", "prepared", "rows", "statements")

    def __init__(
        self,
        schema: str,
        statements: Sequence[tuple[str, Sequence[bytes | None]]],
        preamble: Sequence[bytes],
        *,
        seconds: float,
        done: Callable[[Segment], None],
    ) -> None:
        template, parameters = statements[0] if statements else ("", ())
        super().__init__(schema, template, parameters, preamble, seconds=seconds, done=done)
        self.statements = statements
        #: Key and name of the statements it prepares, in order.
        self.prepared: list[tuple[Hashable, bytes]] = []
        self.rows: list[Row] = []
        self.failed = 0

    def take(self, row: Row) -> None:
        """The next statement's row has come."""
        self.rows.append(row)

    def finish(self) -> None:
        """The server has answered the whole segment."""
        if self.error is None and len(self.rows) < len(self.statements):
            self.error = StatementFailed("XX000", "a statement gave no row")
        self.done(self)


class RecordedSegment(WriteSegment):
    """A read and the record of it, in one transaction. row: the read's, once both are committed. The transaction may
    write, for the record's sake; the record fails where the read has."""

    __slots__ = ()

    def __init__(
        self,
        schema: str,
        template: str,
        parameters: Sequence[bytes | None],
        preamble: Sequence[bytes],
        record: Sequence[bytes],
        *,
        seconds: float,
        done: Callable[[Segment], None],
    ) -> None:
        statements = ((template, parameters), (RECORD, record))
        super().__init__(schema, statements, preamble, seconds=seconds, done=done)

    def finish(self) -> None:
        """The server has answered the whole segment."""
        if self.error is None and len(self.rows) == len(self.statements):
            self.row = self.rows[0]
        elif isinstance(self.error, StatementFailed) and self.failed:
            refused = record_error(self.error.sqlstate)
            refused.__cause__ = self.error
            self.error = refused
        super().finish()
