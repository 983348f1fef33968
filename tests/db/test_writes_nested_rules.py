"""Nested writes: a row that is found before it is changed is found by the grants of all that it is given; below a row
that is not there, nothing is done at any depth."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.db.actors import Actor, Stage, stage
from tests.writes import writer

TABLES = """
create table clubs (id int primary key, name text);
create table members (id int primary key, name text, mark text, club_id int references clubs);
create table tags (id int primary key, name text);
create table club_tags (club_id int references clubs, tag_id int references tags, primary key (club_id, tag_id));
"""
ROWS = """
truncate clubs, members, tags, club_tags;
insert into tags values (1, 't');
insert into clubs values (1, 'old');
insert into members values (1, 'ann', null, 1), (2, 'bob', null, 1);
"""
RULES = """
roles: {namer: {}, mover: {}, both: {inherits: [namer, mover]}}
tables:
  clubs:
    mover: {select: {columns: "*"}, insert: {columns: "*"}}
  members:
    namer: {select: {columns: "*"}, update: {columns: [name], where: {name: {eq: ann}}, set: {mark: named}}}
    mover: {select: {columns: "*"}, update: {columns: [name, club_id], where: {name: {eq: bob}}}}
"""
CREATE = 'mutation { updateMember(id: "%d", input: {club: {create: {id: "2", name: "new"}}}) { id } }'


@pytest.fixture(scope="module")
def place() -> Iterator[Stage]:
    with writer(os.environ["DATABASE_URL"], TABLES, ROWS) as found, stage(found) as made:
        yield made


@pytest.fixture
def both(place: Stage) -> Actor:
    place.writer.refill()
    return place.actor(RULES, "both")


def test_only_the_grant_of_what_is_given_decides(place: Stage, both: Actor) -> None:
    assert both.data(CREATE % 2) == {"updateMember": {"id": "2"}}
    members = place.writer.rows()["members"]
    assert [row["club_id"] for row in members] == [1, 2]
    assert [row["mark"] for row in members] == [None, None], "the other grant's preset"


def test_a_row_of_another_grant_is_not_there(place: Stage, both: Actor) -> None:
    before = place.writer.rows()
    assert both.data(CREATE % 1) == {"updateMember": None}
    assert place.writer.rows() == before


BELOW = (
    'members: {update: [{key: {id: "1"}, input: {club: {create: {id: "8", name: "new"}}}}]}',
    'members: {update: [{key: {id: "1"}, input: {club: {update: {name: "new"}}}}]}',
    'tags: {update: [{key: {id: "1"}, input: {clubs: {create: [{id: "8", name: "new"}]}}}]}',
    'tags: {update: [{key: {id: "1"}, input: {clubs: {connect: [{id: "1"}]}}}]}',
    'tags: {delete: [{id: "1"}]}',
)


@pytest.mark.parametrize("below", BELOW)
def test_below_a_row_that_is_not_there_nothing_is_done(place: Stage, below: str) -> None:
    place.writer.refill()
    before = place.writer.rows()
    assert place.writer.data(f'mutation {{ updateClub(id: "9", input: {{{below}}}) {{ id }} }}') == {"updateClub": None}
    assert place.writer.rows() == before
