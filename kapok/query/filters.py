"""The one filter language: operator objects over the fields of a row, as callers send them and as rules are written.

In: a `Part` (a view of the filter, whoever wrote it) and its `Language` (what names mean, how to refuse). Out: an
expression tree, None when it says nothing. Which operators there are and what they take is said in families.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from kapok.model.types import Column, PgType, Relation, RelationKind, Table
from kapok.query.expressions import (
    And,
    Compared,
    Expression,
    Measured,
    Not,
    Nullness,
    Operand,
    Or,
    Quantifier,
    Related,
    all_of,
)
from kapok.query.families import INTEGER, OPERATORS, ArgumentKind, Family, base_type, family_of
from kapok.query.operators import Operator
from kapok.query.values import Value

#: Objects within objects of one filter.
MAX_DEPTH = 20
#: Operators whose name means something else for texts.
_OF_TEXT = {"contains": Operator.INCLUDES, "icontains": Operator.IINCLUDES}
_GROUPS = ("and", "or", "not")
_QUANTIFIERS = [str(quantifier) for quantifier in Quantifier]


class Part(Protocol):
    """A value somewhere in a filter. Its methods may refuse what has not been checked before."""

    @property
    def is_null(self) -> bool:
        """Whether it is null."""
        ...

    def entries(self) -> Mapping[str, Part]:
        """The entries of an object."""
        ...

    def items(self) -> Sequence[Part]:
        """The items of a list; a value that is no list is a list of one."""
        ...

    def flag(self) -> bool | Value:
        """A Boolean: known now, or when the operation runs."""
        ...

    def value(self, operator: Operator, kind: ArgumentKind, type_: PgType) -> Value:
        """What an operator compares a value of this type with. Null only where the operator can compare with it."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """A relation, and the table it leads to."""

    relation: Relation
    target: Table


class Language(Protocol):
    """Where a filter stands. place: the way to a part of it, for errors: `filter.or.0.status`."""

    def field(self, table: Table, name: str) -> Column | Reach | None:
        """What a name means in a row of this table; None: nothing that can be filtered."""
        ...

    def names(self, table: Table) -> Sequence[str]:
        """The names `field` knows, to suggest one."""
        ...

    def refuse(self, place: str, problem: str, *, hint: str | None = None) -> NoReturn:
        """The filter is wrong here."""
        ...

    def unknown(self, place: str, name: str, known: Sequence[str]) -> NoReturn:
        """There is nothing of this name here."""
        ...

    def too_deep(self) -> NoReturn:
        """More than MAX_DEPTH objects within each other."""
        ...

    def count(self) -> None:
        """One more condition; may refuse."""
        ...


class Filters:
    """One filter being read."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def of_table(self, table: Table, given: Part, place: str, depth: int = 1) -> Expression | None:
        """All that is said of a row of the table."""
        self._check_depth(depth)
        found: list[Expression | None] = []
        for key, value in self._entries(given, place):
            inner = f"{place}.{key}"
            match self._language.field(table, key):
                case Column() as column:
                    found.append(self._of_value(Operand(column, column.type), value, inner, depth + 1))
                case Reach() as reach:
                    found += self._related(reach, value, inner, depth + 1)
                case None:
                    found.append(self._group(table, key, value, place, depth + 1))
        return all_of(*found)

    def _related(self, reach: Reach, given: Part, place: str, depth: int) -> Iterator[Expression]:
        if reach.relation.kind is RelationKind.TO_ONE:
            inner = self.of_table(reach.target, given, place, depth)
            yield Related(reach.relation, reach.target, Quantifier.SOME, inner)
            return
        for name, item in self._entries(given, place):
            if name not in _QUANTIFIERS:
                self._language.unknown(place, name, _QUANTIFIERS)
            inner = self.of_table(reach.target, item, f"{place}.{name}", depth + 1)
            yield Related(reach.relation, reach.target, Quantifier(name), inner)

    def _group(self, table: Table, key: str, value: Part, place: str, depth: int) -> Expression:
        inner = f"{place}.{key}"
        if key not in _GROUPS:
            self._language.unknown(place, key, [*self._language.names(table), *_GROUPS])
        if key == "not":
            return Not(self.of_table(table, value, inner, depth) or And(()))
        items = [self._item(table, item, f"{inner}.{index}", depth) for index, item in enumerate(value.items())]
        return And(tuple(items)) if key == "and" else Or(tuple(items))

    def _item(self, table: Table, item: Part, place: str, depth: int) -> Expression:
        if item.is_null:
            self._language.refuse(place, "must not be null")
        self._language.count()
        return self.of_table(table, item, place, depth) or And(())

    def _of_value(self, operand: Operand, given: Part, place: str, depth: int) -> Expression | None:
        """The operators applied to a column, or to an attribute of a composite."""
        self._check_depth(depth)
        family = family_of(operand.type)
        attributes = {item.api_name: item for item in base_type(operand.type).shown}
        found: list[Expression | None] = []
        for key, value in self._entries(given, place, nullable=True):
            inner = f"{place}.{key}"
            self._language.count()
            kind = OPERATORS[family].get(key)
            if key == "isNull":
                found.append(Nullness(operand, self._present(value, inner).flag()))
            elif family is Family.COMPOSITE and key in attributes:
                attribute = attributes[key]
                part = Operand(operand.column, attribute.type, (*operand.attributes, attribute.name))
                found.append(self._of_value(part, self._present(value, inner), inner, depth + 1))
            elif kind is None:
                self._language.unknown(place, key, [*OPERATORS[family], *attributes])
            elif kind is ArgumentKind.INT_FILTER:
                found += self._lengths(operand, self._present(value, inner), inner)
            else:
                operator = _OF_TEXT[key] if family is Family.TEXT and key in _OF_TEXT else Operator(key)
                found.append(Compared(operand, operator, value.value(operator, kind, operand.type)))
        return all_of(*found)

    def _lengths(self, operand: Operand, given: Part, place: str) -> Iterator[Expression]:
        """`length` compares a number with the operators of Int."""
        for key, value in self._entries(given, place, nullable=True):
            inner = f"{place}.{key}"
            self._language.count()
            kind = OPERATORS[family_of(INTEGER)].get(key)
            if key == "isNull":
                yield Nullness(operand, self._present(value, inner).flag())
            elif kind is None:
                self._language.unknown(place, key, [*OPERATORS[family_of(INTEGER)]])
            else:
                yield Measured(operand, Operator(key), value.value(Operator(key), kind, INTEGER))

    def _entries(self, given: Part, place: str, *, nullable: bool = False) -> Iterator[tuple[str, Part]]:
        """The entries of an object. Null is refused, unless the one who asks looks at it."""
        for key, value in self._present(given, place).entries().items():
            if not nullable:
                self._present(value, f"{place}.{key}")
            yield key, value

    def _present(self, value: Part, place: str) -> Part:
        if value.is_null:
            hint = "Leave it out, or use isNull to ask for null."
            self._language.refuse(place, "must not be null", hint=hint)
        return value

    def _check_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._language.too_deep()
