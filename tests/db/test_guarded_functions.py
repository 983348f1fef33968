"""Mutation functions under rules: they run even where no row of theirs may be shown, and only shown rows come back."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from graphql import print_schema

from apps.graphql_api.document import DocumentInvalid
from tests.db.actors import Stage, stage
from tests.reads import Reader, reader
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


GIVEN = """
create table papers (id int primary key, title text, secret text, extra text, kept text, grade text);
comment on column papers.kept is '@hidden';
create table boxes (id int primary key, paper papers);
create function shown(mark text, paper papers) returns text language sql stable
  as $$ select concat_ws('|', mark, paper.id, paper.title, paper.secret, paper.extra, paper.kept, paper.grade) $$;
create function all_shown(papers papers[]) returns text language sql stable
  as $$ select string_agg(shown('-', p), '+') from unnest(papers) p $$;
create function shown_to(id int, box boxes) returns text language sql stable as $$ select shown('', box.paper) $$;
"""
GIVEN_RULES = """
roles: {reader: {}, editor: {}, stranger: {}, packer: {}}
tables:
  papers:
    reader: {select: {columns: [id, title]}}
    editor: {select: {columns: [id]}, insert: {columns: [id, extra], set: {grade: A}}, update: {columns: [title]}}
    packer: {select: {columns: [id]}}
  boxes:
    packer: {select: {columns: [id, paper]}}
    reader: {select: {columns: [id]}}
functions:
  shown: [reader, editor, stranger, packer]
  all_shown: [reader, editor, stranger]
  shown_to: [reader, packer]
"""


@pytest.fixture(scope="module")
def papers() -> Iterator[Reader]:
    with reader(os.environ["DATABASE_URL"], GIVEN) as found:
        yield found


@pytest.mark.parametrize(
    ("role", "given"),
    [
        ("reader", {"id": 1, "title": "t"}),
        ("editor", {"id": 1, "title": "t", "extra": "e"}),
        ("packer", {"id": 1, "title": "t", "secret": "s", "extra": "e", "grade": "g"}),
        ("service", {"id": 1, "title": "t", "secret": "s", "extra": "e", "grade": "g"}),
    ],
)
def test_a_row_as_an_argument_has_what_the_role_may_touch(papers: Reader, role: str, given: dict[str, object]) -> None:
    """A column that holds such rows shows all of them, to whoever may read it; one with @hidden is nobody's."""
    seen = papers if role == "service" else papers.as_role(GIVEN_RULES, role)
    assert list(seen.api.graphql.get_type("PaperRowInput").fields) == list(given)
    document = 'query ($paper: PaperRowInput!) { shown(mark: "-", paper: $paper) }'
    assert seen.data(document, {"paper": given}) == {"shown": "|".join(["-", *map(str, given.values())])}
    if role in ("reader", "editor"):
        assert "secret" not in print_schema(seen.api.graphql)
        document = "query ($papers: [PaperRowInput!]!) { allShown(papers: $papers) }"
        assert seen.data(document, {"papers": [given]}) == {"allShown": "|".join(["-", *map(str, given.values())])}
        with pytest.raises(DocumentInvalid):
            seen.data('{ shown(mark: "-", paper: {id: 1, secret: "s"}) }')


def test_a_function_of_rows_the_role_may_not_touch_is_not_there(papers: Reader) -> None:
    for role, offered in (
        ("stranger", set()),
        ("reader", {"shown", "all_shown", "shown_to"}),
        ("packer", {"shown", "shown_to"}),
    ):
        seen = papers.as_role(GIVEN_RULES, role)
        assert {function.name for function in seen.model.functions} == offered
        text = print_schema(seen.api.graphql)
        assert ("PaperRowInput" in text) == bool(offered) and ("shownTo" in text) == ("shown_to" in offered)
