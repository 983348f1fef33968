"""Hostile strings in every operator of every string-like type: bound as values, each finds what it equals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from kapok.errors import KapokError
from kapok.execute.failures import public_error
from tests.reads import Reader, reader

TABLES = """
create extension if not exists citext;
create domain label as text;
create type mood as enum ('fine');
create table notes (
  id int primary key, t text, v varchar(200), c char(200), ci citext, d label,
  j jsonb, u uuid, a text[], m mood, b bytea
);
create table victims (id int primary key, secret text);
insert into victims values (7, 'hands off');
insert into notes select n, 'plain', 'plain', 'plain', 'plain', 'plain', '{"k": "plain"}', gen_random_uuid(),
  '{plain}', 'fine', 'plain' from generate_series(1, 3) n;
"""
STRINGS = [
    "' or '1'='1",
    "'; drop table victims; --",
    "\\'; select secret from victims; --",
    '" or ""="',
    "$1 $2::text",
    "$$; drop table victims; $$",
    "*/ union select secret from victims /*",
    '{plain,"x"}',
    "\x01\x7f\u202e",
    "\ufeff😀'",
    "null",
    "1) or (1=1",
    "E'\\x27'",
]
TEXT_COLUMNS = ("t", "v", "c", "ci", "d")
EXACT = (
    "eq",
    "in",
    "gt",
    "startsWith",
    "istartsWith",
    "endsWith",
    "iendsWith",
    "contains",
    "icontains",
    "like",
    "ilike",
)


@pytest.fixture(scope="module")
def notes() -> Iterator[Reader]:
    with reader(os.environ["DATABASE_URL"], TABLES) as found:
        yield found


def ids(notes: Reader, condition: dict[str, Any]) -> list[int] | None:
    """The rows a filter finds; None where its value is refused as the caller's mistake."""
    try:
        found = notes.data("query($f: NoteFilter) { notes(filter: $f) { id } }", {"f": condition})
    except KapokError as exc:
        assert exc.code in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED")
        return None
    except psycopg.Error as exc:
        assert public_error(exc.sqlstate or "").code == "BAD_USER_INPUT", exc
        return None
    return [int(row["id"]) for row in found["notes"]]


def operators(notes: Reader, type_name: str) -> dict[str, str]:
    """The operators of a filter type, with the type of their argument."""
    fields = notes.api.graphql.type_map[type_name].fields  # type: ignore[attr-defined]
    return {name: str(field.type) for name, field in fields.items()}


def column_operators(notes: Reader, column: str) -> dict[str, str]:
    fields = notes.api.graphql.type_map["NoteFilter"].fields  # type: ignore[attr-defined]
    return operators(notes, str(fields[column].type).strip("!"))


@pytest.mark.parametrize("text", STRINGS)
def test_strings_in_every_operator_are_values(notes: Reader, text: str) -> None:
    tried = 0
    for column in ("t", "v", "c", "ci", "d", "j", "u", "a", "m", "b"):
        for operator, kind in column_operators(notes, column).items():
            if "Boolean" in kind or "Int" in kind or operator == "length":
                continue
            value: Any = [text] if kind.startswith("[") else text
            found = ids(notes, {column: {operator: value}})
            tried += 1
            if found is not None and column in TEXT_COLUMNS and operator in EXACT and operator != "gt":
                assert found == [], (column, operator)
    assert tried > 60
    assert notes.rows("select secret from victims") == [("hands off",)]
    assert notes.rows("select count(*) from notes") == [(3,)]


@pytest.mark.parametrize("text", STRINGS)
def test_a_string_finds_the_row_that_holds_it(notes: Reader, text: str) -> None:
    with notes.connection.transaction(force_rollback=True):
        table = notes.tenant.schema + ".notes"
        notes.connection.execute(
            f"insert into {table} (id, t, v, d, a) values (9, %s, %s, %s, %s)", (*[text] * 3, [text])
        )
        for column in ("t", "v", "d"):
            for operator in ("eq", "startsWith", "endsWith", "contains"):
                assert ids(notes, {column: {operator: text}}) == [9], (column, operator)
            assert ids(notes, {column: {"in": [text]}}) == [9]
        assert ids(notes, {"a": {"contains": [text]}}) == [9]


@pytest.mark.parametrize("text", STRINGS)
def test_literals_cursors_ids_and_searches(notes: Reader, text: str) -> None:
    written = text.replace("\\", "\\\\").replace('"', '\\"').replace("\x01", "\\u0001").replace("\x7f", "\\u007f")
    assert notes.data(f'{{ notes(filter: {{t: {{eq: "{written}"}}}}) {{ id }} }}') == {"notes": []}
    assert notes.data("query($s: String!) { notes(search: $s) { t } }", {"s": text})["notes"] in (
        [],
        [{"t": "plain"}] * 3,  # a text without words, or "plain" itself
    )
    assert notes.data("query($id: ID!) { node(id: $id) { nodeId } }", {"id": text}) == {"node": None}
    with pytest.raises(KapokError) as caught:
        notes.data("query($c: String) { notesConnection(first: 1, after: $c) { nodes { id } } }", {"c": text})
    assert caught.value.code == "BAD_CURSOR"
