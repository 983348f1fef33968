"""What the select grants of a guarded table come to: which rows are shown, and which columns not in all of them.

In: a `GuardedTable` (or the grants of a junction). Out: expressions over the row. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kapok.model.types import Table
from kapok.query.expressions import Expression, Or, all_of
from kapok.query.guard import GuardedTable, SelectGrant


def shown_rows(table: Table) -> Expression | None:
    """What a row must meet to be shown at all; None: every row is."""
    return rows_of(table.select) if isinstance(table, GuardedTable) else None


def rows_of(grants: Sequence[SelectGrant]) -> Expression | None:
    """What a row must meet for one of the grants to show it; None: every row does."""
    return any_of(grant.where for grant in grants)


def shown_cells(grants: Sequence[SelectGrant], names: Iterable[str]) -> Expression | None:
    """What a row must meet to show all of these cells; None: every row does."""
    shown = [rows_of([grant for grant in grants if name in grant.columns]) for name in names]
    return all_of(*dict.fromkeys(shown))


def masks(grants: Sequence[SelectGrant], columns: Iterable[str]) -> Mapping[str, Expression]:
    """The columns that are not shown in every row that is: what such a row must meet to show them."""
    found = {name: any_of(grant.where for grant in grants if name in grant.columns) for name in columns}
    rows = rows_of(grants)
    return {name: shown for name, shown in found.items() if shown is not None and shown != rows}


def gates(grants: Sequence[SelectGrant], functions: Iterable[str]) -> Mapping[str, Expression]:
    """As `masks`, of computed fields."""
    found = {
        name: any_of(grant.where for grant in grants if grant.computed is None or name in grant.computed)
        for name in functions
    }
    rows = rows_of(grants)
    return {name: shown for name, shown in found.items() if shown is not None and shown != rows}


def any_of(conditions: Iterable[Expression | None]) -> Expression | None:
    """One of them, as they stand: None as soon as one asks for nothing, never true where there are none."""
    found = tuple(dict.fromkeys(conditions))
    if None in found:
        return None
    items = tuple(item for item in found if item is not None)
    return items[0] if len(items) == 1 else Or(items)


def needed(grants: Iterable[SelectGrant]) -> tuple[SelectGrant, ...]:
    """The grants that show something no other one shows: without those covered by a wider one."""
    kept: list[SelectGrant] = []
    for grant in grants:
        if any(_covers(other, grant) for other in kept):
            continue
        kept = [other for other in kept if not _covers(grant, other)]
        kept.append(grant)
    return tuple(kept)


def _covers(wide: SelectGrant, grant: SelectGrant) -> bool:
    computed = wide.computed is None or (grant.computed is not None and grant.computed <= wide.computed)
    return wide.columns >= grant.columns and computed and wide.where in (None, grant.where)
