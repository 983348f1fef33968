"""Binding: from a statement to the function that encodes its parameters for one request.

In: a statement. Out: a `Binder`. Constants are encoded here, once.
"""

from __future__ import annotations

from kapok.query.fragments import Statement
from kapok.query.operation import Binder
from kapok.query.values import Given, Literal, RowLimit, Variables


def binder_of(statement: Statement) -> Binder:
    """Raises KapokError where a constant cannot be encoded; the binder raises it for variables and for the row cap."""
    constants: list[bytes | None] = [None] * len(statement.parameters)
    readers = []
    for index, parameter in enumerate(statement.parameters):
        value = parameter.value
        reader = value.reader()
        if isinstance(value, Given) and isinstance(value.source, Literal):
            constants[index] = reader({}, 0)
        else:
            readers.append((index, reader))
    checks = [value.reader() for value in statement.known]
    # What the row cap must be for the limits in the text; offsets and caps of tables do not depend on it.
    least_cap = max([value.known or 0 for value in statement.known if isinstance(value, RowLimit)], default=0)
    for check in checks:
        check({}, least_cap)

    def bind(variables: Variables, row_cap: int) -> list[bytes | None]:
        if row_cap < least_cap:
            for check in checks:
                check(variables, row_cap)
        bound = constants.copy()
        for index, read in readers:
            bound[index] = read(variables, row_cap)
        return bound

    return bind
