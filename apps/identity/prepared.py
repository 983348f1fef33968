"""Statements written once, and planned once by each connection that runs them often.

In: a text, a tenant's schema and values. Out: rows, and the objects of their columns. Django's cursors write values
into the text, so that PostgreSQL parses and plans every statement anew; here they go beside it. Inside tenant_context;
tables are named with a schema. Errors are Django's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, LiteralString, TypeVar

import psycopg
from django.db import connection
from django.db.models import Model

from apps.identity.models import RefreshToken, Session, User
from apps.tenants.models import Project, Tenant
from apps.tenants.statements import render

M = TypeVar("M", bound=Model)
Row = tuple[Any, ...]

#: How often a connection runs a text before it keeps its plan; psycopg keeps a hundred, those used last.
PREPARE_AFTER = 5

#: What `{users}` and the like stand for: the columns of a model, of the table with this name in the statement. Each by
#: its name: a plan that is kept must not change what it gives when a table gets another column.
_MARKS: dict[str, tuple[type[Model], LiteralString]] = {
    "users": (User, "u"),
    "sessions": (Session, "s"),
    "tokens": (RefreshToken, "r"),
    "tenants": (Tenant, "t"),
    "projects": (Project, "p"),
}


def run(template: LiteralString, schema: str, values: Sequence[Any]) -> list[Row]:
    """The rows of a statement; none for one that gives none."""
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    session: psycopg.Connection[Row] = connection.connection
    session.prepare_threshold = PREPARE_AFTER
    with connection.wrap_database_errors, psycopg.Cursor(session) as cursor:
        cursor.execute(_text(template, schema), values)
        return cursor.fetchall() if cursor.description else []


def made(model: type[M], row: Sequence[Any], start: int = 0) -> M:
    """The object of a row's columns from `start`, as a queryset gives it."""
    names, converters = _fields(model)
    values = list(row[start : start + len(names)])
    for at, convert in converters:
        values[at] = convert(values[at], None, connection)
    found: M = model.from_db(connection.alias, names, values)
    return found


def width(model: type[Model]) -> int:
    """How many columns a model has."""
    return len(_fields(model)[0])


@lru_cache(maxsize=2048)
def _text(template: LiteralString, schema: str) -> LiteralString:
    for mark, (model, alias) in _MARKS.items():
        if f"{{{mark}}}" in template:
            template = template.replace(f"{{{mark}}}", _columns(model, alias))
    return render(template, schema=schema)


def _columns(model: type[Model], alias: LiteralString) -> LiteralString:
    names = {f"c{at}": field.column for at, field in enumerate(model._meta.concrete_fields)}
    return render(", ".join(f"{alias}.{{{mark}}}" for mark in names), **names)


@cache
def _fields(model: type[Model]) -> tuple[list[str], list[tuple[int, Any]]]:
    """The attributes of a model's columns; where a column's value is none of Python's yet, and what makes it one."""
    fields = model._meta.concrete_fields
    converters = [(at, field.from_db_value) for at, field in enumerate(fields) if hasattr(field, "from_db_value")]
    return [field.attname for field in fields], converters
