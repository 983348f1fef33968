"""Which fields a model gives, and under which names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.graphql_api.schema.bindings import (
    Aggregate,
    ByKey,
    ColumnField,
    Connection,
    FunctionField,
    GlobalId,
    NodeById,
    RowList,
    ToOne,
)
from apps.graphql_api.schema.surface import build_surface
from kapok.identifiers import QualifiedName
from kapok.model.types import Argument, Function, Model, PgType, TypeKind, UniqueKey, Volatility
from tests.unit.models import INT4, JSON, TEXT, UUID, array, blog, column, table, to_many, to_one


def test_root_fields_of_the_blog() -> None:
    query = build_surface(blog()).query
    assert list(query)[:7] == [
        "node",
        "user",
        "users",
        "usersConnection",
        "usersAggregate",
        "blogPost",
        "blogPostBySlug",
    ]
    assert isinstance(query["node"], NodeById)
    by_slug = query["blogPostBySlug"]
    assert isinstance(by_slug, ByKey)
    assert by_slug.key.columns == ("slug",)
    assert isinstance(query["blogPostsConnection"], Connection)
    assert isinstance(query["blogPostsAggregate"], Aggregate)


def test_row_fields_of_the_blog() -> None:
    rows = build_surface(blog()).rows["BlogPost"]
    assert isinstance(rows["title"], ColumnField)
    assert isinstance(rows["nodeId"], GlobalId)
    author, comments, labels = rows["author"], rows["comments"], rows["labels"]
    assert isinstance(author, ToOne) and author.table.name == "users"
    assert isinstance(comments, RowList) and comments.relation is not None
    assert isinstance(labels, RowList) and labels.relation is not None and labels.relation.junction is not None
    assert {"commentsConnection", "commentsAggregate", "labelsConnection", "labelsAggregate"} <= rows.keys()


def test_column_enums_are_upper_snake() -> None:
    assert list(build_surface(blog()).columns_by_enum["comments"]) == ["ID", "BLOG_POST_ID", "BODY", "RATING"]


def test_columns_that_cannot_be_compared_are_no_enum_values() -> None:
    model = Model("x", (table("t", ("T", "t", "ts"), [column("id", INT4, is_id=True), column("doc", JSON)]),))
    assert list(build_surface(model).columns_by_enum["t"]) == ["ID"]


def test_a_table_without_primary_key_has_no_field_by_key_and_no_global_id() -> None:
    surface = build_surface(Model("x", (table("logs", ("Log", "log", "logs"), [column("line", TEXT)], key=()),)))
    assert list(surface.query) == ["node", "logs", "logsConnection", "logsAggregate"]
    assert list(surface.rows["Log"]) == ["line"]


def test_a_key_with_a_hidden_column_is_no_key() -> None:
    hidden = table(
        "pairs",
        ("Pair", "pair", "pairs"),
        [column("a", INT4, is_id=True)],
        key=("a", "b"),
        unique=(UniqueKey("pairs_b_key", ("b",), "pairByB"),),
    )
    surface = build_surface(Model("x", (hidden,)))
    assert not any(isinstance(binding, ByKey) for binding in surface.query.values())
    assert "nodeId" not in surface.rows["Pair"]


def test_a_table_with_nothing_visible_gives_nothing_and_nothing_leads_to_it() -> None:
    model = blog()
    users = replace(model.table("users"), columns=())
    function = Function("best", "best", Volatility.STABLE, (), None, "users", returns_set=True)
    surface = build_surface(
        replace(model, tables=(users, *[t for t in model.tables if t.name != "users"]), functions=(function,))
    )
    assert "User" not in surface.rows
    assert not {"user", "users", "usersConnection", "usersAggregate", "best"} & surface.query.keys()
    assert "author" not in surface.rows["BlogPost"]
    assert all(relation.target != "users" for t in surface.model.tables for relation in t.relations)


def test_no_aggregates_where_the_role_may_not_have_them() -> None:
    model = blog()
    comments = replace(model.table("comments"), aggregate_allowed=False)
    tables = tuple(comments if t.name == "comments" else t for t in model.tables)
    surface = build_surface(replace(model, tables=tables))
    assert "commentsAggregate" not in surface.query
    assert "commentsAggregate" not in surface.rows["BlogPost"]
    assert "blogPostsAggregate" in surface.query


def test_an_empty_model_still_has_node() -> None:
    surface = build_surface(Model("empty", ()))
    assert list(surface.query) == ["node"]
    assert surface.rows == {}


def test_a_column_called_node_id_keeps_its_name() -> None:
    edges = table("edges", ("Edge", "edge", "edges"), [column("id", INT4, is_id=True), column("node_id", INT4)])
    rows = build_surface(Model("x", (edges,))).rows["Edge"]
    assert isinstance(rows["nodeId"], ColumnField)
    assert not any(isinstance(binding, GlobalId) for binding in rows.values())


def test_a_relation_called_node_id_is_not_hidden_by_the_global_id() -> None:
    parent = table("p", ("P", "p", "ps"), [column("id", INT4, is_id=True)])
    child = table(
        "c",
        ("C", "c", "cs"),
        [column("id", INT4, is_id=True), column("p", INT4)],
        relations=(to_one("nodeId", "p", "p"),),
    )
    assert isinstance(build_surface(Model("x", (parent, child))).rows["C"]["nodeId"], ToOne)


@pytest.mark.parametrize("name", ["and", "or", "not"])
def test_words_of_a_filter_are_no_field_names(name: str) -> None:
    surface = build_surface(Model("x", (table("t", ("T", "t", "ts"), [column("id", INT4), column(name, TEXT)]),)))
    fields = surface.rows["T"]
    assert name not in fields
    renamed = fields[f"{name}_2"]
    assert isinstance(renamed, ColumnField) and renamed.column.name == name
    # The compiler reads names off the surface's model: they must be the same.
    assert surface.model.table("t").column(name).api_name == f"{name}_2"


def test_tables_named_like_the_types_and_fields_of_others() -> None:
    own = [column("id", INT4, is_id=True)]
    names = [
        ("posts", ("Post", "post", "posts")),
        ("post_filters", ("PostFilter", "postFilter", "postFilters")),
        ("posts_connection", ("PostsConnection", "postsConnection", "postsConnections")),
        ("strings", ("String", "string", "strings")),
        ("nodes", ("Node", "node", "nodes")),
    ]
    surface = build_surface(Model("x", tuple(table(name, api, own) for name, api in names)))
    filters = surface.types["post_filters"]
    assert surface.types["posts"].filter == "PostFilter_2" and filters.row == "PostFilter"
    assert surface.types["strings"].row == "String_2" and surface.types["nodes"].row == "Node_2"
    every = [name for types in surface.types.values() for name in vars_of(types)]
    assert len(every) == len(set(every))
    assert isinstance(surface.query["node"], NodeById) and isinstance(surface.query["node_2"], ByKey)
    assert isinstance(surface.query["postsConnection"], ByKey)
    assert isinstance(surface.query["postsConnection_2"], Connection)


def vars_of(names: object) -> list[str]:
    return [getattr(names, slot) for slot in type(names).__slots__]  # type: ignore[attr-defined]


def test_functions_read_at_the_root_and_computed_fields_on_the_row() -> None:
    search = Function(
        "search_posts",
        "searchPosts",
        Volatility.STABLE,
        (Argument("q", "q", TEXT, False),),
        None,
        "t",
        returns_set=True,
    )
    write = Function("touch", "touch", Volatility.VOLATILE, (), TEXT, None, returns_set=False)
    nothing = Function("void", "void", Volatility.STABLE, (), None, None, returns_set=False)
    label = Function("label", "label", Volatility.IMMUTABLE, (), TEXT, None, returns_set=False, row_of="t")
    base = table("t", ("T", "t", "ts"), [column("id", INT4, is_id=True)])
    surface = build_surface(Model("x", (replace(base, computed=(label,)),), (search, write, nothing)))
    found = surface.query["searchPosts"]
    assert isinstance(found, FunctionField) and found.table is not None and found.table.name == "t"
    assert not {"touch", "void"} & surface.query.keys()
    assert isinstance(surface.rows["T"]["label"], FunctionField)


def test_equal_models_give_equal_surfaces() -> None:
    assert build_surface(blog()) == build_surface(blog())


def test_derived_names_give_way_to_relations_of_that_name() -> None:
    parent = table(
        "p",
        ("P", "p", "ps"),
        [column("id", UUID, is_id=True)],
        relations=(to_many("items", "c", "p_id"), to_many("itemsConnection", "c", "q_id")),
    )
    child = table("c", ("C", "c", "cs"), [column("id", UUID, is_id=True), column("p_id", UUID), column("q_id", UUID)])
    rows = build_surface(Model("x", (parent, child))).rows["P"]
    assert isinstance(rows["itemsConnection"], RowList)
    assert isinstance(rows["itemsConnection_2"], Connection)


@pytest.mark.parametrize("kind", [TypeKind.ENUM, TypeKind.COMPOSITE])
def test_types_that_hold_nothing_are_left_out_with_all_that_needs_them(kind: TypeKind) -> None:
    """`create type t as enum ()` and `create type t as ()` are legal; a GraphQL type needs a value or field."""
    nothing = PgType(kind, QualifiedName(None, "nothing"), "Nothing")
    base = table("t", ("T", "t", "ts"), [column("id", INT4, is_id=True), column("n", array(nothing), nullable=True)])
    only = table("o", ("O", "o", "os"), [column("n", nothing)], key=())
    takes = Function("f", "f", Volatility.STABLE, (Argument("n", "n", nothing, False),), TEXT, None, returns_set=False)
    gives = Function("g", "g", Volatility.STABLE, (), nothing, None, returns_set=False)
    surface = build_surface(Model("x", (base, only), (takes, gives)))
    assert list(surface.rows["T"]) == ["id", "nodeId", "rowVersion"]
    assert set(surface.query) == {"node", "t", "ts", "tsConnection", "tsAggregate"}
    assert surface.type_names == {}
