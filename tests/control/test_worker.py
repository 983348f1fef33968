"""A real Celery worker over a real Redis: jobs run, survive SIGKILL at every step, and wait for a lost Redis."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from apps.tenants import provisioning
from apps.tenants.acting import SYSTEM
from apps.tenants.jobs import JOBS
from apps.tenants.models import Operation, OperationKind, OperationState, Project, Tenant
from apps.tenants.provisioning import names_of
from apps.tenants.services import do_create_tenant, do_delete_tenant
from apps.tenants.tasks import WAITING_FOR_QUEUE, resume_stalled_operations
from config.celery import app
from kapok.tenancy import TenantState
from tests.factories import LIBRARY, ProjectFactory, TenantFactory
from tests.tenant_database import as_owner, fetch, platform_conninfo, role_names, schema_names
from tests.waiting import once_within, until

pytestmark = pytest.mark.usefixtures("real_database")

ROOT = Path(__file__).parents[2]
#: The steps of both jobs, as (kind, step).
STEPS = [(kind, step) for kind in (OperationKind.PROVISION, OperationKind.DELETE) for step in JOBS[kind].steps]


def database_url() -> str:
    """The tests' database as a URL, for other processes."""
    parts = conninfo_to_dict(platform_conninfo())
    return f"postgresql:///?{'&'.join(f'{name}={quote(str(value))}' for name, value in parts.items())}"


#: What a worker is told. solo and a beat of its own: one process group, which one signal kills.
WORKER = ["worker", "-B", "--pool", "solo", "--without-mingle"]


def environment() -> dict[str, str]:
    """That of workers on the tests' database."""
    return {**os.environ, "DATABASE_URL": database_url(), "KAPOK_STALE_SECONDS": "1"}


@contextmanager
def worker() -> Iterator[Callable[[], None]]:
    """A worker process of its own on the tests' database, with a beat. Yields how it is killed, with all it started; in
    the end it is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config", *WORKER],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )

    def kill() -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # nothing in it can clean up
        process.wait()

    try:
        yield kill
    finally:
        kill()


@dataclass
class Nursery:
    """Makes workers that are forked from a process which has imported everything (tests/control/nursery.py): they are
    there at once."""

    process: subprocess.Popen[str]

    @contextmanager
    def worker(self) -> Iterator[Callable[[], None]]:
        """As `worker`."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(WORKER) + "\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())

        def kill() -> None:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            until(lambda: not Path(f"/proc/{pid}").exists())

        try:
            yield kill
        finally:
            kill()


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.control.nursery"],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Nursery(process)


@pytest.fixture(autouse=True)
def stale_at_once(settings: Any) -> None:
    """A dead worker's job is taken over after a second, here as in the workers."""
    settings.KAPOK_STALE_SECONDS = 1


@pytest.fixture(autouse=True)
def empty_queue() -> Iterator[None]:
    """No message of another test."""
    app.control.purge()
    yield
    app.control.purge()


def resume_and_wait_for(holds: Callable[[], Any], what: str) -> None:
    """As with a beat that beats often."""

    def resumed() -> Any:
        resume_stalled_operations()
        return holds()

    wait_for(resumed, what)


def wait_for(holds: Callable[[], Any], what: str) -> None:
    """Seconds are long here: a worker may have to start first."""
    until(holds, 150, otherwise=lambda: f"{what} did not happen: {list(Operation.objects.values())}")


@contextmanager
def blocked_at(kind: str, step: str) -> Iterator[Callable[[], bool]]:
    """The worker comes as far as recording that the step begins, and waits there. Yields: whether it does."""
    lock = 815
    with psycopg.connect(platform_conninfo(), autocommit=True) as session:
        session.execute("select pg_advisory_lock(%s)", [lock])
        session.execute(
            """
            create or replace function kapok_test_block() returns trigger language plpgsql as $$
            begin
                if new.kind || ' ' || new.step = tg_argv[0] then perform pg_advisory_xact_lock(815); end if;
                return new;
            end $$
            """
        )
        session.execute(
            "create trigger kapok_test_block after update of step on tenants_operation "
            f"for each row execute function kapok_test_block('{kind} {step}')"
        )
        waiting = "select exists (select from pg_locks where locktype = 'advisory' and objid = %s and not granted)"
        try:
            yield lambda: bool(session.execute(waiting, [lock]).fetchone()[0])  # type: ignore[index]
        finally:
            session.execute("select pg_advisory_unlock(%s)", [lock])
            session.execute("drop function kapok_test_block() cascade")


def wait_until_ended(kind: str) -> Operation:
    def ended() -> bool:
        return Operation.objects.get(kind=kind).is_final

    resume_and_wait_for(ended, f"the end of {kind}")
    return Operation.objects.get(kind=kind)


