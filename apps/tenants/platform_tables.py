"""The platform's own tables in every tenant's schema: those of the TENANT_APPS (end users).

In: `Names`. Out: the tables, owned by the platform role, with no privileges for anybody else; what a schema has is
recorded in its `kapok_platform_migration`. The SQL is Django's, made once in a process for a schema that stands for
any, so it takes one round trip a tenant. Every function can run again after any interruption.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django_tenants.utils import schema_context

from apps.tenants.cloning import NAME_MARK
from apps.tenants.names import Names
from apps.tenants.statements import render
from kapok.errors import KapokError

#: How long an upgrade waits for a table somebody works with.
LOCK_TIMEOUT = "5s"

_RECORD_TABLE = """
    create table if not exists {schema}.kapok_platform_migration (
        name text primary key,
        applied_at timestamptz not null default clock_timestamp()
    );
    revoke all on {schema}.kapok_platform_migration from public;
"""
#: Platform tables that are no models.
_OTHERS = ("kapok_platform_migration", "kapok_change", "kapok_change_mode")
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"
# The event triggers of the change log need not look (apps/audit/sql/change_events.sql).
_OURS = "select set_config('kapok.protecting', %s, true)"
_HAS_RECORDS = "select exists (select from pg_tables where schemaname = %s and tablename = 'kapok_platform_migration')"
_APPLIED = "select name from {schema}.kapok_platform_migration"
_RECORD = "insert into {schema}.kapok_platform_migration (name) select unnest(%s::text[])"
# A new project's SQL cannot have made them (see migrations_runner), but an old one's could.
_FOREIGN = """
    select c.relname from pg_class c join pg_roles r on r.oid = c.relowner
    where c.relnamespace = to_regnamespace(%s) and c.relname = any(%s) and r.rolname <> current_user
"""


def ensure_platform_tables(names: Names) -> list[str]:
    """Make the tables, or bring them up to date. Out: the migrations that were applied. Raises MIGRATION_FAILED where a
    table of the project stands in the way."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [f"kapok platform tables {names.schema}"])
        wanted = [name for name in _migrations() if name not in _applied(cursor, names)]
        if not wanted:
            return []
        _refuse_foreign_tables(cursor, names)
        cursor.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        statements = "".join(_migrations()[name] for name in wanted).replace(NAME_MARK, names.schema)
        cursor.execute(_OURS, ["on"])
        cursor.execute(render(_RECORD_TABLE, schema=names.schema) + statements)
        cursor.execute(_OURS, [""])
        cursor.execute(render(_RECORD, schema=names.schema), [wanted])
        return wanted


def pending_platform_tables(names: Names) -> list[str]:
    """The migrations a schema has not had."""
    with connection.cursor() as cursor:
        applied = _applied(cursor, names)
    return [name for name in _migrations() if name not in applied]


def _applied(cursor: Any, names: Names) -> set[str]:
    cursor.execute(_HAS_RECORDS, [names.schema])
    if not cursor.fetchone()[0]:
        return set()
    cursor.execute(render(_APPLIED, schema=names.schema))
    return {name for (name,) in cursor.fetchall()}


def _refuse_foreign_tables(cursor: Any, names: Names) -> None:
    tables = [model._meta.db_table for label in _labels() for model in apps.get_app_config(label).get_models()]
    cursor.execute(_FOREIGN, [names.schema, [*tables, *_OTHERS]])
    found = cursor.fetchone()
    if found:
        raise KapokError(
            "MIGRATION_FAILED",
            f"The project has a table {found[0]!r}, a name that belongs to Kapok.",
            hint="Rename it in a migration of the project; names that begin with kapok_ are Kapok's.",
        )


def _labels() -> list[str]:
    return [config.label for config in apps.get_app_configs() if config.name in settings.TENANT_APPS]


@cache
def _migrations() -> dict[str, str]:
    """Every migration's name and SQL, in order. NAME_MARK stands for the schema."""
    loader = MigrationLoader(None)
    plan: list[tuple[str, str]] = []
    for label in _labels():
        for target in loader.graph.leaf_nodes(label):
            plan += [key for key in loader.graph.forwards_plan(target) if key not in plan and key[0] in _labels()]
    with schema_context(NAME_MARK):
        return {f"{label}.{name}": _sql(loader, label, name) for label, name in plan}


def _sql(loader: MigrationLoader, label: str, name: str) -> str:
    """A migration's SQL. Only what can be said in SQL may stand in a migration of these apps."""
    migration = loader.graph.nodes[label, name]
    python = [operation for operation in migration.operations if not operation.reduces_to_sql]
    if python:
        raise RuntimeError(f"{label}.{name}: {python[0]} cannot be written as SQL")
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        migration.apply(loader.project_state((label, name), at_end=False), editor, collect_sql=True)
    return "\n".join(editor.collected_sql) + "\n"
