"""What a role's schema offers for writing: nothing but what its grants and the database allow."""

from __future__ import annotations

from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLObjectType, print_type

from apps.graphql_api.schema.graphene_types import ApiSchema, build_schema
from apps.graphql_api.schema.surface import build_surface
from kapok.model.types import Argument, Function, Junction, Model, Table, TableKind, UniqueKey, Volatility
from kapok.query.expressions import And
from kapok.query.guard import DeleteGrant, GuardedTable, InsertGrant, Preset, SelectGrant, UpdateGrant
from kapok.query.values import Given, Literal
from tests.unit.models import INT4, TEXT, UUID, blog, column, table

WHERE = And(())


def guarded(whole: Table, *, select: tuple[str, ...] = (), **grants: Any) -> GuardedTable:
    """A table as a role sees it that may read these columns."""
    plain = {field.name: getattr(whole, field.name) for field in fields_of(Table)}
    columns = tuple(column for column in whole.columns if column.name in select)
    relations = tuple(r for r in whole.relations if set(r.columns) <= set(select))
    shown = (SelectGrant(frozenset(select)),) if select else ()
    return GuardedTable(
        **{**plain, "columns": columns, "relations": relations, "whole": whole, "select": shown, **grants}
    )


def with_table(model: Model, changed: Table) -> Model:
    return replace(model, tables=tuple(changed if t.name == changed.name else t for t in model.tables))


def schema_of(model: Model) -> ApiSchema:
    return build_schema(build_surface(model))


def inputs(schema: ApiSchema, name: str) -> dict[str, str]:
    found = schema.graphql.type_map[name]
    assert isinstance(found, GraphQLInputObjectType)
    return {key: str(field.type) for key, field in found.fields.items()}


def mutations(schema: ApiSchema) -> dict[str, str]:
    found = schema.graphql.mutation_type
    return {} if found is None else {name: str(field.type) for name, field in found.fields.items()}


def users(**grants: Any) -> ApiSchema:
    """The blog where the role may read id and name of users, and write as granted."""
    whole = blog().table("users")
    return schema_of(Model("x", (guarded(whole, select=("id", "name"), **grants),)))


def test_a_role_that_only_reads_has_no_mutation() -> None:
    schema = users()
    assert schema.graphql.mutation_type is None
    assert "CreateUserInput" not in schema.graphql.type_map


def test_only_granted_columns_and_operations() -> None:
    schema = users(insert=(InsertGrant(frozenset({"name"})),), delete=(DeleteGrant(WHERE),))
    assert list(mutations(schema)) == ["createUser", "createUsers", "deleteUser", "deleteUsers"]
    assert inputs(schema, "CreateUserInput") == {"name": "String!"}
    schema = users(update=(UpdateGrant(frozenset({"email"})),))
    assert list(mutations(schema)) == ["updateUser", "updateUsers", "updateUsersByKey"]
    assert inputs(schema, "UpdateUserInput") == {"email": "String"}, "may be written though it may not be read"


def test_what_a_rule_sets_is_not_taken_from_callers() -> None:
    email = blog().table("users").column("email")
    preset = (Preset(email, Given(Literal("x"))),)
    schema = users(insert=(InsertGrant(frozenset({"id", "name", "email"}), presets=preset),))
    assert inputs(schema, "CreateUserInput") == {"id": "ID!", "name": "String!"}
    both = (InsertGrant(frozenset({"id", "name"}), presets=preset), InsertGrant(frozenset({"id", "name", "email"})))
    assert inputs(users(insert=both), "CreateUserInput") == {"id": "ID!", "name": "String!", "email": "String"}


def test_what_only_one_grant_asks_for_is_not_required() -> None:
    either = (InsertGrant(frozenset({"id"})), InsertGrant(frozenset({"id", "name"})))
    assert inputs(users(insert=either), "CreateUserInput") == {"id": "ID!", "name": "String"}


def test_what_is_masked_for_reading_is_still_required_for_writing() -> None:
    whole = blog().table("users")
    masked = tuple(replace(c, nullable=True) for c in whole.columns)
    create = (InsertGrant(frozenset({"id", "name"})),)
    role = replace(guarded(whole, select=("id", "name"), insert=create), columns=masked)
    assert inputs(schema_of(Model("x", (role,))), "CreateUserInput") == {"id": "ID!", "name": "String!"}


