"""The walk through permissions.yaml in docs/permissions.md does what the page says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kapok.permissions.rules import parse_permissions
from kapok.permissions.validation import validate
from kapok.query.guard import GuardedTable
from tests.reads import Reader, reader

PAGE = Path(__file__).parents[2] / "docs/permissions.md"
TABLES = """
create type status as enum ('draft', 'published');
create table users (id int primary key, name text, email text);
create table posts (
  id int primary key, author_id int not null references users, title text, status status not null, body text not null
);
insert into users values (1, 'Ann', 'ann@x'), (2, 'Bob', 'bob@x');
insert into posts values
  (1, 1, 'Shown', 'published', 'hers'), (2, 2, 'Begun', 'draft', 'his'), (3, 1, 'Hidden', 'draft', '');
"""


@pytest.fixture(scope="module")
def blog() -> Iterator[Reader]:
    with reader(os.environ["DATABASE_URL"], TABLES) as found:
        yield found


def rules() -> str:
    found = re.search(r"```yaml\n(roles:\n.*?)```", PAGE.read_text(), re.S)
    assert found is not None
    return found[1]


def test_the_rules_fit(blog: Reader) -> None:
    assert validate(parse_permissions(rules()), blog.model) == []


def test_visitors(blog: Reader) -> None:
    assert blog.as_role(rules(), "anon").data("{ posts { title } users { name } }") == {
        "posts": [{"title": "Shown"}],
        "users": [{"name": "Ann"}],
    }


def test_a_member(blog: Reader) -> None:
    member = blog.as_role(rules(), "member", {"sub": "2"})
    assert member.data("{ posts(orderBy: [{id: ASC}]) { title body } users(orderBy: [{id: ASC}]) { name email } }") == {
        "posts": [{"title": "Shown", "body": None}, {"title": "Begun", "body": "his"}],
        "users": [{"name": "Ann", "email": None}, {"name": "Bob", "email": "bob@x"}],
    }
    assert member.data("{ postsAggregate { count countDistinct { body } } }")["postsAggregate"] == [
        {"count": 2, "countDistinct": {"body": 1}}
    ]
    assert member.data('{ posts(filter: {body: {eq: "hers"}}) { title } }') == {"posts": []}
    posts = member.model.table("posts")
    assert isinstance(posts, GuardedTable)
    assert [grant.columns for grant in posts.insert] == [{"title", "body"}]
