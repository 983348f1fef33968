"""Tables, columns and enum labels named to break out of SQL, JSON or GraphQL: each is read, and is only a name."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from psycopg import sql

from tests.reads import Reader, reader

NAMES = [
    'quo"te',
    "apo'strophe",
    "back\\slash",
    "dollar$1$$x$$",
    "per%cent%s {0} {{x}}",
    "semi; drop table victims; --",
    "/* comment */ or 1=1",
    "zażółć 木棉 😀",
    "line\nbreak\ttab",
    "select",
    "x" * 63,
    "é" * 31,
]
LABELS = [*NAMES, 'json"}],"x":[{"', "</script>", "NULL", ""]


def _script() -> str:
    text = [sql.SQL("create table victims (id int primary key); insert into victims values (7);")]
    labels = sql.SQL(", ").join([sql.Literal(label) for label in LABELS])
    text.append(sql.SQL("create type {} as enum ({});").format(sql.Identifier("mo'o\"d; --"), labels))
    for number, name in enumerate(NAMES):
        text.append(
            sql.SQL("create table {} ({} text primary key, mood {}, parent text references {});").format(
                sql.Identifier(name), sql.Identifier(name), sql.Identifier("mo'o\"d; --"), sql.Identifier(name)
            )
        )
        text.append(
            sql.SQL("insert into {} values ({}, {}, null);").format(
                sql.Identifier(name), sql.Literal(f"row {number}"), sql.Literal(LABELS[number])
            )
        )
        text.append(
            sql.SQL("insert into {} values ({}, {}, {});").format(
                sql.Identifier(name),
                sql.Literal(name),
                sql.Literal(LABELS[-1 - number % 4]),
                sql.Literal(f"row {number}"),
            )
        )
    return "\n".join(piece.as_string(None) for piece in text)


@pytest.fixture(scope="module")
def hostile() -> Iterator[Reader]:
    with reader(os.environ["DATABASE_URL"], _script()) as found:
        yield found


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_only_a_name(hostile: Reader, name: str) -> None:
    table = next(table for table in hostile.api.surface.model.tables if table.name == name)
    columns = {column.name: column.api_name for column in table.columns}
    key, parent, mood, many = columns[name], columns["parent"], columns["mood"], table.api_list
    found = hostile.data(f"{{ {many}(orderBy: [{{{key}: ASC}}]) {{ {key} {mood} {parent} nodeId }} }}")[many]
    number = NAMES.index(name)
    assert sorted(item[key] for item in found) == sorted([name, f"row {number}"])
    by_value = hostile.data(f"query($v: ID!) {{ {many}(filter: {{{key}: {{eq: $v}}}}) {{ {key} }} }}", {"v": name})
    assert [item[key] for item in by_value[many]] == [name]
    for item in found:
        again = hostile.data("query($id: ID!) { node(id: $id) { nodeId } }", {"id": item["nodeId"]})
        assert again == {"node": {"nodeId": item["nodeId"]}}
    assert hostile.rows("select id from victims") == [(7,)]
