"""Fixtures of tests that read the catalog of schemas they make."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

from tests.db.bookings import db, owner_dsn, seeded
from tests.db.change_logs import TABLES, Database, Logged
from tests.db.schemas import Connection, Schemas, zoo_scripts

__all__ = ["db", "owner_dsn", "seeded"]


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """A superuser."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as opened:
        opened.execute("set client_min_messages = warning")
        yield opened


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