def test_a_row_that_may_not_be_seen_again_is_nullable() -> None:
    whole = blog().table("users")
    create = (InsertGrant(frozenset({"id", "name"})),)
    hidden = replace(guarded(whole, select=("id",), insert=create), select=(SelectGrant(frozenset({"id"}), WHERE),))
    assert mutations(schema_of(Model("x", (hidden,)))) == {"createUser": "User", "createUsers": "[User!]!"}
    rls = replace(whole, row_security=True)
    assert mutations(schema_of(Model("x", (rls,))))["createUser"] == "User"
    assert mutations(users(insert=create))["createUser"] == "User!"


def test_a_table_that_may_only_be_written() -> None:
    create = (InsertGrant(frozenset({"id", "name"})),)
    grants: dict[str, Any] = {
        "insert": create,
        "update": (UpdateGrant(frozenset({"name"})),),
        "delete": (DeleteGrant(),),
    }
    schema = schema_of(Model("x", (guarded(blog().table("users"), **grants),)))
    assert mutations(schema) == {"createUser": "Boolean!", "createUsers": "Int!"}
    assert inputs(schema, "CreateUserInput") == {"id": "ID!", "name": "String!"}
    assert list(schema.surface.query) == ["node"]
    assert "User" not in schema.graphql.type_map
    assert "UserFilter" not in schema.graphql.type_map


def test_rows_without_a_key_cannot_be_named() -> None:
    lines = table("lines", ("Line", "line", "lines"), [column("line", TEXT)], key=())
    assert mutations(schema_of(Model("x", (lines,)))) == {
        "createLine": "Line!",
        "createLines": "[Line!]!",
        "updateLines": "[Line!]!",
        "deleteLines": "Int!",
    }


def test_privileges_of_the_database_count() -> None:
    whole = blog().table("users")
    only_name = tuple(replace(c, insertable=c.name == "name", updatable=False) for c in whole.columns)
    schema = schema_of(Model("x", (replace(whole, columns=only_name, deletable=False),)))
    assert list(mutations(schema)) == ["createUser", "createUsers"]
    assert inputs(schema, "CreateUserInput") == {"name": "String!"}


def test_views_and_read_only_columns_are_not_written() -> None:
    whole = blog().table("users")
    view = schema_of(Model("x", (replace(whole, kind=TableKind.VIEW),)))
    assert view.graphql.mutation_type is None
    assert "rowVersion" not in view.surface.rows["User"]
    made = tuple(replace(c, read_only=c.name == "id") for c in whole.columns)
    schema = schema_of(Model("x", (replace(whole, columns=made),)))
    assert "id" not in inputs(schema, "CreateUserInput") | inputs(schema, "UpdateUserInput")


def test_foreign_keys_may_come_from_a_related_row() -> None:
    schema = schema_of(blog())
    assert inputs(schema, "CreateCommentInput")["blogPostId"] == "ID"
    assert inputs(schema, "CommentBlogPostCreateInput") == {
        "create": "CreateBlogPostInput",
        "connect": "BlogPostKeyInput",
    }
    assert "disconnect" not in inputs(schema, "CommentBlogPostUpdateInput"), "the column is not nullable"


def test_related_rows_only_with_the_foreign_key_s_grant() -> None:
    """Else a row could be put below any other, although its foreign key may not be given."""
    model = blog()
    comments = model.table("comments")
    names = tuple(c.name for c in comments.columns)
    create = (InsertGrant(frozenset({"id", "body", "rating"}), presets=()),)
    model = with_table(model, guarded(comments, select=names, insert=create))
    schema = schema_of(model)
    assert "comments" not in inputs(schema, "CreateBlogPostInput") | inputs(schema, "UpdateBlogPostInput")
    assert "blogPost" not in inputs(schema, "CreateCommentInput")


