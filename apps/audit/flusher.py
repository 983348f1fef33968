"""Writes what a Tally has counted, from a process of Django's: every few seconds, in a thread of its own.

In: a Tally. Out: rows of kapok_event; of a tenant without a log, in the control plane's. What cannot be written now is
kept for the next time; at the end of the process all of it is written.
"""

from __future__ import annotations

import logging
import threading

from django.db import Error, ProgrammingError, connection, transaction

from apps.audit.logs import CONTROL_LOG, log_of
from apps.audit.statement import INSERT
from apps.audit.tally import TALLY, Pending, Tally

log = logging.getLogger("kapok.audit")

#: How often, in seconds.
EVERY = 2.0


def flush(tally: Tally = TALLY, *, everything: bool = False) -> None:
    """Write what is due. everything: also what would be counted further."""
    pending = tally.take(everything=everything)
    try:
        while pending:
            _write(pending[0])
            pending.pop(0)
    except Error:
        log.warning("%d events wait for the database", len(pending), exc_info=True)
        tally.put_back(pending)


def _write(event: Pending) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(log_of(event.schema).sql(INSERT), event.values)
    except ProgrammingError:  # the tenant is gone, or an older Kapok's
        with connection.cursor() as cursor:
            cursor.execute(CONTROL_LOG.sql(INSERT), event.values)


class Flusher:
    """The thread."""

    def __init__(self) -> None:
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def __enter__(self) -> Flusher:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ends.wait(EVERY):
            flush()
            # No connection is held between two rounds.
            connection.close()
        flush(everything=True)
        connection.close()
