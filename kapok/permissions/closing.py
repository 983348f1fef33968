"""Rules fail closed where a claim is missing.

A comparison with a missing claim is null, which SQL keeps through `not`, `and` and `or`. What looks at related rows
does not: `none` of them compares true when no comparison can be. There the claims are asked for besides.
In: a rule's expression. Out: one that is never true because a claim is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kapok.query.claims import Claim, claims_of
from kapok.query.expressions import (
    And,
    Compared,
    Expression,
    Known,
    Measured,
    Not,
    Nullness,
    Or,
    Quantifier,
    Related,
    Search,
)


def closed(expression: Expression, *, positive: bool = True) -> Expression:
    """positive: whether the whole is more often true when this is; below a `not` it is the other way round."""
    match expression:
        case And(items):
            return And(tuple([closed(item, positive=positive) for item in items]))
        case Or(items):
            return Or(tuple([closed(item, positive=positive) for item in items]))
        case Not(item):
            return Not(closed(item, positive=not positive))
        case Related():
            return _related(expression, positive)
    return expression


def _related(expression: Related, positive: bool) -> Expression:
    claims = tuple(dict.fromkeys(mentioned(expression)))
    if not claims or expression.where is None:
        return expression
    if not positive:
        return Or((expression, Not(Known(claims))))
    if expression.quantifier is Quantifier.NONE:
        return And((expression, Known(claims)))
    return replace(expression, where=closed(expression.where))


def mentioned(expression: Expression | None) -> Iterator[Claim]:
    """The claims anywhere in an expression."""
    match expression:
        case Compared() | Measured() | Search():
            yield from claims_of(expression.value)
        case Nullness():
            yield from claims_of(expression.wanted)
        case Related():
            yield from mentioned(expression.where)
        case Not(item):
            yield from mentioned(item)
        case And(items) | Or(items):
            for item in items:
                yield from mentioned(item)
