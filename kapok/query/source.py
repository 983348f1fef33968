"""The one place where a table, a relation or a function is turned into rows, and a condition into SQL.

In: parts of a plan. Out: SQL. Whatever mentions a table goes through here, so this is where a `GuardedTable` becomes
`(select ... from table where <what the role is shown>) alias`, with the columns that are not shown in all of those rows
null where they are hidden. Postgres pulls such a select up: the condition joins the others and indexes are used as
without it. A table without conditions stays as it is.

What callers ask is not kept from being evaluated on hidden rows, as a barrier would (it would cost the indexes). It
tells nothing of them unless it fails, so what can fail for what a row holds is held back: regular expressions, JSON
paths, json (which is compared as jsonb) and ranges of a multirange look at nothing but shown rows, patterns are checked
beforehand. Not covered: how long a
statement takes; a text too long for `search` (1 MB of words); `like` on a column with a nondeterministic collation;
operators and casts that a project defined itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kapok.identifiers import QualifiedName
from kapok.model.types import Junction, Relation, Table, Volatility
from kapok.query.aliases import Aliases, View
from kapok.query.comparisons import compared, known, may_fail, measured, nullness, searched
from kapok.query.expressions import (
    And,
    Compared,
    Expression,
    Known,
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
from kapok.query.guard import GuardedJunction, GuardedTable, SelectGrant
from kapok.query.plan import Call, Drawn, PassedArgument
from kapok.query.seen import gates, masks, rows_of, shown_cells

#: Columns of guarded selects beside those of the table; the last two are numbered.
_WHOLE, _SEEN, _GATE, _RAW = "kapok:row", "kapok:seen", "kapok:gate", "kapok:raw"


@dataclass(frozen=True, slots=True)
class Source:
    """alias: the row. tables: what follows `from`. junction: the alias of the junction, of a many-to-many relation.
    condition: what must hold besides, where there was no guarded select to put it into."""

    alias: str
    tables: Sql
    junction: str | None = None
    condition: Sql | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What is read of rows beside their columns: the version (xmin); the row itself, for functions that take it.
    Asked for only then, because Postgres gives both to those only who may read all columns."""

    version: bool = False
    row: bool = False


NOTHING_BESIDE = Beside()


# --- tables ---------------------------------------------------------------------------------------------------------


def table_source(
    table: Table,
    aliases: Aliases,
    drawn: Drawn | None = None,
    *,
    within: Callable[[str], Sql] | None = None,
    asked: Expression | None = None,
    beside: Beside = NOTHING_BESIDE,
) -> Source:
    """The rows of a table that the role is shown.

    drawn: where they come from instead of the table. within: a condition on the row as it is, whatever the role sees
    of it. asked: the condition a caller will put to the rows.
    """
    origin = sql(QualifiedName(None, table.name)) if drawn is None else drawn.tables
    typed = drawn is None or drawn.typed
    starred = drawn is not None
    given = _Origin(origin, typed and beside.row, beside.version, starred=starred)
    return _source(table, given, aliases, within, asked)


@dataclass(frozen=True, slots=True)
class _Origin:
    """row: an alias of it is a row of the table's type, and asked for. version: its xmin is asked for. effects: it is
    to be evaluated even where no row of it can be shown. starred: `*` gives all of it, the version too."""

    tables: Sql
    row: bool = False
    version: bool = False
    effects: bool = False
    starred: bool = True


