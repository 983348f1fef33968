"""Waits until a log is sealed up to now, which another process does.

In: a connection in autocommit mode and a log. Out: whether it is, or why not.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from apps.audit.logs import LogRef
from apps.audit.sealing_state import Session

#: How often the log is looked at, in seconds.
LOOK_EVERY = 0.25

_NEWEST = "select max(position) from {schema}.kapok_event"
_SEALED = """
    select exists (
        select from {schema}.kapok_entry e
        where e.kind = 'event' and e.position = %s
          and e.index < (select max(size) from {schema}.kapok_checkpoint)
    )
"""
_PROBLEM = "select sealing_problem from {schema}.kapok_log"


def wait_until_sealed(session: Session, log: LogRef, seconds: float, waiting: Callable[[float], None]) -> str:
    """Wait until the newest event there is now has a checkpoint above it, so until all that was committed before it.

    seconds: at most so long. waiting(seconds so far): called at each look. Out: "" or why the log is not sealed.
    """
    newest = session.execute(log.sql(_NEWEST)).fetchone()
    began = time.monotonic()
    while (waited := time.monotonic() - began) < seconds:
        if session.execute(log.sql(_SEALED), newest).fetchone() == (True,):
            return ""
        row = session.execute(log.sql(_PROBLEM)).fetchone()
        if row is not None and row[0]:
            return str(row[0])
        waiting(waited)
        time.sleep(LOOK_EVERY)
    return f"nothing has sealed it within {seconds:g} seconds"
