"""Why a log is not sealed or not what it was: written down once, for people and for the log itself.

In: a connection, a log, a sentence. Out: kapok_log's row, an event, and a line of the process's log at level ERROR.
"""

from __future__ import annotations

import logging
from typing import Any, LiteralString

from apps.audit.logs import LogRef
from apps.audit.sealing_state import Session, begin_log
from apps.audit.statement import INSERT, event_values

log_lines = logging.getLogger("kapok.audit")

_SEALING: LiteralString = "update {schema}.kapok_log set sealing_problem = %s where sealing_problem <> %s"
_CHECK: LiteralString = "update {schema}.kapok_log set last_problem = %s where last_problem <> %s"


def refuse_sealing(session: Session, log: LogRef, problem: str, size: int | None = None) -> None:
    """The log is not sealed, or no checkpoint of it is signed. size: in entries, where it is known."""
    _say(session, log, _SEALING, "audit.sealing_refused", problem, {} if size is None else {"size": size})


def check_failed(session: Session, log: LogRef, problem: str, index: int | None) -> None:
    """The self-check found a log that is not what it was. index: of the first bad entry, where there is one."""
    _say(session, log, _CHECK, "audit.check_failed", problem, {} if index is None else {"index": index})


def sealing_resumed(session: Session, log: LogRef) -> None:
    """A checkpoint was signed."""
    session.execute(log.sql(_SEALING), ["", ""])


def check_passed(session: Session, log: LogRef) -> None:
    """A whole round of the self-check found nothing."""
    session.execute(log.sql(_CHECK), ["", ""])


def _say(
    session: Session, log: LogRef, statement: LiteralString, action: str, problem: str, facts: dict[str, Any]
) -> None:
    with session.transaction():
        # A log whose first batch was refused has no row yet to say it in.
        begin_log(session, log)
        if session.execute(log.sql(statement), [problem, problem]).rowcount == 0:
            return  # said already
        details = {"problem": problem, **facts}
        values = event_values(
            action,
            outcome="failed",
            actor="system",
            target=f"log:{log.origin}",
            request_id="",
            address="",
            details=details,
        )
        session.execute(log.sql(INSERT), values)
    log_lines.error("the log %s: %s", log.origin, problem, extra={"log": log.origin, **facts})
