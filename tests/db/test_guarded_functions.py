"""Mutation functions under rules: they run even where no row of theirs may be shown, and only shown rows come back."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.db.actors import Stage, stage
from tests.writes import writer

TABLES = """
create table notes (id int primary key, owner text, body text);
create function add_note(body text) returns notes language sql volatile
  as $$ insert into notes values ((select coalesce(max(id), 0) + 1 from notes), 'ann', add_note.body) returning * $$;
create function mark_all() returns setof notes language sql volatile
  as $$ update notes set body = body || '!' returning * $$;
"""
ROWS = "truncate notes; insert into notes values (1, 'ann', 'a'), (2, 'bob', 'b');"
RULES = """
roles: {member: {}}
tables: {notes: {member: {select: {columns: [id, body], where: {owner: {eq: $sub}}}}}}
functions: {add_note: [member], mark_all: [member]}
"""


@pytest.fixture(scope="module")
def notes() -> Iterator[Stage]:
    with writer(os.environ["DATABASE_URL"], TABLES, ROWS) as found, stage(found) as made:
        yield made


@pytest.mark.parametrize("claims", [{}, {"sub": "bob"}, {"sub": "ann"}])
def test_a_mutation_function_runs_though_its_row_is_hidden(notes: Stage, claims: dict[str, str]) -> None:
    before = notes.writer.rows()
    member = notes.actor(RULES, "member", **claims)
    shown = {"id": "3", "body": "c"} if claims.get("sub") == "ann" else None
    assert member.data('mutation { addNote(body: "c") { id body } }') == {"addNote": shown}
    assert notes.writer.rows() != before
    notes.writer.refill()


@pytest.mark.parametrize(("claims", "shown"), [({}, []), ({"sub": "bob"}, ["b!"]), ({"sub": "ann"}, ["a!"])])
def test_of_many_rows_those_that_are_shown_come_back(notes: Stage, claims: dict[str, str], shown: list[str]) -> None:
    member = notes.actor(RULES, "member", **claims)
    assert [row["body"] for row in member.data("mutation { markAll { body } }")["markAll"]] == shown
    changed = str(notes.writer.rows())
    assert "a!" in changed and "b!" in changed
    notes.writer.refill()
