"""Schemas made for a test with their request roles, and their models."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import psycopg

from kapok.catalog.introspect import introspect
from kapok.catalog.parse import parse
from kapok.identifiers import schema_name
from kapok.model.build import build
from kapok.model.types import Model

Connection = psycopg.Connection[Any]


class Schemas:
    """Makes schemas with their request roles, and removes them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.made: list[str] = []

    def make(self, *scripts: str) -> str:
        """A schema made by these scripts, whose tables and columns its role may select."""
        name = schema_name(uuid.uuid4())
        self.made.append(name)
        self.connection.execute(f"create role {name} nologin; create schema {name}; set search_path = {name}")
        for script in scripts:
            self.connection.execute(script)  # type: ignore[call-overload]
        self.connection.execute(
            f"grant usage on schema {name} to {name}; grant select on all tables in schema {name} to {name};"
            "reset search_path"
        )
        return name

    def remove(self) -> None:
        """Everything again."""
        for name in self.made:
            self.connection.execute(f"drop schema {name} cascade; drop owned by {name}; drop role {name}")


def zoo_scripts() -> list[str]:
    """Both halves of the zoo."""
    return [Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("zoo.sql", "zoo_tables.sql")]


def read(connection: Connection, schema: str, role: str | None = None) -> Model:
    """The model of a schema."""
    return build(parse(introspect(connection, schema, role)))


def column_names(model: Model, table: str) -> list[str]:
    """The database names of a table's columns."""
    return [column.name for column in model.table(table).columns]


def relation_names(model: Model, table: str) -> set[str]:
    """The relation fields of a table."""
    return {relation.api_name for relation in model.table(table).relations}
