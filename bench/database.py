"""The bench's database: its own schema with the tables and rows for the peers.

In: the connection string of a role that may create schemas. Out: the schema, loaded; dropped when the block ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench import data

PEER_SCHEMA = "bench_peers"


@contextmanager
def peer_schema(conninfo: str) -> Iterator[str]:
    """A schema with the bench's tables, analyzed, while the block lasts."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(f"drop schema if exists {PEER_SCHEMA} cascade")
        connection.execute(f"create schema {PEER_SCHEMA}")
        connection.execute(f"set search_path to {PEER_SCHEMA}")
        data.create_tables(connection)
        data.load(connection)
    # Otherwise the first timed run pays for setting hint bits, and autovacuum for the rest.
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for table in data.dataset():
            connection.execute(f"vacuum analyze {PEER_SCHEMA}.{table}")
    try:
        yield PEER_SCHEMA
    finally:
        with psycopg.connect(conninfo) as connection:
            connection.execute(f"drop schema if exists {PEER_SCHEMA} cascade")
