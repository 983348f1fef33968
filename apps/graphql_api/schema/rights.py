"""What a role may write of a table, whatever said so: database privileges, the kind of table, or the role's grants.

In: a table of the role's model. Out: its `Rights`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from apps.graphql_api.schema.reach import has_type
from kapok.model.types import Column, Table, TableKind
from kapok.query.guard import GuardedTable, InsertGrant, UpdateGrant

#: Views are only read.
WRITABLE = frozenset({TableKind.TABLE, TableKind.PARTITIONED})


@dataclass(frozen=True, slots=True)
class Rights:
    """insert, update: the columns a caller may give, () where the role may not write so. optional: columns that some
    way of inserting fills itself or does without. hides: whether a row that was written may be one the role cannot see.
    """

    insert: tuple[Column, ...] = ()
    update: tuple[Column, ...] = ()
    delete: bool = False
    optional: frozenset[str] = frozenset()
    hides: bool = False


def rights_of(table: Table) -> Rights:
    """The rights of the role whose model the table is from."""
    if table.kind not in WRITABLE:
        return Rights()
    every = whole_of(table).columns
    insert = [column for column in every if column.insertable and _is_given(column)]
    update = [column for column in every if column.updatable and _is_given(column)] if table.columns else []
    delete = table.deletable and bool(table.columns)
    if not isinstance(table, GuardedTable):
        return Rights(tuple(insert), tuple(update), delete, hides=table.row_security)
    inserts, updates = _offered(table.insert), _offered(table.update)
    shown = {column.name: column.api_name for column in table.columns}
    return Rights(
        insert=_columns(insert, shown, inserts),
        update=_columns(update, shown, updates),
        delete=delete and bool(table.delete),
        optional=frozenset(name for way in inserts for other in inserts for name in way ^ other)
        | frozenset(preset.column.name for grant in table.insert for preset in grant.presets),
        hides=table.row_security or all(grant.where is not None for grant in table.select),
    )


def whole_of(table: Table) -> Table:
    """The table with all of its columns, those that the role does not see too."""
    return table.whole or table if isinstance(table, GuardedTable) else table


def _is_given(column: Column) -> bool:
    return not column.read_only and has_type(column.type)


def _offered(grants: Sequence[InsertGrant | UpdateGrant]) -> list[frozenset[str]]:
    """The columns that each grant takes from callers; what it sets itself is not among them."""
    return [grant.columns - {preset.column.name for preset in grant.presets} for grant in grants]


def _columns(
    every: Iterable[Column], shown: Mapping[str, str], offered: Iterable[frozenset[str]]
) -> tuple[Column, ...]:
    """Of the whole table's columns, because one that is masked for reading looks nullable. shown: names as read."""
    names = frozenset[str]().union(*offered)
    return tuple(
        replace(column, api_name=shown.get(column.name, column.api_name)) for column in every if column.name in names
    )
