"""The type zoo through the API: every type read back exactly, taken as it is written, under every hostile name."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from apps.graphql_api.schema.bindings import Aggregate, ColumnField, Connection, RowList
from kapok.errors import KapokError
from tests.reads import Reader, reader

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "zoo.json"
#: Their text depends on the server's locale, its superuser's name or its transactions.
LOCAL = frozenset({"aMoney", "moneys", "aAclitem", "rowVersion"})
#: An xid8 beyond what BigInt takes.
TOO_LARGE = "18446744073709551615"
#: Arrays of row 6 start at other subscripts than 1, which JSON cannot say.
SHIFTED = "6"


@pytest.fixture(scope="module")
def zoo() -> Iterator[Reader]:
    scripts = [(HERE / name).read_text() for name in ("zoo.sql", "zoo_tables.sql")]
    with reader(os.environ["DATABASE_URL"], *scripts) as found:
        yield found


def lists(zoo: Reader) -> dict[str, RowList]:
    return {name: binding for name, binding in zoo.api.surface.query.items() if isinstance(binding, RowList)}


def row_type(zoo: Reader, binding: RowList | Connection | Aggregate) -> GraphQLObjectType:
    found = zoo.api.graphql.type_map[zoo.api.surface.types[binding.table.name].row]
    assert isinstance(found, GraphQLObjectType)
    return found


def selection(zoo: Reader, type_: GraphQLObjectType, depth: int = 0) -> str:
    """All fields without arguments, into composites and ranges but not into other tables."""
    found = []
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if field.args or (isinstance(inner, GraphQLObjectType) and (inner.name in zoo.api.surface.tables or depth > 3)):
            continue
        found.append(f"{name} {selection(zoo, inner, depth + 1)}" if isinstance(inner, GraphQLObjectType) else name)
    return "{ " + " ".join(found) + " }"


def rows(zoo: Reader, name: str, binding: RowList) -> list[dict[str, Any]]:
    operation, coerced = zoo.compile(f"{{ {name} {selection(zoo, row_type(zoo, binding))} }}")
    # Numbers as they are written: Python's floats hold fewer than JSON may.
    found = json.loads(zoo.run(operation, coerced), parse_float=lambda text: f"number {text}")[name]
    return [{key: value for key, value in row.items() if key not in LOCAL} for row in found]


def test_every_type_is_read_exactly(zoo: Reader, update_golden: bool) -> None:
    every = {name: binding for name, binding in lists(zoo).items() if binding.table.name.startswith("every_")}
    assert len(every) == 7
    found = {name: sorted(rows(zoo, name, binding), key=lambda row: row["id"]) for name, binding in every.items()}
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if update_golden:
        GOLDEN.write_text(text)
    assert GOLDEN.read_text() == text


def test_every_value_finds_its_row(zoo: Reader) -> None:
    """What is read can be written as a variable of the column's filter, and means the same value."""
    searched = 0
    for name, binding in lists(zoo).items():
        if not binding.table.name.startswith("every_"):
            continue
        filter_name = zoo.api.surface.types[binding.table.name].filter
        document = f"query ($f: {filter_name}) {{ {name}(filter: $f) {{ id }} }}"
        filter_type = zoo.api.graphql.type_map[filter_name]
        assert isinstance(filter_type, GraphQLInputObjectType)
        for row in zoo.data(f"{{ {name} {selection(zoo, row_type(zoo, binding))} }}".replace(" aJsonb", ""))[name]:
            for field, value in row.items():
                operators = filter_type.fields.get(field)
                if operators is None or not writable(value):
                    continue
                if name == "everyArrays" and row["id"] == SHIFTED:
                    continue
                if "eq" not in get_named_type(operators.type).fields:
                    continue
                asked = {"f": {"id": {"eq": row["id"]}, field: {"eq": value}}}
                try:
                    found = zoo.data(document, asked)[name]
                except KapokError as exc:  # GraphQL's Float takes neither NaN nor infinity
                    assert "Float cannot represent non numeric value" in exc.message
                    continue
                assert found == [{"id": row["id"]}], (name, field, value)
                searched += 1
    assert searched > 400


def writable(value: Any) -> bool:
    """Lists of inputs hold no nulls and no lists."""
    return value not in (None, TOO_LARGE) and not (
        isinstance(value, list) and any(v is None or isinstance(v, list) for v in value)
    )


def test_every_table_answers(zoo: Reader) -> None:
    """Whatever tables, columns and keys are called: lists, orders, connections, aggregates and global ids."""
    for name, binding in zoo.api.surface.query.items():
        match binding:
            case RowList():
                assert isinstance(rows(zoo, name, binding), list)
            case Connection():
                fields = selection(zoo, row_type(zoo, binding))
                page = f"edges {{ cursor node {fields} }} pageInfo {{ hasNextPage startCursor }} totalCount"
                found = zoo.data(f"{{ {name}(last: 3) {{ {page} }} }}".replace(" aJsonb", ""))[name]
                assert found["totalCount"] >= len(found["edges"])
            case Aggregate():
                columns = zoo.api.surface.columns_by_enum[binding.table.name]
                groups = "".join(f" {column.api_name}: count" for column in columns.values())
                for column in columns:
                    assert zoo.data(f"{{ {name}(groupBy: [{column}]) {{ count{groups} }} }}")[name] is not None


def test_every_column_can_be_ordered_by(zoo: Reader) -> None:
    for name, binding in lists(zoo).items():
        for column in zoo.api.surface.columns_by_enum[binding.table.name].values():
            text = f"{{ {name}(orderBy: [{{{column.api_name}: DESC}}], distinctOn: []) {{ __typename }} }}"
            assert zoo.data(text)[name] is not None


def test_every_relation_answers(zoo: Reader) -> None:
    for name, binding in lists(zoo).items():
        fields = zoo.api.surface.rows[row_type(zoo, binding).name]
        related = [key for key, found in fields.items() if not isinstance(found, ColumnField) and "Aggr" not in key]
        objects = [key for key in related if get_named_type(row_type(zoo, binding).fields[key].type).name != "ID"]
        for key in objects:
            if not any(
                argument for argument in row_type(zoo, binding).fields[key].args.values() if _required(argument)
            ):
                type_ = get_named_type(row_type(zoo, binding).fields[key].type)
                inner = "{ __typename }" if isinstance(type_, GraphQLObjectType) else ""
                assert zoo.data(f"{{ {name} {{ {key} {inner} }} }}")[name] is not None


def _required(argument: Any) -> bool:
    return str(argument.type).endswith("!")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('unnamed(arg1: 1, arg2: "two")', "two"),
        ("partlyNamed(arg1: 1)", "x"),
        ('partlyNamed(arg1: 1, b: "y")', "y"),
        ("oneOut(a: 7)", 7),
        ('severalOut(a: 7, d: "2024-02-29") { b c d }', {"b": 7, "c": "c", "d": "2024-02-29"}),
        ("returnsTable(a: 7) { id bC }", [{"id": 7, "bC": "x"}]),
        ("aSet", [1]),
        ("currentLabel { name }", {"name": "red"}),
        ('searchPosts(query: "F%", limit: 1, tags: ["a"]) { title }', [{"title": "First"}]),
    ],
)
def test_functions(zoo: Reader, field: str, expected: Any) -> None:
    assert zoo.data(f"{{ found: {field} }}") == {"found": expected}
