"""Aggregates to plans. In: an aggregate field. Out: an AggregateRead. Raises BAD_USER_INPUT."""

from __future__ import annotations

from apps.graphql_api.compile.context import TYPENAME, Context, Selected
from apps.graphql_api.compile.filters import where_of
from apps.graphql_api.compile.order import columns_of
from apps.graphql_api.compile.shapes import shape_of
from kapok.model.types import Column, Relation, Table
from kapok.query.families import avg_scalar, sum_scalar
from kapok.query.plan import (
    AggregateFunction,
    AggregateObject,
    AggregateRead,
    ColumnAggregate,
    CountRead,
    Field,
    GroupKey,
    NullRead,
    Rows,
    TypeName,
)
from kapok.query.values import RowLimit

#: Scalars that are strings on the wire, because a JSON number could lose digits.
_LONG_NUMBERS = frozenset({"BigInt", "Decimal"})
_SCALARS = {AggregateFunction.SUM: sum_scalar, AggregateFunction.AVG: avg_scalar}


def aggregate_read(context: Context, selected: Selected, table: Table, relation: Relation | None) -> AggregateRead:
    """Aggregates over a table's rows, or over related rows."""
    group_by = columns_of(context, selected, table, "groupBy")
    rows = Rows(table, relation, where=where_of(context, selected, table), limit=RowLimit(None, path=selected.path))
    fields = tuple(_field(context, inner, table, group_by) for inner in context.selected(selected))
    return AggregateRead(rows, group_by, fields)


def _field(
    context: Context, selected: Selected, table: Table, group_by: tuple[Column, ...]
) -> Field[AggregateObject | CountRead | NullRead | TypeName]:
    match selected.name:
        case "__typename":
            return Field(selected.key, TypeName(context.surface.types[table.name].aggregate))
        case "count":
            return Field(selected.key, CountRead())
        case "group":
            return Field(selected.key, _group(context, selected, table, group_by) if group_by else NullRead())
        case name:
            return Field(selected.key, _object(context, selected, table, AggregateFunction(name)))


def _group(context: Context, selected: Selected, table: Table, group_by: tuple[Column, ...]) -> AggregateObject:
    by_name = {column.api_name: column for column in table.columns}
    fields: list[Field[ColumnAggregate | GroupKey | NullRead | TypeName]] = []
    for inner in context.selected(selected):
        if inner.name == TYPENAME:
            fields.append(Field(inner.key, TypeName(selected.type_name)))
        elif by_name[inner.name] not in group_by:
            fields.append(Field(inner.key, NullRead()))
        else:
            column = by_name[inner.name]
            fields.append(Field(inner.key, GroupKey(column, shape_of(context, inner, column.type))))
    return AggregateObject(tuple(fields))


def _object(context: Context, selected: Selected, table: Table, function: AggregateFunction) -> AggregateObject:
    by_name = {column.api_name: column for column in table.columns}
    fields: list[Field[ColumnAggregate | GroupKey | NullRead | TypeName]] = []
    for inner in context.selected(selected):
        if inner.name == TYPENAME:
            fields.append(Field(inner.key, TypeName(selected.type_name)))
            continue
        column = by_name[inner.name]
        scalar_of = _SCALARS.get(function)
        as_text = scalar_of is not None and scalar_of(column) in _LONG_NUMBERS
        fields.append(Field(inner.key, ColumnAggregate(function, column, as_text)))
    return AggregateObject(tuple(fields))
