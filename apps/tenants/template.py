"""A project's template: the SQL that makes an empty schema what all its migrations make it.

In: a project with its migrations. Out: `Template`, compiled once for each set of migrations: they run in a scratch
schema, which pg_dump then writes out (data included, since migrations may insert rows). Where the schema cannot be
dumped, the template says `replay` and new tenants run the migrations. The catalog of that schema is kept with it: it is
what rules are checked against before any tenant exists.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from django.db import connection
from django.utils import timezone

from apps.tenants.cloning import NAME_MARK, fill, set_default_privileges
from apps.tenants.dump import DumpFailed, dump_schema
from apps.tenants.migrations_runner import Mark, MigrationFile, migrate
from apps.tenants.models import Project, Template
from apps.tenants.names import Names
from apps.tenants.owner import connect_as_owner, conninfo_of, terminate_session
from apps.tenants.platform_tables import ensure_platform_tables
from apps.tenants.records import failure_of
from apps.tenants.roles import drop_roles, ensure_tenant_roles, lock_out
from apps.tenants.schemas import catalog_of, drop_schema, ensure_schema
from kapok.errors import KapokError

log = logging.getLogger("kapok.tenants")

DUMP, REPLAY = "dump", "replay"


def migration_marks(project: Project) -> list[Mark]:
    """A project's migrations in order, without their text."""
    rows = project.migrations.order_by("number").values_list("number", "name", "checksum")
    return [Mark(*row) for row in rows]


def migration_files(project: Project) -> list[MigrationFile]:
    """A project's migrations in order."""
    rows = project.migrations.order_by("number").values_list("number", "name", "checksum", "sql")
    return [MigrationFile(*row) for row in rows]


def checksum_of_all(marks: Sequence[Mark]) -> str:
    """One checksum of a whole set of migrations, in hex."""
    listing = "\n".join(f"{mark.number} {mark.name} {mark.checksum}" for mark in marks)
    return hashlib.sha256(listing.encode()).hexdigest()


def template_of(project: Project) -> Template:
    """The template of a project's migrations, compiled now where there is none. Raises MIGRATION_FAILED."""
    template = Template.objects.filter(project=project).first()
    if template is not None and _is_of(template, migration_marks(project)):
        return template
    with _compiling(project):
        files = migration_files(project)
        template, _ = Template.objects.get_or_create(project=project)
        if not _is_of(template, files):
            template.method, template.sql, template.catalog = _compile(template, files)
            template.checksum, template.compiled_at = checksum_of_all(files), timezone.now()
            template.save(update_fields=["method", "sql", "catalog", "checksum", "compiled_at"])
    return template


def _is_of(template: Template, marks: Sequence[Mark]) -> bool:
    """Whether a template was compiled from these migrations, its catalog included (older ones have none)."""
    return template.checksum == checksum_of_all(marks) and bool(template.catalog or not marks)


@contextmanager
def _compiling(project: Project) -> Iterator[None]:
    """One worker at a time compiles a project's template; the others wait and find it."""
    key = f"kapok template {project.pk}"
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [key])
        try:
            yield
        finally:
            cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [key])


def _compile(template: Template, files: Sequence[MigrationFile]) -> tuple[str, str, str]:
    """Out: the method, the SQL and the catalog."""
    if not files:
        return DUMP, "", ""
    if template.scratch_id is not None:  # left behind by a worker that was killed
        drop_scratch(template)
    template.scratch_id = uuid.uuid4()
    template.save(update_fields=["scratch_id"])
    try:
        return _compiled_in(Names.of(template.scratch_id, None), files)
    finally:
        drop_scratch(template)


def _compiled_in(names: Names, files: Sequence[MigrationFile]) -> tuple[str, str, str]:
    ensure_tenant_roles(names)
    ensure_schema(names)
    # No part of the template, but SQL must meet here what it will meet in a tenant.
    ensure_platform_tables(names)
    _migrate_scratch(names, files)
    catalog = catalog_of(names.schema)
    try:
        sql = dump_schema(conninfo_of(names.owner), names).replace(names.schema, NAME_MARK)
        _prove(names, sql)
    except (DumpFailed, psycopg.Error) as exc:
        log.warning("the template cannot be dumped, so new tenants run the migrations: %s", exc)
        return REPLAY, "", catalog
    return DUMP, sql, catalog


def _prove(names: Names, sql: str) -> None:
    """Fill the scratch schema again, from the template: a dump of it must be the same text. Raises DumpFailed."""
    lock_out(names)
    drop_schema(names)
    ensure_tenant_roles(names)
    ensure_schema(names)
    with connect_as_owner(names) as session:
        fill(session, names, sql)
    if dump_schema(conninfo_of(names.owner), names).replace(names.schema, NAME_MARK) != sql:
        raise DumpFailed("a schema made from the dump differs from the one made by the migrations")


def _migrate_scratch(names: Names, files: Sequence[MigrationFile]) -> None:
    with connect_as_owner(names) as session:
        set_default_privileges(session, names)
        failed = failure_of(migrate(session, names, files, terminate=terminate_session))
    if failed is not None:
        raise KapokError("MIGRATION_FAILED", f"On an empty schema: {failed[0]}", details=failed[1])


def drop_scratch(template: Template) -> None:
    """Drop the scratch schema and its roles, and forget them."""
    if template.scratch_id is None:
        return
    names = Names.of(template.scratch_id, None)
    lock_out(names)
    drop_schema(names)
    drop_roles([names.owner, names.schema])
    template.scratch_id = None
    template.save(update_fields=["scratch_id"])
