"""Looking at an audit trail is recorded in it. In: who looks, at which log, for what. Out: an event, once an hour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from apps.audit.actions import ACTIONS
from apps.audit.record import record
from apps.tenants.acting import Actor, actor_name
from apps.tenants.models import Tenant
from apps.tenants.trail import require_log

ACTION = "audit.viewed"
#: The same look within this time is not told again, unless as many events came in between.
SECONDS, EVENTS = 3600, 500
#: Filters that say of whom something is looked for.
_OF_WHOM = ("who", "actor", "target")
# As logs name somebody: by an id, or a word. Anything else was typed: an address, a name.
_NAMED = re.compile(r"(?!account:)[a-z_]{1,30}:[0-9A-Za-z-]{1,64}|system|anybody")
# kapok_event has no index by actor, so only its newest rows are looked at.
_TOLD = """
    select exists (
        select from (select * from {schema}.kapok_event order by position desc limit %(events)s) e
        where e.action = %(action)s and e.actor = %(actor)s and e.details = %(details)s::jsonb
            and e.at > clock_timestamp() - make_interval(secs => %(seconds)s)
    )
"""


@transaction.atomic
def do_look(tenant: Tenant | None, *, acting: Actor, what: str, filters: Mapping[str, Any] | None = None) -> None:
    """Record that somebody looks at a tenant's log, or at the control plane's (None). what: `entries`, `entry` or
    `row`. filters: what of it, JSON-ready; of whom is kept as the log names somebody, of what somebody
    typed a keyed hash. Call it before anything is shown. Raises INVALID_STATE without a log."""
    log = require_log(tenant)
    actor = actor_name(acting)
    details = {"what": what, "filters": {name: _kept(name, value) for name, value in (filters or {}).items()}}
    parameters = {
        "events": EVENTS,
        "seconds": SECONDS,
        "action": ACTIONS[ACTION].number,
        "actor": actor,
        "details": orjson.dumps(details).decode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(log.sql(_TOLD), parameters)
        told = cursor.fetchone()[0]
    if not told:
        record(ACTION, log=log, actor=actor, target=f"log:{log.origin}", details=details)


def _kept(name: str, value: Any) -> Any:
    """Two looks for the same are the same, and whoever has the secret key can tell whether it was a certain one."""
    if name not in _OF_WHOM or not isinstance(value, str) or _NAMED.fullmatch(value):
        return value
    digest = salted_hmac("kapok.audit.viewed", value, algorithm="sha256").hexdigest()[:16]
    return f"account:#{digest}" if value.startswith("account:") else f"#{digest}"
