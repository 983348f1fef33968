"""The SQL functions and event triggers of the platform's database, kept as this Kapok has them.

In: nothing. Out: whether they had to be installed. What was installed is noted in the comment of the schema
`kapok_log`: a digest of the SQL, and one of what the catalog held afterwards. While both are as they were, it costs one
query.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from kapok.identifiers import quote_literal

_HERE = Path(__file__).parent / "sql"
_AUDIT = Path(__file__).parents[1] / "audit" / "sql"
#: Each may run again, in this order; migrations run them once, too, for the tables that come after them.
FILES = (
    _AUDIT / "append_only.sql",
    *[_AUDIT / f"change_{name}.sql" for name in ("rows", "tables", "protect", "events")],
    _HERE / "directory_function.sql",
    _HERE / "revoked_function.sql",
    _HERE / "ddl_trigger.sql",
    _HERE / "refusals.sql",
    _HERE / "functions_owned.sql",
)

_LOCK = "select pg_advisory_xact_lock(hashtextextended('kapok platform functions', 0))"
# Who may make event triggers is a part of it: they come once the login is a superuser's.
_LOOK = r"""
    select coalesce(obj_description(log.oid, 'pg_namespace'), ''), encode(sha256(convert_to(concat_ws(E'\n',
        (select rolsuper from pg_roles where rolname = current_user),
        (select string_agg(concat_ws(' ', n.nspname, n.nspowner::regrole, n.nspacl), E'\n' order by n.nspname)
            from pg_namespace n where n.nspname in ('kapok_log', 'kapok')),
        (select string_agg(concat_ws(' ', pg_get_functiondef(p.oid), p.proowner::regrole, p.proacl), E'\n'
                order by p.oid::regprocedure::text collate "C")
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where p.prokind in ('f', 'p') and case n.nspname
                when 'kapok_log' then p.proname !~ '^t_[a-z2-7]{26}(_steady|_rows)?$'
                when 'public' then p.proname like 'kapok\_%' else n.nspname = 'kapok' end),
        (select string_agg(concat_ws(' ', e.evtname, e.evtevent, e.evtenabled, e.evtfoid::regproc, e.evtowner::regrole),
                E'\n' order by e.evtname) from pg_event_trigger e where e.evtname like 'kapok\_%')
    ), 'UTF8')), 'hex')
    from pg_namespace log where log.nspname = 'kapok_log'
"""


def ensure_platform_functions() -> bool:
    """Install them unless they are there as they must be; all of them, or none. Nothing before the migrations that make
    their schema."""
    with connection.cursor() as cursor:
        if _is_installed(cursor):
            return False
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if _is_installed(cursor):
            return False
        for path in FILES:
            cursor.execute(path.read_text())
        _, found = _look(cursor)
        cursor.execute("comment on schema kapok_log is " + quote_literal(_note(found)))
    return True


def _is_installed(cursor: Any) -> bool:
    noted, found = _look(cursor) or ("", None)
    return found is None or noted == _note(found)


def _look(cursor: Any) -> Any:
    """What was noted, and the digest of what is there. None without the schema."""
    cursor.execute(_LOOK)
    return cursor.fetchone()


def _note(found: str) -> str:
    return f"Functions as of {_code()}; installed: {found}"


@cache
def _code() -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in FILES)).hexdigest()
