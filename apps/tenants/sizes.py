"""How much disk tenants use. In: schema names. Out: bytes of tables, indexes and TOAST, in one query for all."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

_SIZES = """
    select n.nspname, coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::bigint
    from pg_catalog.pg_namespace n
    left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'm')
    where n.nspname = any(%s)
    group by n.nspname
"""


def schema_sizes(schemas: Sequence[str]) -> dict[str, int]:
    """Bytes by schema; a schema that does not exist (yet) is missing."""
    if not schemas:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [list(schemas)])
        return dict(cursor.fetchall())
