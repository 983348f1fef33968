"""From a model to the fields of the API.

In: a `Model` already reduced to what one role may see. Out: its `Surface`: every root field and every field of a row
under its final name, with its binding. Pure and deterministic.
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.graphql_api.schema.bindings import (
    Aggregate,
    ByKey,
    ColumnField,
    Connection,
    FunctionField,
    GlobalId,
    NodeById,
    RootBinding,
    RowBinding,
    RowList,
    RowVersion,
    Surface,
    ToOne,
)
from apps.graphql_api.schema.inputs import write_inputs
from apps.graphql_api.schema.mutations import mutation_fields
from apps.graphql_api.schema.names import Names, type_names, without_collisions
from apps.graphql_api.schema.reach import only_reachable
from apps.graphql_api.schema.rights import WRITABLE
from kapok.model import naming
from kapok.model.types import Column, Function, Model, RelationKind, Table, UniqueKey, Volatility
from kapok.query.families import is_comparable

#: The field of a row that holds its Relay id. A table with a column of this name keeps the column and is no Node.
GLOBAL_ID = "nodeId"
#: The field of a row that tells one state of it from another. A column of this name keeps it.
ROW_VERSION = "rowVersion"


def build_surface(model: Model) -> Surface:
    """The surface of what a role may see."""
    visible = without_collisions(only_reachable(model))
    types, named = type_names(visible)
    by_name = {table.name: table for table in visible.tables}
    inputs = write_inputs(visible)
    readable = [table for table in visible.tables if table.columns]
    return Surface(
        model=visible,
        query=_root_fields(readable, visible.functions, by_name),
        rows={types[table.name].row: _row_fields(table, by_name) for table in readable},
        tables={types[table.name].row: table for table in readable},
        columns_by_enum={table.name: _enum_columns(table) for table in visible.tables},
        types=types,
        type_names=named,
        mutation=mutation_fields(visible, inputs),
        inputs=inputs,
    )


def _root_fields(
    tables: Sequence[Table], functions: Sequence[Function], by_name: dict[str, Table]
) -> dict[str, RootBinding]:
    """Names are claimed in the order of how plain they are: keys and lists, unique keys, functions, then the derived
    ones. The fields of a table stand together."""
    names = Names()
    start: dict[str, RootBinding] = {names.claim("node"): NodeById()}
    of_table: dict[str, dict[str, RootBinding]] = {table.name: {} for table in tables}
    lists: dict[str, str] = {}
    for table in tables:
        if (key := _visible_key(table, table.primary_key)) is not None:
            of_table[table.name][names.claim(key.api_field)] = ByKey(table, key)
        lists[table.name] = names.claim(table.api_list)
    for table in tables:
        for unique in table.unique_keys:
            if (key := _visible_key(table, unique)) is not None:
                of_table[table.name][names.claim(key.api_field)] = ByKey(table, key)
    of_functions: dict[str, RootBinding] = {
        names.claim(function.api_name): _function_field(function, by_name)
        for function in functions
        if function.volatility is not Volatility.VOLATILE
    }
    for table in tables:
        name, fields = lists[table.name], of_table[table.name]
        fields[name] = RowList(table)
        fields[names.claim(name + "Connection")] = Connection(table)
        if table.aggregate_allowed:
            fields[names.claim(name + "Aggregate")] = Aggregate(table)
    of_tables = {name: binding for fields in of_table.values() for name, binding in fields.items()}
    return {**start, **of_tables, **of_functions}


def _row_fields(table: Table, by_name: dict[str, Table]) -> dict[str, RowBinding]:
    fields: dict[str, RowBinding] = {column.api_name: ColumnField(column) for column in table.columns}
    own = {*fields, *(r.api_name for r in table.relations), *(f.api_name for f in table.computed)}
    names = Names(own)
    if GLOBAL_ID not in own and _visible_key(table, table.primary_key):
        fields[names.claim(GLOBAL_ID)] = GlobalId(table)
    if ROW_VERSION not in own and _visible_key(table, table.primary_key) and table.kind in WRITABLE:
        fields[names.claim(ROW_VERSION)] = RowVersion()
    for relation in table.relations:
        target = by_name[relation.target]
        if relation.kind is RelationKind.TO_ONE:
            fields[relation.api_name] = ToOne(target, relation)
            continue
        fields[relation.api_name] = RowList(target, relation)
        fields[names.claim(relation.api_name + "Connection")] = Connection(target, relation)
        if target.aggregate_allowed:
            fields[names.claim(relation.api_name + "Aggregate")] = Aggregate(target, relation)
    for function in table.computed:
        fields[function.api_name] = _function_field(function, by_name)
    return fields


def _visible_key(table: Table, key: UniqueKey | None) -> UniqueKey | None:
    """The key, if all of its columns are to be seen."""
    if key is None or not key.columns:
        return None
    visible = {column.name for column in table.columns}
    return key if visible.issuperset(key.columns) else None


def _function_field(function: Function, by_name: dict[str, Table]) -> FunctionField:
    return FunctionField(function, by_name[function.returns_table] if function.returns_table is not None else None)


def _enum_columns(table: Table) -> dict[str, Column]:
    names = Names()
    return {names.claim(naming.upper(c.api_name)): c for c in table.columns if is_comparable(c.type)}
