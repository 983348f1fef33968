"""What there is to choose from. In: a log. Out: the tables and actions that its entries are of."""

from __future__ import annotations

from dataclasses import dataclass

from apps.audit.actions import BY_NUMBER
from apps.audit.browse.reading import reading
from apps.audit.logs import LogRef

_FACETS = "select distinct kind, table_name, action from {schema}.kapok_facet"


@dataclass(frozen=True, slots=True)
class Facets:
    """In the order of names: tables that have changes, actions of events."""

    tables: tuple[str, ...]
    actions: tuple[str, ...]


def facets_of(log: LogRef) -> Facets:
    """Of what is searchable. Raises TIMEOUT."""
    with reading() as cursor:
        cursor.execute(log.sql(_FACETS))
        found = cursor.fetchall()
    tables = {table for _, table, _ in found if table}
    actions = {BY_NUMBER[action].name for _, _, action in found if action in BY_NUMBER}
    return Facets(tuple(sorted(tables)), tuple(sorted(actions)))
