"""Every GraphQL name is given out once, first come first served, so that no two things share one.

In: a model whose names may meet each other or GraphQL's own. Out: the same model with API names that do not, and the
names of every type. The order is fixed (reserved, tables, types, helpers), so equal models get equal names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from apps.graphql_api.schema.bindings import TypeNames
from apps.graphql_api.schema.rights import rights_of
from kapok.model.scalars import SCALARS
from kapok.model.types import Function, Model, PgType, Table, TypeKind

#: The names of the schema's own types; scalars too, whether the schema uses them or not.
RESERVED_TYPES = frozenset(
    (
        *("Query", "Mutation", "Subscription", "Node", "PageInfo", "OrderDirection"),
        *("ID", "Int", "Float", "Boolean", "String", *SCALARS),
    )
)
#: Keys of a filter that are not fields. No field of a row has such a name, so a filter's keys are the row's names.
RESERVED_FIELDS = frozenset({"and", "or", "not"})

#: The types that go with a table, in the order of `TypeNames`.
_HELPERS = (
    *("{}Filter", "{}OrderBy", "{}Column", "{}Connection", "{}Edge", "{}Aggregate"),
    *("{}AggregateGroup", "{}AggregateCountDistinct", "{}AggregateSum", "{}AggregateAvg"),
    *("{}AggregateMin", "{}AggregateMax"),
    *("Create{}Input", "Update{}Input", "Update{}ByKeyInput", "{}KeyInput", "{}Conflict", "{}UpdateColumn"),
)
#: Kinds with a GraphQL type of their own, named by `PgType.scalar`; a multirange is a list of its range's type.
_NAMED = (TypeKind.ENUM, TypeKind.COMPOSITE, TypeKind.RANGE, TypeKind.MULTIRANGE)


class Names:
    """A namespace that gives each name out once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def claim(self, wanted: str) -> str:
        """The name, or the first free of name_2, name_3 ..."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name


def without_collisions(model: Model) -> Model:
    """The model with each row's field names and each function's argument names distinct, columns first."""
    tables = tuple(_table_without_collisions(table) for table in model.tables)
    functions = tuple(_function_without_collisions(function) for function in model.functions)
    if tables == model.tables and functions == model.functions:
        return model
    return replace(model, tables=tables, functions=functions)


def _table_without_collisions(table: Table) -> Table:
    names = Names(RESERVED_FIELDS)
    columns = tuple(replace(column, api_name=names.claim(column.api_name)) for column in table.columns)
    relations = tuple(replace(relation, api_name=names.claim(relation.api_name)) for relation in table.relations)
    computed = tuple(
        replace(_function_without_collisions(function), api_name=names.claim(function.api_name))
        for function in table.computed
    )
    return replace(table, columns=columns, relations=relations, computed=computed)


def _function_without_collisions(function: Function) -> Function:
    names = Names()
    arguments = tuple(replace(argument, api_name=names.claim(argument.api_name)) for argument in function.arguments)
    return replace(function, arguments=arguments)


def type_names(model: Model) -> tuple[dict[str, TypeNames], dict[str, str]]:
    """The names of the types of each table (by its database name) and of enums, composites and ranges (by `scalar`)."""
    names = Names(RESERVED_TYPES)
    rows = {table.name: names.claim(table.api_type) for table in model.tables}
    types = {type_.scalar: names.claim(type_.scalar) for type_ in named_types(model)}
    helpers = {
        table: TypeNames(row, *(names.claim(helper.format(row)) for helper in _HELPERS)) for table, row in rows.items()
    }
    return helpers, types


def named_types(model: Model) -> list[PgType]:
    """The enums, composites and ranges that columns, arguments and results of the model need, each once."""
    found: dict[str, PgType] = {}
    pending = list(_used_types(model))
    for type_ in pending:  # grows while it is read
        if type_.element is not None:
            pending.append(type_.element)
        if type_.kind in _NAMED and type_.scalar not in found:
            found[type_.scalar] = type_
            pending.extend(attribute.type for attribute in type_.shown)
    return list(found.values())


def _used_types(model: Model) -> Iterator[PgType]:
    functions = list(model.functions)
    for table in model.tables:
        functions.extend(table.computed)
        rights = rights_of(table)
        for column in (*table.columns, *rights.insert, *rights.update):
            yield column.type
    for function in functions:
        for argument in function.arguments:
            yield argument.type
        if function.returns is not None:
            yield function.returns
