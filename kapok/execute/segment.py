"""One unit of work for a connection: a preamble, a statement, and the future its caller waits on."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence

from kapok.execute.failures import StatementFailed

Row = list[bytes | None]


class Segment:
    """What to run (schema, template, text-format parameters, preamble parameters, time-out in seconds), and, while it
    runs, what has come back."""

    __slots__ = (
        "closes",
        "commands",
        "error",
        "future",
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
    ) -> None:
        loop = asyncio.get_running_loop()
        self.schema = schema
        self.template = template
        self.parameters = parameters
        self.preamble = preamble
        self.seconds = seconds
        self.future: asyncio.Future[Row] = loop.create_future()
        #: When it was queued, then when it was sent (loop time).
        self.since = loop.time()
        self.closes = 0
        self.commands = 0
        self.tuples = 0
        #: Set when the segment prepares its statement.
        self.key: Hashable | None = None
        self.name = b""
        self.row: Row | None = None
        self.error: StatementFailed | None = None

    def fail(self, error: BaseException) -> None:
        """Tell the caller, if it still waits."""
        if not self.future.done():
            self.future.set_exception(error)

    def finish(self) -> None:
        """The server has answered the whole segment."""
        if self.future.done():  # the caller was cancelled
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        elif self.row is None:
            self.future.set_exception(StatementFailed("XX000", "the statement gave no row"))
        else:
            self.future.set_result(self.row)