def _source(
    table: Table,
    origin: _Origin,
    aliases: Aliases,
    within: Callable[[str], Sql] | None = None,
    asked: Expression | None = None,
) -> Source:
    alias = aliases.new()
    grants = table.select if isinstance(table, GuardedTable) else (SelectGrant(frozenset(_names(table))),)
    masked = masks(grants, _names(table))
    closed = gates(grants, [function.name for function in table.computed])
    shown = rows_of(grants)
    if shown is None and not masked and not closed:
        met = None if within is None else within(alias)
        return Source(alias, sql(origin.tables, " ", alias), condition=met)
    inner = aliases.new()
    rows = sql("true") if shown is None else condition(shown, inner, aliases)
    if origin.effects:  # a condition known to be false beforehand would let Postgres leave the whole select out
        rows = sql("case when clock_timestamp() is not null then ", rows, " end")
    extra, view = _extras(table, masked, closed, origin, aliases, (alias, inner))
    if may_fail(asked):
        extra.append(sql(rows, " as ", identifier(_SEEN)))
        view = View(view.whole, view.raw, view.gates, column(alias, _SEEN))
    aliases.note(alias, view)
    conditions = [rows] if within is None else [rows, within(inner)]
    # Of a table, `*` would ask for the right to read columns that the project keeps from requests.
    columns = [sql(inner, ".*")] if origin.starred and not masked else _columns(table, masked, inner, aliases)
    values = join(", ", [*columns, *extra])
    guarded = sql("(select ", values, " from ", origin.tables, f" {inner} where ", join(" and ", conditions), ") ")
    return Source(alias, sql(guarded, alias))


def _columns(table: Table, masked: Mapping[str, Expression], inner: str, aliases: Aliases) -> list[Sql]:
    """The columns, each as the role sees it. Those it never sees are no part of any plan."""
    whole = table.whole if isinstance(table, GuardedTable) and table.whole is not None else table
    found = []
    for name in _names(whole):
        value = column(inner, name)
        if name in masked:
            met = condition(masked[name], inner, aliases)
            value = sql("case when ", met, " then ", value, " end as ", identifier(name))
        found.append(value)
    return found


def _extras(
    table: Table,
    masked: Mapping[str, Expression],
    closed: Mapping[str, Expression],
    origin: _Origin,
    aliases: Aliases,
    row: tuple[str, str],
) -> tuple[list[Sql], View]:
    """Columns beside those of the table, and how they are found."""
    alias, inner = row
    found = []
    whole = None
    if origin.row:
        found.append(sql(inner, " as ", identifier(_WHOLE)))
        whole = column(alias, _WHOLE)
    if origin.version and (masked or not origin.starred):
        found.append(sql(inner, ".xmin"))
    linked = {name for relation in table.relations for name in relation.columns}
    raw = {name: f"{_RAW}{number}" for number, name in enumerate(sorted(linked.intersection(masked)))}
    found += [sql(column(inner, name), " as ", identifier(own)) for name, own in raw.items()]
    gated = {name: f"{_GATE}{number}" for number, name in enumerate(closed)}
    found += [sql(condition(closed[name], inner, aliases), " as ", identifier(own)) for name, own in gated.items()]
    return found, View(whole, _columns_of(alias, raw), _columns_of(alias, gated))


def _columns_of(alias: str, names: Mapping[str, str]) -> dict[str, Sql]:
    return {name: column(alias, own) for name, own in names.items()}


def _names(table: Table) -> list[str]:
    return [item.name for item in table.columns]


# --- relations ------------------------------------------------------------------------------------------------------


def target_source(
    relation: Relation,
    target: Table,
    aliases: Aliases,
    asked: Expression | None = None,
    beside: Beside = NOTHING_BESIDE,
) -> Source:
    """The rows a relation leads to, before they are tied to a parent by `link`. asked, beside: as in `table_source`."""
    source = table_source(target, aliases, asked=asked, beside=beside)
    junction = relation.junction
    if junction is None:
        return source
    between = _junction_source(junction, aliases)
    meets = _equal(between.alias, junction.target_columns, source.alias, relation.target_columns, aliases)
    return Source(source.alias, sql(source.tables, " join ", between.tables, " on ", meets), between.alias)


def _junction_source(junction: Junction, aliases: Aliases) -> Source:
    """The rows of a junction table that show both of their ends."""
    alias, table = aliases.new(), QualifiedName(None, junction.table)
    names = dict.fromkeys((*junction.source_columns, *junction.target_columns))
    shown = None
    if isinstance(junction, GuardedJunction):
        shown = shown_cells(junction.select, names)
    if shown is None:
        return Source(alias, sql(table, " ", alias))
    inner = aliases.new()
    values = join(", ", [column(inner, name) for name in names])
    met = condition(shown, inner, aliases)
    return Source(alias, sql("(select ", values, " from ", table, f" {inner} where ", met, ") ", alias))


