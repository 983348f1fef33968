"""Runs a project's SQL migrations in one tenant's schema.

In: numbered SQL files and a session that logged in as the schema's owner. Out: one `Outcome` for each file that ran;
what ran is recorded in `kapok_migration` in the same transaction. psycopg only, so that tenants can be migrated in
several threads.

Nothing in a file can end its transaction: it runs inside a DO block, where PostgreSQL refuses COMMIT and ROLLBACK.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import errors

from apps.tenants.advice import advice
from apps.tenants.names import Names
from apps.tenants.statements import render
from kapok.errors import KapokError


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered SQL file without its text. checksum: SHA-256 of the text, in hex."""

    number: int
    name: str
    checksum: str

    @property
    def label(self) -> str:
        """`0003_add_offers`"""
        return f"{self.number:04d}_{self.name}"


@dataclass(frozen=True, slots=True)
class MigrationFile(Mark):
    """A numbered SQL file."""

    sql: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file failed, for the operator who wrote it. line: in the file, where PostgreSQL tells it."""

    message: str
    sqlstate: str = ""
    line: int | None = None
    detail: str = ""
    hint: str = ""

    def facts(self) -> dict[str, Any]:
        """JSON-ready, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one file ended. failure: None when it was applied."""

    file: MigrationFile
    duration_ms: float
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """Times of one file, in seconds. It is tried again after a lock timeout, waiting twice as long each time. grace:
    how much longer than its timeout a statement may go on before its session ends."""

    lock_timeout: float = 3.0
    statement_timeout: float = 600.0
    lock_attempts: int = 5
    backoff: float = 0.25
    grace: float = 30.0


_APPLIED = "select number, name, checksum from {schema}.kapok_migration order by number"
_PREPARE = """
    select pg_catalog.set_config('search_path', %(schema)s, true),
           pg_catalog.set_config('lock_timeout', %(lock)s, true),
           pg_catalog.set_config('statement_timeout', %(statement)s, true),
           pg_catalog.set_config('kapok.migration', %(sql)s, true)
"""
_RUN = "do $kapok$ begin execute pg_catalog.current_setting('kapok.migration'); end $kapok$"
# The file may have changed these; what follows must not meet the project's own operators and functions.
_PROTECT = """
    select pg_catalog.set_config('search_path', 'pg_catalog', true),
           pg_catalog.set_config('statement_timeout', '60s', true)
"""
# Whoever may log in may change the own role (its password above all), and PostgreSQL has no privilege that forbids it.
# But it keeps a lock on the role catalogs until the transaction ends: pg_authid, pg_auth_members, pg_db_role_setting.
_TOUCHED_ROLES = """
    select exists (
        select from pg_catalog.pg_locks
        where pid = pg_catalog.pg_backend_pid() and locktype = 'relation' and database = 0
          and relation in (1260, 1261, 2964) and mode = 'RowExclusiveLock'
    )
"""
# Through pg_depend, whose index begins with the schema; pg_class has none.
# Tables, views and sequences, the indexes of tables, and types.
_TOOK_NAMES = """
    select n.name from pg_catalog.pg_depend d cross join lateral (
        select c.relname as name, c.relowner as owner from pg_catalog.pg_class c
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and c.oid = d.objid
        union all
        select c.relname, c.relowner from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and i.indrelid = d.objid
        union all
        select t.typname, t.typowner from pg_catalog.pg_type t
        where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and t.oid = d.objid
    ) n
    where d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.refobjid = %s::pg_catalog.regnamespace
      and n.owner = session_user::pg_catalog.regrole and pg_catalog.starts_with(n.name::pg_catalog.text, 'kapok_')
    limit 1
"""
_NAMES = "names of tables, indexes and types that begin with kapok_ are Kapok's."
_RECORD = "insert into {schema}.kapok_migration (number, name, checksum, duration_ms) values (%s, %s, %s, %s)"


SomeMark = TypeVar("SomeMark", bound=Mark)


def checksum_of(sql: str) -> str:
    """SHA-256 of a file's text, in hex."""
    return hashlib.sha256(sql.encode()).hexdigest()


def applied(session: psycopg.Connection[Any], names: Names) -> dict[int, tuple[str, str]]:
    """What a schema has had: {number: (name, checksum)}."""
    rows = session.execute(render(_APPLIED, schema=names.schema)).fetchall()
    return {number: (name, checksum) for number, name, checksum in rows}


