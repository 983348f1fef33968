"""Walking a connection gives every row once: forwards, backwards, in any order, with nulls and duplicates, and while
rows are inserted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kapok.errors import KapokError
from tests.reads import Reader, reader

TABLES = """
create type mood as enum ('sad', 'ok', 'happy');
create table groups (id int primary key, name text);
create table things (
  id int primary key, a int, b text, c float8, d timestamptz, e mood, f numeric, g bool not null, h bytea,
  group_id int references groups, unique (g, id)
);
insert into groups select n, case when n > 1 then 'group ' || n % 2 end from generate_series(1, 4) n;
insert into things select n, nullif(n % 4, 0), nullif(chr(65 + n % 3), 'A'),
  (array[1.5, null, 'NaN', '-Infinity', 0.1])[1 + n % 5],
  case when n % 3 > 0 then timestamptz '2024-01-01' + n % 2 * interval '1 microsecond' end,
  (array['sad', 'ok', null]::mood[])[1 + n % 3],
  nullif(n % 2, 0) / 3.0, n % 2 = 0, decode(lpad(to_hex(n % 3), 2, '0'), 'hex'), nullif(n % 5, 0)
  from generate_series(1, 23) n;
create view facts as select a, b, id from things;
"""
COUNT = 23
FIELDS = ("a", "b", "c", "d", "e", "f", "g", "h")
DIRECTIONS = ("ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST")
FORWARD = """query ($by: [ThingOrderBy!], $first: Int, $after: String) {
  page: thingsConnection(orderBy: $by, first: $first, after: $after) {
    nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
BACKWARD = """query ($by: [ThingOrderBy!], $last: Int, $before: String) {
  page: thingsConnection(orderBy: $by, last: $last, before: $before) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor } } }"""

terms = st.one_of(
    st.builds(lambda field, way: {field: way}, st.sampled_from(FIELDS), st.sampled_from(DIRECTIONS)),
    st.builds(lambda way: {"group": {"name": way}}, st.sampled_from(DIRECTIONS)),
    st.builds(lambda way: {"id": way}, st.sampled_from(DIRECTIONS)),
)
orders = st.lists(terms, max_size=4, unique_by=lambda term: str(list(term)))
examples = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def things() -> Iterator[Reader]:
    with reader(os.environ["DATABASE_URL"], TABLES) as found:
        yield found


def forwards(things: Reader, by: list[Any], size: int) -> list[list[str]]:
    """The pages, each checked for its facts."""
    pages: list[list[str]] = []
    after = None
    while True:
        page = things.data(FORWARD, {"by": by, "first": size, "after": after})["page"]
        pages.append([node["id"] for node in page["nodes"]])
        assert page["pageInfo"]["hasPreviousPage"] is (len(pages) > 1)
        if not page["pageInfo"]["hasNextPage"]:
            return pages
        after = page["pageInfo"]["endCursor"]


def backwards(things: Reader, by: list[Any], size: int) -> list[list[str]]:
    pages: list[list[str]] = []
    before = None
    while True:
        page = things.data(BACKWARD, {"by": by, "last": size, "before": before})["page"]
        pages.insert(0, [edge["node"]["id"] for edge in page["edges"]])
        assert page["pageInfo"]["hasNextPage"] is (len(pages) > 1)
        if not page["pageInfo"]["hasPreviousPage"]:
            return pages
        before = page["pageInfo"]["startCursor"]
        assert before == page["edges"][0]["cursor"]


@examples
@given(by=orders, size=st.sampled_from([1, 2, 5, 7, 22, 23, 24]))
def test_every_row_once(things: Reader, by: list[Any], size: int) -> None:
    whole = [row["id"] for row in things.data(FORWARD, {"by": by, "first": 100})["page"]["nodes"]]
    assert sorted(whole, key=int) == [str(n) for n in range(1, COUNT + 1)]
    ahead, back = forwards(things, by, size), backwards(things, by, size)
    assert [row for page in ahead for row in page] == whole
    assert [row for page in back for row in page] == whole
    assert all(len(page) == size for page in ahead[:-1] + back[1:])


@examples
@given(by=orders)
def test_the_order_is_the_lists(things: Reader, by: list[Any]) -> None:
    """A connection's order is the one of a list, which is Postgres's own, with ties broken by the key."""
    query = "query ($by: [ThingOrderBy!]) { things(orderBy: $by) { id } }"
    descending = bool(by) and all("DESC" in str(term) for term in by)
    ended = [*by, {"id": "DESC" if descending else "ASC"}]
    listed = [row["id"] for row in things.data(query, {"by": ended})["things"]]
    assert listed == [row for page in forwards(things, by, 100) for row in page]


def test_between_two_cursors(things: Reader) -> None:
    edges = things.data(BACKWARD, {"by": [{"b": "DESC"}], "last": 100})["page"]["edges"]
    query = """query ($after: String, $before: String, $first: Int, $last: Int) {
      page: thingsConnection(orderBy: [{b: DESC}], after: $after, before: $before, first: $first, last: $last) {
        nodes { id } pageInfo { hasNextPage hasPreviousPage } totalCount } }"""
    given = {"after": edges[3]["cursor"], "before": edges[9]["cursor"]}
    ids = [edge["node"]["id"] for edge in edges]
    page = things.data(query, {**given, "first": 3})["page"]
    assert [node["id"] for node in page["nodes"]] == ids[4:7]
    assert page["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": True}
    assert page["totalCount"] == COUNT
    page = things.data(query, {**given, "last": 3})["page"]
    assert [node["id"] for node in page["nodes"]] == ids[6:9]


def test_inserted_rows_disturb_nothing(things: Reader) -> None:
    """Between pages, rows are inserted before and after the cursor, with equal values too; the last one is deleted."""
    by = [{"b": "DESC_NULLS_LAST"}, {"a": "ASC_NULLS_FIRST"}]
    seen: list[str] = []
    after, number = None, 1000
    try:
        while True:
            page = things.data(FORWARD, {"by": by, "first": 3, "after": after})["page"]
            seen += [node["id"] for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"] or number > 1060:
                break
            after = page["pageInfo"]["endCursor"]
            for b, a in (("'Z'", "1"), ("null", "null"), ("'B'", "null"), ("'C'", "2")):
                number += 1
                things.rows(f"insert into things (id, a, b, g) values ({number}, {a}, {b}, true) returning id")
            things.rows(f"delete from things where id = {seen[-1]} and id > 1000 returning id")
        assert len(seen) == len(set(seen))
        assert {str(n) for n in range(1, COUNT + 1)} <= set(seen)
    finally:
        things.rows("delete from things where id > 1000 returning id")


@pytest.mark.parametrize(
    "cursor", ["", "x", "bm90IGpzb24", "WyJhIl0", "e30", "WzEsMl0", "💥", "WyJhIiwgeyJiIjogMX1d", "A" * 5000, "\\x00"]
)
def test_a_foreign_cursor_is_refused(things: Reader, cursor: str) -> None:
    for argument in ("after", "before"):
        query = f"query ($c: String) {{ thingsConnection({argument}: $c) {{ nodes {{ id }} }} }}"
        with pytest.raises(KapokError) as refused:
            things.data(query, {"c": cursor})
        assert refused.value.code == "BAD_CURSOR"
        assert refused.value.details == {"path": ["thingsConnection"]}


def test_a_cursor_of_another_order_is_refused(things: Reader) -> None:
    cursor = things.data(FORWARD, {"by": [{"a": "ASC"}], "first": 1})["page"]["pageInfo"]["endCursor"]
    for other in ([{"a": "DESC"}], [{"b": "ASC"}], [{"a": "ASC_NULLS_FIRST"}], [{"a": "ASC"}, {"b": "ASC"}], []):
        with pytest.raises(KapokError) as refused:
            things.data(FORWARD, {"by": other, "first": 1, "after": cursor})
        assert refused.value.code == "BAD_CURSOR"


def test_a_view_without_a_key(things: Reader) -> None:
    """All comparable columns end the order: rows that differ in any of them are told apart."""
    query = """query ($after: String) { page: factsConnection(first: 4, after: $after) {
      nodes { id } pageInfo { hasNextPage endCursor } } }"""
    seen: list[int] = []
    after = None
    while True:
        page = things.data(query, {"after": after})["page"]
        seen += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert sorted(seen) == list(range(1, COUNT + 1))
