"""The tests' database emptied after a test that commits: what Django's flush does, at a tenth of its cost.

Only tables with rows are looked at, and what Django makes along with the tables stays instead of being made again.
"""

from __future__ import annotations

from functools import cache

from django.db import connection, transaction

from kapok.identifiers import quote_identifier

#: Made by migrations and by Django's post_migrate.
STAYS = {"django_migrations", "django_content_type", "auth_permission"}
#: Nothing can be deleted from it; its trigger against TRUNCATE is off (tests/conftest.py).
APPEND_ONLY = {"kapok_event"}


def empty_database() -> None:
    """Remove every row of the platform's own tables that a test can have made."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_which_have_rows())
        filled = [name for (name,) in cursor.fetchall()]
        statements = [
            f"{'truncate' if name in APPEND_ONLY else 'delete from'} public.{quote_identifier(name)}" for name in filled
        ]
        if statements:
            # Foreign keys are looked at once all is gone.
            cursor.execute("; ".join(["set constraints all deferred", *statements]))


@cache
def _which_have_rows() -> str:
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - STAYS
    return " union all ".join(
        f"select '{name}' where exists (select from public.{quote_identifier(name)})" for name in sorted(tables)
    )
