"""Fills an empty schema from a template.

In: a session of the schema's owner and the template's SQL. Out: the project's tables, rows and grants, in one round
trip and one transaction.
"""

from __future__ import annotations

from typing import Any

import psycopg

from apps.tenants.names import Names
from apps.tenants.statements import render

#: Stands for the schema's name (which also begins its roles' names) in a stored template: a private-use character, as
#: PostgreSQL's text has no NUL.
NAME_MARK = "\ue000schema\ue000"

# Functions and types are open to PUBLIC by default; here they are open to the tenant's own role.
_CLOSED_TO_PUBLIC = """
    alter default privileges revoke execute on functions from public;
    alter default privileges revoke usage on types from public;
"""
# What requests may do with the tables a project creates; which app role may do what is decided by permissions.
_OPEN_TO_TENANT = """
    alter default privileges in schema {schema} grant select, insert, update, delete on tables to {schema};
    alter default privileges in schema {schema} grant usage, select, update on sequences to {schema};
    alter default privileges in schema {schema} grant execute on functions to {schema};
    alter default privileges in schema {schema} grant usage on types to {schema};
"""
_SETTINGS = """
    set local lock_timeout = '5s';
    set local statement_timeout = '60s';
    set local check_function_bodies = off;
    set local search_path = {schema};
"""
_IS_FILLED = "select exists (select from {schema}.kapok_migration)"


def set_default_privileges(session: psycopg.Connection[Any], names: Names) -> None:
    """What the owner creates from now on is the tenant's role's to use, and nobody else's."""
    session.execute(render(_CLOSED_TO_PUBLIC) + render(_OPEN_TO_TENANT, schema=names.schema))


def fill(session: psycopg.Connection[Any], names: Names, template: str) -> None:
    """Run a template (see NAME_MARK) in an empty schema; nothing when the schema has been filled before.

    The template holds the default privileges of its schema as they were at its end, and sets grants one by one: they
    would be wrong with default privileges in force, so those not bound to the schema come last.
    """
    filled = session.execute(render(_IS_FILLED, schema=names.schema)).fetchone()
    if filled and filled[0]:
        return
    session.execute(
        "begin;"
        + render(_SETTINGS, schema=names.schema)
        + template.replace(NAME_MARK, names.schema)
        + render(_CLOSED_TO_PUBLIC)
        + "commit;"
    )
