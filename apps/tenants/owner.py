"""Sessions of a tenant's owner role: the only ones that run SQL a project wrote.

In: `Names`. Out: a psycopg connection that logged in as the owner, so that no `reset role` or `set role` in that SQL
leads anywhere else. psycopg only, no ORM: it is used from several threads at once.
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.conf import settings
from psycopg.conninfo import make_conninfo

from apps.tenants.names import Names
from apps.tenants.statements import render
from kapok.roles import conninfo_for, role_password

CONNECT_TIMEOUT_SECONDS = 10

_ROLE_OUT_OF_REACH = """
    select usename from pg_stat_activity
    where pid = %s and usename is not null and not pg_has_role(usename, 'usage')
"""


def conninfo_of(role: str) -> str:
    """How a role logs in to the platform's database."""
    conninfo = conninfo_for(settings.DATABASE_URL, role, role_password(settings.SECRET_KEY, role))
    # The tests' database has another name than the URL says.
    return make_conninfo(
        conninfo, dbname=settings.DATABASES["default"]["NAME"], connect_timeout=CONNECT_TIMEOUT_SECONDS
    )


def connect_as_owner(names: Names) -> psycopg.Connection[Any]:
    """Log in, in autocommit mode. Raises psycopg.OperationalError."""
    return psycopg.connect(conninfo_of(names.owner), autocommit=True, application_name="kapok owner")


def terminate_session(pid: int) -> None:
    """End a session. Called from a timer's thread, so over a connection of its own.

    A platform role that is no superuser needs the rights of the session's role for it.
    """
    conninfo = make_conninfo(settings.DATABASE_URL, dbname=settings.DATABASES["default"]["NAME"])
    with psycopg.connect(conninfo, autocommit=True) as session:
        role = session.execute(_ROLE_OUT_OF_REACH, [pid]).fetchone()
        if role is not None:
            session.execute(render("grant {role} to current_user", role=role[0]))
        session.execute("select pg_terminate_backend(%s)", [pid])
