"""Predicates of rules: what stands after `where` and `check`, in the callers' filter language with claims.

In: the model (whole, of no role), a table, and the predicate as plain data (mappings, lists, texts, numbers, booleans,
null). Out: an expression over plain tables, None where it says nothing. Raises RuleProblem with the place inside it.
A text that begins with $ is a claim (`$sub`, `$claims.org.id`); `$$` begins a text with one $.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from kapok.errors import KapokError
from kapok.identifiers import QualifiedName
from kapok.model.scalar_values import NotAValue
from kapok.model.types import Column, Model, PgType, Table, TypeKind
from kapok.permissions.document import did_you_mean
from kapok.query.claims import Claim, ClaimList, can_be_claimed, converter
from kapok.query.encoding import encode, encoder_of
from kapok.query.expressions import Expression
from kapok.query.families import ArgumentKind, base_type
from kapok.query.filters import MAX_DEPTH, Filters, Reach
from kapok.query.operators import ARGUMENTS, Argument, Operator
from kapok.query.values import Given, Literal, Value

#: Conditions in one predicate.
MAX_CONDITIONS = 200
_TEXT = PgType(TypeKind.SCALAR, QualifiedName("pg_catalog", "text"), "String")
_CLAIM = re.compile(r"\$(?:sub|claims((?:\.[A-Za-z0-9_:/-]+)+))")
#: Null in place of the claim would make these true or false instead of unknown.
_NULLABLE = frozenset({Operator.DISTINCT_FROM, Operator.NOT_DISTINCT_FROM})
_LOOSE = frozenset({Operator.IN, Operator.NOT_IN})
_LISTS = frozenset({ArgumentKind.VALUES, ArgumentKind.STRINGS})
_RANGE = re.compile(r"empty|[\[(][^\[\]()]*,[^\[\]()]*[\])]")


class RuleProblem(Exception):
    """A predicate or preset that does not fit. place: `where.or.0.status.eq`, from where reading began."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


def predicate(model: Model, table: Table, data: Any, place: str) -> Expression | None:
    """What the data says of a row of the table."""
    return Filters(_Language(model)).of_table(table, _Part(data, place), place)


def preset(column: Column, data: Any, place: str) -> Value:
    """What a rule sets a column to: a claim, or a constant (null, too)."""
    if data is None:
        return Given(Literal(None))
    claim = _claim(data, column.type, place, many=False)
    return claim or Given(Literal(_constant(data, column.type, place)), encoder_of(column.type))


class _Language:
    """What names mean in the whole model."""

    def __init__(self, model: Model) -> None:
        self._tables = {table.name: table for table in model.tables}
        self._conditions = 0

    def field(self, table: Table, name: str) -> Column | Reach | None:
        for column in table.columns:
            if column.api_name == name:
                return column
        for relation in table.relations:
            if relation.api_name == name:
                return Reach(relation, self._tables[relation.target])
        return None

    def names(self, table: Table) -> Sequence[str]:
        return [*[column.api_name for column in table.columns], *[item.api_name for item in table.relations]]

    def refuse(self, place: str, problem: str, *, hint: str | None = None) -> NoReturn:
        raise RuleProblem(place, " ".join([f"it {problem}.", *([hint] if hint else [])]))

    def unknown(self, place: str, name: str, known: Sequence[str]) -> NoReturn:
        few = f" There are: {', '.join(known)}." if len(known) < 12 else ""
        raise RuleProblem(place, f"there is no `{name}` here.{did_you_mean(name, known) or few}")

    def too_deep(self) -> NoReturn:
        raise RuleProblem("", f"a predicate is nested more than {MAX_DEPTH} levels deep.")

    def count(self) -> None:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise RuleProblem("", f"a predicate holds more than {MAX_CONDITIONS} conditions.")


