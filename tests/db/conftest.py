"""Fixtures that several files of these tests share: schemas to look at, and pools."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from kapok.execute.pool import Pool, PoolSettings
from tests.db.bookings import db, owner_dsn, seeded
from tests.db.change_logs import TABLES, Database, Logged
from tests.db.pools import opened
from tests.db.schemas import Connection, Schemas, zoo_scripts

__all__ = ["db", "owner_dsn", "seeded"]


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """A superuser."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as session:
        session.execute("set client_min_messages = warning")
        yield session


@pytest.fixture(scope="module")
def schemas(connection: Connection) -> Iterator[Schemas]:
    """Gone at the end of the module."""
    made = Schemas(connection)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def zoo(schemas: Schemas) -> str:
    """The schema of both halves of the zoo."""
    return schemas.make(*zoo_scripts())


@pytest.fixture(scope="module", params=["superuser", "managed"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """With event triggers, and where the platform may make none."""
    made = Database(os.environ["DATABASE_URL"], managed=request.param == "managed")
    yield made
    made.remove()


@pytest.fixture
def logged(database: Database) -> Logged:
    return Logged(database, TABLES)


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """One tenant has two of three reads at most."""
    async with opened(PoolSettings(size=4, spare=1, readers=3)) as made:
        yield made


@pytest.fixture
async def patient_pool() -> AsyncIterator[Pool]:
    """The same, where reads wait for their home, and behind others, as long as it takes."""
    async with opened(PoolSettings(size=4, spare=1, readers=3, patience=300)) as made:
        yield made
