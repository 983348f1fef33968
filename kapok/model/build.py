"""The catalog to the model, in named passes: prepare, tables, types, columns and keys, relations, functions. Pure."""

from __future__ import annotations

from dataclasses import replace

from kapok.catalog.types import Catalog
from kapok.model.build_functions import build_functions
from kapok.model.build_relations import build_relations
from kapok.model.build_tables import RESERVED_FIELDS, build_table, build_unique_keys, name_tables
from kapok.model.build_types import build_types
from kapok.model.namespace import Namespace
from kapok.model.prepare import prepare
from kapok.model.reserved import RESERVED
from kapok.model.shape import shape_of
from kapok.model.types import Model


def build(catalog: Catalog) -> Model:
    """The model of one schema; never fails on what a project may have named or commented."""
    prepared, warnings = prepare(catalog)
    namespace = Namespace(RESERVED)
    names = name_tables(prepared, namespace)
    types = build_types(prepared, namespace)
    fields = {name: Namespace(RESERVED_FIELDS) for name in names}
    tables = {raw.name: build_table(raw, names[raw.name], types, fields[raw.name]) for raw in prepared.tables}
    unique_keys = build_unique_keys(tables, prepared.tables, namespace)
    relations = build_relations(prepared, tables, fields)
    functions = build_functions(prepared, tables, types, fields, namespace)
    return Model(
        shape=shape_of(catalog),
        tables=tuple(
            [
                replace(
                    table,
                    unique_keys=unique_keys.get(name, ()),
                    relations=relations[name],
                    computed=functions.computed[name],
                )
                for name, table in tables.items()
            ]
        ),
        functions=functions.root,
        reads=catalog.reads,
        warnings=warnings,
    )
