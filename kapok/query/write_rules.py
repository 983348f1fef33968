"""What a role may write, for one statement: presets, and the alternatives of conditions of which one must hold.

In: a table with its grants and the columns that are given. Out: a `Rule`, or KapokError FORBIDDEN where no grant covers
them. Candidates are the grants that cover the columns; of those, the ones whose presets equal the first one's count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from kapok.errors import KapokError
from kapok.model.types import Table
from kapok.query.expressions import Expression, Or
from kapok.query.guard import GuardedTable, InsertGrant, Preset, UpdateGrant


@dataclass(frozen=True, slots=True)
class Alternative:
    """where: of the old row. check: of the new row. None: nothing to meet."""

    where: Expression | None = None
    check: Expression | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """At least one alternative's where and check must hold."""

    alternatives: tuple[Alternative, ...] = (Alternative(),)
    presets: tuple[Preset, ...] = ()

    def where(self) -> Expression | None:
        """What the old row must meet."""
        return either(item.where for item in self.alternatives)

    @property
    def paired(self) -> bool:
        """Whether what the new row must meet depends on what the old one met."""
        return len({item.where for item in self.alternatives}) > 1 and len({i.check for i in self.alternatives}) > 1


def either(expressions: Iterable[Expression | None]) -> Expression | None:
    """At least one of them; None where one asks for nothing."""
    found = tuple(dict.fromkeys(expressions))
    if None in found:
        return None
    items = tuple(item for item in found if item is not None)
    return items[0] if len(items) == 1 else Or(items)


def insert_rule(table: Table, columns: Iterable[str]) -> Rule:
    """What an insert of these columns must meet."""
    if not isinstance(table, GuardedTable):
        return Rule()
    grants = _covering(table.insert, frozenset(columns), "create", table)
    return Rule(tuple(Alternative(None, grant.check) for grant in grants), grants[0].presets)


def update_rule(table: Table, columns: Iterable[str]) -> Rule:
    """What an update of these columns must meet."""
    if not isinstance(table, GuardedTable):
        return Rule()
    grants = _covering(table.update, frozenset(columns), "update", table)
    return Rule(tuple(Alternative(grant.where, grant.check) for grant in grants), grants[0].presets)


def delete_rule(table: Table) -> Rule:
    """What a delete must meet."""
    if not isinstance(table, GuardedTable):
        return Rule()
    if not table.delete:
        raise _forbidden("delete", table)
    return Rule(tuple(Alternative(grant.where) for grant in table.delete))


def visible(table: Table) -> Expression | None:
    """What a row must meet for the role to see any of it. A role that may only write sees nothing and finds rows by
    the rules of its writes alone."""
    if not isinstance(table, GuardedTable) or not table.select:
        return None
    return either(grant.where for grant in table.select)


def shows_all(table: Table, columns: Iterable[str]) -> bool:
    """Whether the role sees these columns of every row it sees."""
    names = frozenset(columns)
    return not isinstance(table, GuardedTable) or all(grant.columns >= names for grant in table.select)


Grant = TypeVar("Grant", InsertGrant, UpdateGrant)


def _covering(grants: Sequence[Grant], columns: frozenset[str], verb: str, table: Table) -> list[Grant]:
    found = [g for g in grants if g.columns >= columns and columns.isdisjoint(p.column.name for p in g.presets)]
    if not found:
        raise _forbidden(verb, table)
    return [grant for grant in found if grant.presets == found[0].presets]


def _forbidden(verb: str, table: Table) -> KapokError:
    return KapokError("FORBIDDEN", f"This role may not {verb} {table.api_type} with these fields.")
