"""Mutation functions under rules: they run even where no row of theirs may be shown, and only shown rows come back."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from apps.graphql_api.document import DocumentInvalid
from tests.db.actors import Stage, stage
from tests.reads import reader
from tests.writes import writer

TABLES = """
create table notes (id int primary key, owner text, body text);
create function add_note(body text) returns notes language sql volatile
  as $$ insert into notes values ((select coalesce(max(id), 0) + 1 from notes), 'ann', add_note.body) returning * $$;
create function mark_all() returns setof notes language sql volatile
  as $$ update notes set body = body || '!' returning * $$;
create function ranked() returns table (note notes, place int) language sql stable as $$ select n, 1 from notes n $$;
create function pair() returns notes[] language sql stable as $$ select array_agg(n) from notes n $$;
create type note_and_place as (note notes, place int);
create function best() returns note_and_place language sql stable as $$ select n, 1 from notes n limit 1 $$;
"""
ROWS = "truncate notes; insert into notes values (1, 'ann', 'a'), (2, 'bob', 'b');"
RULES = """
roles: {member: {}}
tables: {notes: {member: {select: {columns: [id, body], where: {owner: {eq: $sub}}}}}}
functions: {add_note: [member], mark_all: [member]}
"""
WITHIN = """
roles: {some: {}, few: {}, all: {}, blind: {}}
tables:
  notes:
    some: {select: {columns: "*", where: {owner: {eq: $sub}}}}
    few: {select: {columns: [id]}}
    all: {select: {columns: "*"}}
functions: {ranked: [some, few, all, blind], pair: [some, few, all, blind], best: [some, few, all, blind]}
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


def test_rows_within_values_are_given_to_those_who_see_all_of_them() -> None:
    """No rule reduces a row that is an element of a list or an attribute of a record."""
    documents = ("{ ranked { note { owner } } }", "{ pair { owner } }", "{ best { note { owner } } }")
    with reader(os.environ["DATABASE_URL"], TABLES + ROWS) as found:
        answers = [found.as_role(WITHIN, "all").data(document) for document in documents]
        assert answers[0] == {"ranked": [{"note": {"owner": "ann"}}, {"note": {"owner": "bob"}}]}
        assert answers[1:] == [{"pair": [{"owner": "ann"}, {"owner": "bob"}]}, {"best": {"note": {"owner": "ann"}}}]
        for role in ("some", "few", "blind"):
            for document in documents:
                with pytest.raises(DocumentInvalid) as refused:
                    found.as_role(WITHIN, role, {"sub": "ann"}).data(document)
                assert refused.value.code == "GRAPHQL_VALIDATION_FAILED"
