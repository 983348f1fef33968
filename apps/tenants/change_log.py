"""A tenant's change log: the triggers on its project's tables, installed and mended.

In: `Names`. Out: what was missing or wrong, by table. Through Django's connection (the platform role); every function
can run again after any interruption. Where Postgres lets the platform make event triggers, these find nothing to do but
in a schema that is being set up.
"""

from __future__ import annotations

import json

from django.db import connection, transaction

from apps.tenants.names import Names
from apps.tenants.roles import inherit

#: How long mending waits for a table somebody works with.
LOCK_TIMEOUT = "5s"

_PROTECT = "select kapok_log.protect_all(%s, %s)::text"


def begin_change_log(names: Names) -> None:
    """Give all tables their triggers and write down the rows they have: what the tenant begins with."""
    _protect(names, baseline=True)


def mend_change_log(names: Names, *, baseline: bool = True) -> dict[str, list[str]]:
    """Give tables their triggers that have none, and mend those that are wrong; either is written down in the log.

    baseline: write down the rows of tables that are new to the log, too. Out: {table: triggers, or ["new"]}.
    """
    return _protect(names, baseline=baseline)


def _protect(names: Names, *, baseline: bool) -> dict[str, list[str]]:
    # Triggers are made by whoever owns the table, or a superuser.
    inherit([names.owner])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        cursor.execute(_PROTECT, [names.schema, baseline])
        found: dict[str, list[str]] = json.loads(cursor.fetchone()[0])
    return found
