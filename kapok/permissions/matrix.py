"""What every role may do, inheritance included: role by table by operation.

In: `Permissions`. Out: for each (role, table, operation) the grants that together decide, each with the role it was
written for and its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kapok.permissions.implication import is_implied
from kapok.permissions.rules import Permissions


class Operation(StrEnum):
    """What a rule is about."""

    SELECT = "select"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Grant:
    """One operation of one rule. role: whose rule it is. own: of a tenant's own text. columns: None for all.

    where, check, presets: as written.
    """

    role: str
    line: int | None = None
    own: bool = False
    columns: frozenset[str] | None = None
    where: Any = None
    check: Any = None
    presets: Mapping[str, Any] = field(default_factory=dict)
    aggregate: bool = True
    limit: int | None = None


_MISSING = object()

#: (role, table, operation).
Place = tuple[str, str, Operation]


def matrix(permissions: Permissions) -> dict[Place, tuple[Grant, ...]]:
    """All places where something is allowed, in the order of roles, tables and operations."""
    tables = sorted({table for table, _ in permissions.rules})
    cells = {}
    for role in permissions.roles:
        lineage = permissions.lineage(role)
        for table in tables:
            for operation in Operation:
                grants = [
                    grant for name in lineage for grant in _grants(permissions, table, name) if grant[0] is operation
                ]
                if grants:
                    cells[role, table, operation] = tuple([grant for _, grant in grants])
    return cells


def callable_functions(permissions: Permissions) -> dict[str, tuple[str, ...]]:
    """The functions each role may call, inheritance included."""
    return {
        role: tuple(
            sorted(
                name for name, roles in permissions.functions.items() if not roles.isdisjoint(permissions.lineage(role))
            )
        )
        for role in permissions.roles
    }


def _grants(permissions: Permissions, table: str, role: str) -> Iterator[tuple[Operation, Grant]]:
    entry = permissions.rules.get((table, role))
    if entry is None:
        return
    source: dict[str, Any] = {"role": role, "own": entry.own}
    if (read := entry.select) is not None:
        limits: dict[str, Any] = {"aggregate": read.aggregate, "limit": read.limit}
        yield Operation.SELECT, Grant(**source, line=read.line, columns=read.columns, where=read.where, **limits)
    if (new := entry.insert) is not None:
        given: dict[str, Any] = {"columns": new.columns, "presets": new.presets}
        yield Operation.INSERT, Grant(**source, line=new.line, check=new.check, **given)
    if (change := entry.update) is not None:
        given = {"columns": change.columns, "presets": change.presets}
        yield Operation.UPDATE, Grant(**source, line=change.line, where=change.where, check=change.check, **given)
    if (gone := entry.delete) is not None:
        yield Operation.DELETE, Grant(**source, line=gone.line, where=gone.where)


def needed(grants: Sequence[Grant]) -> tuple[Grant, ...]:
    """Without those that allow nothing another one does not allow: an inherited rule that is the narrower one."""
    kept: list[Grant] = []
    for place, grant in enumerate(grants):
        others = [*kept, *grants[place + 1 :]]
        if not any(covers(other, grant) and _is_as_free(other, grant) for other in others):
            kept.append(grant)
    return tuple(kept)


def covers(before: Grant, after: Grant) -> bool:
    """Whether whatever one write grant allows, another allows too."""
    columns = before.columns is None or (after.columns is not None and after.columns <= before.columns)
    presets = all(after.presets.get(name, _MISSING) == value for name, value in before.presets.items())
    chosen = all(name in before.presets or before.columns is None or name in before.columns for name in after.presets)
    return columns and presets and chosen and is_stricter(before, after)


def is_stricter(before: Grant, after: Grant) -> bool:
    """Whether the conditions of `after` are sure to be at least as strict."""
    return is_implied(before.where, after.where) and is_implied(before.check, after.check)


def _is_as_free(one: Grant, other: Grant) -> bool:
    """Whether the lists of one are as long as the other's, and its aggregates as free."""
    limits = one.limit is None or (other.limit is not None and other.limit <= one.limit)
    return limits and (one.aggregate or not other.aggregate)