def pending(files: Sequence[SomeMark], done: Mapping[int, tuple[str, str]]) -> list[SomeMark]:
    """The files still to run. Raises MIGRATION_CHANGED when what ran is no longer what the project has."""
    known = {file.number: file for file in files}
    for number, (name, checksum) in sorted(done.items()):
        file = known.get(number)
        if file is None:
            raise KapokError("MIGRATION_CHANGED", f"Migration {number:04d}_{name} was applied and is missing now.")
        if file.checksum != checksum:
            raise KapokError(
                "MIGRATION_CHANGED",
                f"Migration {file.label} was applied and has been changed since.",
                hint="Put the change into a new migration.",
                details={"migration": file.label},
            )
    rest = [file for file in files if file.number not in done]
    if rest and done and rest[0].number < max(done):
        raise KapokError(
            "MIGRATION_FAILED", f"Migration {rest[0].label} comes before {max(done):04d}, which was applied already."
        )
    return rest


def migrate(
    session: psycopg.Connection[Any],
    names: Names,
    files: Sequence[MigrationFile],
    *,
    terminate: Callable[[int], None],
    settings: RunnerSettings | None = None,
) -> list[Outcome]:
    """Run what is pending, in order, up to the first failure. terminate(pid): ends a session that outlives its time.
    Raises MIGRATION_CHANGED, or psycopg.OperationalError when the session is lost."""
    settings = settings or RunnerSettings()
    outcomes = []
    for file in pending(files, applied(session, names)):
        outcome = _run_patiently(session, names, file, terminate, settings)
        outcomes.append(outcome)
        if outcome.failure:
            break
    return outcomes


def _run_patiently(
    session: psycopg.Connection[Any],
    names: Names,
    file: MigrationFile,
    terminate: Callable[[int], None],
    settings: RunnerSettings,
) -> Outcome:
    for attempt in range(1, settings.lock_attempts + 1):
        started = time.perf_counter()
        try:
            with deadline(settings.statement_timeout + settings.grace, session, terminate):
                return Outcome(file, _run(session, names, file, settings))
        except (errors.LockNotAvailable, errors.DeadlockDetected) as exc:
            if attempt == settings.lock_attempts:
                return Outcome(file, _since(started), failure(exc, file.sql))
            time.sleep(settings.backoff * 2**attempt * random.uniform(0.5, 1.0))
        except psycopg.Error as exc:
            if session.closed:
                raise
            return Outcome(file, _since(started), failure(exc, file.sql))
        except KapokError as exc:
            return Outcome(file, _since(started), Failure(exc.message))
    raise AssertionError("unreachable")


def _run(session: psycopg.Connection[Any], names: Names, file: MigrationFile, settings: RunnerSettings) -> float:
    """Run one file in its own transaction. Out: milliseconds."""
    # What an earlier file left behind in the session (settings, locks, cursors) must not reach this one.
    session.execute("discard all")
    with session.transaction():
        duration = execute_script(session, names, file.sql, settings)
        session.execute(render(_RECORD, schema=names.schema), (file.number, file.name, file.checksum, duration))
    return duration


def execute_script(session: psycopg.Connection[Any], names: Names, sql: str, settings: RunnerSettings) -> float:
    """Run SQL that a project wrote, inside the session's transaction, which it cannot end. Out: milliseconds.
    Raises MIGRATION_FAILED when it touched a role or took a name of the platform's."""
    started = time.perf_counter()
    session.execute(
        _PREPARE,
        {
            "schema": names.schema,
            "lock": f"{int(settings.lock_timeout * 1000)}",
            "statement": f"{int(settings.statement_timeout * 1000)}",
            "sql": sql,
        },
    )
    session.execute(_RUN)
    duration = _since(started)
    session.execute(_PROTECT)
    touched = session.execute(_TOUCHED_ROLES).fetchone()
    if touched and touched[0]:
        raise KapokError("MIGRATION_FAILED", "SQL of a project must not change database roles.")
    took = session.execute(_TOOK_NAMES, (names.schema,)).fetchone()
    if took:
        raise KapokError("MIGRATION_FAILED", f"{took[0]!r}: {_NAMES}")
    return duration


@contextmanager
def deadline(seconds: float, session: psycopg.Connection[Any], terminate: Callable[[int], None]) -> Iterator[None]:
    """SQL can catch the statement's timeout; it cannot catch the end of its session."""
    timer = threading.Timer(seconds, terminate, [session.info.backend_pid])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)


def failure(exc: psycopg.Error, sql: str) -> Failure:
    """What PostgreSQL said of a script, and what to write instead, where that is known."""
    diagnosis, state, line = exc.diag, exc.sqlstate or "", _line(exc, sql)
    message = diagnosis.message_primary or str(exc)
    instead = advice(state, message, sql, line)
    return Failure(
        message=f"{message}. {instead}" if instead else message,
        sqlstate=state,
        line=line,
        detail=diagnosis.message_detail or "",
        hint=diagnosis.message_hint or "",
    )


def _line(exc: psycopg.Error, sql: str) -> int | None:
    """PostgreSQL counts characters from 1 within the text that EXECUTE was given."""
    position = exc.diag.internal_position
    if position is None or exc.diag.internal_query != sql:
        return None
    return sql.count("\n", 0, int(position) - 1) + 1
