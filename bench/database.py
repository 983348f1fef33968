"""The bench's own database on a server, and the peers' schema in it.

In: the URL of a role that may create databases, schemas and roles. Out: a database that is dropped afterwards together
with the tenants' roles (roles belong to the server, not to a database), and a schema with the bench's tables and rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from bench import data

PEER_SCHEMA = "bench_peers"
_DATABASE = "kapok_bench"
#: Names that kapok.identifiers gives to roles of tenants and gateways.
_ROLES = "select rolname from pg_roles where rolname ~ '^[tg]_[a-z2-7]{26}(_owner)?$'"


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """The URL of an empty database on this server, while the block lasts."""
    with psycopg.connect(url, autocommit=True) as connection:
        before = {row[0] for row in connection.execute(_ROLES)}
        connection.execute(f"drop database if exists {_DATABASE} with (force)")
        connection.execute(f"create database {_DATABASE}")
    try:
        yield urlsplit(url)._replace(path=f"/{_DATABASE}").geturl()
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"drop database {_DATABASE} with (force)")
            for role in {row[0] for row in connection.execute(_ROLES)} - before:
                connection.execute(f'drop role "{role}"')


def make_peer_schema(url: str) -> str:
    """Make the schema the ceiling and the peers read; gives its name."""
    with psycopg.connect(url) as connection:
        connection.execute(f"create schema {PEER_SCHEMA}")
        connection.execute(f"set search_path to {PEER_SCHEMA}")
        data.create_tables(connection)
    fill(url, PEER_SCHEMA)
    return PEER_SCHEMA


def fill(url: str, schema: str) -> None:
    """Load the rows into a schema that has the tables, and vacuum: the first run is not to pay for hint bits."""
    with psycopg.connect(url) as connection:
        connection.execute(f'set search_path to "{schema}"')
        data.load(connection)
    with psycopg.connect(url, autocommit=True) as connection:
        for table in data.dataset():
            connection.execute(f'vacuum analyze "{schema}"."{table}"')


def fill_with_tracks(url: str, schemas: Iterable[str], tracks: int) -> None:
    """Load a few tracks, numbered from 1, into each of many schemas."""
    with psycopg.connect(url, autocommit=True) as connection:
        for schema in schemas:
            connection.execute(f"insert into \"{schema}\".media_type values (1, 'Format 1')")
            connection.execute(
                f'insert into "{schema}".track (track_id, name, media_type_id, milliseconds, unit_price) '
                f"select number, 'Track ' || number, 1, 200000 + number, 0.99 from generate_series(1, {tracks}) number"
            )
            connection.execute(f'vacuum analyze "{schema}".track')
