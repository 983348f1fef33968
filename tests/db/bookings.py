"""The bookings template, migrated and seeded by a plain LOGIN role with CREATE on one schema: fixtures of its tests."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

import kapok.templates
from kapok.identifiers import owner_role, schema_name
from kapok.templates.bookings.seed import generate

TEMPLATES = Path(kapok.templates.__path__[0])
Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="session")
def owner_dsn() -> Iterator[str]:
    """How to log in as the owner role of a fresh tenant schema, which itself belongs to another role."""
    schema = schema_name(uuid.uuid4())
    owner, password = owner_role(schema), uuid.uuid4().hex
    names = {"schema": sql.Identifier(schema), "owner": sql.Identifier(owner), "password": sql.Literal(password)}
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as admin:
        for statement in (
            "create role {owner} login nosuperuser nocreatedb nocreaterole noinherit password {password}",
            "create schema {schema}",
            "grant usage, create on schema {schema} to {owner}",
            "alter role {owner} set search_path = {schema}",
        ):
            admin.execute(sql.SQL(statement).format(**names))
        yield psycopg.conninfo.make_conninfo(os.environ["DATABASE_URL"], user=owner, password=password)
        for statement in ("drop schema {schema} cascade", "drop owned by {owner}", "drop role {owner}"):
            admin.execute(sql.SQL(statement).format(**names))


@pytest.fixture(scope="session")
def seeded(owner_dsn: str) -> str:
    """The bookings template, migrated file by file and seeded, each in one transaction."""
    with psycopg.connect(owner_dsn) as connection:
        for path in sorted((TEMPLATES / "bookings" / "migrations").glob("*.sql")):
            with connection.transaction():
                connection.execute(path.read_bytes())
        with connection.transaction():
            for statement in generate(seed=1):
                connection.execute(statement.encode())
    return owner_dsn


@pytest.fixture
def db(seeded: str) -> Iterator[Connection]:
    """A connection as the owner role whose changes are rolled back."""
    with psycopg.connect(seeded) as connection:
        yield connection
        connection.rollback()


def rows(db: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return db.execute(query.encode(), values or None).fetchall()


def value(db: Connection, query: str, *values: object) -> Any:
    [[only]] = rows(db, query, *values)
    return only
