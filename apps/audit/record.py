"""Writes an event. In: what was done, to what, by whom. Out: one row in the log, in the caller's transaction.

The row is there if and only if the transaction commits. The request's id and the client's address are those bound for
the request that is being answered (kapok/logs.py, apps/audit/context.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection

from apps.audit.context import client_address
from apps.audit.logs import LogRef
from apps.audit.models import Outcome
from apps.audit.statement import INSERT, event_values
from kapok.logs import request_id


def record(
    action: str,
    *,
    log: LogRef,
    actor: str,
    target: str,
    details: Mapping[str, Any] | None = None,
    outcome: str = Outcome.OK,
) -> None:
    """Record an act. action: a name of apps/audit/actions.py. actor: `operator:<id>`, `end_user:<id>`, `system`.
    target: `tenant:<id>` and the like. details: JSON-ready, no secrets. Raises UnknownActionError for an action or a
    detail that the registry does not have, ValueError for an outcome there is not."""
    values = event_values(
        action,
        outcome=Outcome(outcome).value,
        actor=actor,
        target=target,
        request_id=request_id.get(),
        address=client_address.get(),
        details=details or {},
    )
    with connection.cursor() as cursor:
        cursor.execute(log.sql(INSERT), values)
