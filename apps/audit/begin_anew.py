"""A log that cannot go on begins anew, under another name: commits that anchors speak of are lost for good.

In: a log, and why. Out: the same rows, with no entry; the sealer makes all of them again. The event says which log was
before and how far it had come, so that nobody can pass the one off as the other.
"""

from __future__ import annotations

import re

from django.db import connection, transaction

from apps.audit.logs import LogRef
from apps.audit.record import record

_LOCK = "select origin, size from {schema}.kapok_log for update"
_LAST = "select note from {schema}.kapok_checkpoint order by size desc limit 1"
_EMPTY = "truncate {schema}.kapok_entry, {schema}.kapok_tile, {schema}.kapok_checkpoint, {schema}.kapok_search"
_BEGIN = """
    update {schema}.kapok_log
    set origin = %s, size = 0, horizon = '0', after_kind = '', after_position = 0, cluster = '', restored_change = 0,
        restored_event = 0, restored_unsealed = false, sealed_at = null, anchored_size = 0, checked_size = 0,
        indexed_size = 0, last_checked_at = null, last_problem = '', sealing_problem = ''
"""
_NUMBERED = re.compile(r"(.*)/again-(\d+)")


@transaction.atomic
def do_begin_anew(log: LogRef, *, actor: str, reason: str) -> str:
    """Have everything the log's tables hold sealed again. reason: recorded, like actor. Out: the log's new origin, or
    the old one where nothing was ever sealed."""
    with connection.cursor() as cursor:
        cursor.execute(log.sql(_LOCK))
        row = cursor.fetchone()
        if row is None:
            return log.origin
        former, size = row
        cursor.execute(log.sql(_LAST))
        last = cursor.fetchone()
        origin = _next(former)
        cursor.execute(log.sql(_EMPTY))
        cursor.execute(log.sql(_BEGIN), [origin])
    details = {"reason": reason, "formerOrigin": former, "formerSize": size, "checkpoint": last[0] if last else ""}
    record("audit.begun_anew", log=log, actor=actor, target=f"log:{origin}", details=details)
    return origin


def _next(origin: str) -> str:
    numbered = _NUMBERED.fullmatch(origin)
    return f"{numbered[1]}/again-{int(numbered[2]) + 1}" if numbered else f"{origin}/again-2"
