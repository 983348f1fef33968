"""Rules of one table to the grants of one role.

In: the rules of a role and all it inherits from, and the model. Out: grants over the table's columns, with conditions
read and closed. A rule that does not fit the model (a tenant's tables may have changed since) grants nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from kapok.model.types import Model, Table
from kapok.permissions.closing import closed
from kapok.permissions.predicates import RuleProblem, predicate, preset
from kapok.permissions.rules import DeleteRule, InsertRule, Permissions, SelectRule, TableRules, UpdateRule
from kapok.query.claims import claims_of
from kapok.query.expressions import Expression, Known, all_of
from kapok.query.guard import DeleteGrant, InsertGrant, Preset, RuleSource, SelectGrant, UpdateGrant

G = TypeVar("G")


class RoleGrants:
    """What a role is granted of the tables of a model."""

    def __init__(self, model: Model, permissions: Permissions, role: str) -> None:
        self._model = model
        self._permissions = permissions
        self._lineage = permissions.lineage(role)

    def rules(self, table: Table) -> Iterator[tuple[str, TableRules]]:
        """The entries that count, the role's own first, each with its role."""
        for name in self._lineage:
            entry = self._permissions.rules.get((table.name, name))
            if entry is not None:
                yield name, entry

    def select(self, table: Table) -> list[tuple[SelectRule, SelectGrant]]:
        """What may be read, with the rules that say so."""
        found = []
        for role, entry in self.rules(table):
            rule = entry.select
            if rule is not None:
                grant = _fitting(partial(self._select, table, role, rule, entry))
                found += [(rule, grant)] if grant is not None and grant.columns else []
        return found

    def insert(self, table: Table) -> tuple[InsertGrant, ...]:
        """What may be inserted."""
        return _all(
            partial(self._insert, table, role, entry.insert, entry.own)
            for role, entry in self.rules(table)
            if entry.insert is not None
        )

    def update(self, table: Table) -> tuple[UpdateGrant, ...]:
        """What may be updated."""
        return _all(
            partial(self._update, table, role, entry.update, entry.own)
            for role, entry in self.rules(table)
            if entry.update is not None
        )

    def delete(self, table: Table) -> tuple[DeleteGrant, ...]:
        """What may be deleted."""
        return _all(
            partial(self._delete, table, role, entry.delete, entry.own)
            for role, entry in self.rules(table)
            if entry.delete is not None
        )

    def _select(self, table: Table, role: str, rule: SelectRule, entry: TableRules) -> SelectGrant:
        where = self._condition(table, rule.where)
        source = _source(table, role, "select", rule.line, entry.own)
        computed = frozenset(item.name for item in table.computed if self._shows(role, item.name))
        return SelectGrant(_columns(table, rule.columns), where, computed, source)

    def _shows(self, role: str, function: str) -> bool:
        """Whether the rows one role's rule shows are shown with a computed field: where that role may call it, and
        where one that may call it would see the rows itself."""
        listed = self._permissions.functions.get(function, frozenset())
        if not listed.isdisjoint(self._permissions.lineage(role)):
            return True
        return any(role in self._permissions.lineage(name) for name in listed.intersection(self._lineage))

    def _insert(self, table: Table, role: str, rule: InsertRule, own: bool) -> InsertGrant:
        presets = _presets(table, rule.presets)
        check = all_of(self._condition(table, rule.check), _present(presets))
        source = _source(table, role, "insert", rule.line, own)
        return InsertGrant(_columns(table, rule.columns) - set(rule.presets), check, presets, source)

    def _update(self, table: Table, role: str, rule: UpdateRule, own: bool) -> UpdateGrant:
        presets = _presets(table, rule.presets)
        where = self._condition(table, rule.where)
        check = all_of(self._condition(table, rule.check), _present(presets))
        source = _source(table, role, "update", rule.line, own)
        return UpdateGrant(_columns(table, rule.columns) - set(rule.presets), where, check, presets, source)

    def _delete(self, table: Table, role: str, rule: DeleteRule, own: bool) -> DeleteGrant:
        return DeleteGrant(self._condition(table, rule.where), _source(table, role, "delete", rule.line, own))

    def _condition(self, table: Table, data: Any) -> Expression | None:
        found = None if data is None else predicate(self._model, table, data, "")
        return None if found is None else closed(found)


def _fitting(read: Callable[[], G]) -> G | None:
    try:
        return read()
    except RuleProblem:
        return None


def _all(reads: Iterator[Callable[[], G]]) -> tuple[G, ...]:
    found = [_fitting(read) for read in reads]
    return tuple([grant for grant in found if grant is not None])


def _columns(table: Table, named: frozenset[str] | None) -> frozenset[str]:
    names = frozenset(column.name for column in table.columns)
    return names if named is None else names & named


def _presets(table: Table, given: Any) -> tuple[Preset, ...]:
    columns = {column.name: column for column in table.columns}
    missing = [name for name in given if name not in columns]
    if missing:
        raise RuleProblem(missing[0], "there is no such column.")
    return tuple([Preset(columns[name], preset(columns[name], data, name)) for name, data in given.items()])


def _present(presets: tuple[Preset, ...]) -> Expression | None:
    """A row is not written without the claims it is to be marked with."""
    claims = tuple(dict.fromkeys(claim for item in presets for claim in claims_of(item.value)))
    return Known(claims) if claims else None


def _source(table: Table, role: str, operation: str, line: int | None, own: bool) -> RuleSource:
    return RuleSource(table.name, role, operation, line or 0, own)
