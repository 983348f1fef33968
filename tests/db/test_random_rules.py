"""Random rules on real Postgres.

What a role sees of a table must be what a naive evaluation of its rules gives, and whatever it asks must be answered as
if the database held nothing but that: each document is run under the rules, and without rules on a twin schema that
holds only the visible rows with null in place of hidden cells. So no filter, order, aggregate, cursor, search, distinct
or count through a relation can tell of anything hidden.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

import orjson
import psycopg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.graphql_api.schema.graphene_types import build_schema
from apps.graphql_api.schema.surface import build_surface
from kapok.model import naming
from kapok.model.types import Column, Junction, Model, Relation, RelationKind, Table
from kapok.query.families import is_comparable, searchable_columns
from tests.db.rule_strategies import worlds
from tests.db.rule_worlds import CLAIMS, Row, World, ddl, filled, view
from tests.reads import Reader, reader

# Every example makes schemas: shrinking one would take longer than a test may.
EXAMPLES = settings(
    phases=[Phase.explicit, Phase.generate],
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def literal(value: Any) -> str:
    """A value as GraphQL writes it, enum values aside."""
    return orjson.dumps(value).decode()


# ------------------------------------------------------------------------------------------------------------ the twin


@contextmanager
def twin(seen: Reader, world: World, rows: dict[str, list[Row]]) -> Iterator[Reader]:
    """The role's API without its rules, over a schema of these rows. The tables have no constraints: rows without their
    key and relations to hidden rows must fit in."""
    columns = {name: table.columns for name, table in world.tables.items()}
    made = ["create type kind as enum ('red', 'dark blue', 'green')"]
    for name, table in world.tables.items():
        types = ", ".join(f"{column} {columns[name].get(column, 'int')}" for column in table.all_columns)
        made.append(f"create table {name} ({types})")
    with reader(os.environ["DATABASE_URL"], "; ".join([*made, *filled(world.tables, rows)])) as found:
        model = unguarded(seen.model)
        yield Reader(found.connection, found.tenant, build_schema(build_surface(model)), model)


def unguarded(model: Model) -> Model:
    """The same tables, allowing everything."""

    def plain(relation: Relation) -> Relation:
        if relation.junction is None:
            return relation
        values = {field.name: getattr(relation.junction, field.name) for field in fields(Junction)}
        return replace(relation, junction=Junction(**values))

    tables = []
    for table in model.tables:
        values = {field.name: getattr(table, field.name) for field in fields(Table)}
        values["relations"] = tuple(plain(relation) for relation in table.relations)
        tables.append(Table(**values))
    return replace(model, tables=tuple(tables))


# ------------------------------------------------------------------------------------------------------------ documents


class Documents:
    """Random documents over what a role sees."""

    def __init__(self, draw: st.DrawFn, model: Model) -> None:
        self._draw = draw
        self._tables = {table.name: table for table in model.tables}

    def one(self) -> str:
        """A document with one root field."""
        table = self._pick(list(self._tables.values()))
        match self._draw(st.integers(0, 4)):
            case 0:
                return "{ found: " + self._connection(table, table.api_list, 2) + " }"
            case 1:
                return "{ found: " + self._aggregate(table, table.api_list) + " }"
            case 2 if table.primary_key is not None:
                return "{ found: " + self._by_key(table) + " }"
            case _:
                return "{ found: " + self._list(table, table.api_list, 2) + " }"

    def _pick(self, items: list[Any]) -> Any:
        return self._draw(st.sampled_from(items))

    def _list(self, table: Table, field: str, depth: int) -> str:
        given = self._filters(table)
        comparable = [column for column in table.columns if is_comparable(column.type)]
        distinct = self._draw(st.lists(st.sampled_from(comparable), max_size=1)) if comparable else []
        given += [f"distinctOn: [{naming.upper(column.api_name)}]" for column in distinct]
        given += [f"orderBy: {self._order(table, distinct)}"]
        given += self._draw(st.sampled_from([[], ["limit: 2"], ["limit: 2, offset: 1"]]))
        return f"{field}({', '.join(given)}) {self._row(table, depth)}"

    def _connection(self, table: Table, field: str, depth: int) -> str:
        paged = self._draw(st.sampled_from(["first: 2", "last: 2", "first: 50"]))
        given = ", ".join([*self._filters(table), f"orderBy: {self._order(table, [])}", paged])
        pages = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount"
        return f"{field}Connection({given}) {{ {pages} edges {{ cursor node {self._row(table, depth)} }} }}"

    def _aggregate(self, table: Table, field: str) -> str:
        columns = [column for column in table.columns if is_comparable(column.type)]
        groups = self._draw(st.lists(st.sampled_from(columns), max_size=2, unique=True)) if columns else []
        given = self._filters(table)
        given += [f"groupBy: [{', '.join(naming.upper(column.api_name) for column in groups)}]"] if groups else []
        names = " ".join(column.api_name for column in columns)
        read = "count" + (f" countDistinct {{ {names} }}" if names else "")
        grouped = " ".join(column.api_name for column in groups)
        read += f" group {{ {grouped} }}" if groups else ""
        return f"{field}Aggregate{'(' + ', '.join(given) + ')' if given else ''} {{ {read} }}"

    def _by_key(self, table: Table) -> str:
        assert table.primary_key is not None
        keys = ", ".join(
            f'{table.column(name).api_name}: "{self._draw(st.integers(1, 5))}"' for name in table.primary_key.columns
        )
        return f"{table.api_one}({keys}) {self._row(table, 2)}"

    def _row(self, table: Table, depth: int) -> str:
        read = [column.api_name for column in table.columns]
        for relation in table.relations if depth else ():
            target = self._tables[relation.target]
            if relation.kind is RelationKind.TO_ONE:
                read.append(f"{relation.api_name} {self._row(target, depth - 1)}")
                continue
            match self._draw(st.integers(0, 3)):
                case 0:
                    read.append(self._list(target, relation.api_name, depth - 1))
                case 1:
                    read.append(self._connection(target, relation.api_name, depth - 1))
                case 2:
                    read.append(self._aggregate(target, relation.api_name))
        return "{ __typename " + " ".join(read) + " }"

    def _order(self, table: Table, first: list[Column]) -> str:
        """An order in which only rows that are equal to the role are equal."""
        comparable = [column for column in table.columns if is_comparable(column.type)]
        keys = [*first, *self._draw(st.permutations([column for column in comparable if column not in first]))]
        terms = [f"{{{column.api_name}: {self._pick(['ASC', 'DESC', 'DESC_NULLS_LAST'])}}}" for column in keys]
        for relation in table.relations:
            target = self._tables[relation.target]
            columns = [column for column in target.columns if is_comparable(column.type)]
            if relation.kind is RelationKind.TO_ONE and columns and not first and self._draw(st.booleans()):
                terms.insert(0, f"{{{relation.api_name}: {{{self._pick(columns).api_name}: ASC}}}}")
        return f"[{', '.join(terms)}]"

    def _filters(self, table: Table) -> list[str]:
        given = []
        if self._draw(st.booleans()):
            given.append(f"filter: {self._filter(table, 2)}")
        if searchable_columns(table) and self._draw(st.integers(0, 4)) == 0:
            given.append('search: "a"')
        return given

    def _filter(self, table: Table, depth: int) -> str:
        choice = self._draw(st.integers(0, 5)) if depth else 0
        if choice == 1:
            return f"{{not: {self._filter(table, depth - 1)}}}"
        if choice == 2:
            return f"{{or: [{self._filter(table, depth - 1)}, {self._filter(table, depth - 1)}]}}"
        if choice in (3, 4) and table.relations:
            relation = self._pick(list(table.relations))
            inner = self._filter(self._tables[relation.target], depth - 1)
            if relation.kind is RelationKind.TO_ONE:
                return f"{{{relation.api_name}: {inner}}}"
            return f"{{{relation.api_name}: {{{self._pick(['some', 'none', 'every'])}: {inner}}}}}"
        column = self._pick(list(table.columns))
        return f"{{{column.api_name}: {self._pick(COMPARISONS[column.type.name.name, column.is_id])}}}"


COMPARISONS: dict[tuple[str, bool], list[str]] = {
    ("text", False): ['{eq: "a"}', '{like: "a%"}', '{regex: "^[ab]"}', "{isNull: true}", '{ne: "b"}', '{gt: "a"}'],
    ("int4", False): ["{gt: 0}", "{lte: 1}", "{isNull: true}", "{distinctFrom: 1}", "{in: [0, 2]}"],
    ("int4", True): ['{eq: "1"}', '{gt: "2"}', "{isNull: true}", '{notIn: ["1", "2"]}'],
    ("bool", False): ["{eq: true}", "{isNull: false}", "{notDistinctFrom: null}"],
    ("kind", False): ["{eq: RED}", "{notIn: [DARK_BLUE]}", "{isNull: true}"],
    ("_text", False): ['{has: "a"}', "{isNull: true}", "{length: {gt: 0}}"],
    ("text[]", False): ['{has: "a"}', "{isNull: true}", "{length: {gt: 0}}"],
}


def answer(seen: Reader, document: str) -> Any:
    """The data, or the SQLSTATE."""
    try:
        return seen.data(document, row_cap=50)
    except psycopg.Error as error:
        return error.sqlstate


# ---------------------------------------------------------------------------------------------------------------- tests


def cells(seen: Reader, table: str) -> list[dict[str, Any]]:
    """All that is given of a table, as database names; sorted."""
    found = next((item for item in seen.model.tables if item.name == table), None)
    if found is None:
        return []
    aliases = " ".join(f"{column.name}: {column.api_name}" for column in found.columns)
    rows = seen.data(f"{{ {found.api_list} {{ {aliases} }} }}")[found.api_list]
    return sorted(rows, key=literal)


def expected(world: World, rows: list[Row], table: str, columns: list[str]) -> list[dict[str, Any]]:
    """Rows of a view as the API shows them."""
    keys = {"id", *world.tables[table].links}
    kinds = {name for name, type_ in world.tables[table].columns.items() if type_ == "kind"}

    def shown(column: str, value: Any) -> Any:
        if value is None:
            return None
        return str(value) if column in keys else naming.upper(value) if column in kinds else value

    return sorted([{c: shown(c, row[c]) for c in columns} for row in rows], key=literal)


@EXAMPLES
@given(world=worlds(), data=st.data())
def test_a_role_sees_the_view_of_its_rules_and_nothing_else(world: World, data: st.DataObject) -> None:
    role = data.draw(st.sampled_from(list(world.roles)))
    with reader(os.environ["DATABASE_URL"], ddl(world)) as full:
        seen = full.as_role(world.permissions(), role, world.claims)
        rows = view(world, role)
        for table in world.tables:
            columns = [column.name for item in seen.model.tables if item.name == table for column in item.columns]
            given_columns = expected(world, rows[table], table, columns) if columns else []
            assert cells(seen, table) == given_columns
        if seen.model.tables:
            with twin(seen, world, rows) as alone:
                for document in data.draw(documents(seen.model)):
                    assert answer(seen, document) == answer(alone, document)


def shown(world: World, full: Reader, role: str) -> set[tuple[str, str, str, str]]:
    """The cells a role is given: table, id, column, value."""
    seen = full.as_role(world.permissions(), role, world.claims)
    return {
        (table, row["id"], column, literal(value))
        for table in world.tables
        for row in cells(seen, table)
        for column, value in row.items()
        if value is not None
    }


@EXAMPLES
@given(world=worlds())
def test_a_role_is_shown_its_own_cells_and_those_of_its_parents(world: World) -> None:
    """Never one that none of them shows. Rows are told apart by their id, which every rule shows here."""
    tables = {name: table for name, table in world.tables.items() if not table.joins}
    rules = {
        (table, role): {**rule, "columns": rule["columns"] if rule["columns"] == "*" else ["id", *rule["columns"]]}
        for (table, role), rule in world.rules.items()
        if table in tables
    }
    rules = {key: {**rule, "columns": unique(rule["columns"])} for key, rule in rules.items()}
    alone = {f"{role}_alone": [] for role in world.roles}
    own = {(table, f"{role}_alone"): rule for (table, role), rule in rules.items()}
    world = replace(world, tables=world.tables, roles={**world.roles, **alone}, rules={**rules, **own})
    with reader(os.environ["DATABASE_URL"], ddl(world)) as full:
        given_cells = {role: shown(replace(world, tables=tables), full, role) for role in world.roles}
    for role in world.roles:
        if role not in alone:
            assert given_cells[role] == set().union(*[given_cells[f"{name}_alone"] for name in world.lineage(role)])


@EXAMPLES
@given(world=worlds(), data=st.data())
def test_a_missing_claim_never_shows_what_some_value_of_it_would_hide(world: World, data: st.DataObject) -> None:
    role = data.draw(st.sampled_from(list(world.roles)))
    name = data.draw(st.sampled_from(["sub", "x", "list"]))
    without = replace(world, claims={key: value for key, value in world.claims.items() if key != name})
    value = data.draw(st.sampled_from(CLAIMS[1:]))
    having = replace(world, claims={**world.claims, name: value})
    with reader(os.environ["DATABASE_URL"], ddl(world)) as full:
        for table in world.tables:
            fewer = cells(full.as_role(world.permissions(), role, without.claims), table)
            more = cells(full.as_role(world.permissions(), role, having.claims), table)
            assert all(any(covers(row, other) for other in more) for row in fewer)


def covers(row: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether all that is shown of a row is shown of the other one, too."""
    return all(value is None or other[column] == value for column, value in row.items())


def unique(columns: Any) -> Any:
    return columns if columns == "*" else sorted(set(columns))


@st.composite
def documents(draw: st.DrawFn, model: Model) -> list[str]:
    maker = Documents(draw, model)
    return [maker.one() for _ in range(8)]
