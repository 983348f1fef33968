"""Operators of conditions and the SQL each one stands for.

In: the operand and the argument as SQL. Out: a boolean SQL expression. `ARGUMENTS` says what type the argument is cast
to, relative to the operand's type.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from kapok.query.fragments import Parameter, Sql, sql


class Argument(StrEnum):
    """The type of an operator's argument."""

    SAME = "same"  # the operand's type
    LIST = "list"  # an array of it
    ELEMENT = "element"  # the element of an array, the subtype of a range
    RANGE = "range"  # of a multirange: its range
    TEXT = "text"
    TEXTS = "texts"
    JSONPATH = "jsonpath"
    BOOLEAN = "boolean"


class Operator(StrEnum):
    """What a condition may ask of a value."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NOT_IN = "notIn"
    DISTINCT_FROM = "distinctFrom"
    NOT_DISTINCT_FROM = "notDistinctFrom"
    LIKE = "like"
    NOT_LIKE = "notLike"
    ILIKE = "ilike"
    NOT_ILIKE = "notIlike"
    STARTS_WITH = "startsWith"
    ISTARTS_WITH = "istartsWith"
    ENDS_WITH = "endsWith"
    IENDS_WITH = "iendsWith"
    INCLUDES = "includes"  # text in text
    IINCLUDES = "iincludes"
    REGEX = "regex"
    NOT_REGEX = "notRegex"
    IREGEX = "iregex"
    NOT_IREGEX = "notIregex"
    CONTAINS = "contains"
    CONTAINED_BY = "containedBy"
    OVERLAPS = "overlaps"
    HAS = "has"
    HAS_KEY = "hasKey"
    HAS_KEYS_ANY = "hasKeysAny"
    HAS_KEYS_ALL = "hasKeysAll"
    PATH_EXISTS = "pathExists"
    PATH_MATCHES = "pathMatches"
    ADJACENT = "adjacent"
    STRICTLY_LEFT = "strictlyLeft"
    STRICTLY_RIGHT = "strictlyRight"
    NOT_EXTENDS_RIGHT = "notExtendsRight"
    NOT_EXTENDS_LEFT = "notExtendsLeft"
    CONTAINS_VALUE = "containsValue"
    CONTAINS_RANGE = "containsRange"
    IS_EMPTY = "isEmpty"


#: What is not SAME.
ARGUMENTS: Mapping[Operator, Argument] = {
    Operator.IN: Argument.LIST,
    Operator.NOT_IN: Argument.LIST,
    Operator.HAS: Argument.ELEMENT,
    Operator.CONTAINS_VALUE: Argument.ELEMENT,
    Operator.CONTAINS_RANGE: Argument.RANGE,
    Operator.HAS_KEY: Argument.TEXT,
    Operator.HAS_KEYS_ANY: Argument.TEXTS,
    Operator.HAS_KEYS_ALL: Argument.TEXTS,
    Operator.PATH_EXISTS: Argument.JSONPATH,
    Operator.PATH_MATCHES: Argument.JSONPATH,
    Operator.IS_EMPTY: Argument.BOOLEAN,
    **dict.fromkeys(
        (
            *(Operator.LIKE, Operator.NOT_LIKE, Operator.ILIKE, Operator.NOT_ILIKE),
            *(Operator.STARTS_WITH, Operator.ISTARTS_WITH, Operator.ENDS_WITH, Operator.IENDS_WITH),
            *(Operator.INCLUDES, Operator.IINCLUDES),
            *(Operator.REGEX, Operator.NOT_REGEX, Operator.IREGEX, Operator.NOT_IREGEX),
        ),
        Argument.TEXT,
    ),
}

_LEFT = "\0left"
_RIGHT = "\0right"


def _infix(operator: str) -> tuple[str, ...]:
    return (_LEFT, f" {operator} ", _RIGHT)


_TEMPLATES: Mapping[Operator, tuple[str, ...]] = {
    Operator.EQ: _infix("="),
    Operator.NE: _infix("<>"),
    Operator.GT: _infix(">"),
    Operator.GTE: _infix(">="),
    Operator.LT: _infix("<"),
    Operator.LTE: _infix("<="),
    Operator.IN: (_LEFT, " = any(", _RIGHT, ")"),
    Operator.NOT_IN: (_LEFT, " <> all(", _RIGHT, ")"),
    Operator.DISTINCT_FROM: _infix("is distinct from"),
    Operator.NOT_DISTINCT_FROM: _infix("is not distinct from"),
    Operator.LIKE: _infix("like"),
    Operator.NOT_LIKE: _infix("not like"),
    Operator.ILIKE: _infix("ilike"),
    Operator.NOT_ILIKE: _infix("not ilike"),
    Operator.STARTS_WITH: ("starts_with(", _LEFT, ", ", _RIGHT, ")"),
    Operator.ISTARTS_WITH: ("starts_with(lower(", _LEFT, "), lower(", _RIGHT, "))"),
    Operator.ENDS_WITH: ("right(", _LEFT, ", length(", _RIGHT, ")) = ", _RIGHT),
    Operator.IENDS_WITH: ("right(lower(", _LEFT, "), length(lower(", _RIGHT, "))) = lower(", _RIGHT, ")"),
    Operator.INCLUDES: ("strpos(", _LEFT, ", ", _RIGHT, ") > 0"),
    Operator.IINCLUDES: ("strpos(lower(", _LEFT, "), lower(", _RIGHT, ")) > 0"),
    Operator.REGEX: _infix("~"),
    Operator.NOT_REGEX: _infix("!~"),
    Operator.IREGEX: _infix("~*"),
    Operator.NOT_IREGEX: _infix("!~*"),
    Operator.CONTAINS: _infix("@>"),
    Operator.CONTAINED_BY: _infix("<@"),
    Operator.OVERLAPS: _infix("&&"),
    Operator.HAS: (_RIGHT, " = any(", _LEFT, ")"),
    Operator.HAS_KEY: _infix("?"),
    Operator.HAS_KEYS_ANY: _infix("?|"),
    Operator.HAS_KEYS_ALL: _infix("?&"),
    Operator.PATH_EXISTS: _infix("@?"),
    Operator.PATH_MATCHES: _infix("@@"),
    Operator.ADJACENT: _infix("-|-"),
    Operator.STRICTLY_LEFT: _infix("<<"),
    Operator.STRICTLY_RIGHT: _infix(">>"),
    Operator.NOT_EXTENDS_RIGHT: _infix("&<"),
    Operator.NOT_EXTENDS_LEFT: _infix("&>"),
    Operator.CONTAINS_VALUE: _infix("@>"),
    Operator.CONTAINS_RANGE: _infix("@>"),
    Operator.IS_EMPTY: ("isempty(", _LEFT, ") = ", _RIGHT),
}


def apply(operator: Operator, left: Sql, right: Sql | Parameter) -> Sql:
    """`left operator right`, without parentheses around it."""
    operands: Mapping[str, Sql | Parameter] = {_LEFT: left, _RIGHT: right}
    return sql(*(operands.get(piece, piece) for piece in _TEMPLATES[operator]))
