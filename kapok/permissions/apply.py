"""Rules applied to a model: the part of it one role may see, and what in the rules does not fit the model.

In: a model and permissions. Out: a smaller model (the same one for `service`). Pure; default deny.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kapok.model.types import Function, Model, Relation, Table, UniqueKey
from kapok.permissions.document import did_you_mean
from kapok.permissions.rules import SERVICE_ROLE, Permissions, SelectRule, TableRules


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that names something the model does not have. path: `tables.posts.anon.select.columns`."""

    path: str
    message: str
    line: int | None = None


def visible(model: Model, permissions: Permissions, role: str) -> Model:
    """What a role sees: permitted tables and columns, keys and relations of visible columns, permitted functions."""
    if role == SERVICE_ROLE:
        return model
    lineage = permissions.lineage(role)
    shown: dict[str, Table] = {}
    for table in model.tables:
        names = frozenset([column.name for column in table.columns])
        rules = [
            entry.select
            for name in lineage
            if (entry := permissions.rules.get((table.name, name))) and entry.select and entry.select.where is None
        ]
        select = _union([replace(rule, columns=_existing(rule, names)) for rule in rules])
        if select is not None:
            shown[table.name] = _reduced(table, select)
    columns = {name: frozenset([column.name for column in table.columns]) for name, table in shown.items()}

    def allowed(function: Function) -> bool:
        needs = [table for table in (function.returns_table, function.row_of) if table is not None]
        return not permissions.functions.get(function.name, frozenset()).isdisjoint(lineage) and all(
            table in shown for table in needs
        )

    return replace(
        model,
        tables=tuple(
            [
                replace(
                    table,
                    relations=tuple([item for item in table.relations if _reachable(item, table.name, columns)]),
                    computed=tuple([function for function in table.computed if allowed(function)]),
                )
                for table in shown.values()
            ]
        ),
        functions=tuple([function for function in model.functions if allowed(function)]),
    )


def _existing(rule: SelectRule, names: frozenset[str]) -> frozenset[str]:
    return names if rule.columns is None else rule.columns & names


def _union(rules: Sequence[SelectRule]) -> SelectRule | None:
    """What several rules permit together; None for nothing. columns: never None here.

    Aggregates and row limits are those of the rules that permit all these columns on their own; where none does, the
    strictest count, so that nobody sees of a column what no single rule would have shown.
    """
    columns = frozenset[str]().union(*[rule.columns or () for rule in rules])
    if not columns:
        return None
    whole = [rule for rule in rules if rule.columns == columns]
    if whole:
        limits = [rule.limit for rule in whole]
        return SelectRule(columns, aggregate=any(rule.aggregate for rule in whole), limit=_loosest(limits))
    given = [rule.limit for rule in rules if rule.limit is not None]
    return SelectRule(columns, aggregate=all(rule.aggregate for rule in rules), limit=min(given, default=None))


def _loosest(limits: Sequence[int | None]) -> int | None:
    given = [limit for limit in limits if limit is not None]
    return max(given) if len(given) == len(limits) else None


def _reduced(table: Table, select: SelectRule) -> Table:
    permitted = select.columns or frozenset()
    return replace(
        table,
        columns=tuple([column for column in table.columns if column.name in permitted]),
        primary_key=next(iter(_within([table.primary_key] if table.primary_key else [], permitted)), None),
        unique_keys=_within(table.unique_keys, permitted),
        aggregate_allowed=select.aggregate,
        row_limit=select.limit,
    )


def _within(keys: Iterable[UniqueKey], columns: frozenset[str]) -> tuple[UniqueKey, ...]:
    return tuple([key for key in keys if columns.issuperset(key.columns)])


def _reachable(relation: Relation, table: str, columns: Mapping[str, frozenset[str]]) -> bool:
    """Whether all that a relation tells is visible: the columns of both ends and of the junction between them."""
    ends: list[tuple[str, Sequence[str]]] = [(table, relation.columns), (relation.target, relation.target_columns)]
    if relation.junction is not None:
        ends.append((relation.junction.table, relation.junction.source_columns + relation.junction.target_columns))
    return all(name in columns and columns[name].issuperset(needed) for name, needed in ends)


def validate(permissions: Permissions, model: Model) -> list[Problem]:
    """The tables, columns and functions that rules name and the model does not have."""
    tables = {table.name: table for table in model.tables}
    functions = {function.name for function in (*model.functions, *[f for t in model.tables for f in t.computed])}
    problems = []
    for (name, role), entry in permissions.rules.items():
        path = f"tables.{name}"
        if name not in tables:
            problem = Problem(path, _unknown("table", name, tables), permissions.line_of(path))
            problems += [problem] if problem not in problems else []
            continue
        known = [column.name for column in tables[name].columns]
        problems += [
            Problem(place, _unknown("column", column, known), permissions.line_of(place))
            for place, column in _columns_named(f"{path}.{role}", entry)
            if column not in known
        ]
    problems += [
        Problem(f"functions.{name}", _unknown("function", name, functions), permissions.line_of(f"functions.{name}"))
        for name in permissions.functions
        if name not in functions
    ]
    return problems


def _columns_named(path: str, entry: TableRules) -> Iterator[tuple[str, str]]:
    """The columns a rule names, each with its place."""
    for operation, rule in (("select", entry.select), ("insert", entry.insert), ("update", entry.update)):
        for column in sorted(rule.columns or ()) if rule else ():
            yield f"{path}.{operation}.columns", column
        for column in getattr(rule, "presets", ()):
            yield f"{path}.{operation}.set.{column}", column


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    return f"There is no {what} `{name}`.{did_you_mean(name, known)}"
