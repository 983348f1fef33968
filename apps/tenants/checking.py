"""What the job of a self-check at once does: goes through a log from its beginning.

In: an operation of a tenant, or of none for the control plane's log. Out: the operation's result says what was found;
kapok_log says it too, and the watch raises what has to be raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from apps.audit.anchors import AnchorAwayError
from apps.audit.logs import LogRef
from apps.audit.sealing_state import Session, read_log
from apps.audit.self_check import Checked, check_slice
from apps.audit.tasks import what_vouches
from apps.tenants.exporting import own_session
from apps.tenants.models import Operation
from apps.tenants.trail import require_log
from apps.tenants.watching import watch_logs
from kapok.errors import KapokError

Progressed = Callable[[int, int], None]

_AGAIN = "update {schema}.kapok_log set checked_size = 0 where checked_size <> 0"


def _check(operation: Operation, progressed: Progressed) -> None:
    if operation.tenant is None and operation.result.get("tenant"):
        raise KapokError("INVALID_STATE", "The tenant of this operation is gone.")
    log = require_log(operation.tenant)
    with own_session() as session:
        session.execute(log.sql(_AGAIN))
        checked = _whole_log(session, log, progressed)
    operation.result = {**operation.result, "entries": checked.entries, "problem": checked.problem}
    operation.save(update_fields=["result"])
    watch_logs()


def _whole_log(session: Session, log: LogRef, progressed: Progressed) -> Checked:
    anchors, trusted = what_vouches()
    while True:
        try:
            checked = check_slice(session, log, anchors, trusted)
        except AnchorAwayError as exc:
            raise KapokError("ANCHOR_AWAY") from exc
        if checked.ended:
            return checked
        state = read_log(session, log)
        progressed(checked.entries, max(checked.entries, state.size if state else 0))


#: The steps of the job.
STEPS: Mapping[str, Callable[[Operation, Progressed], None]] = {"check": _check}
