"""A tenant's change log: the triggers on its project's tables, and what records reads, installed and mended.

In: `Names`. Out: what was missing or wrong, by table. Through Django's connection (the platform role); every function
can run again after any interruption. Where Postgres lets the platform make event triggers, these find nothing to do but
in a schema that is being set up, and after an upgrade of Kapok.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from apps.tenants.names import Names
from apps.tenants.roles import inherit
from apps.tenants.statements import render
from kapok.changelog.settings import AuditSettings
from kapok.identifiers import quote_identifier

#: How long mending waits for a table somebody works with.
LOCK_TIMEOUT = "5s"

_SET_MODES = """
    delete from {schema}.kapok_change_mode;
    insert into {schema}.kapok_change_mode (table_name, mode, redact)
    select m.name, m.mode, array(select json_array_elements_text(m.redact))
    from json_to_recordset(current_setting('kapok.modes')::json) as m (name text, mode text, redact json);
"""
# Kapok's own tables are the platform's; a project may have tables that are called alike. A partition's rows are its
# table's, and so are its settings.
_TABLES = """
    select c.relname, array_agg(a.attname::text)
    from pg_depend d join pg_class c on c.oid = d.objid and c.relkind in ('r', 'p') and not c.relispartition
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where d.refclassid = 'pg_namespace'::regclass and d.refobjid = to_regnamespace(%s)
        and d.classid = 'pg_class'::regclass
        and not (starts_with(c.relname::text, 'kapok_') and pg_get_userbyid(c.relowner) = current_user)
    group by c.oid, c.relname
"""
_FUNCTIONS = """
    select distinct p.proname::text from pg_depend d join pg_proc p on p.oid = d.objid
    where d.refclassid = 'pg_namespace'::regclass and d.refobjid = to_regnamespace(%s)
      and d.classid = 'pg_proc'::regclass
"""
_PROTECT = "select kapok_log.protect_all(%s, %s)::text"
_READ_RECORDS = Path(__file__).parents[1] / "audit" / "sql" / "read_records.sql"
# Who may use the schema may name it: it has no privileges of its own.
_RECORDER = """
    select p.proowner = n.nspowner and p.proacl is null, p.prosrc = %s and p.prosecdef and p.proconfig is null
    from pg_proc p join pg_namespace n on n.nspname = 'kapok_log'
    where p.pronamespace = to_regnamespace(%s) and p.oid = to_regprocedure(%s || '.kapok_read(jsonb,text,text,text)')
"""
_DROP_RECORDER = "drop routine if exists {schema}.kapok_read(jsonb, text, text, text) cascade"
# The event triggers need not look.
_OURS = "select set_config('kapok.protecting', %s, true)"


def begin_change_log(names: Names, settings: AuditSettings) -> None:
    """Give all tables their triggers and write down the rows they have: what the tenant begins with."""
    with transaction.atomic():
        _set_modes(names, settings)
        _protect(names, baseline=True)


def set_modes(names: Names, settings: AuditSettings) -> None:
    """Write down of each table what these settings say, from now on."""
    with transaction.atomic():
        _set_modes(names, settings)
        _protect(names, baseline=False)


def tables_of(schema: str) -> dict[str, list[str]]:
    """The project's tables in a schema, with their columns."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, [schema])
        return dict(cursor.fetchall())


def functions_of(schema: str) -> list[str]:
    """The names of a schema's functions."""
    with connection.cursor() as cursor:
        cursor.execute(_FUNCTIONS, [schema])
        return [name for (name,) in cursor.fetchall()]


def mend_change_log(names: Names, *, baseline: bool = True) -> dict[str, list[str]]:
    """Give tables their triggers that have none, and mend those that are wrong; either is written down in the log.

    baseline: write down the rows of tables that are new to the log, too. Out: {table: triggers, or ["new"]}.
    """
    return _protect(names, baseline=baseline)


def _set_modes(names: Names, settings: AuditSettings) -> None:
    modes = [{"name": name, "mode": mode, "redact": redact} for name, mode, redact in settings.rows()]
    with connection.cursor() as cursor:
        cursor.execute("select set_config('kapok.modes', %s, true)", [json.dumps(modes)])
        cursor.execute(render(_SET_MODES, schema=names.schema))


def _protect(names: Names, *, baseline: bool) -> dict[str, list[str]]:
    # Triggers are made by whoever owns the table, or a superuser.
    inherit([names.owner])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        cursor.execute(_PROTECT, [names.schema, baseline])
        found: dict[str, list[str]] = json.loads(cursor.fetchone()[0])
        _mend_recorder(cursor, names)
    return found


def _mend_recorder(cursor: Any, names: Names) -> None:
    """Make the function that records reads as this Kapok has it. Requests meanwhile find one or the other."""
    sql = _read_records().replace("{schema}", quote_identifier(names.schema))
    cursor.execute(_RECORDER, [sql.split("$$")[1], names.schema, f'"{names.schema}"'])
    is_ours, is_right = cursor.fetchone() or (False, False)
    if is_ours and is_right:
        return
    cursor.execute(_OURS, ["on"])
    if not is_ours:
        cursor.execute(render(_DROP_RECORDER, schema=names.schema))
    cursor.execute(sql)
    cursor.execute(_OURS, [""])


@cache
def _read_records() -> str:
    return _READ_RECORDS.read_text()