@pytest.fixture
def project() -> Project:
    project: Project = ProjectFactory(migrations=LIBRARY)
    return project


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_worker_killed_at_any_step_leaves_no_half_tenant(project: Project, nursery: Nursery) -> None:
    """One tenant is set up and deleted; at every step of both the worker is killed and another goes on."""
    started: dict[str, Any] = {}
    for kind, step in STEPS:
        with blocked_at(kind, step) as is_blocked:
            if not started:
                started[kind] = do_create_tenant(project, "acme", acting=SYSTEM)
            elif kind not in started:
                with nursery.worker():
                    tenant = wait_until_set_up()
                # No worker is there to take the job along when it is killed: that would be noticed a minute later.
                started[kind] = do_delete_tenant(tenant, confirm="acme", acting=SYSTEM)
            with nursery.worker() as kill:
                resume_and_wait_for(is_blocked, f"{kind} {step}")
                kill()
        operation = Operation.objects.get(kind=kind)
        assert_not_half(operation)
        Operation.objects.update(attempts=0)
    with nursery.worker():
        assert wait_until_ended(OperationKind.DELETE).state == OperationState.SUCCEEDED
    assert schema_names() == set() and not Tenant.objects.exists()
    assert not any(role.startswith("t_") for role in role_names())


def wait_until_set_up() -> Tenant:
    assert wait_until_ended(OperationKind.PROVISION).state == OperationState.SUCCEEDED
    tenant = Tenant.objects.get()
    assert tenant.state == TenantState.ACTIVE
    provisioning.check(tenant)
    with as_owner(names_of(tenant)) as session:
        assert session.execute("select count(*) from authors").fetchone() == (2,)
    return tenant


def assert_not_half(operation: Operation) -> None:
    """Until its job has ended a tenant answers no request."""
    if operation.tenant is not None:
        assert operation.tenant.state != TenantState.ACTIVE
    assert not operation.is_final


@pytest.mark.superuser
def test_a_worker_killed_inside_a_step_leaves_nothing_of_it(project: Project) -> None:
    """Killed while the template runs: a lock on a catalog row is what it waits for."""
    TenantFactory(project=project, ready=True)  # the template is compiled
    with psycopg.connect(platform_conninfo(), autocommit=True) as session:
        session.execute(
            """
            create function kapok_test_hold() returns event_trigger language plpgsql as $$
            begin
                if session_user ~ '_owner$' and tg_tag = 'CREATE INDEX' then perform pg_advisory_xact_lock(816); end if;
            end $$;
            create event trigger kapok_test_hold on ddl_command_end execute function kapok_test_hold();
            """
        )
        session.execute("select pg_advisory_lock(816)")
        waiting = "select exists (select from pg_locks where locktype = 'advisory' and objid = 816 and not granted)"
        try:
            tenant, operation = do_create_tenant(project, "acme", acting=SYSTEM)
            with worker() as kill:
                wait_for(lambda: session.execute(waiting).fetchone()[0], "the index")  # type: ignore[index]
                kill()
        finally:
            session.execute("drop event trigger kapok_test_hold; drop function kapok_test_hold()")
            session.execute("select pg_advisory_unlock(816)")
    wait_for(
        lambda: not fetch("select 1 from pg_stat_activity where usename = %s", tenant.owner_role), "the session's end"
    )
    with worker():
        wait_for(lambda: Operation.objects.get(pk=operation.pk).is_final, "the end")
    operation.refresh_from_db()
    assert (operation.state, operation.step) == (OperationState.SUCCEEDED, "activate")
    assert operation.attempts == 2
    provisioning.check(Tenant.objects.get(pk=tenant.pk))


def test_a_tenant_is_ready_in_well_under_a_second(project: Project) -> None:
    """Through Redis and a worker, from the call of the service to the state active."""
    TenantFactory(project=project, ready=True)
    with worker():
        do_create_tenant(project, "warm", acting=SYSTEM)
        wait_for(lambda: Tenant.objects.get(slug="warm").state == TenantState.ACTIVE, "the first tenant")
        numbers = itertools.count()

        def create() -> float:
            started = time.monotonic()
            tenant, _ = do_create_tenant(project, f"tenant-x{next(numbers)}", acting=SYSTEM)
            wait_for(lambda: Tenant.objects.get(pk=tenant.pk).state == TenantState.ACTIVE, "a tenant")
            return time.monotonic() - started

        once_within(1, create, attempts=10)


CREATE = """
import sys, time
from apps.tenants import services
from apps.tenants.acting import SYSTEM
from apps.tenants.models import Project
started = time.monotonic()
services.do_create_tenant(Project.objects.get(), "acme", acting=SYSTEM)
sys.exit(time.monotonic() - started > 15)
"""


def test_without_redis_the_operation_waits_and_says_so(project: Project) -> None:
    """A process whose Redis is away creates a tenant without delay; when Redis is back a worker finds it."""
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", CREATE],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url(), "REDIS_URL": "redis://127.0.0.1:1/0"},
        check=True,
    )
    operation = Operation.objects.get()
    assert (operation.state, operation.message) == (OperationState.QUEUED, WAITING_FOR_QUEUE)
    assert operation.heartbeat_at is None
    with worker():
        wait_for(lambda: Operation.objects.get().is_final, "the end")
    operation.refresh_from_db()
    assert (operation.state, operation.message) == (OperationState.SUCCEEDED, "")
    assert Tenant.objects.get().state == TenantState.ACTIVE
