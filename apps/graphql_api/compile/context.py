"""What every step of compiling one operation needs: the schema, the fragments, the variables, and how to refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    get_named_type,
)
from graphql.execution.collect_fields import collect_fields, collect_sub_fields

from apps.graphql_api.compile.arguments import Input, arguments_of
from apps.graphql_api.schema.bindings import GlobalId, RowBinding, Surface
from apps.graphql_api.schema.surface import GLOBAL_ID
from kapok.errors import KapokError
from kapok.model.types import Table
from kapok.query.values import Variables, refused

Path = tuple[str, ...]
#: Comparisons in all filters of one operation.
MAX_CONDITIONS = 500
#: Rows that a mutation names one by one; equal rows in one variable (compile/uniform.py) are not named.
MAX_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Selected:
    """One field of an object: its response key, its nodes (more than one where selections are merged) and arguments."""

    key: str
    name: str
    nodes: Sequence[FieldNode]
    definition: GraphQLField
    arguments: Mapping[str, Input]
    path: Path

    @property
    def type_name(self) -> str:
        """The GraphQL type of the field without list and non-null."""
        return str(get_named_type(self.definition.type).name)


TYPENAME = "__typename"
_META_FIELDS = {TYPENAME: TypeNameMetaFieldDef, "__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


@dataclass
class Context:
    """One operation being compiled."""

    surface: Surface
    graphql: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Variables
    conditions: int = field(default=0)
    rows: int = field(default=0)

    def row_fields(self, table: Table) -> Mapping[str, RowBinding]:
        """The fields of a table's rows."""
        return self.surface.rows[self.type_of(table)]

    def type_of(self, table: Table) -> str:
        """The name of the GraphQL type of a table's rows."""
        return self.surface.types[table.name].row

    def nodes(self) -> list[tuple[str, Table]]:
        """The types whose rows have a global id, and their tables."""
        return [
            (name, table)
            for name, table in self.surface.tables.items()
            if isinstance(self.surface.rows[name].get(GLOBAL_ID), GlobalId)
        ]

    def selected(self, parent: Selected, type_name: str | None = None) -> list[Selected]:
        """The fields selected of an object: of its declared type, or of this object type."""
        object_type = self.graphql.type_map[type_name or parent.type_name]
        assert isinstance(object_type, GraphQLObjectType)
        return self._collected(collect_sub_fields, object_type, list(parent.nodes), parent.path)

    def root_fields(self, operation: OperationDefinitionNode) -> list[Selected]:
        """The fields selected of the operation's root."""
        root = self.graphql.get_root_type(operation.operation)
        assert root is not None  # document.py refuses an operation that the schema has no type for
        return self._collected(collect_fields, root, operation.selection_set, ())

    def _collected(
        self,
        collect: Callable[..., Mapping[str, list[FieldNode]]],
        object_type: GraphQLObjectType,
        of: object,
        path: Path,
    ) -> list[Selected]:
        try:
            collected = collect(self.graphql, dict(self.fragments), dict(self.variables), object_type, of)
        except GraphQLError as exc:  # the variable of @skip or @include is null
            raise KapokError("BAD_USER_INPUT", exc.message) from exc
        return [self.field(key, nodes, object_type, path) for key, nodes in collected.items()]

    def field(self, key: str, nodes: Sequence[FieldNode], object_type: GraphQLObjectType, path: Path) -> Selected:
        """A field of an object. Nodes that are merged have equal arguments."""
        name = nodes[0].name.value
        definition = _META_FIELDS.get(name) or object_type.fields[name]
        arguments = arguments_of(nodes[0], definition, self.variables)
        return Selected(key, name, nodes, definition, arguments, (*path, key))

    def count_condition(self, path: Path) -> None:
        """Raises QUERY_TOO_COMPLEX when the filters of an operation ask too much. path: of the filter's field."""
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            message = f"The filters hold more than {MAX_CONDITIONS} conditions."
            raise KapokError("QUERY_TOO_COMPLEX", message, details={"path": list(path)})

    def count_row(self, path: Path) -> None:
        """Raises QUERY_TOO_COMPLEX when a mutation names too many rows. path: of its root field."""
        self.rows += 1
        if self.rows > MAX_ROWS:
            raise too_many_rows(path, MAX_ROWS)


def too_many_rows(path: Path, limit: int) -> KapokError:
    """QUERY_TOO_COMPLEX for what writes too much at once."""
    details = {"limit": limit, **({"path": list(path)} if path else {})}
    return KapokError("QUERY_TOO_COMPLEX", f"One request may write {limit} rows at most.", details=details)


def refuse(selected: Selected, argument: str, problem: str, *, hint: str | None = None) -> NoReturn:
    """Raise BAD_USER_INPUT for an argument of a field."""
    raise refused(selected.path, argument, problem, hint=hint)
