"""Pass: names of tables and columns, columns, keys. Out: `Table`s without relations and functions yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from kapok.catalog.types import Catalog, RawColumn, RawKey, RawTable, RawTableKind
from kapok.model import naming
from kapok.model.build_types import Types
from kapok.model.directives import read_comment
from kapok.model.namespace import Candidate, Name, Namespace
from kapok.model.scalars import ID_SCALARS
from kapok.model.types import Check, Column, PgType, Table, TableKind, TypeKind, UniqueKey

TABLE_KINDS = {
    RawTableKind.TABLE: TableKind.TABLE,
    RawTableKind.PARTITIONED: TableKind.PARTITIONED,
    RawTableKind.VIEW: TableKind.VIEW,
    RawTableKind.MATERIALIZED_VIEW: TableKind.MATERIALIZED_VIEW,
    RawTableKind.FOREIGN: TableKind.FOREIGN,
}
_VIEWS = frozenset({TableKind.VIEW, TableKind.MATERIALIZED_VIEW})

#: Words of a filter; a column must not shadow them.
RESERVED_FIELDS = frozenset({"and", "or", "not"})
_TYPE_SUFFIXES = (
    *("Filter", "ListFilter", "OrderBy", "Column", "Connection", "Edge", "Conflict", "UpdateColumn", "Change"),
    "Aggregate",
    *("AggregateGroup", "AggregateCountDistinct", "AggregateSum", "AggregateAvg", "AggregateMin", "AggregateMax"),
)
_INPUTS = ("Create{}Input", "Update{}Input", "Update{}ByKeyInput", "{}KeyInput")


def table_claims(name: Name) -> frozenset[str]:
    """All GraphQL types and root fields that one table brings. name: (BlogPost, blogPost, blogPosts)."""
    api_type, _, many = name
    several = many[0].upper() + many[1:]
    types = [f"type {api_type}{suffix}" for suffix in _TYPE_SUFFIXES]
    inputs = [f"type {form.format(api_type)}" for form in _INPUTS]
    queries = [f"query {many}Connection", f"query {many}Aggregate"]
    verbs = ("create", "update", "upsert", "delete")
    mutations = [f"mutation {verb}{noun}" for verb in verbs for noun in (api_type, several)]
    mutations.append(f"mutation update{several}ByKey")
    return _plain_claims(name) | frozenset(types + inputs + queries + mutations)


def _plain_claims(name: Name) -> frozenset[str]:
    return frozenset([f"type {name[0]}", f"query {name[1]}", f"query {name[2]}"])


def name_tables(catalog: Catalog, namespace: Namespace) -> dict[str, Name]:
    """(type, one, list) of each table."""
    candidates = [_table_candidate(table) for table in catalog.tables]
    # `post_filters` must not take PostFilter away from `posts`.
    claimed = Counter([claim for candidate in candidates for claim in table_claims(candidate.wishes[0])])
    brought = {candidate.key: _plain_claims(candidate.wishes[0]) for candidate in candidates}
    plain = Counter([claim for claims in brought.values() for claim in claims])
    given = namespace.assign(
        [
            replace(candidate, yields=any(claimed[claim] > plain[claim] for claim in brought[candidate.key]))
            for candidate in candidates
        ]
    )
    return {table: name for (table,), name in given.items()}


def _table_candidate(table: RawTable) -> Candidate:
    comment = read_comment(table.comment)
    chosen, chosen_plural = comment.argument("name"), comment.argument("plural")
    singular = naming.words(chosen) if chosen else naming.singular(table.name)
    plural = naming.words(chosen_plural) if chosen_plural else naming.plural(singular)
    if naming.camel(plural) == naming.camel(singular):
        plural = (*singular, "list")
    name = (naming.pascal(singular), naming.camel(singular), naming.camel(plural))
    return Candidate((table.name,), (name,), table_claims, explicit=bool(chosen or chosen_plural))


def field_claims(name: Name) -> frozenset[str]:
    """A field and the enum value that stands for it (fooBAR and fooBar are two fields but one FOO_BAR)."""
    return frozenset([name[0], naming.upper(name[0])])


def build_table(table: RawTable, name: Name, types: Types, fields: Namespace) -> Table:
    """A table with its columns and primary key. fields: the names of its fields."""
    primary = next((key for key in table.keys if key.primary), None)
    return Table(
        name=table.name,
        kind=TABLE_KINDS[table.kind],
        api_type=name[0],
        api_one=name[1],
        api_list=name[2],
        columns=_columns(table, primary, types, fields),
        primary_key=UniqueKey(primary.name, primary.columns, name[1], primary.arbiter) if primary else None,
        comment=read_comment(table.comment).text,
        checks=tuple([Check(check.name, check.columns) for check in table.checks]),
        deletable=table.deletable,
        row_security=table.row_security,
        estimated_rows=table.estimated_rows,
    )


def _columns(table: RawTable, primary: RawKey | None, types: Types, fields: Namespace) -> tuple[Column, ...]:
    given = fields.assign([_column_candidate(column) for column in table.columns])
    referencing = {name for key in table.foreign_keys for name in key.columns}
    in_primary = frozenset(primary.columns if primary else ())
    return tuple(
        [
            _column(
                column,
                given[column.name,][0],
                types[column.type],
                is_view=TABLE_KINDS[table.kind] in _VIEWS,
                in_key=column.name in in_primary,
                is_id=column.name in in_primary or column.name in referencing,
            )
            for column in table.columns
        ]
    )


def _column_candidate(column: RawColumn) -> Candidate:
    chosen = read_comment(column.comment).argument("name")
    return Candidate((column.name,), ((naming.camel(chosen or column.name),),), field_claims, explicit=bool(chosen))


def _column(column: RawColumn, api_name: str, pg_type: PgType, *, is_view: bool, in_key: bool, is_id: bool) -> Column:
    comment = read_comment(column.comment)
    # A view's column of a NOT NULL domain can be null: an outer join does not ask the domain.
    not_null = column.not_null or in_key or comment.has("notNull") or (pg_type.not_null and not is_view)
    return Column(
        name=column.name,
        api_name=api_name,
        type=pg_type,
        nullable=not not_null,
        is_id=is_id and _scalar_base(pg_type) in ID_SCALARS,
        has_default=column.has_default or column.identity == "d" or not not_null or comment.has("optional"),
        read_only=column.generated or column.identity == "a" or is_view,
        insertable=column.insertable,
        updatable=column.updatable,
        comment=comment.text,
        modifier=column.modifier,
    )


def _scalar_base(pg_type: PgType) -> str | None:
    """The scalar a value is at bottom, None for arrays, enums and other built types."""
    while pg_type.kind is TypeKind.DOMAIN and pg_type.element is not None:
        pg_type = pg_type.element
    return pg_type.scalar if pg_type.kind is TypeKind.SCALAR else None


def build_unique_keys(
    tables: Mapping[str, Table], raw_tables: tuple[RawTable, ...], root: Namespace
) -> dict[str, tuple[UniqueKey, ...]]:
    """The unique keys of each table besides the primary key, one for each set of columns, with their query fields."""
    keys: dict[tuple[str, ...], RawKey] = {}
    for raw in raw_tables:
        seen = {frozenset(key.columns) for key in raw.keys if key.primary}
        for key in sorted(raw.keys, key=lambda key: key.name):
            if not key.primary and frozenset(key.columns) not in seen:
                seen.add(frozenset(key.columns))
                keys[raw.name, key.name] = key
    given = root.assign([_key_candidate(place, tables[place[0]], key) for place, key in keys.items()])
    found: dict[str, tuple[UniqueKey, ...]] = {}
    for (table, name), key in keys.items():
        found[table] = (*found.get(table, ()), UniqueKey(name, key.columns, given[table, name][0], key.arbiter))
    return found


def _key_candidate(place: tuple[str, ...], table: Table, key: RawKey) -> Candidate:
    chosen = read_comment(key.comment).argument("name")
    by = "And".join([naming.pascal(naming.words(table.column(column).api_name)) for column in key.columns])
    wish = naming.camel(chosen) if chosen else f"{table.api_one}By{by}"
    return Candidate(place, ((wish,),), root_field_claims, explicit=bool(chosen))


def root_field_claims(name: Name) -> frozenset[str]:
    """One query field."""
    return frozenset([f"query {name[0]}"])
