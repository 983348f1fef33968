"""Columns that a trigger fills in: `@optional` lets callers leave them out; Postgres decides over what is missing."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from graphql import GraphQLNonNull

from kapok.errors import KapokError
from tests.writes import Writer, writer

TABLES = """
create table posts (id int primary key, title text not null, slug text not null, place int not null);
comment on column posts.slug is 'As in addresses.
@optional';
comment on column posts.place is '@optional';
create function fill_slug() returns trigger language plpgsql as $$
begin new.slug := coalesce(new.slug, lower(new.title)); return new; end $$;
create trigger fill_slug before insert on posts for each row execute function fill_slug();
"""


@pytest.fixture(scope="module")
def posts() -> Iterator[Writer]:
    with writer(os.environ["DATABASE_URL"], TABLES, "truncate posts") as found:
        yield found


def test_what_a_trigger_fills_in_may_be_left_out(posts: Writer) -> None:
    fields = posts.api.graphql.get_type("CreatePostInput").fields  # type: ignore[union-attr]
    required = {name for name, field in fields.items() if isinstance(field.type, GraphQLNonNull)}
    assert required == {"id", "title"}
    assert isinstance(posts.api.graphql.get_type("Post").fields["slug"].type, GraphQLNonNull)  # type: ignore[union-attr]
    text = 'mutation { createPost(input: {id: "1", title: "A", place: 1}) { slug } }'
    assert posts.data(text) == {"createPost": {"slug": "a"}}
    posts.refill()


def test_what_nothing_fills_in_is_named(posts: Writer) -> None:
    with pytest.raises(KapokError) as caught:
        posts.data('mutation { createPost(input: {id: "1", title: "A"}) { slug } }')
    assert (caught.value.code, caught.value.details["argument"]) == ("BAD_USER_INPUT", "input.place")
    assert posts.rows() == {"posts": []}
