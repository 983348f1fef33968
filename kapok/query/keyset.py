"""Keyset pagination: which rows come after (or before) a cursor in a total order.

In: the keys of an order and the cursor's value for each. Out: a condition. It is exact for nulls first or last and for
mixed directions; where it can, it is a form that an index on the keys answers by a range scan.
"""

from __future__ import annotations

from collections.abc import Sequence

from kapok.query.fragments import Parameter, Sql, join, sql
from kapok.query.order import OrderKey
from kapok.query.values import Value


def beyond(keys: Sequence[OrderKey], values: Sequence[Value], *, reverse: bool = False) -> Sql:
    """Rows that come after the cursor; before it when reversed. May be null, which means no."""
    marks = [Parameter(value, key.form.type_sql) for key, value in zip(keys, values, strict=True)]
    descending = [key.descending != reverse for key in keys]
    if len(set(descending)) == 1 and not any(key.nullable for key in keys):
        mine, theirs = join(", ", (key.value for key in keys)), join(", ", marks)
        operator = " < " if descending[0] else " > "
        return sql(mine, operator, theirs) if len(keys) == 1 else sql("(", mine, ")", operator, "(", theirs, ")")
    chain = _chain(keys, marks, descending, reverse)
    if keys[0].nullable:
        return chain
    # Implied by the chain; an index on the first key can use it, which it cannot with an `or`.
    return sql("(", keys[0].value, " <= " if descending[0] else " >= ", marks[0], " and ", chain, ")")


def _chain(keys: Sequence[OrderKey], marks: Sequence[Parameter], descending: Sequence[bool], reverse: bool) -> Sql:
    """after(k0) or (k0 = v0 and (after(k1) or (k1 = v1 and ...)))"""
    key, mark = keys[0], marks[0]
    after = _after(key, mark, descending[0], key.nulls_first != reverse)
    if len(keys) == 1:
        return after
    same = sql(key.value, " is not distinct from " if key.nullable else " = ", mark)
    rest = _chain(keys[1:], marks[1:], descending[1:], reverse)
    return sql("(", after, " or (", same, " and ", rest, "))")


def _after(key: OrderKey, mark: Parameter, descending: bool, nulls_first: bool) -> Sql:
    strictly = sql(key.value, " < " if descending else " > ", mark)
    if not key.nullable:
        return strictly
    if nulls_first:
        return sql("(", strictly, " or (", mark, " is null and ", key.value, " is not null))")
    return sql("(", strictly, " or (", mark, " is not null and ", key.value, " is null))")