def link(relation: Relation, parent: str, source: Source, aliases: Aliases) -> Sql:
    """The condition that ties the rows of a relation to the row `parent`."""
    junction = relation.junction
    if junction is not None and source.junction is not None:
        return _equal(source.junction, junction.source_columns, parent, relation.columns, aliases)
    return _equal(source.alias, relation.target_columns, parent, relation.columns, aliases)


def _equal(
    left: str, left_columns: tuple[str, ...], right: str, right_columns: tuple[str, ...], aliases: Aliases
) -> Sql:
    pairs = []
    for mine, theirs in zip(left_columns, right_columns, strict=True):
        own, other = column(left, mine), column(right, theirs)
        raw = aliases.view(left).raw.get(mine)
        if raw is not None:  # the same said of the column itself, which may have an index
            pairs.append(sql(raw, " = ", other))
        pairs.append(sql(own, " = ", other))
    return join(" and ", pairs)


# --- functions ------------------------------------------------------------------------------------------------------


def call_source(
    call: Call, table: Table, parent: str | None, aliases: Aliases, asked: Expression | None = None
) -> Source:
    """The rows of a table that a function returns, as far as the role is shown them. asked: as in `table_source`."""
    gate = None if parent is None else aliases.view(parent).gates.get(call.function.name)
    within = None if gate is None else (lambda _: gate)
    effects = call.function.volatility is Volatility.VOLATILE
    origin = _Origin(call_sql(call, parent, aliases), row=True, effects=effects)
    return _source(table, origin, aliases, within, asked)


def call_sql(call: Call, parent: str | None, aliases: Aliases) -> Sql:
    """The call itself; the parent's row is the first argument of a computed field."""
    arguments = [aliases.whole(parent)] if call.function.row_of is not None and parent is not None else []
    arguments += [_argument(argument) for argument in call.arguments]
    return sql(QualifiedName(None, call.function.name), "(", join(", ", arguments), ")")


def _argument(argument: PassedArgument) -> Sql:
    value = Parameter(argument.value, argument.type.name.sql())
    return sql(value) if argument.name is None else sql(identifier(argument.name), " => ", value)


# --- conditions -----------------------------------------------------------------------------------------------------


def condition(expression: Expression, alias: str, aliases: Aliases) -> Sql:
    """The condition on the row `alias`. Groups are in parentheses, single comparisons are not."""
    match expression:
        case Compared():
            return compared(expression, _guarded_operand(expression, alias, aliases))
        case Measured():
            return measured(expression, _operand(expression.operand, alias))
        case Nullness():
            return nullness(expression, _operand(expression.operand, alias))
        case Search():
            return searched(expression.value, [column(alias, item.name) for item in expression.columns])
        case Related():
            return _related(expression, alias, aliases)
        case Known():
            return known(expression)
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


def _operand(operand: Operand, alias: str) -> Sql:
    """The column, or the attribute inside it."""
    value = column(alias, operand.column.name)
    for name in operand.attributes:
        value = sql("(", value, ").", identifier(name))
    return value


def _guarded_operand(expression: Compared, alias: str, aliases: Aliases) -> Sql:
    """The operand; of a comparison that can fail, null in hidden rows."""
    value = _operand(expression.operand, alias)
    seen = aliases.view(alias).seen
    return value if seen is None or not may_fail(expression) else sql("case when ", seen, " then ", value, " end")


def _related(expression: Related, alias: str, aliases: Aliases) -> Sql:
    relation = expression.relation
    every = expression.quantifier is Quantifier.EVERY
    if expression.where is None and every:
        return sql("true")
    target = target_source(relation, expression.target, aliases, expression.where)
    conditions = [link(relation, alias, target, aliases)]
    if expression.where is not None:
        inner = condition(expression.where, target.alias, aliases)
        conditions.append(sql("(", inner, ") is not true") if every else inner)
    exists = sql("exists (select from ", target.tables, " where ", join(" and ", conditions), ")")
    return exists if expression.quantifier is Quantifier.SOME else sql("not ", exists)
