"""Foreign keys to relation fields: names, kinds, nullability, junctions, directives."""

from __future__ import annotations

import pytest

from kapok.catalog.types import RawTableKind
from kapok.model.build import build
from kapok.model.types import Junction, Model, Relation, RelationKind
from tests.unit.catalogs import catalog, column, references, table

USERS = table("users", "id")


def fields(model: Model, name: str) -> dict[str, Relation]:
    """The relation fields of a table by name."""
    found = {relation.api_name: relation for relation in model.table(name).relations}
    assert len(found) == len(model.table(name).relations)
    return found


@pytest.mark.parametrize(
    ("name", "target_column", "field"),
    [
        ("author_id", "id", "author"),
        ("authorId", "id", "author"),
        ("author_uuid", "id", "author"),
        ("author_code", "code", "author"),
        ("user_id", "user_id", "user"),
        ("id", "id", "user"),
        ("code", "code", "user"),
        ("author", "id", "authorUser"),
        ("reports_to", "id", "reportsToUser"),
        ("author_key", "id", "authorKeyUser"),
    ],
)
def test_a_reference_is_named_after_its_column(name: str, target_column: str, field: str) -> None:
    users = table("users", target_column, primary=target_column)
    posts = table("posts", "number", name, primary="number", foreign_keys=[references(name, "users", target_column)])
    relation = fields(build(catalog(users, posts)), "posts")[field]
    assert (relation.kind, relation.target, relation.columns, relation.target_columns) == (
        RelationKind.TO_ONE,
        "users",
        (name,),
        (target_column,),
    )


def test_the_other_end_is_the_list_of_the_referencing_table() -> None:
    posts = table("blog_posts", "id", "author_id", foreign_keys=[references("author_id", "users")])
    relation = fields(build(catalog(USERS, posts)), "users")["blogPosts"]
    assert relation == Relation(
        "blogPosts", RelationKind.TO_MANY, "blog_posts", ("id",), ("author_id",), "author_id_fkey"
    )


def test_several_references_to_one_table_say_by_what() -> None:
    """The one that is named after its target keeps the plain name, so a second reference later renames nothing."""
    keys = [references("user_id", "users"), references("reviewer_id", "users"), references("editor", "users")]
    posts = table("posts", "id", "user_id", "reviewer_id", "editor", foreign_keys=keys)
    model = build(catalog(USERS, posts))
    assert set(fields(model, "posts")) == {"user", "reviewer", "editorUser"}
    assert set(fields(model, "users")) == {"posts", "postsByReviewer", "postsByEditor"}


def test_trees() -> None:
    categories = table("categories", "id", "parent_id", foreign_keys=[references("parent_id", "categories")])
    employees = table("employees", "id", "manager_id", foreign_keys=[references("manager_id", "employees")])
    nodes = table("steps", "id", "parent_id", unique=["parent_id"], foreign_keys=[references("parent_id", "steps")])
    model = build(catalog(categories, employees, nodes))
    assert set(fields(model, "categories")) == {"parent", "children"}
    assert set(fields(model, "employees")) == {"manager", "employeesByManager"}
    assert {name: item.kind for name, item in fields(model, "steps").items()} == {
        "parent": RelationKind.TO_ONE,
        "child": RelationKind.TO_ONE,
    }


def test_tables_that_refer_to_each_other() -> None:
    users = table("users", "id", "favourite_id", foreign_keys=[references("favourite_id", "posts")])
    posts = table("posts", "id", "author_id", foreign_keys=[references("author_id", "users")])
    model = build(catalog(users, posts))
    assert set(fields(model, "users")) == {"favourite", "posts"}
    assert set(fields(model, "posts")) == {"author", "users"}


def test_a_unique_reference_is_one_to_one() -> None:
    by_key = table("profiles", "user_id", primary="user_id", foreign_keys=[references("user_id", "users")])
    by_constraint = table(
        "badges", "id", "owner_id", unique=["owner_id"], foreign_keys=[references("owner_id", "users")]
    )
    part_of_key = table("seats", "user_id", "n", primary="user_id n", foreign_keys=[references("user_id", "users")])
    model = build(catalog(USERS, by_key, by_constraint, part_of_key))
    assert {name: (item.kind, item.nullable) for name, item in fields(model, "users").items()} == {
        "profile": (RelationKind.TO_ONE, True),
        "badge": (RelationKind.TO_ONE, True),
        "seats": (RelationKind.TO_MANY, True),
    }


