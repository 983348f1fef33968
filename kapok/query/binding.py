"""Binding: from the parameters of a statement to the function that encodes them for one request.

In: parameters in the order of $1, $2 ... Out: a `Binder`. Constants are encoded here, once.
"""

from __future__ import annotations

from collections.abc import Sequence

from kapok.query.fragments import Parameter
from kapok.query.operation import Binder
from kapok.query.values import Claims, Given, Literal, Variables


def binder_of(parameters: Sequence[Parameter]) -> Binder:
    """Raises KapokError where a constant cannot be encoded; the binder raises it for variables."""
    constants: list[bytes | None] = [None] * len(parameters)
    readers = []
    for index, parameter in enumerate(parameters):
        value = parameter.value
        reader = value.reader()
        if isinstance(value, Given) and isinstance(value.source, Literal):
            constants[index] = reader({}, 0, {})
        else:
            readers.append((index, reader))

    def bind(variables: Variables, row_cap: int, claims: Claims) -> list[bytes | None]:
        bound = constants.copy()
        for index, read in readers:
            bound[index] = read(variables, row_cap, claims)
        return bound

    return bind
