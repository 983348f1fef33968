"""One running Kapok for all tests of a run that need one: on servers of its own, or on the PostgreSQL that
DATABASE_URL named."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from kapok.stack.stack import EmbeddedStack
from tests.live import Live, LiveTenant, running


@pytest.fixture(scope="session")
def live(stack: EmbeddedStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """`kapok dev` with the demo tenants acme and globex."""
    with running(tmp_path_factory.mktemp("live"), database_url=given_database(stack)) as live:
        assert live.tenants.keys() >= {"acme", "globex"}, live.log.read_text(errors="replace")[-5000:]
        yield live


def given_database(stack: EmbeddedStack) -> str | None:
    """A database made on the given server, which goes with that; None where these tests' server is embedded too."""
    if any(process.name == "postgres" for process in stack.processes):
        return None
    with psycopg.connect(stack.database_url, autocommit=True) as session:
        session.execute("create database kapok_live")
    given = conninfo_to_dict(stack.database_url)
    return f"postgresql://{given['user']}:{given['password']}@{given['host']}:{given['port']}/kapok_live"


@pytest.fixture
def acme(live: Live) -> LiveTenant:
    return live.acme


@pytest.fixture
def globex(live: Live) -> LiveTenant:
    return live.globex


@pytest.fixture
def live_tenant(live: Live) -> LiveTenant:
    """What the audit suite is pointed at."""
    return live.acme