def test_when_a_reference_may_be_null() -> None:
    """Not null columns are not enough where the constraint is not checked or row security may hide the target."""
    guarded = table("secrets", "id", row_security=True)
    keys = [
        references("sure_id", "users"),
        references("maybe_id", "users"),
        references("loose_id", "users", unchecked=True),
        references("secret_id", "secrets"),
    ]
    columns = [column(f"{name}_id", not_null=name != "maybe") for name in ("sure", "maybe", "loose", "secret")]
    model = build(catalog(USERS, guarded, table("notes", "id", *columns, foreign_keys=keys)))
    assert {name: item.nullable for name, item in fields(model, "notes").items()} == {
        "sure": False,
        "maybe": True,
        "loose": True,
        "secret": True,
    }


def test_composite_references() -> None:
    regions = table("regions", "country", "code", primary="country code")
    cities = table(
        "cities",
        *("id", "country", "region_code", "twin_country", "twin_code", "x", "y"),
        foreign_keys=[
            references("country region_code", "regions", "country code"),
            references("twin_country twin_code", "regions", "country code"),
            references("x y", "regions", "country code"),
        ],
    )
    model = build(catalog(regions, cities))
    assert {name: item.columns for name, item in fields(model, "cities").items()} == {
        "region": ("country", "region_code"),
        "twin": ("twin_country", "twin_code"),
        "regionByXAndY": ("x", "y"),
    }
    assert set(fields(model, "regions")) == {"cities", "citiesByTwin", "citiesByXAndY"}


def test_many_to_many_through_a_pure_junction() -> None:
    keys = [references("post_id", "posts"), references("tag_id", "labels")]
    junction = table("post_labels", "post_id", "tag_id", primary="post_id tag_id", foreign_keys=keys)
    model = build(catalog(table("posts", "id"), table("labels", "id"), junction))
    assert set(fields(model, "posts")) == {"postLabels", "tags"}
    assert set(fields(model, "labels")) == {"postLabels", "posts"}
    tags = fields(model, "posts")["tags"]
    assert (tags.kind, tags.target, tags.columns, tags.target_columns) == (
        RelationKind.MANY_TO_MANY,
        "labels",
        ("id",),
        ("id",),
    )
    assert tags.junction == Junction("post_labels", ("post_id",), ("tag_id",))


@pytest.mark.parametrize(
    "junction",
    [
        table(
            "likes",
            *("post_id", "label_id", "at"),
            primary="post_id label_id",
            foreign_keys=[references("post_id", "posts"), references("label_id", "labels")],
        ),
        table(
            "likes",
            *("id", "post_id", "label_id"),
            foreign_keys=[references("post_id", "posts"), references("label_id", "labels")],
        ),
        table("likes", "post_id", "label_id", primary="", foreign_keys=[references("post_id", "posts")]),
    ],
)
def test_a_junction_with_more_to_it_is_a_table(junction: object) -> None:
    model = build(catalog(table("posts", "id"), table("labels", "id"), junction))  # type: ignore[arg-type]
    kinds = {item.kind for made in model.tables for item in made.relations}
    assert RelationKind.MANY_TO_MANY not in kinds


def test_a_junction_of_a_table_with_itself_and_a_second_junction() -> None:
    friends = table(
        "friends",
        *("user_id", "friend_id"),
        primary="user_id friend_id",
        foreign_keys=[references("user_id", "users"), references("friend_id", "users")],
    )
    blocks = table(
        "blocks",
        *("user_id", "friend_id"),
        primary="user_id friend_id",
        foreign_keys=[references("user_id", "users"), references("friend_id", "users")],
    )
    model = build(catalog(USERS, friends, blocks))
    many = {name: item.junction for name, item in fields(model, "users").items() if item.junction}
    assert {name: (item.table, item.source_columns) for name, item in many.items()} == {
        "friends": ("friends", ("user_id",)),
        "usersThroughFriend": ("friends", ("friend_id",)),
        "friendsThroughBlock": ("blocks", ("user_id",)),
        "usersThroughBlock": ("blocks", ("friend_id",)),
    }


