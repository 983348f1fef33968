"""Filters: `filter` and `search` arguments to conditions.

In: an Input of a table's filter type. Out: an expression tree, None when it says nothing. Operators and what they take
are those of kapok/query/families.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from apps.graphql_api.compile.arguments import Input
from apps.graphql_api.compile.context import Context, Selected, refuse
from apps.graphql_api.schema.bindings import ColumnField, RowList, ToOne
from kapok.errors import KapokError
from kapok.model.types import Table
from kapok.query.encoding import encode, encoder_of
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
    Search,
    all_of,
)
from kapok.query.families import Family, base_type, family_of, searchable_columns
from kapok.query.operators import ARGUMENTS, Argument, Operator
from kapok.query.values import Given, Literal

#: Objects within objects of one filter.
MAX_DEPTH = 20
_NULLABLE = frozenset({Operator.DISTINCT_FROM, Operator.NOT_DISTINCT_FROM})
#: Operators whose name means something else for texts.
_OF_TEXT = {"contains": Operator.INCLUDES, "icontains": Operator.IINCLUDES}


def where_of(context: Context, selected: Selected, table: Table) -> Expression | None:
    """What the filter and search arguments of a field ask of a table's rows. Raises BAD_USER_INPUT."""
    filters = Filters(context, selected)
    given = selected.arguments
    found = []
    if "filter" in given and not given["filter"].is_null:
        found.append(filters.of_table(table, given["filter"], "filter", 1))
    if "search" in given and not given["search"].is_null:
        context.count_condition(selected.path)
        found.append(Search(searchable_columns(table), Given(given["search"].source())))
    return all_of(*found)


class Filters:
    """The filter of one field. `name` in its methods is the place inside the argument, for errors."""

    def __init__(self, context: Context, selected: Selected) -> None:
        self._context = context
        self._selected = selected

    def of_table(self, table: Table, given: Input, name: str, depth: int) -> Expression | None:
        """All that is said of a row of the table."""
        self._check_depth(depth)
        fields = self._context.row_fields(table)
        found: list[Expression | None] = []
        for key, value in self._entries(given, name):
            place = f"{name}.{key}"
            binding = fields.get(key)
            match binding:
                case ColumnField(column):
                    found.append(self._of_value(Operand(column, column.type), value, place, depth + 1))
                case ToOne(target, relation):
                    inner = self.of_table(target, value, place, depth + 1)
                    found.append(Related(relation, target, Quantifier.SOME, inner))
                case RowList(target, relation) if relation is not None:
                    for quantifier, item in self._entries(value, place):
                        inner = self.of_table(target, item, f"{place}.{quantifier}", depth + 2)
                        found.append(Related(relation, target, Quantifier(quantifier), inner))
                case _:
                    found.append(self._group(table, key, value, place, depth + 1))
        return all_of(*found)

    def _group(self, table: Table, key: str, value: Input, name: str, depth: int) -> Expression:
        if key == "not":
            return Not(self.of_table(table, value, name, depth) or And(()))
        items = [self._item(table, item, f"{name}.{index}", depth) for index, item in enumerate(value.items())]
        return And(tuple(items)) if key == "and" else Or(tuple(items))

    def _item(self, table: Table, item: Input, name: str, depth: int) -> Expression:
        if item.is_null:
            refuse(self._selected, name, "must not be null")
        self._context.count_condition(self._selected.path)
        return self.of_table(table, item, name, depth) or And(())

    def _of_value(self, operand: Operand, given: Input, name: str, depth: int) -> Expression | None:
        """The operators applied to a column, or to an attribute of a composite."""
        self._check_depth(depth)
        base, family = base_type(operand.type), family_of(operand.type)
        found: list[Expression | None] = []
        for key, value in self._entries(given, name, nullable=True):
            place = f"{name}.{key}"
            self._context.count_condition(self._selected.path)
            if key == "isNull":
                found.append(self._nullness(operand, value, place))
            elif family is Family.COMPOSITE:
                attribute = next(a for a in base.attributes if a.api_name == key)
                inner = Operand(operand.column, attribute.type, (*operand.attributes, attribute.name))
                found.append(self._of_value(inner, self._present(value, place), place, depth + 1))
            elif key == "length":
                found += self._lengths(operand, self._present(value, place), place)
            else:
                found.append(self._compared(operand, family, key, value, place))
        return all_of(*found)

    def _compared(self, operand: Operand, family: Family, key: str, value: Input, name: str) -> Expression:
        operator = _OF_TEXT[key] if family is Family.TEXT and key in _OF_TEXT else Operator(key)
        if value.is_null and operator in _NULLABLE:
            return Compared(operand, operator, Given(Literal(None)))
        source = self._present(value, name).source()
        same = ARGUMENTS.get(operator, Argument.SAME) is Argument.SAME
        return Compared(operand, operator, Given(source, encoder_of(operand.type) if same else encode))

    def _nullness(self, operand: Operand, value: Input, name: str) -> Expression:
        source = self._present(value, name).source()
        return Nullness(operand, bool(source.data) if isinstance(source, Literal) else Given(source))

    def _lengths(self, operand: Operand, given: Input, name: str) -> Iterator[Expression]:
        """`length` compares a number with the operators of Int."""
        for key, value in self._entries(given, name, nullable=True):
            place = f"{name}.{key}"
            self._context.count_condition(self._selected.path)
            if key == "isNull":
                yield self._nullness(operand, value, place)
            elif value.is_null and Operator(key) in _NULLABLE:
                yield Measured(operand, Operator(key), Given(Literal(None)))
            else:
                yield Measured(operand, Operator(key), Given(self._present(value, place).source()))

    def _entries(self, given: Input, name: str, *, nullable: bool = False) -> Iterator[tuple[str, Input]]:
        """The entries of an object. Null is refused, unless the one who asks looks at it."""
        for key, value in self._present(given, name).entries().items():
            if not nullable:
                self._present(value, f"{name}.{key}")
            yield key, value

    def _present(self, value: Input, name: str) -> Input:
        if value.is_null:
            hint = "Leave it out, or use isNull to ask for null."
            refuse(self._selected, name, "must not be null", hint=hint)
        return value

    def _check_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            message = f"A filter is nested more than {MAX_DEPTH} levels deep."
            raise KapokError("QUERY_TOO_COMPLEX", message, details={"path": list(self._selected.path)})
