"""Single comparisons to SQL. In: a leaf of an expression tree and the SQL of its operand. Out: a boolean expression."""

from __future__ import annotations

from collections.abc import Sequence

from kapok.identifiers import QualifiedName
from kapok.query.comparison import INT4, TEXT, Comparable, comparable
from kapok.query.expressions import And, Compared, Expression, Known, Measured, Not, Nullness, Or
from kapok.query.families import base_type
from kapok.query.fragments import Parameter, Sql, join, sql
from kapok.query.operators import ARGUMENTS, Argument, Operator, apply
from kapok.query.values import JsonPath, Pattern, Value

_TEXTS = TEXT + "[]"
_BOOL = '"pg_catalog"."bool"'
_JSONPATH = '"pg_catalog"."jsonpath"'
_JSON = QualifiedName("pg_catalog", "json")
_SIMPLE = "'pg_catalog.simple'::regconfig"
_LIKE = frozenset({Operator.LIKE, Operator.NOT_LIKE, Operator.ILIKE, Operator.NOT_ILIKE})
#: Regular expressions; jsonpaths, whose date comparisons fail where a time zone would be needed, `@?` or not.
_FALLIBLE = frozenset(
    {
        *(Operator.REGEX, Operator.NOT_REGEX, Operator.IREGEX, Operator.NOT_IREGEX),
        *(Operator.PATH_EXISTS, Operator.PATH_MATCHES),
    }
)


def may_fail(expression: Expression | None) -> bool:
    """Whether a comparison with the columns of this very row can fail because of what the caller compares with, or of
    what the row holds: the error would tell of a hidden row. Other rows (Related) are asked by themselves."""
    match expression:
        case Compared(operand, operator):
            # Not every json is a jsonb: one with the character NUL is none.
            is_json = base_type(operand.type).name == _JSON
            return operator in _FALLIBLE or ARGUMENTS.get(operator) is Argument.RANGE or is_json
        case And(items) | Or(items):
            return any(may_fail(item) for item in items)
        case Not(item):
            return may_fail(item)
    return False


def compared(expression: Compared, operand: Sql) -> Sql:
    """`operand = value`, with whatever operator."""
    form = comparable(expression.operand.type)
    return apply(expression.operator, form.of(operand), _argument(form, expression.operator, expression.value))


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
            return Parameter(Pattern(value) if operator in _LIKE else value, TEXT)
        case Argument.TEXTS:
            return Parameter(value, _TEXTS)
        case Argument.JSONPATH:
            return Parameter(JsonPath(value), _JSONPATH)
        case Argument.BOOLEAN:
            return Parameter(value, _BOOL)


def measured(expression: Measured, operand: Sql) -> Sql:
    """`length(operand) = value`."""
    form = comparable(expression.operand.type)
    length = sql("cardinality(" if form.element_sql else "length(", form.of(operand), ")")
    suffix = "[]" if ARGUMENTS.get(expression.operator) is Argument.LIST else ""
    return apply(expression.operator, length, Parameter(expression.value, INT4 + suffix))


def nullness(expression: Nullness, operand: Sql) -> Sql:
    """Whether the operand is null."""
    # `is distinct from null` looks at the whole of a composite, where `is null` would look at its attributes.
    if expression.wanted is True:
        return sql(operand, " is not distinct from null")
    if expression.wanted is False:
        return sql(operand, " is distinct from null")
    return sql("(", operand, " is not distinct from null) = ", Parameter(expression.wanted, _BOOL))


def searched(value: Value, texts: Sequence[Sql]) -> Sql:
    """Whether the texts together match a web search."""
    document = join(" || ' ' || ", (sql("coalesce(", text, ", '')") for text in texts))
    query = sql(f"websearch_to_tsquery({_SIMPLE}, ", Parameter(value, TEXT), ")")
    return sql(f"to_tsvector({_SIMPLE}, ", document, ") @@ ", query)


def known(expression: Known) -> Sql:
    """Whether no claim is missing."""
    given = [Parameter(claim, _TEXTS if claim.many else TEXT) for claim in expression.claims]
    present = [sql(parameter, " is not null") for parameter in given]
    return sql("(", join(" and ", present), ")") if present else sql("true")