def test_a_column_keeps_its_name() -> None:
    posts = table("posts", "id", "author", "author_id", foreign_keys=[references("author_id", "users")])
    users = table("users", "id", "posts")
    model = build(catalog(users, posts))
    assert set(fields(model, "posts")) == {"authorUser"}
    assert set(fields(model, "users")) == {"postsByAuthor"}


def test_the_same_reference_twice_is_one_field() -> None:
    keys = [references("user_id", "users", name="b"), references("user_id", "users", name="a")]
    model = build(catalog(USERS, table("posts", "id", "user_id", foreign_keys=keys)))
    assert [item.constraint for item in fields(model, "posts").values()] == ["a"]
    assert len(model.table("users").relations) == 1


def test_names_by_directive() -> None:
    posts = table(
        "posts",
        *("id", "author_id"),
        foreign_keys=[references("author_id", "users", comment="@name writer\n@reverse written_posts")],
    )
    tags = table(
        "post_tags",
        *("post_id", "user_id"),
        primary="post_id user_id",
        foreign_keys=[
            references("post_id", "posts", comment="@manyToMany mentioned_in"),
            references("user_id", "users", comment="@manyToMany mentions"),
        ],
    )
    model = build(catalog(USERS, posts, tags))
    assert set(fields(model, "posts")) == {"writer", "postTags", "mentions"}
    assert set(fields(model, "users")) == {"writtenPosts", "postTags", "mentionedIn"}


def test_hidden_references_and_targets() -> None:
    hidden = table("hidden", "id", comment="@hidden")
    keys = [references("user_id", "users", comment="@hidden"), references("hidden_id", "hidden")]
    posts = table("posts", "id", "user_id", "hidden_id", foreign_keys=keys)
    no_target_column = table("notes", "id", "x", foreign_keys=[references("x", "codes", "code")])
    codes = table("codes", "id", column("code", comment="@hidden"))
    model = build(catalog(USERS, hidden, posts, codes, no_target_column))
    assert [made.name for made in model.tables] == ["users", "posts", "codes", "notes"]
    assert not any(made.relations for made in model.tables)


def test_views_by_directive() -> None:
    view = table(
        "post_stats",
        *("post", "author_id", "n"),
        primary="",
        kind=RawTableKind.VIEW,
        comment='Numbers.\n@key (post)\n@unique ("author_id", n)\n@references (author_id) users (id)',
    )
    model = build(catalog(USERS, view))
    made = model.table("post_stats")
    assert made.comment == "Numbers."
    assert made.primary_key is not None
    assert (made.primary_key.columns, made.primary_key.api_field) == (("post",), "postStat")
    assert [(key.columns, key.api_field) for key in made.unique_keys] == [
        (("author_id", "n"), "postStatByAuthorIdAndN")
    ]
    assert [(item.name, item.nullable, item.read_only) for item in made.columns] == [
        ("post", False, True),
        ("author_id", True, True),
        ("n", True, True),
    ]
    assert fields(model, "post_stats")["author"].nullable
    assert fields(model, "users")["postStats"].kind is RelationKind.TO_MANY
    assert model.warnings == ()


@pytest.mark.parametrize(
    ("directive", "problem"),
    [
        ("@key (nothing)", "a has no column nothing"),
        ("@key (id)", "there is a primary key already"),
        ("@unique id", "expected ( and column names"),
        ("@unique (id, id)", "a column is named twice"),
        ("@unique (id) id", "unexpected: id"),
        ("@unique ()", "expected a name"),
        ("@unique (id b)", "expected , or )"),
        ("@references (id) nowhere (id)", "there is no table nowhere"),
        ("@references (id) users (nothing)", "users has no column nothing"),
        ("@references (id) users (id, id)", "both sides need the same number of columns"),
        ("@references (id) users (name)", "the columns it points to are no key"),
    ],
)
def test_a_directive_that_does_not_fit_is_told_and_skipped(directive: str, problem: str) -> None:
    users = table("users", "id", "name")
    plain = build(catalog(users, table("a", "id")))
    model = build(catalog(users, table("a", "id", comment=directive)))
    assert model.warnings == (f"a: {directive}: {problem}",)
    assert model.tables == plain.tables
