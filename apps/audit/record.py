"""Writes an event. In: what was done, to what, by whom. Out: one row in the log, in the caller's transaction.

The row is there if and only if the transaction commits. The request's id and the client's address are those bound for
the request that is being answered (kapok/logs.py, apps/audit/context.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import connection

from apps.audit.actions import action_of
from apps.audit.context import client_address
from apps.audit.logs import LogRef
from apps.audit.models import Outcome
from kapok.logs import request_id

#: The longest text of a column or a detail, in characters; what is longer was not made by Kapok, and is cut.
MAX_TEXT = 2000

INSERT = """
    insert into {schema}.kapok_event (action, outcome, actor, target, request_id, address, details)
    values (%s, %s, %s, %s, %s, %s, %s::jsonb)
"""


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
    values = event_values(action, actor=actor, target=target, details=details or {}, outcome=outcome)
    with connection.cursor() as cursor:
        cursor.execute(log.sql(INSERT), values)


def event_values(
    action: str, *, actor: str, target: str, details: Mapping[str, Any], outcome: str
) -> tuple[int, str, str, str, str, str, str]:
    """What INSERT takes. Raises as `record` does."""
    number = action_of(action, details).number
    return (
        number,
        Outcome(outcome).value,
        _text(actor),
        _text(target),
        _text(request_id.get()),
        _text(client_address.get()),
        json.dumps(_storable(details)),
    )


def _text(value: str) -> str:
    """What PostgreSQL's text and jsonb can hold: no NUL, no half characters; and nothing without an end."""
    cut = value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    return cut.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_text(name): _storable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value
