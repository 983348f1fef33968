"""What may be given when a row is created or changed, with the rows related to it.

In: a role's model. Out: `WriteInputs` by table. Pure and deterministic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from apps.graphql_api.schema.names import Names
from apps.graphql_api.schema.rights import Rights, rights_of
from apps.graphql_api.schema.write_bindings import ColumnInput, InputBinding, RelationInput, Verb, WriteInputs
from kapok.model import naming
from kapok.model.types import Column, Model, Relation, RelationKind, Table, UniqueKey
from kapok.query.guard import GuardedTable
from kapok.query.seen import masks


def write_inputs(model: Model) -> dict[str, WriteInputs]:
    """The inputs of every table."""
    return _Inputs(model).all()


@dataclass(frozen=True, slots=True)
class _Ends:
    """A relation with what may be written at both of its ends. link: the columns that tie them, at whichever end.
    followed: whether the columns of the source are shown in all of its rows, so that it can be followed from each."""

    relation: Relation
    source: Rights
    target: Rights
    junction: Rights
    keyed: bool
    followed: bool

    def ties(self, columns: tuple[Column, ...]) -> bool:
        """Whether these columns of the end that holds the foreign key cover it."""
        return {column.name for column in columns}.issuperset(self.link)

    @property
    def link(self) -> tuple[str, ...]:
        """The columns of the foreign key."""
        return self.relation.columns if self.relation.own_key else self.relation.target_columns

    def verbs_for_new(self) -> Iterator[Verb]:
        """What a row that is being created may do with related rows."""
        if not self.relation.own_key and not self.followed:
            return
        if self.relation.junction is not None:
            may_create = may_connect = self._joins()
        elif self.relation.own_key:
            may_create = may_connect = self.ties(self.source.insert)
        else:
            may_create, may_connect = self.ties(self.target.insert), self.ties(self.target.update)
        if may_create and self.target.insert:
            yield Verb.CREATE
        if may_connect and self.keyed:
            yield Verb.CONNECT

    def verbs_for_old(self) -> Iterator[Verb]:
        """What a row that is there may do with related rows."""
        if self.relation.own_key:
            if self.ties(self.source.update):
                yield from ([Verb.CREATE] if self.target.insert else [])
                yield from ([Verb.CONNECT] if self.keyed else [])
        else:
            yield from self.verbs_for_new()
        many = self.relation.kind is not RelationKind.TO_ONE
        if not self.followed:
            yield from ([Verb.DISCONNECT] if self.relation.own_key and self._may_part() else [])
            return
        if self._may_part() and (self.keyed or not many):
            yield Verb.DISCONNECT
        if self.target.update and (self.keyed or not many):
            yield Verb.UPDATE
        if self.target.delete and not self.relation.own_key and (self.keyed or not many):
            yield Verb.DELETE

    def _joins(self) -> bool:
        junction = self.relation.junction
        assert junction is not None
        own = {column.name for column in self.junction.insert}
        return own.issuperset((*junction.source_columns, *junction.target_columns))

    def _may_part(self) -> bool:
        if self.relation.junction is not None:
            return self.junction.delete
        holder = self.source.update if self.relation.own_key else self.target.update
        nullable = tuple(column for column in holder if column.nullable)
        return self.ties(nullable)


class _Inputs:
    def __init__(self, model: Model) -> None:
        self._tables = {table.name: table for table in model.tables}
        self._rights = {table.name: rights_of(table) for table in model.tables}
        self._keys = {table.name: _keys(table) for table in model.tables}
        self._new = {table.name: self._relations(table, new=True) for table in model.tables}
        self._old = {table.name: self._relations(table, new=False) for table in model.tables}
        self._supplied = set(self._supplied_columns())

    def all(self) -> dict[str, WriteInputs]:
        return {table.name: self._of(table) for table in self._tables.values()}

    def _of(self, table: Table) -> WriteInputs:
        rights = self._rights[table.name]
        create: dict[str, InputBinding] = {}
        update: dict[str, InputBinding] = {}
        if rights.insert:
            create = {c.api_name: ColumnInput(c, self._is_required(table, c)) for c in rights.insert}
            create |= self._new[table.name]
        if rights.update:
            update = {c.api_name: ColumnInput(c) for c in rights.update}
            update |= self._old[table.name]
        insertable = rights.optional.union(column.name for column in rights.insert)
        targets = [key for key in self._keys[table.name] if key.arbiter and insertable.issuperset(key.columns)]
        both = [column for column in rights.update if column in rights.insert]
        return WriteInputs(
            create,
            update,
            rights.delete,
            rights.optional,
            self._keys[table.name],
            _conflicts(table, targets),
            _upper_names(both),
        )

    def _is_required(self, table: Table, column: Column) -> bool:
        optional = column.has_default or column.nullable or column.name in self._rights[table.name].optional
        return not optional and (table.name, column.name) not in self._supplied

    def _relations(self, table: Table, *, new: bool) -> dict[str, InputBinding]:
        found: dict[str, InputBinding] = {}
        for relation in table.relations:
            ends = self._ends(table, relation)
            verbs = tuple(ends.verbs_for_new() if new else ends.verbs_for_old())
            if verbs:
                found[relation.api_name] = RelationInput(relation, self._tables[relation.target], verbs)
        return found

    def _ends(self, table: Table, relation: Relation) -> _Ends:
        junction = Rights() if relation.junction is None else self._rights.get(relation.junction.table, Rights())
        keyed = bool(self._keys[relation.target])
        followed = not (isinstance(table, GuardedTable) and masks(table.select, relation.columns))
        return _Ends(relation, self._rights[table.name], self._rights[relation.target], junction, keyed, followed)

    def _supplied_columns(self) -> Iterator[tuple[str, str]]:
        """The foreign key columns that a nested write can fill: of a row's own relations, and of rows created below
        another one."""
        for forms in (self._new, self._old):
            for table, fields in forms.items():
                for field in fields.values():
                    assert isinstance(field, RelationInput)
                    relation = field.relation
                    if relation.own_key and forms is self._new:
                        yield from ((table, column) for column in relation.columns)
                    elif not relation.own_key and relation.junction is None and Verb.CREATE in field.verbs:
                        yield from ((relation.target, column) for column in relation.target_columns)


def _keys(table: Table) -> tuple[UniqueKey, ...]:
    """The keys whose columns are all to be seen."""
    visible = {column.name for column in table.columns}
    keys = (table.primary_key, *table.unique_keys)
    return tuple(key for key in keys if key is not None and key.columns and visible.issuperset(key.columns))


def _conflicts(table: Table, keys: list[UniqueKey]) -> dict[str, UniqueKey]:
    """`SLUG`, `AUTHOR_ID_AND_TITLE`."""
    names = Names()
    found = {}
    for key in keys:
        words = [naming.upper(table.column(name).api_name) for name in key.columns]
        found[names.claim("_AND_".join(words))] = key
    return found


def _upper_names(columns: list[Column]) -> dict[str, Column]:
    names = Names()
    return {names.claim(naming.upper(column.api_name)): column for column in columns}
