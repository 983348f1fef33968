"""What one role may do with a table, carried by the table itself: codegen turns it into conditions wherever the table
is mentioned, so that no caller of a plan can forget it.

Pure data. A plain `Table` allows everything (the role `service`, and tables inside rules). Several grants come from
inheritance: a cell may be read when any grant shows it, a row may be written when any grant allows all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kapok.model.types import Column, Junction, Table
from kapok.query.expressions import Expression
from kapok.query.values import Value


@dataclass(frozen=True, slots=True)
class RuleSource:
    """The rule a grant comes from: tables.<table>.<role>.<operation>, at `line` (from 1) of permissions.yaml; `own`: of
    the tenant's own text instead of its project's."""

    table: str
    role: str
    operation: str
    line: int
    own: bool = False


@dataclass(frozen=True, slots=True)
class SelectGrant:
    """Shows these columns (database names) of the rows that meet `where`; None: of all rows.

    computed: the functions whose computed fields it shows of them; None: all that the table has.
    """

    columns: frozenset[str]
    where: Expression | None = None
    computed: frozenset[str] | None = None
    #: which rule says so; not part of what it means.
    source: RuleSource | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Preset:
    """A column that the rule sets, whatever the caller gives."""

    column: Column
    value: Value


@dataclass(frozen=True, slots=True)
class InsertGrant:
    """Takes these columns from callers. check: what the new row must meet."""

    columns: frozenset[str]
    check: Expression | None = None
    presets: tuple[Preset, ...] = ()
    #: which rule says so; not part of what it means.
    source: RuleSource | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class UpdateGrant:
    """Takes these columns from callers, in rows that meet `where`; the changed row must meet `check`."""

    columns: frozenset[str]
    where: Expression | None = None
    check: Expression | None = None
    presets: tuple[Preset, ...] = ()
    #: which rule says so; not part of what it means.
    source: RuleSource | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DeleteGrant:
    """Rows that meet `where` may be deleted; None: all."""

    where: Expression | None = None
    #: which rule says so; not part of what it means.
    source: RuleSource | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class GuardedTable(Table):
    """A table as one role sees it: its columns are those some select grant shows (none, for a table that the role may
    only write). whole: the table with all its columns, for what rules and keys need."""

    whole: Table | None = None
    select: tuple[SelectGrant, ...] = ()
    insert: tuple[InsertGrant, ...] = ()
    update: tuple[UpdateGrant, ...] = ()
    delete: tuple[DeleteGrant, ...] = ()


@dataclass(frozen=True, slots=True)
class GuardedJunction(Junction):
    """A junction table as one role sees it."""

    select: tuple[SelectGrant, ...] = ()
