"""What an expression looks at. In: an expression tree. Out: columns of its own row; whether it looks at other rows."""

from __future__ import annotations

from collections.abc import Iterator

from kapok.query.expressions import And, Compared, Expression, Measured, Not, Nullness, Or, Related, Search


def columns_of(expression: Expression | None) -> Iterator[str]:
    """Names of the columns of the row it is about."""
    match expression:
        case Compared() | Measured() | Nullness():
            yield expression.operand.column.name
        case Search():
            yield from (column.name for column in expression.columns)
        case Related():
            yield from expression.relation.columns
        case And() | Or():
            for item in expression.items:
                yield from columns_of(item)
        case Not():
            yield from columns_of(expression.item)


def is_related(expression: Expression | None) -> bool:
    """Whether it looks at other rows than its own."""
    match expression:
        case Related():
            return True
        case And() | Or():
            return any(is_related(item) for item in expression.items)
        case Not():
            return is_related(expression.item)
        case _:
            return False
