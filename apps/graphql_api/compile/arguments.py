"""Arguments of fields: one view of a value, whether it is written in the document or comes from a variable.

In: AST nodes and coerced variables. Out: `Input`s, whose structure (keys, null, enum values) may be looked at while
compiling, because an operation is compiled for one structure of its variables; and `Source`s for their values, which
are only read when the operation runs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputType,
    GraphQLNonNull,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    value_from_ast,
)

from kapok.errors import KapokError
from kapok.query.values import Computed, Literal, Source, Variable, Variables


class Input(ABC):
    """A value somewhere in an argument."""

    type: GraphQLInputType

    @property
    @abstractmethod
    def is_null(self) -> bool:
        """Whether it is null."""

    @abstractmethod
    def entries(self) -> dict[str, Input]:
        """The fields given of an input object."""

    @abstractmethod
    def items(self) -> list[Input]:
        """The items of a list; a value that is no list is a list of one."""

    @abstractmethod
    def source(self) -> Source:
        """Where the value is found when the operation runs."""

    @abstractmethod
    def structure(self) -> Any:
        """The coerced value of an enum that decides over the SQL."""


class VariableInput(Input):
    """A value inside a variable."""

    def __init__(self, type_: GraphQLInputType, value: Any, path: tuple[str | int, ...]) -> None:
        self.type = type_
        self._value = value
        self._path = path

    @property
    def is_null(self) -> bool:
        return self._value is None

    def entries(self) -> dict[str, Input]:
        fields = _nullable(self.type).fields
        return {
            name: VariableInput(fields[name].type, value, (*self._path, name)) for name, value in self._value.items()
        }

    def items(self) -> list[Input]:
        of_type = _nullable(self.type).of_type
        return [VariableInput(of_type, value, (*self._path, index)) for index, value in enumerate(self._value)]

    def source(self) -> Source:
        return Variable(self._path)

    def structure(self) -> Any:
        return self._value


class LiteralInput(Input):
    """A value written in the document; there may be variables inside."""

    def __init__(self, type_: GraphQLInputType, node: ValueNode, variables: Variables) -> None:
        self.type = type_
        self._node = node
        self._variables = variables

    @property
    def is_null(self) -> bool:
        return isinstance(self._node, NullValueNode)

    def entries(self) -> dict[str, Input]:
        fields = _nullable(self.type).fields
        given = ((f.name.value, f.value) for f in cast(ObjectValueNode, self._node).fields)
        found = {name: input_of(fields[name].type, node, self._variables) for name, node in given}
        return {name: value for name, value in found.items() if value is not None}

    def items(self) -> list[Input]:
        of_type = _nullable(self.type).of_type
        nodes = self._node.values if isinstance(self._node, ListValueNode) else [self._node]
        found = [input_of(of_type, node, self._variables) for node in nodes]
        return [value for value in found if value is not None]

    def source(self) -> Source:
        node, type_ = self._node, self.type
        if not any(variables_in(node)):
            return Literal(_hashable(_coerced(node, type_, {})))
        return Computed(lambda variables: _coerced(node, type_, variables))

    def structure(self) -> Any:
        return _coerced(self._node, self.type, self._variables)


def input_of(type_: GraphQLInputType, node: ValueNode, variables: Variables) -> Input | None:
    """The value of a node; None for a variable that was not given. Raises BAD_USER_INPUT where null is no value: a
    nullable variable may stand there if it has a default (GraphQL specification 6.4.1)."""
    if not isinstance(node, VariableNode):
        return LiteralInput(type_, node, variables)
    name = node.name.value
    if name not in variables:
        return None
    if variables[name] is None and isinstance(type_, GraphQLNonNull):
        problem = f'Variable "${name}" must not be null: {type_} is expected.'
        raise KapokError("BAD_USER_INPUT", problem, details={"variable": name, "path": [name]})
    return VariableInput(type_, variables[name], (name,))


def arguments_of(node: FieldNode, definition: GraphQLField, variables: Variables) -> dict[str, Input]:
    """The arguments given to a field, by name."""
    found = {
        argument.name.value: input_of(definition.args[argument.name.value].type, argument.value, variables)
        for argument in node.arguments
    }
    return {name: value for name, value in found.items() if value is not None}


def _nullable(type_: GraphQLInputType) -> Any:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def _coerced(node: ValueNode, type_: GraphQLInputType, variables: Mapping[str, Any]) -> Any:
    value = value_from_ast(node, type_, dict(variables))
    if value is Undefined:
        raise KapokError("BAD_USER_INPUT", f"A value does not fit its type {type_}.")
    return value


def variables_in(node: ValueNode) -> Iterator[str]:
    """The names of the variables in a value."""
    if isinstance(node, VariableNode):
        yield node.name.value
    elif isinstance(node, ListValueNode):
        for item in node.values:
            yield from variables_in(item)
    elif isinstance(node, ObjectValueNode):
        for entry in node.fields:
            yield from variables_in(entry.value)


def _hashable(value: Any) -> Any:
    return tuple(_hashable(item) for item in value) if isinstance(value, list) else value
