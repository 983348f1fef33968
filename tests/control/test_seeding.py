"""Seeds run as the tenant's owner, in one transaction, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from apps.tenants.acting import SYSTEM
from apps.tenants.models import Tenant
from apps.tenants.seeding import do_seed_tenant
from kapok.errors import KapokError
from tests.factories import LIBRARY, ProjectFactory, TenantFactory
from tests.tenant_database import fetch, role_names

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


def refused(tenant: Tenant, sql: str) -> KapokError:
    with pytest.raises(KapokError) as caught:
        do_seed_tenant(tenant, sql, acting=SYSTEM)
    return caught.value


def test_a_seed_runs_in_its_tenant_only(pair: tuple[Tenant, Tenant]) -> None:
    acme, globex = pair
    before = authors(globex)
    assert do_seed_tenant(acme, "insert into authors (name) values ('Zoe'); analyze authors;", acting=SYSTEM) > 0
    assert "Zoe" in authors(acme)
    assert authors(globex) == before
    owner = f"{acme.schema_name}_owner"
    do_seed_tenant(acme, "insert into authors (name) values (current_user || session_user)", acting=SYSTEM)
    assert owner + owner in authors(acme)


def test_all_or_nothing_with_the_line_at_fault(pair: tuple[Tenant, Tenant]) -> None:
    acme, _ = pair
    before = authors(acme)
    error = refused(acme, "insert into authors (name) values ('One');\n\nselect * from nowhere;")
    assert (error.code, error.details["line"]) == ("SEED_FAILED", 3)
    assert "nowhere" in error.message
    assert authors(acme) == before


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
            error = refused(acme, f"insert into authors (name) values ('kept first');\n{text};")
            assert error.code in {"SEED_FAILED", "MIGRATION_FAILED"}, error.message
            assert everything() == before


def test_states_and_sizes(pair: tuple[Tenant, Tenant]) -> None:
    acme, _ = pair
    assert refused(acme, "select 1\x00").code == "VALIDATION_FAILED"
    Tenant.objects.filter(pk=acme.pk).update(state="deleting")
    acme.refresh_from_db()
    assert refused(acme, "select 1").code == "INVALID_STATE"
