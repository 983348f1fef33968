"""What the rules say of each part of a document (field, filter, order, input): allowed or denied, and by which rule.

In: a document, its variables, and what a role may do. Out: `Finding`s in the order of the document. Names are those of
the whole schema (what `service` sees), so that what a role does not see is found too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    value_from_ast_untyped,
    visit,
)

from apps.control.trials.judge import Judge, Verdict
from apps.graphql_api.schema.bindings import (
    Aggregate,
    ByKey,
    ColumnField,
    Connection,
    FunctionField,
    RowBinding,
    RowList,
    Surface,
    ToOne,
)
from apps.graphql_api.schema.graphene_types import ApiSchema
from apps.graphql_api.schema.write_bindings import (
    CreateField,
    DeleteField,
    DeleteWhereField,
    UpdateByKeyField,
    UpdateField,
    UpdateWhereField,
    UpsertField,
)
from kapok.model.types import Table
from kapok.permissions.matrix import Operation

_STRUCTURE = frozenset({"edges", "node", "nodes", "pageInfo", "cursor", "count"})
_WRITES: dict[type, tuple[Operation, ...]] = {
    CreateField: (Operation.INSERT,),
    UpsertField: (Operation.INSERT, Operation.UPDATE),
    UpdateField: (Operation.UPDATE,),
    UpdateByKeyField: (Operation.UPDATE,),
    UpdateWhereField: (Operation.UPDATE,),
    DeleteField: (Operation.DELETE,),
    DeleteWhereField: (Operation.DELETE,),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """path: the way through the answer, or to a part of an argument. line: in the document."""

    path: str
    line: int
    verdict: Verdict


def findings(schema: ApiSchema, document: DocumentNode, variables: Mapping[str, Any], judge: Judge) -> list[Finding]:
    """All of them. document: with locations, valid for the schema."""
    info = TypeInfo(schema.graphql)
    finder = _Finder(schema.surface, info, variables, judge)
    visit(document, TypeInfoVisitor(info, finder))
    return finder.found


class _Finder(Visitor):
    def __init__(self, surface: Surface, info: TypeInfo, variables: Mapping[str, Any], judge: Judge) -> None:
        super().__init__()
        self.found: list[Finding] = []
        self._surface = surface
        self._info = info
        self._variables = variables
        self._judge = judge
        self._path: list[str] = []
        self._by_type = _tables_by_type(surface)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, name = self._info.get_parent_type(), node.name.value
        self._path.append(node.alias.value if node.alias else name)
        if isinstance(parent, GraphQLObjectType) and not name.startswith("__"):
            line = node.loc.start_token.line if node.loc else 0
            path = ".".join(self._path)
            self.found += [Finding(path, line, verdict) for verdict in self._field(parent, name)]
            definition = parent.fields[name]
            for argument in node.arguments:
                value = value_from_ast_untyped(argument.value, dict(self._variables))
                self._argument(definition.args[argument.name.value], value, f"{path}({argument.name.value})", line)

    def leave_field(self, *_: Any) -> None:
        self._path.pop()

    # --- fields

    def _field(self, parent: GraphQLObjectType, name: str) -> Iterator[Verdict]:
        surface, judge = self._surface, self._judge
        if parent.name == "Query" and name in surface.query:
            yield from self._read(surface.query[name])
        elif parent.name == "Mutation" and name in surface.mutation:
            binding = surface.mutation[name]
            if isinstance(binding, FunctionField):
                yield judge.function(binding.function)
            else:
                yield from [judge.table(binding.table, operation) for operation in _WRITES[type(binding)]]
        elif parent.name in surface.rows:
            yield from self._of_row(surface.tables[parent.name], surface.rows[parent.name].get(name))
        elif parent.name in self._by_type and name not in _STRUCTURE:
            yield from self._aggregated(self._by_type[parent.name], name)

    def _read(self, binding: Any) -> Iterator[Verdict]:
        if isinstance(binding, FunctionField):
            yield self._judge.function(binding.function)
        if isinstance(binding, ByKey | RowList | Connection | Aggregate | ToOne):
            yield self._judge.table(binding.table, Operation.SELECT)
        if isinstance(binding, Aggregate):
            yield self._judge.aggregates(binding.table)

    def _of_row(self, table: Table, binding: RowBinding | None) -> Iterator[Verdict]:
        if isinstance(binding, ColumnField):
            yield self._judge.column(table, binding.column.name, Operation.SELECT)
            return
        relation = getattr(binding, "relation", None)
        if relation is not None:
            yield from self._judge.relation(table, relation)
        yield from self._read(binding)

    def _aggregated(self, table: Table, name: str) -> Iterator[Verdict]:
        """A column inside sum, avg, group ..., or totalCount."""
        if name == "totalCount":
            yield self._judge.aggregates(table)
        yield from self._of_row(table, self._column_of(table, name))

    def _column_of(self, table: Table, name: str) -> RowBinding | None:
        binding = self._surface.rows[self._surface.types[table.name].row].get(name)
        return binding if isinstance(binding, ColumnField) else None

    # --- arguments

    def _argument(self, argument: GraphQLArgument, value: Any, path: str, line: int) -> None:
        self._input(get_named_type(argument.type), value, path, line)

    def _input(self, type_: GraphQLNamedType, value: Any, path: str, line: int) -> None:
        if isinstance(value, list):
            for index, item in enumerate(value):
                self._input(type_, item, f"{path}.{index}", line)
        elif isinstance(value, Mapping) and isinstance(type_, GraphQLInputObjectType):
            table = self._by_type.get(type_.name)
            for name, inner in value.items():
                place = f"{path}.{name}"
                verdicts = self._named(type_.name, table, name) if table is not None else ()
                self.found += [Finding(place, line, verdict) for verdict in verdicts]
                if name in type_.fields:
                    self._input(get_named_type(type_.fields[name].type), inner, place, line)
        elif isinstance(value, str):
            self._enum(type_.name, value, path, line)

    def _named(self, type_name: str, table: Table, name: str) -> Iterator[Verdict]:
        """A name inside a filter, an order or an input: a column or a relation of the table."""
        binding = self._surface.rows[self._surface.types[table.name].row].get(name)
        if isinstance(binding, ColumnField):
            yield self._judge.column(table, binding.column.name, self._operation(type_name, table))
        elif isinstance(binding, ToOne | RowList) and binding.relation is not None:
            yield from self._judge.relation(table, binding.relation)
            yield self._judge.table(binding.table, Operation.SELECT)

    def _operation(self, type_name: str, table: Table) -> Operation:
        names = self._surface.types[table.name]
        if type_name == names.create_input:
            return Operation.INSERT
        return Operation.UPDATE if type_name == names.update_input else Operation.SELECT

    def _enum(self, type_name: str, value: str, path: str, line: int) -> None:
        """A column named by groupBy or distinctOn."""
        table = self._by_type.get(type_name)
        column = self._surface.columns_by_enum.get(table.name, {}).get(value) if table is not None else None
        if table is not None and column is not None:
            verdict = self._judge.column(table, column.name, Operation.SELECT)
            self.found.append(Finding(f"{path}.{value}", line, verdict))


def _tables_by_type(surface: Surface) -> dict[str, Table]:
    """The table that each of its GraphQL types belongs to."""
    found = {}
    for table in surface.model.tables:
        names = surface.types.get(table.name)
        for name in (getattr(names, field) for field in names.__dataclass_fields__) if names is not None else ():
            found[name] = table
    return found
