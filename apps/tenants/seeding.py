"""What the job of a seed does: SQL that Kapok did not write, run in one tenant.

In: an operation with a `Seed`. Out: all its files have run, or nothing has. They run as migrations do: over a
connection that logs in as the tenant's own owner role, so that no `reset role` or `set role` leads anywhere else.

A worker may be lost at any time. The number of the transaction is kept before the first file runs, and Postgres says of
it whether it was committed: so a seed that is taken up again is never run twice.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection, transaction

from apps.tenants.acting import SYSTEM
from apps.tenants.fleet import MIGRATED_STATES
from apps.tenants.migrations_runner import RunnerSettings, deadline, execute_script, failure
from apps.tenants.models import Operation, Seed
from apps.tenants.names import Names
from apps.tenants.owner import connect_as_owner, terminate_session
from apps.tenants.provisioning import names_of
from apps.tenants.trail import record_on_tenant
from kapok.errors import KapokError

Progressed = Callable[[int, int], None]
#: A file: its name and its SQL.
Script = tuple[str, str]

#: Times of one file, in seconds.
SETTINGS = RunnerSettings(lock_timeout=10.0, statement_timeout=1800.0)
#: How long the session of a lost worker may take to end, in seconds.
ENDING_SECONDS = 10.0

_NUMBER = "select pg_catalog.pg_current_xact_id()::pg_catalog.text"
_STATUS = "select pg_xact_status(%s::xid8)"
_HOLDER = """
    select pid from pg_locks
    where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted and transactionid = %s::xid8::xid
"""


def facts_of(files: Sequence[Script]) -> dict[str, Any]:
    """What is recorded of a seed: no SQL, which may hold anything."""
    sql = "\n".join(sql for _, sql in files)
    return {"sha256": hashlib.sha256(sql.encode()).hexdigest(), "characters": len(sql)}


def roll_back(operation: Operation) -> None:
    """Keep nothing of a seed that failed, but that it did."""
    _end(operation, outcome="failed")


def _seed(operation: Operation, progressed: Progressed) -> None:
    seed = Seed.objects.filter(operation=operation).first()
    if seed is None:
        return  # all was done, and only the operation's end was not told
    names, started = _names_for(operation), time.monotonic()
    if not _committed(seed.transaction):
        _run(seed, names, progressed)
    told = {"files": len(seed.files), "seconds": round(time.monotonic() - started, 3)}
    operation.result = {**operation.result, **told}
    with transaction.atomic():
        _end(operation, outcome="ok")
        operation.save(update_fields=["result"])


def _names_for(operation: Operation) -> Names:
    tenant = operation.tenant
    if tenant is None or tenant.state not in MIGRATED_STATES:
        raise KapokError("INVALID_STATE", f"The tenant is {tenant.state if tenant else 'gone'}.")
    return names_of(tenant)


@transaction.atomic
def _end(operation: Operation, *, outcome: str) -> None:
    seed = Seed.objects.filter(operation=operation).first()
    if seed is None:
        return
    tenant = operation.tenant
    if tenant is not None:
        acting, facts = operation.requested_by or SYSTEM, facts_of(seed.files)
        record_on_tenant(
            "tenant.seeded",
            tenant,
            acting=acting,
            outcome=outcome,
            operation=str(operation.pk),
            slug=tenant.slug,
            **facts,
        )
    seed.delete()


def _run(seed: Seed, names: Names, progressed: Progressed) -> None:
    with connect_as_owner(names) as session:
        try:
            with session.transaction():
                [seed.transaction] = session.execute(_NUMBER).fetchone() or ("",)
                seed.save(update_fields=["transaction"])
                for number, (name, sql) in enumerate(seed.files):
                    progressed(number, len(seed.files))
                    _run_file(session, names, name, sql)
        except psycopg.Error as exc:
            if session.closed:
                raise  # another attempt may do better
            raise _failed(exc, " at its end", "") from exc


def _run_file(session: psycopg.Connection[Any], names: Names, name: str, sql: str) -> None:
    patience, started = SETTINGS.statement_timeout + SETTINGS.grace, time.monotonic()
    try:
        with deadline(patience, session, terminate_session):
            execute_script(session, names, sql, SETTINGS)
    except psycopg.Error as exc:
        if session.closed and time.monotonic() - started < patience:
            raise
        raise _failed(exc, f" in {name}", sql) from exc


def _failed(exc: psycopg.Error, place: str, sql: str) -> KapokError:
    why = failure(exc, sql)
    line = f", line {why.line}" if why.line else ""
    return KapokError("SEED_FAILED", f"The seed failed{place}{line}: {why.message}", details=why.facts())


def _committed(number: str) -> bool:
    """Whether an earlier attempt came to its end. One whose worker is lost and that still runs is ended."""
    if not number:
        return False
    end = time.monotonic() + ENDING_SECONDS
    while (status := _ask(_STATUS, number)) == "in progress":
        pid = _ask(_HOLDER, number)
        if pid is not None:
            terminate_session(pid)
        if time.monotonic() > end:
            raise TimeoutError("the session of an earlier attempt does not end")
        time.sleep(0.1)
    if status is None:
        raise KapokError("SEED_FAILED", "Postgres no longer knows whether the seed was committed: look at its rows.")
    return bool(status == "committed")


def _ask(question: str, number: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question, [number])
        row = cursor.fetchone()
    return row[0] if row else None


#: The steps of the job, in order.
STEPS: Mapping[str, Callable[[Operation, Progressed], None]] = {"seed": _seed}
