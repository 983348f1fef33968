"""Sample data: SQL that Kapok did not write, run in one tenant.

In: a tenant and an SQL script. Out: it has run as a whole or not at all. It runs as migrations do: over a connection
that logs in as the tenant's own owner role, so that no `reset role` or `set role` in it leads anywhere else.
"""

from __future__ import annotations

import hashlib
import logging

import psycopg
from django.db import transaction

from apps.tenants.acting import Actor, actor_name
from apps.tenants.fleet import MIGRATED_STATES
from apps.tenants.migrations_runner import RunnerSettings, deadline, execute_script, failure
from apps.tenants.models import Tenant
from apps.tenants.owner import connect_as_owner, terminate_session
from apps.tenants.provisioning import names_of
from apps.tenants.trail import record_on_tenant
from kapok.errors import KapokError

log = logging.getLogger("kapok.tenants")

#: Times of one seed, in seconds.
SETTINGS = RunnerSettings(lock_timeout=10.0, statement_timeout=120.0)
#: The longest script, in characters.
MAX_SQL = 20_000_000


def do_seed_tenant(tenant: Tenant, sql: str, *, acting: Actor) -> float:
    """Run the script in one transaction. Out: seconds. Raises INVALID_STATE, SEED_FAILED with the line at fault."""
    if tenant.state not in MIGRATED_STATES:
        raise KapokError("INVALID_STATE", f"The tenant is {tenant.state}.", details={"state": tenant.state})
    if len(sql) > MAX_SQL or "\x00" in sql:
        raise KapokError("VALIDATION_FAILED", "The SQL is too long or holds a NUL character.")
    log.info("seed of %s by %s", tenant.slug, actor_name(acting))
    facts = {"slug": tenant.slug, "sha256": hashlib.sha256(sql.encode()).hexdigest(), "characters": len(sql)}
    try:
        # The event is committed last: not without the script, and but for a crash in between the script not without it.
        with transaction.atomic():
            record_on_tenant("tenant.seeded", tenant, acting=acting, **facts)
            return _run(tenant, sql)
    except KapokError:
        record_on_tenant("tenant.seeded", tenant, acting=acting, outcome="failed", **facts)
        raise


def _run(tenant: Tenant, sql: str) -> float:
    names = names_of(tenant)
    with connect_as_owner(names) as session:
        patience = SETTINGS.statement_timeout * 1.5
        try:
            with deadline(patience, session, terminate_session), session.transaction():
                return execute_script(session, names, sql, SETTINGS) / 1000
        except psycopg.Error as exc:
            why = failure(exc, sql)
            at = f" in line {why.line}" if why.line else ""
            raise KapokError("SEED_FAILED", f"The seed failed{at}: {why.message}", details=why.facts()) from exc