class _Part:
    """A piece of the data."""

    def __init__(self, data: Any, place: str) -> None:
        self._data = data
        self._place = place

    @property
    def is_null(self) -> bool:
        return self._data is None

    def entries(self) -> Mapping[str, _Part]:
        if not isinstance(self._data, Mapping):
            raise RuleProblem(self._place, "`name: ...` pairs are expected here.")
        return {str(name): _Part(value, f"{self._place}.{name}") for name, value in self._data.items()}

    def items(self) -> Sequence[_Part]:
        items = self._data if isinstance(self._data, list | tuple) else [self._data]
        return [_Part(item, f"{self._place}.{index}") for index, item in enumerate(items)]

    def flag(self) -> bool | Value:
        if not isinstance(self._data, bool):
            raise RuleProblem(self._place, "true or false is expected.")
        return self._data

    def value(self, operator: Operator, kind: ArgumentKind, type_: PgType) -> Value:
        data = self._data
        if data is None:
            if operator in _NULLABLE:
                return Given(Literal(None))
            raise RuleProblem(self._place, "it must not be null. Use isNull to ask for null.")
        wanted = _type_for(kind, type_)
        many = kind in _LISTS
        claim = _claim(data, wanted, self._place, many=many)
        if claim is not None:
            if operator in _NULLABLE or kind is ArgumentKind.BOOLEAN:
                raise RuleProblem(self._place, f"`{operator}` takes no claim.")
            return claim
        if many:
            return _list(data, wanted, self._place, loose=operator in _LOOSE)
        if kind is ArgumentKind.BOOLEAN:
            return Given(Literal(self.flag()))
        same = ARGUMENTS.get(operator, Argument.SAME) is Argument.SAME
        return Given(Literal(_constant(data, wanted, self._place)), encoder_of(wanted) if same else encode)


def _type_for(kind: ArgumentKind, type_: PgType) -> PgType:
    """The type of what an operator takes, of one item where it takes a list."""
    if kind in (ArgumentKind.STRING, ArgumentKind.STRINGS):
        return _TEXT
    element = base_type(type_).element
    return element if kind is ArgumentKind.ELEMENT and element is not None else type_


def _claim(data: Any, type_: PgType, place: str, *, many: bool) -> Claim | None:
    if not isinstance(data, str) or not data.startswith("$") or data.startswith("$$"):
        return None
    found = _CLAIM.fullmatch(data)
    if found is None:
        raise RuleProblem(
            place, f"`{data}` is no claim: write $sub, $claims.name, or $$ for a text that begins with $."
        )
    if not can_be_claimed(type_):
        raise RuleProblem(place, "a claim cannot be compared with a value of this type.")
    return Claim(tuple(found[1][1:].split(".")) if found[1] else ("sub",), type_, many)


def _list(data: Any, type_: PgType, place: str, *, loose: bool) -> Value:
    items = data if isinstance(data, list | tuple) else [data]
    claims = [_claim(item, type_, f"{place}.{index}", many=False) for index, item in enumerate(items)]
    constants = [
        None if claims[index] is not None else _constant(item, type_, f"{place}.{index}")
        for index, item in enumerate(items)
    ]
    if not any(claims):
        return Given(Literal(tuple(constants)))
    texts = [None if constant is None else encode(constant).decode() for constant in constants]
    return ClaimList(tuple([claim or text for claim, text in zip(claims, texts, strict=True)]), loose=loose)


def _constant(data: Any, type_: PgType, place: str) -> Any:
    """A constant of a type in what the binder encodes, hashable. Raises RuleProblem."""
    base = base_type(type_)
    try:
        if base.kind is TypeKind.RANGE:
            return _range(data)
        if base.kind is TypeKind.MULTIRANGE:
            return tuple([_range(item) for item in (data if isinstance(data, list) else [data])])
        if base.kind is TypeKind.COMPOSITE:
            raise NotAValue("A rule cannot hold a value of a composite type; compare its attributes.")
        plain = data[1:] if isinstance(data, str) and data.startswith("$$") else data
        return _hashable(converter(type_)(plain))
    except (NotAValue, KapokError) as exc:
        raise RuleProblem(place, str(exc)) from exc


def _range(data: Any) -> str:
    if not isinstance(data, str) or not _RANGE.fullmatch(data):
        raise NotAValue("Write a range as Postgres does: [1,5) or empty.")
    return data


def _hashable(value: Any) -> Any:
    return tuple([_hashable(item) for item in value]) if isinstance(value, list) else value
