"""Rules applied to a model: what one role sees and may do, as a model of guarded tables.

In: a model and permissions. Out: a smaller model (the same one for `service`). Pure; default deny.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace

from kapok.model.types import Column, Function, Junction, Model, Relation, Table, UniqueKey
from kapok.permissions.grants import RoleGrants
from kapok.permissions.row_arguments import RowArguments, rows_within
from kapok.permissions.rules import SERVICE_ROLE, Permissions, SelectRule
from kapok.query.guard import GuardedJunction, GuardedTable, SelectGrant
from kapok.query.seen import masks, needed, rows_of


def visible(model: Model, permissions: Permissions, role: str) -> Model:
    """What a role sees and may do: tables with its grants, their visible columns, keys and relations of those, and the
    functions it may call. A column that is hidden in some of the visible rows is nullable, and so is a relation that
    leads to a row that may be hidden."""
    if role == SERVICE_ROLE:
        return model
    return _Applied(model, permissions, role).model()


@dataclass(frozen=True, slots=True)
class _Limits:
    aggregate: bool = True
    limit: int | None = None


class _Applied:
    def __init__(self, model: Model, permissions: Permissions, role: str) -> None:
        self._model = model
        self._functions = permissions.functions
        self._lineage = permissions.lineage(role)
        grants = RoleGrants(model, permissions, role)
        guarded = [_guarded(table, grants) for table in model.tables]
        self._tables = {table.name: table for table in guarded if table is not None}
        self._rows = RowArguments(self._tables.values())

    def model(self) -> Model:
        """The role's model."""
        return replace(
            self._model,
            tables=tuple([self._connected(table) for table in self._tables.values()]),
            functions=self._callable(self._model.functions),
        )

    def _connected(self, table: GuardedTable) -> GuardedTable:
        """The table with the relations and computed fields the role may follow."""
        return replace(
            table,
            relations=tuple([self._relation(table, item) for item in table.relations if self._reaches(table, item)]),
            computed=self._callable(table.computed),
        )

    def _callable(self, functions: Iterable[Function]) -> tuple[Function, ...]:
        return tuple([self._rows.reduced(function) for function in functions if self._allows(function)])

    def _allows(self, function: Function) -> bool:
        needs = [name for name in (function.returns_table, function.row_of) if name is not None]
        allowed = not self._functions.get(function.name, frozenset()).isdisjoint(self._lineage)
        known = all(name in self._tables and self._tables[name].columns for name in needs)
        shown = all(self._shows_all(name) for name in rows_within(function.returns))
        return allowed and known and shown and self._rows.allow(function)

    def _shows_all(self, name: str) -> bool:
        """Whether the role sees all of every row of a table."""
        table = self._tables.get(name)
        if table is None:
            return False
        names = _names(table.whole or table)
        return any(grant.where is None and grant.columns >= names for grant in table.select)

    def _reaches(self, table: GuardedTable, relation: Relation) -> bool:
        """Whether all that a relation tells is visible: columns of both ends and of the junction between them."""
        ends: list[tuple[str, Sequence[str]]] = [
            (table.name, relation.columns),
            (relation.target, relation.target_columns),
        ]
        if relation.junction is not None:
            junction = relation.junction
            ends.append((junction.table, junction.source_columns + junction.target_columns))
        return all(name in self._tables and _names(self._tables[name]).issuperset(needed) for name, needed in ends)

    def _relation(self, table: GuardedTable, relation: Relation) -> Relation:
        target = self._tables[relation.target]
        kept = {column.name: column for column in (table.whole or table).columns}
        hidden = [name for name in relation.columns if table.column(name).nullable and not kept[name].nullable]
        partly = rows_of(target.select) is not None or target.row_security or bool(hidden)
        return replace(
            relation,
            nullable=relation.nullable or partly,
            junction=None if relation.junction is None else self._junction(relation.junction),
        )

    def _junction(self, junction: Junction) -> GuardedJunction:
        values = {field.name: getattr(junction, field.name) for field in fields(Junction)}
        return GuardedJunction(**values, select=self._tables[junction.table].select)


def _guarded(table: Table, grants: RoleGrants) -> GuardedTable | None:
    """The table as the role sees it; None where it is granted nothing."""
    read = grants.select(table)
    select = needed([grant for _, grant in read])
    insert, update, delete = grants.insert(table), grants.update(table), grants.delete(table)
    if not (select or insert or update or delete):
        return None
    limits = _limits(read)
    columns = _shown_columns(table, select)
    whole = frozenset(column.name for column in columns).difference(masks(select, [c.name for c in columns]))
    values = {field.name: getattr(table, field.name) for field in fields(Table)}
    values |= {
        "columns": columns,
        "primary_key": next(iter(_within([table.primary_key] if table.primary_key else [], whole)), None),
        "unique_keys": _within(table.unique_keys, whole),
        "aggregate_allowed": limits.aggregate,
        "row_limit": limits.limit,
    }
    return GuardedTable(**values, whole=table, select=select, insert=insert, update=update, delete=delete)


def _shown_columns(table: Table, select: Sequence[SelectGrant]) -> tuple[Column, ...]:
    names = frozenset[str]().union(*[grant.columns for grant in select])
    masked = masks(select, names)
    shown = [column for column in table.columns if column.name in names]
    return tuple([replace(column, nullable=True) if column.name in masked else column for column in shown])


def _limits(read: Iterable[tuple[SelectRule, SelectGrant]]) -> _Limits:
    """Aggregates and row limits are those of the rules that permit all the columns on their own; where none does, the
    strictest count, so that nobody does with a column what no single rule would have allowed."""
    found = list(read)
    if not found:
        return _Limits(aggregate=False)
    columns = frozenset[str]().union(*[grant.columns for _, grant in found])
    whole = [rule for rule, grant in found if grant.columns == columns]
    if whole:
        return _Limits(any(rule.aggregate for rule in whole), _loosest([rule.limit for rule in whole]))
    given = [rule.limit for rule, _ in found if rule.limit is not None]
    return _Limits(all(rule.aggregate for rule, _ in found), min(given, default=None))


def _loosest(limits: Sequence[int | None]) -> int | None:
    given = [limit for limit in limits if limit is not None]
    return max(given) if len(given) == len(limits) else None


def _within(keys: Iterable[UniqueKey], columns: Collection[str]) -> tuple[UniqueKey, ...]:
    return tuple([key for key in keys if set(columns).issuperset(key.columns)])


def _names(table: Table) -> frozenset[str]:
    return frozenset([column.name for column in table.columns])
