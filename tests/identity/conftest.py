"""Fixtures of the end users' tests: a project with a sign-in function and two tenants, in a running Kapok."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.identity.client import AuthTenant, make_people
from tests.live import Live
from tests.tenant_database import real_database, roles_before

__all__ = ["real_database", "roles_before"]

#: What tests do is said in the metadata of who signs up.
HOOK = """
    create table profiles (user_id uuid primary key, email text, who text, path text);
    create function kapok_auth_hook(event jsonb) returns jsonb language plpgsql as $$
    declare
        wish text := event #>> '{user,metadata,wish}';
    begin
        if event ->> 'type' = 'user.created' then
            insert into profiles values (
                (event #>> '{user,id}')::uuid, event #>> '{user,email}', current_user || ' of ' || session_user,
                current_setting('search_path')
            );
            if wish = 'refuse' then return '{"error": "Not with this address."}'; end if;
            if wish = 'fail' then raise exception 'secret detail'; end if;
            if wish = 'stored' then return '{"roles": ["editor"], "claims": {"team": 7}}'; end if;
        else
            if wish = 'late' then raise exception 'secret detail'; end if;
            if wish = 'slow' then
                begin
                    perform pg_sleep(60);
                exception when query_canceled then
                    perform pg_sleep(60);
                end;
            end if;
            if wish = 'roles' then return '{"roles": ["partner", "member"], "claims": {"team": 9}}'; end if;
            if wish = 'service' then return '{"roles": ["service"]}'; end if;
            if wish = 'forge' then return '{"claims": {"sub": "somebody else", "tenant_id": "x"}}'; end if;
            if wish = 'level' then return '{"claims": {"aal": "aal2", "amr": ["mfa"]}}'; end if;
            if wish = 'nonsense' then return '[1, 2]'; end if;
            if wish = 'long' then return jsonb_build_object('error', repeat('y', 100000)); end if;
            if wish = 'escape' then
                execute format('set role %I', session_user);
                perform set_config('statement_timeout', '0', false);
                create temp table left_behind (x int);
            end if;
        end if;
        return null;
    end $$;
"""


@pytest.fixture(autouse=True)
def providers_on_this_machine(settings: Any) -> None:
    """The identity providers of the tests are here; what refuses them is tested where it is switched off."""
    settings.KAPOK_PRIVATE_ISSUERS = True


@pytest.fixture(scope="session")
def people(live: Live, tmp_path_factory: pytest.TempPathFactory) -> tuple[AuthTenant, AuthTenant]:
    """The tenants north and south of the project people, with limits that do not stand in the way."""
    folder = tmp_path_factory.mktemp("identity") / "people"
    north, south = make_people(live, folder, {"0002_hook.sql": HOOK})
    north.settings(**ROOMY)
    return north, south


ROOMY = {"accountFailures": 1000, "addressFailures": 100_000, "addressSignUps": 100_000, "accountMails": 1000}


@pytest.fixture
def north(people: tuple[AuthTenant, AuthTenant]) -> Iterator[AuthTenant]:
    """A tenant; the project's settings are as they were afterwards."""
    yield people[0]
    reset = dict.fromkeys(people[0].live.control("GET", "/projects/people").json()["data"]["auth"])
    people[0].settings(**{**reset, **ROOMY})


@pytest.fixture
def south(people: tuple[AuthTenant, AuthTenant]) -> AuthTenant:
    """Another tenant of the same project."""
    return people[1]


_numbers = itertools.count(1)


@pytest.fixture
def new_email() -> Callable[[], str]:
    """Addresses nobody has."""
    return lambda: f"person{next(_numbers)}@example.com"


@pytest.fixture
def tables(live: Live, people: tuple[AuthTenant, AuthTenant]) -> Callable[[str], dict[str, int]]:
    """How many rows each table of end users has in a tenant: what a refusal must not change."""

    def count(slug: str) -> dict[str, int]:
        with psycopg.connect(live.database_url, autocommit=True) as session:
            row = session.execute("select schema_name from tenants_tenant where slug = %s", (slug,)).fetchone()
            assert row is not None
            names = ("kapok_user", "kapok_session", "kapok_refresh_token", "kapok_one_time_token", "profiles")
            found = {}
            for name in names:
                counted = session.execute(f'select count(*) from "{row[0]}".{name}').fetchone()
                assert counted is not None
                found[name] = counted[0]
            return found

    return count
