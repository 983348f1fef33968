"""The root fields of Mutation.

In: a role's model and what may be written of each table. Out: the fields by name, those of a table together, functions
last. Pure and deterministic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from apps.graphql_api.schema.bindings import FunctionField, MutationBinding
from apps.graphql_api.schema.names import Names
from apps.graphql_api.schema.rights import whole_of
from apps.graphql_api.schema.write_bindings import (
    CreateField,
    DeleteField,
    DeleteWhereField,
    UpdateByKeyField,
    UpdateField,
    UpdateWhereField,
    UpsertField,
    WriteBinding,
    WriteInputs,
)
from kapok.model.types import Model, Table, UniqueKey, Volatility


def mutation_fields(model: Model, inputs: Mapping[str, WriteInputs]) -> dict[str, MutationBinding]:
    """All that a role may write; nothing for a role that only reads."""
    names = Names()
    fields: dict[str, MutationBinding] = {}
    for table in model.tables:
        for name, binding in _of_table(table, inputs[table.name]):
            fields[names.claim(name)] = binding
    by_name = {table.name: table for table in model.tables}
    for function in model.functions:
        if function.volatility is Volatility.VOLATILE:
            rows = None if function.returns_table is None else by_name[function.returns_table]
            fields[names.claim(function.api_name)] = FunctionField(function, rows)
    return fields


def _of_table(table: Table, inputs: WriteInputs) -> Iterator[tuple[str, WriteBinding]]:
    one, many = table.api_type, table.api_list[0].upper() + table.api_list[1:]
    primary = _primary(table, inputs)
    if inputs.create:
        yield f"create{one}", CreateField(table)
        yield f"create{many}", CreateField(table, many=True)
    if inputs.update:
        if primary is not None:
            yield f"update{one}", UpdateField(table, primary)
        yield f"update{many}", UpdateWhereField(table)
        if inputs.keys and whole_of(table).primary_key is not None:
            yield f"update{many}ByKey", UpdateByKeyField(table)
    if inputs.create and inputs.update and inputs.conflicts:
        yield f"upsert{one}", UpsertField(table)
        yield f"upsert{many}", UpsertField(table, many=True)
    if inputs.deletable:
        if primary is not None:
            yield f"delete{one}", DeleteField(table, primary)
        yield f"delete{many}", DeleteWhereField(table)


def _primary(table: Table, inputs: WriteInputs) -> UniqueKey | None:
    return table.primary_key if table.primary_key in inputs.keys else None
