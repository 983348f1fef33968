"""Filters: `filter` and `search` arguments to conditions.

In: an Input of a table's filter type. Out: an expression tree, None when it says nothing. The language is that of
kapok/query/filters.py; what is given has been checked against the schema's types already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from graphql import GraphQLID, get_named_type

from apps.graphql_api.compile.arguments import Input
from apps.graphql_api.compile.context import Context, Selected, refuse
from apps.graphql_api.schema.bindings import ColumnField, RowList, ToOne
from kapok.errors import KapokError
from kapok.model.types import Column, PgType, Table
from kapok.query.comparison import comparable
from kapok.query.encoding import encode, encoder_of
from kapok.query.expressions import Expression, Search, all_of
from kapok.query.families import ArgumentKind, searchable_columns
from kapok.query.filters import MAX_DEPTH, Filters, Reach
from kapok.query.ids import given_id
from kapok.query.operators import ARGUMENTS, Argument, Operator
from kapok.query.values import Given, Literal, Source, Value

_NULLABLE = frozenset({Operator.DISTINCT_FROM, Operator.NOT_DISTINCT_FROM})


def where_of(context: Context, selected: Selected, table: Table) -> Expression | None:
    """What the filter and search arguments of a field ask of a table's rows. Raises BAD_USER_INPUT."""
    given = selected.arguments
    found: list[Expression | None] = []
    if "filter" in given and not given["filter"].is_null:
        language = _Language(context, selected)
        found.append(Filters(language).of_table(table, _Part(language, given["filter"], "filter"), "filter"))
    if "search" in given and not given["search"].is_null:
        context.count_condition(selected.path)
        found.append(Search(searchable_columns(table), Given(given["search"].source())))
    return all_of(*found)


class _Language:
    """What names mean in the role's schema."""

    def __init__(self, context: Context, selected: Selected) -> None:
        self._context = context
        self._selected = selected

    def field(self, table: Table, name: str) -> Column | Reach | None:
        match self._context.row_fields(table).get(name):
            case ColumnField(column):
                return column
            case ToOne(target, relation):
                return Reach(relation, target)
            case RowList(target, relation) if relation is not None:
                return Reach(relation, target)
        return None

    def names(self, table: Table) -> Sequence[str]:
        return list(self._context.row_fields(table))

    def refuse(self, place: str, problem: str, *, hint: str | None = None) -> NoReturn:
        refuse(self._selected, place, problem, hint=hint)

    def unknown(self, place: str, name: str, known: Sequence[str]) -> NoReturn:
        raise AssertionError(f"{place}: the schema knows no {name}")

    def id(self, source: Source, type_: PgType, place: str) -> Value:
        """An id, checked when it is bound."""
        return given_id(source, type_, self._selected.path, place)

    def too_deep(self) -> NoReturn:
        message = f"A filter is nested more than {MAX_DEPTH} levels deep."
        raise KapokError("QUERY_TOO_COMPLEX", message, details={"path": list(self._selected.path)})

    def count(self) -> None:
        self._context.count_condition(self._selected.path)


class _Part:
    """An argument's value, or a part of it."""

    def __init__(self, language: _Language, given: Input, place: str) -> None:
        self._language = language
        self._given = given
        self._place = place

    @property
    def is_null(self) -> bool:
        return self._given.is_null

    def entries(self) -> Mapping[str, _Part]:
        return {name: self._inner(value, name) for name, value in self._given.entries().items()}

    def items(self) -> Sequence[_Part]:
        return [self._inner(item, str(index)) for index, item in enumerate(self._given.items())]

    def _inner(self, given: Input, step: str) -> _Part:
        return _Part(self._language, given, f"{self._place}.{step}")

    def flag(self) -> bool | Value:
        source = self._given.source()
        return bool(source.data) if isinstance(source, Literal) else Given(source)

    def value(self, operator: Operator, kind: ArgumentKind, type_: PgType) -> Value:
        if self._given.is_null:
            if operator in _NULLABLE:
                return Given(Literal(None))
            hint = "Leave it out, or use isNull to ask for null."
            self._language.refuse(self._place, "must not be null", hint=hint)
        if get_named_type(self._given.type) is GraphQLID and kind in (ArgumentKind.VALUE, ArgumentKind.VALUES):
            return self._language.id(self._given.source(), type_, self._place)
        same = ARGUMENTS.get(operator, Argument.SAME) is Argument.SAME and not comparable(type_).as_text
        return Given(self._given.source(), encoder_of(type_) if same else encode)
