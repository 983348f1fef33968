"""What the job of an erasure does: waits until the log is sealed, then takes the values out.

In: an operation whose result says what is to be erased. Out: the values are gone, the result says how many, and what
they were selected by, which may name a person, is gone from it too. The step can run again from its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from apps.audit.erasure import Selection, do_erase
from apps.audit.exports.sealed import wait_until_sealed
from apps.audit.logs import LogRef
from apps.tenants.acting import SYSTEM, actor_name
from apps.tenants.exporting import SEAL_SECONDS, now_and_then, own_session
from apps.tenants.models import Operation
from apps.tenants.models.jobs import ASKED
from apps.tenants.trail import require_log

Progressed = Callable[[int, int], None]


def asked(selection: Selection, reason: str) -> dict[str, Any]:
    """What `selection_of` reads, as JSON."""
    return {ASKED: {"selection": asdict(selection), "reason": reason}}


def selection_of(operation: Operation) -> Selection:
    """What is to be erased."""
    given = operation.result[ASKED]["selection"]
    paths = given["paths"]
    return Selection(**{**given, "paths": None if paths is None else tuple(paths)})


def _seal(operation: Operation, progressed: Progressed) -> None:
    # Where the log cannot be sealed, the next step says whether that concerns what is to be erased.
    told = now_and_then(progressed)
    with own_session() as session:
        wait_until_sealed(session, _log(operation), SEAL_SECONDS, lambda waited: told(int(waited), int(SEAL_SECONDS)))


def _erase(operation: Operation, progressed: Progressed) -> None:
    if ASKED not in operation.result:
        return
    erased = do_erase(
        _log(operation),
        selection_of(operation),
        actor=actor_name(operation.requested_by or SYSTEM),
        reason=operation.result[ASKED]["reason"],
    )
    kept = {name: value for name, value in operation.result.items() if name != ASKED}
    operation.result = {**kept, "entries": erased.entries, "values": erased.values}
    operation.save(update_fields=["result"])


#: The steps of the job, in order.
STEPS: Mapping[str, Callable[[Operation, Progressed], None]] = {"seal": _seal, "erase": _erase}


def _log(operation: Operation) -> LogRef:
    return require_log(operation.tenant)
