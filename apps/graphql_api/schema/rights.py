"""What a role may write of a table, whatever said so: database privileges, the kind of table, or the role's grants.

In: a table of the role's model. Out: its `Rights`.
"""

from __future__ import annotations

from dataclasses import dataclass

from kapok.model.types import Column, Table, TableKind

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
    return Rights(
        insert=tuple(column for column in table.columns if column.insertable and not column.read_only),
        update=tuple(column for column in table.columns if column.updatable and not column.read_only),
        delete=table.deletable,
        hides=table.row_security,
    )