def test_links_through_a_junction_need_its_grants() -> None:
    model = blog()
    assert "labels" not in inputs(schema_of(model), "CreateBlogPostInput"), "its table is not there"
    junction = table(
        "blog_posts_labels",
        ("BlogPostLabel", "blogPostLabel", "blogPostLabels"),
        [column("blog_post_id", UUID, is_id=True), column("label_id", INT4, is_id=True)],
        key=("blog_post_id", "label_id"),
    )
    whole = schema_of(replace(model, tables=(*model.tables, junction)))
    assert list(inputs(whole, "BlogPostLabelsCreateInput")) == ["create", "connect"]
    assert list(inputs(whole, "BlogPostLabelsUpdateInput")) == ["create", "connect", "disconnect", "update", "delete"]
    readable = guarded(junction, select=("blog_post_id", "label_id"), delete=(DeleteGrant(),))
    kept = schema_of(replace(model, tables=(*model.tables, readable)))
    assert list(inputs(kept, "BlogPostLabelsUpdateInput")) == ["disconnect", "update", "delete"]
    relation = model.table("blog_posts").relations[-1]
    assert isinstance(relation.junction, Junction)


def test_keys_and_conflicts() -> None:
    schema = schema_of(blog())
    assert inputs(schema, "BlogPostKeyInput") == {"id": "ID", "slug": "String"}
    assert inputs(schema, "UserKeyInput") == {"id": "ID!"}
    assert list(schema.surface.inputs["blog_posts"].conflicts) == ["ID", "SLUG"]
    posts = blog().table("blog_posts")
    late = (replace(posts.unique_keys[0], arbiter=False), UniqueKey("both", ("author_id", "title"), "byBoth"))
    schema = schema_of(with_table(blog(), replace(posts, unique_keys=late)))
    assert list(schema.surface.inputs["blog_posts"].conflicts) == ["ID", "AUTHOR_ID_AND_TITLE"]
    assert list(inputs(schema, "BlogPostKeyInput")) == ["id", "slug", "authorId", "title"]


def test_key_columns_called_like_an_argument() -> None:
    odd = table("odd", ("Odd", "odd", "odds"), [column("input", INT4, is_id=True), column("a", TEXT)], key=("input",))
    schema = schema_of(Model("x", (odd,)))
    mutation = schema.graphql.mutation_type
    assert isinstance(mutation, GraphQLObjectType)
    assert list(mutation.fields["updateOdd"].args) == ["input_", "input", "ifVersion"]


def test_functions_that_write() -> None:
    def function(name: str, **more: Any) -> Function:
        given = {"returns": None, "returns_table": None, "returns_set": False, **more}
        return Function(name, name, Volatility.VOLATILE, (Argument("n", "n", INT4, False),), **given)

    functions = (
        function("nothing"),
        function("number", returns=INT4),
        function("rows", returns_table="users", returns_set=True),
        function("row", returns_table="users"),
    )
    schema = schema_of(replace(blog(), functions=functions))
    mutation = schema.graphql.mutation_type
    assert isinstance(mutation, GraphQLObjectType)
    assert {name: str(mutation.fields[name].type) for name in ("nothing", "number", "rows", "row")} == {
        "nothing": "Boolean!",
        "number": "Int",
        "rows": "[User!]!",
        "row": "User",
    }
    assert list(mutation.fields["rows"].args) == ["n"]
    assert not {"nothing", "number", "rows", "row"} & schema.surface.query.keys()


def test_inputs_of_relations_never_take_another_type_s_name() -> None:
    clash = table("clash", ("BlogPostAuthorCreateInput", "clash", "clashes"), [column("id", INT4, is_id=True)])
    model = blog()
    schema = schema_of(replace(model, tables=(*model.tables, clash)))
    assert inputs(schema, "CreateBlogPostInput")["author"] == "BlogPostAuthorCreateInput_2"
    assert isinstance(schema.graphql.type_map["BlogPostAuthorCreateInput"], GraphQLObjectType)


def test_an_upsert_takes_what_may_be_both_given_and_changed() -> None:
    create, change = InsertGrant(frozenset({"id", "name", "email"})), UpdateGrant(frozenset({"name"}))
    schema = users(insert=(create,), update=(change,))
    assert print_type(schema.graphql.type_map["UserUpdateColumn"]).split()[-2:] == ["NAME", "}"]
