"""Where rows come from: the FROM clause of a table, of a relation (with its junction), of a function.

In: parts of a plan. Out: SQL for the tables and how they meet the row of the parent.
"""

from __future__ import annotations

from dataclasses import dataclass

from kapok.identifiers import QualifiedName
from kapok.model.types import Junction, Relation, Table
from kapok.query.aliases import Aliases
from kapok.query.fragments import Parameter, Sql, column, identifier, join, sql
from kapok.query.plan import Call, PassedArgument


@dataclass(frozen=True, slots=True)
class Source:
    """alias: the row. tables: what follows `from`. junction: the alias of the junction, of a many-to-many relation."""

    alias: str
    tables: Sql
    junction: str | None = None


def table_source(table: Table, aliases: Aliases) -> Source:
    """All rows of a table."""
    alias = aliases.new()
    return Source(alias, sql(QualifiedName(None, table.name), " ", alias))


def target_source(relation: Relation, target: Table, aliases: Aliases) -> Source:
    """The rows a relation leads to, before they are tied to a parent by `link`."""
    source = table_source(target, aliases)
    if relation.junction is None:
        return source
    junction = aliases.new()
    meets = _equal(junction, relation.junction.target_columns, source.alias, relation.target_columns)
    tables = sql(source.tables, " join ", QualifiedName(None, relation.junction.table), f" {junction} on ", meets)
    return Source(source.alias, tables, junction)


def link(relation: Relation, parent: str, source: Source) -> Sql:
    """The condition that ties the rows of a relation to the row `parent`."""
    junction: Junction | None = relation.junction
    if junction is not None and source.junction is not None:
        return _equal(source.junction, junction.source_columns, parent, relation.columns)
    return _equal(source.alias, relation.target_columns, parent, relation.columns)


def call_source(call: Call, parent: str | None, aliases: Aliases) -> Source:
    """The rows a function returns."""
    alias = aliases.new()
    return Source(alias, sql(call_sql(call, parent), " ", alias))


def call_sql(call: Call, parent: str | None) -> Sql:
    """The call itself; the parent's row is the first argument of a computed field."""
    arguments = [sql(parent)] if call.function.row_of is not None and parent is not None else []
    arguments += [_argument(argument) for argument in call.arguments]
    return sql(QualifiedName(None, call.function.name), "(", join(", ", arguments), ")")


def _argument(argument: PassedArgument) -> Sql:
    value = Parameter(argument.value, argument.type.name.sql())
    return sql(value) if argument.name is None else sql(identifier(argument.name), " => ", value)


def _equal(left: str, left_columns: tuple[str, ...], right: str, right_columns: tuple[str, ...]) -> Sql:
    pairs = zip(left_columns, right_columns, strict=True)
    return join(" and ", (sql(column(left, mine), " = ", column(right, theirs)) for mine, theirs in pairs))
