"""Conditions on a row as a typed tree: callers' filters and the rules of permissions alike.

Pure data. `Compared` applies an operator of kapok.query.operators to a column (or an attribute of a composite column);
`Related` looks at the rows of a relation. A condition that is null counts as not met, as in SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kapok.model.types import Column, PgType, Relation, Table
from kapok.query.claims import Claim
from kapok.query.operators import Operator
from kapok.query.values import Value


@dataclass(frozen=True, slots=True)
class Operand:
    """A column, or an attribute inside a composite column: `attributes` are the names on the way to it."""

    column: Column
    type: PgType
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """operand operator value."""

    operand: Operand
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Measured:
    """length(operand) operator value: of a text in characters, of an array in elements."""

    operand: Operand
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Nullness:
    """Whether operand is null: known now, or decided by a Boolean value."""

    operand: Operand
    wanted: bool | Value


@dataclass(frozen=True, slots=True)
class Search:
    """Full-text search over text columns."""

    columns: tuple[Column, ...]
    value: Value


class Quantifier(StrEnum):
    """How many related rows must meet the condition."""

    SOME = "some"
    NONE = "none"
    EVERY = "every"


@dataclass(frozen=True, slots=True)
class Related:
    """The related rows: a to-one relation is SOME of at most one row."""

    relation: Relation
    target: Table
    quantifier: Quantifier
    where: Expression | None


@dataclass(frozen=True, slots=True)
class Known:
    """Whether the token has all of these claims, as values of their types. In rules only."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of them; true when empty."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them; false when empty."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """SQL's not: null stays null."""

    item: Expression


Expression = Compared | Measured | Nullness | Search | Related | Known | And | Or | Not


def all_of(*items: Expression | None) -> Expression | None:
    """The conditions that are there, as one."""
    present = tuple(item for item in items if item is not None)
    if len(present) > 1:
        return And(present)
    return present[0] if present else None
