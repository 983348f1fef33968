"""Seeds run as the tenant's owner, in one transaction, and nowhere else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psycopg
import pytest

from apps.audit.logs import log_of
from apps.tenants.acting import SYSTEM
from apps.tenants.models import Operation, OperationState, Seed, Tenant
from apps.tenants.operations import run_operation
from apps.tenants.provisioning import names_of
from apps.tenants.services import do_retry_operation, do_seed_tenant
from kapok.errors import KapokError
from tests.audit.world import events_of
from tests.factories import LIBRARY, ProjectFactory, TenantFactory
from tests.tenant_database import as_owner, fetch, role_names

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair(real_database: None) -> tuple[Tenant, Tenant]:
    """acme and globex of one project, both with tables."""
    project = ProjectFactory(slug="library", migrations=LIBRARY, compiled=True)
    return (
        TenantFactory(slug="acme", project=project, ready=True),
        TenantFactory(slug="globex", project=project, ready=True),
    )


def authors(tenant: Tenant) -> list[str]:
    return [row[0] for row in fetch(f'select name from "{tenant.schema_name}".authors order by name')]


def seeded(tenant: Tenant, *sql: str) -> Operation:
    """A seed of these files, its job run to its end."""
    files = [(f"{number:04d}.sql", text) for number, text in enumerate(sql, start=1)]
    ended = run_operation(do_seed_tenant(tenant, files, acting=SYSTEM).pk)
    assert ended is not None and ended.is_final and not Seed.objects.exists()
    return ended


def events(tenant: Tenant) -> list[tuple[str, str]]:
    """Of its seeds, from the first."""
    told = events_of(log_of(tenant.schema_name), "tenant")
    return [(event.what, event.outcome) for event in told if "tenant.seed" in event.what]


def test_a_seed_runs_in_its_tenant_only(pair: tuple[Tenant, Tenant]) -> None:
    acme, globex = pair
    before = authors(globex)
    done = seeded(acme, "insert into authors (name) values ('Zoe');", "analyze authors;")
    assert (done.state, done.progress, done.result["files"]) == (OperationState.SUCCEEDED, 100, 2)
    assert "Zoe" in authors(acme)
    assert authors(globex) == before
    owner = f"{acme.schema_name}_owner"
    seeded(acme, "insert into authors (name) values (current_user || session_user)")
    assert owner + owner in authors(acme)
    assert events(acme)[:2] == [("tenant tenant.seed_requested", "ok"), ("tenant tenant.seeded", "ok")]


def test_all_or_nothing_with_the_line_at_fault(pair: tuple[Tenant, Tenant]) -> None:
    acme, _ = pair
    before = authors(acme)
    failed = seeded(acme, "insert into authors (name) values ('One');", "select 1;\n\nselect * from nowhere;")
    assert (failed.state, failed.error_code) == (OperationState.ROLLED_BACK, "SEED_FAILED")
    assert (
        failed.error_message.startswith("The seed failed in 0002.sql, line 3: ") and "nowhere" in failed.error_message
    )
    late = seeded(acme, "create table pairs (id int references pairs deferrable initially deferred unique);"
                  "insert into pairs values (1), (2); alter table pairs drop constraint pairs_id_fkey;"
                  "alter table pairs add foreign key (id) references authors (id) deferrable initially deferred;"
                  "set constraints all deferred; insert into pairs values (-7)")  # fmt: skip
    assert late.state == OperationState.ROLLED_BACK and late.error_code == "SEED_FAILED", late.error_message
    assert authors(acme) == before
    assert events(acme)[1] == ("tenant tenant.seeded", "failed")
    with pytest.raises(KapokError, match="send it again"):
        do_retry_operation(failed, acting=SYSTEM)


def test_what_a_lost_worker_left_is_run_once(pair: tuple[Tenant, Tenant]) -> None:
    """The attempt before was committed, rolled back, or is still running in a session that nobody waits for."""
    acme, _ = pair
    insert = "insert into authors (name) values ('Once')"
    for end in ("commit", "rollback", ""):
        operation = do_seed_tenant(acme, [("a.sql", insert)], acting=SYSTEM)
        # A session that still runs is ended.
        with suppress(psycopg.errors.AdminShutdown), as_owner(names_of(acme)) as session:
            session.execute("begin")
            [number] = session.execute("select pg_current_xact_id()::text").fetchone() or [""]
            session.execute(f'set local search_path = "{acme.schema_name}"; {insert}; {end}')
            Seed.objects.update(transaction=number)
            ended = run_operation(operation.pk)
            assert ended is not None and ended.state == OperationState.SUCCEEDED, ended
        assert authors(acme).count("Once") == 1, end or "in progress"
        seeded(acme, "delete from authors where name = 'Once'")


HOSTILE = [
    'select * from "{other}".authors',
    "insert into \"{other}\".authors (name) values ('x')",
    "reset role; insert into public.tenants_tenant (id) values (gen_random_uuid())",
    "set role postgres",
    'set role "{other}"',
    "select set_config('role', '{other}', true)",
    "set session authorization default; select digest from public.tenants_apikey",
    "select digest from public.tenants_apikey",
    "commit; insert into authors (name) values ('kept')",
    "insert into authors (name) values ('kept'); rollback",
    "create schema mine",
    "create table public.mine (id int)",
    'drop schema "{own}" cascade',
    "alter role current_user superuser",
    "alter role current_user password 'x'",
    "create role mine",
    "copy authors to program 'id'",
    "copy authors from '/etc/passwd'",
    "select pg_read_file('/etc/passwd')",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename <> current_user",
]


def test_hostile_seeds_get_nowhere(pair: tuple[Tenant, Tenant], subtests: pytest.Subtests) -> None:
    acme, globex = pair

    def everything() -> tuple[Any, ...]:
        return authors(acme), authors(globex), role_names(), fetch("select count(*) from tenants_tenant")

    before = everything()
    for sql in HOSTILE:
        with subtests.test(sql=sql):
            text = sql.format(other=globex.schema_name, own=acme.schema_name)
            failed = seeded(acme, f"insert into authors (name) values ('kept first');\n{text};")
            assert failed.error_code in {"SEED_FAILED", "MIGRATION_FAILED"}, failed.error_message
            assert everything() == before


def test_states_and_sizes(pair: tuple[Tenant, Tenant]) -> None:
    acme, _ = pair

    def refused(sql: str) -> str:
        with pytest.raises(KapokError) as caught:
            do_seed_tenant(acme, [("a.sql", sql)], acting=SYSTEM)
        assert not Seed.objects.exists()
        return caught.value.code

    assert refused("select 1\x00") == "VALIDATION_FAILED"
    waiting = do_seed_tenant(acme, [("a.sql", "select 1")], acting=SYSTEM)
    Tenant.objects.filter(pk=acme.pk).update(state="deleting")
    ended = run_operation(waiting.pk)
    assert ended is not None and ended.error_code == "INVALID_STATE"
    acme.refresh_from_db()
    assert refused("select 1") == "INVALID_STATE"
