"""The type zoo written through the API: what is read of a cell makes the same cell again, of every type, alone and in
bulk; rows of every kind of table and key are made, changed and deleted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, GraphQLObjectType
from psycopg import sql

from kapok.errors import KapokError
from kapok.model.types import Table
from tests.db.schemas import zoo_scripts
from tests.db.test_zoo_reads import LOCAL, SHIFTED, selection
from tests.writes import Writer, writer


@pytest.fixture(scope="module")
def zoo() -> Iterator[Writer]:
    with writer(os.environ["DATABASE_URL"], ";".join(zoo_scripts()), "") as found:
        yield found


def fitted(type_: Any, value: Any) -> Any:
    """What was read as what may be given."""
    if isinstance(type_, GraphQLNonNull):
        return fitted(type_.of_type, value)
    if isinstance(type_, GraphQLList):
        return value if value is None else [fitted(type_.of_type, item) for item in value]
    if isinstance(type_, GraphQLInputObjectType) and isinstance(value, dict):
        if value.get("isEmpty"):
            return {"lower": None, "upper": None, "isEmpty": True} if "isEmpty" in type_.fields else None
        return {name: fitted(type_.fields[name].type, item) for name, item in value.items() if name in type_.fields}
    return value


def every(zoo: Writer) -> list[Table]:
    return [table for table in zoo.model.tables if table.name.startswith("every_")]


def several(table: Table) -> str:
    return table.api_list[0].upper() + table.api_list[1:]


def rows_of(zoo: Writer, table: Table) -> list[dict[str, Any]]:
    """Rows as the API shows them, by an update that changes nothing."""
    type_ = zoo.api.graphql.type_map[zoo.api.surface.types[table.name].row]
    assert isinstance(type_, GraphQLObjectType)
    fields = selection(zoo, type_)  # type: ignore[arg-type]
    text = f"mutation {{ found: update{several(table)}(filter: {{}}, input: {{}}) {fields} }}"
    return [row for row in zoo.data(text.replace(" aJsonb", ""))["found"] if int(row["id"]) < 100]


def cells(zoo: Writer, table: Table) -> dict[int, dict[str, Any]]:
    """By row what can be given again: GraphQL's Float takes neither NaN nor infinity, lists of inputs no nulls."""
    input_type = zoo.api.graphql.type_map[f"Create{table.api_type}Input"]
    assert isinstance(input_type, GraphQLInputObjectType)
    found: dict[int, dict[str, Any]] = {}
    for row in rows_of(zoo, table):
        shifted = table.name == "every_array" and row["id"] == SHIFTED
        found[int(row["id"])] = {
            name: fitted(input_type.fields[name].type, value)
            for name, value in row.items()
            if name in input_type.fields and name not in LOCAL and name != "id" and not shifted
            if value is not None and may_be_given(zoo, table, name, fitted(input_type.fields[name].type, value))
        }
    return found


def may_be_given(zoo: Writer, table: Table, name: str, value: Any) -> bool:
    text = f"mutation ($i: Create{table.api_type}Input!) {{ create{table.api_type}(input: $i) {{ id }} }}"
    try:
        zoo.compile(text, {"i": {"id": "1", name: value}})
    except KapokError:
        return False
    return value is not None


def differing(zoo: Writer, table: Table, given: dict[int, dict[str, Any]], shift: int) -> list[Any]:
    """Cells that are not what they were."""
    names = {column.api_name: column.name for column in table.columns}
    found = []
    with psycopg.connect(os.environ["DATABASE_URL"], options="-c timezone=UTC") as connection:
        for id_, row in given.items():
            for api_name in row:
                cell = sql.SQL("select to_jsonb({})::text from {} where id = %s").format(
                    sql.Identifier(names[api_name]), sql.Identifier(zoo.tenant.schema, table.name)
                )
                old, new = (connection.execute(cell, [number]).fetchone() for number in (id_, id_ + shift))
                found += [] if old == new else [(table.name, id_, api_name, old, new)]
    return found


def test_every_cell_can_be_written_again(zoo: Writer) -> None:
    count = 0
    for table in every(zoo):
        given = cells(zoo, table)
        count += sum(map(len, given.values()))
        one = f"mutation ($i: Create{table.api_type}Input!) {{ create{table.api_type}(input: $i) {{ id }} }}"
        for id_, row in given.items():
            zoo.data(one, {"i": {"id": str(id_ + 1000), **row}})
        many = f"mutation ($i: [Create{table.api_type}Input!]!) {{ create{several(table)}(input: $i) {{ id }} }}"
        zoo.data(many, {"i": [{"id": str(id_ + 2000), **row} for id_, row in given.items()]})
        twice = [{"id": str(id_ + shift), **row} for id_, row in given.items() for shift in (3000, 4000)]
        assert len(zoo.data(many, {"i": twice})[f"create{several(table)}"]) == len(twice)
        for shift in (1000, 2000, 3000, 4000):
            assert differing(zoo, table, given, shift) == []
    assert count > 400


def test_every_cell_can_be_changed_to_its_own_value(zoo: Writer) -> None:
    for table in every(zoo):
        given = cells(zoo, table)
        given_ = f"$k: ID!, $i: Update{table.api_type}Input!"
        text = f"mutation ({given_}) {{ update{table.api_type}(id: $k, input: $i) {{ id }} }}"
        blank = f"mutation ($k: ID!) {{ create{table.api_type}(input: {{id: $k}}) {{ id }} }}"
        for id_, row in given.items():
            zoo.data(blank, {"k": str(id_ + 5000)})
            zoo.data(text, {"k": str(id_ + 5000), "i": row})
        assert differing(zoo, table, given, 5000) == []


def test_every_kind_of_key(zoo: Writer) -> None:
    """Composite and shared keys, references to themselves and to each other, partitions."""
    text = """mutation {
      country: createCountry(input: {
        code: "CH", name: "Switzerland", regions: {create: [{code: "ZH", name: "Zürich"}]}
      }) { code regions { code name } }
      root: createCategory(input: {id: 900, name: "root", children: {create: [
        {id: 901, name: "a", children: {create: [{id: 902, name: "b"}]}}]}}) { children { children { name } } }
    }"""
    answer = zoo.data(text)
    assert answer["country"] == {"code": "CH", "regions": [{"code": "ZH", "name": "Zürich"}]}
    assert answer["root"] == {"children": [{"children": [{"name": "b"}]}]}
    city = """mutation {
      createCity(input: {id: 900, region: {connect: {countryCode: "CH", code: "ZH"}}}) {
        region { name } }
      updateRegion(countryCode: "CH", code: "ZH", input: {name: "Zurich"}) { name rowVersion }
    }"""
    answer = zoo.data(city)
    assert answer["createCity"] == {"region": {"name": "Zürich"}}
    assert answer["updateRegion"]["name"] == "Zurich"


def test_partitions(zoo: Writer) -> None:
    text = """mutation {
      createEvents(input: [{id: 1, at: "2024-05-05"}, {id: 2, at: "1999-05-05"}]) { id at rowVersion } }"""
    made = zoo.data(text)["createEvents"]
    assert [(row["id"], row["at"]) for row in made] == [("1", "2024-05-05"), ("2", "1999-05-05")]
    assert all(row["rowVersion"].isdecimal() for row in made)
    text = """mutation { upsertEvents(input: [{id: 1, at: "2024-05-05", labelId: null}, {id: 3, at: "2024-05-05"}],
      onConflict: ID_AND_AT) { id } }"""
    assert zoo.data(text)["upsertEvents"] == [{"id": "1"}, {"id": "3"}]
