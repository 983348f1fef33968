"""Conditions to SQL. In: an expression tree and the alias of the row it is about. Out: a boolean SQL expression."""

from __future__ import annotations

from kapok.model.types import Relation
from kapok.query.aliases import Aliases
from kapok.query.comparison import INT4, TEXT, Comparable, comparable
from kapok.query.expressions import (
    And,
    Compared,
    Expression,
    Measured,
    Not,
    Nullness,
    Operand,
    Or,
    Quantifier,
    Related,
    Search,
)
from kapok.query.fragments import Parameter, Sql, column, identifier, join, sql
from kapok.query.operators import ARGUMENTS, Argument, Operator, apply
from kapok.query.source import link, target_source
from kapok.query.values import Value

_TEXTS = TEXT + "[]"
_BOOL = '"pg_catalog"."bool"'
_JSONPATH = '"pg_catalog"."jsonpath"'
_SIMPLE = "'pg_catalog.simple'::regconfig"


def condition(expression: Expression, alias: str, aliases: Aliases) -> Sql:
    """The condition on the row `alias`. Groups are in parentheses, single comparisons are not."""
    match expression:
        case Compared():
            return _compared(expression, alias)
        case Measured():
            return _measured(expression, alias)
        case Nullness():
            return _nullness(expression, alias)
        case Search():
            return _search(expression, alias)
        case Related():
            return _related(expression, alias, aliases)
        case And():
            return _group(" and ", "true", expression.items, alias, aliases)
        case Or():
            return _group(" or ", "false", expression.items, alias, aliases)
        case Not():
            return sql("not (", condition(expression.item, alias, aliases), ")")


def _group(word: str, empty: str, items: tuple[Expression, ...], alias: str, aliases: Aliases) -> Sql:
    if not items:
        return sql(empty)
    return sql("(", join(word, [condition(item, alias, aliases) for item in items]), ")")


def operand(expression: Operand, alias: str) -> Sql:
    """The column, or the attribute inside it."""
    value = column(alias, expression.column.name)
    for name in expression.attributes:
        value = sql("(", value, ").", identifier(name))
    return value


def _compared(expression: Compared, alias: str) -> Sql:
    form = comparable(expression.operand.type)
    left = form.of(operand(expression.operand, alias))
    return apply(expression.operator, left, _argument(form, expression.operator, expression.value))


def _argument(form: Comparable, operator: Operator, value: Value) -> Sql | Parameter:
    match ARGUMENTS.get(operator, Argument.SAME):
        case Argument.SAME:
            return Parameter(value, form.type_sql)
        case Argument.LIST:
            return Parameter(value, form.type_sql + "[]")
        case Argument.ELEMENT:
            return Parameter(value, form.element_sql)
        case Argument.RANGE:  # as a multirange of one: the model does not know the range type of a multirange
            return sql("('{' || ", Parameter(value, TEXT), " || '}')::", form.type_sql)
        case Argument.TEXT:
            return Parameter(value, TEXT)
        case Argument.TEXTS:
            return Parameter(value, _TEXTS)
        case Argument.JSONPATH:
            return Parameter(value, _JSONPATH)
        case Argument.BOOLEAN:
            return Parameter(value, _BOOL)


def _measured(expression: Measured, alias: str) -> Sql:
    function = "cardinality(" if comparable(expression.operand.type).element_sql else "length("
    form = comparable(expression.operand.type)
    length = sql(function, form.of(operand(expression.operand, alias)), ")")
    suffix = "[]" if ARGUMENTS.get(expression.operator) is Argument.LIST else ""
    return apply(expression.operator, length, Parameter(expression.value, INT4 + suffix))


def _nullness(expression: Nullness, alias: str) -> Sql:
    # `is distinct from null` looks at the whole of a composite, where `is null` would look at its attributes.
    value = operand(expression.operand, alias)
    if expression.wanted is True:
        return sql(value, " is not distinct from null")
    if expression.wanted is False:
        return sql(value, " is distinct from null")
    return sql("(", value, " is not distinct from null) = ", Parameter(expression.wanted, _BOOL))


def _search(expression: Search, alias: str) -> Sql:
    texts = join(" || ' ' || ", (sql("coalesce(", column(alias, c.name), ", '')") for c in expression.columns))
    query = sql(f"websearch_to_tsquery({_SIMPLE}, ", Parameter(expression.value, TEXT), ")")
    return sql(f"to_tsvector({_SIMPLE}, ", texts, ") @@ ", query)


def _related(expression: Related, alias: str, aliases: Aliases) -> Sql:
    relation: Relation = expression.relation
    target = target_source(relation, expression.target, aliases)
    conditions = [link(relation, alias, target)]
    if expression.where is not None:
        inner = condition(expression.where, target.alias, aliases)
        every = expression.quantifier is Quantifier.EVERY
        conditions.append(sql("(", inner, ") is not true") if every else inner)
    elif expression.quantifier is Quantifier.EVERY:
        return sql("true")
    exists = sql("exists (select from ", target.tables, " where ", join(" and ", conditions), ")")
    return exists if expression.quantifier is Quantifier.SOME else sql("not ", exists)
