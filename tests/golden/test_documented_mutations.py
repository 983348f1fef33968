"""The mutations that docs/graphql.md shows do what it says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.writes import Writer, writer

DOCS = Path(__file__).parents[2] / "docs/graphql.md"
TABLES = """
create type post_status as enum ('draft', 'published');
create table users (id uuid primary key default gen_random_uuid(), name text not null, email text not null unique);
create table blog_posts (
  id uuid primary key default gen_random_uuid(), author_id uuid not null references users, slug text unique,
  title text not null, status post_status not null default 'draft', tags text[], views bigint not null default 0,
  meta jsonb, shown daterange, created_at timestamptz not null default now()
);
create table comments (
  id int generated always as identity primary key, blog_post_id uuid not null references blog_posts,
  author_id uuid references users, body text not null
);
create table labels (id int generated always as identity primary key, name text not null unique, colour text);
create table blog_post_labels (
  blog_post_id uuid references blog_posts, label_id int references labels, primary key (blog_post_id, label_id)
);
"""
ROWS = "insert into users (name, email) values ('Ann', 'ann@example.com'); insert into labels (name) values ('news');"


@pytest.fixture
def blog() -> Iterator[Writer]:
    with writer(os.environ["DATABASE_URL"], TABLES, ROWS) as found:
        yield found


def test_the_examples(blog: Writer) -> None:
    create, change = re.findall(r"```graphql\n(mutation.*?)```", DOCS.read_text(), re.S)
    rows = re.search(r"`(mutation \(\$rows.*?)`", DOCS.read_text())
    assert rows is not None
    made = blog.data(create)["createBlogPost"]
    assert (made["slug"], made["author"]) == (None, {"name": "Ann"})
    assert [comment["body"] for comment in made["comments"]] == ["First!"]
    version = blog.data("mutation ($id: ID!) { updateBlogPost(id: $id, input: {}) { rowVersion } }", {"id": made["id"]})
    answer = blog.data(change, {"id": made["id"], "version": version["updateBlogPost"]["rowVersion"]})
    row_version = answer["updateBlogPost"].pop("rowVersion")
    assert row_version != version["updateBlogPost"]["rowVersion"]
    assert answer == {
        "updateBlogPost": {"status": "PUBLISHED", "comments": [{"body": "Second!"}, {"body": "Third!"}], "labels": []},
        "upsertLabel": {"name": "news", "colour": "red"},
        "deleteComments": 1,
    }
    many = blog.data(rows[1], {"rows": [{"name": f"{place}"} for place in range(100)]})
    assert len(many["createLabels"]) == 100
