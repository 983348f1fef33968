"""Nested writes along ties that a role does not see, on real Postgres: out of reach, and not told of.

Every refusal proves that nothing was written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from apps.graphql_api.document import DocumentInvalid
from tests.db.actors import Stage, stage
from tests.writes import writer

TABLES = """
create table authors (id int primary key, name text);
create table notes (id int primary key, author_id int references authors, title text, public bool);
create table remarks (id int primary key, note_id int references notes, body text, public bool);
"""
ROWS = """
truncate authors, notes, remarks;
insert into authors values (1, 'Ann'), (2, 'Bo');
insert into notes values (1, 1, 'shown', true), (2, 2, 'kept', false);
insert into remarks values (1, 2, 'kept', false), (2, 1, 'shown', true);
"""
RULES = """
roles: {guest: {}, member: {inherits: [guest]}}
tables:
  authors: {guest: {select: {columns: "*"}, update: {columns: [name]}}}
  notes:
    guest: {select: {columns: [id, author_id], where: {public: {eq: true}}}}
    member: {select: {columns: [id, title]}, update: {columns: [title]}}
  remarks:
    guest: {select: {columns: [id, note_id], where: {public: {eq: true}}}}
    member: {select: {columns: [id, body]}, update: {columns: [body, note_id]}, delete: {}}
"""


@pytest.fixture(scope="module")
def parts() -> Iterator[Stage]:
    with writer(os.environ["DATABASE_URL"], TABLES, ROWS) as found, stage(found) as made:
        yield made


@pytest.mark.parametrize(
    "change", ['update: [{key: {id: 1}, input: {body: "X"}}]', "disconnect: {id: 1}", "delete: {id: 1}"]
)
def test_what_a_hidden_cell_ties_is_out_of_reach(parts: Stage, change: str) -> None:
    """Whether a row is tied to another one is not told by what a nested write finds."""
    member = parts.actor(RULES, "member")
    for note in (1, 2):
        document = f"mutation {{ updateNote(id: {note}, input: {{remarks: {{{change}}}}}) {{ id }} }}"
        member.refused(document, "NOT_FOUND")
    shown = change.replace("id: 1", "id: 2")
    document = f"mutation {{ updateNote(id: 1, input: {{remarks: {{{shown}}}}}) {{ id }} }}"
    assert member.data(document) == {"updateNote": {"id": "1"}}
    parts.writer.refill()


def test_a_foreign_key_that_some_rows_hide_is_not_followed(parts: Stage) -> None:
    member = parts.actor(RULES, "member")
    with pytest.raises(DocumentInvalid, match="VALIDATION"):
        member.data('mutation { updateNote(id: 2, input: {author: {update: {name: "X"}}}) { id } }')
