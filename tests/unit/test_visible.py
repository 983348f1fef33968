"""What a role sees of a model: default deny, whole relations only, inheritance never wider than its parts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kapok.catalog.types import RawArgument
from kapok.identifiers import QualifiedName
from kapok.model.build import build
from kapok.model.types import Model
from kapok.permissions.apply import visible
from kapok.permissions.rules import Permissions, SelectRule, TableRules, parse_permissions
from kapok.permissions.validation import Problem, validate
from kapok.query.claims import Claim
from kapok.query.expressions import Compared, Operand
from kapok.query.guard import GuardedTable, RuleSource
from kapok.query.operators import Operator
from kapok.query.values import Given, Literal
from tests.unit.catalogs import TEXT, catalog, column, function, references, row_type, table

USER_ROW = QualifiedName(None, "users")
MODEL = build(
    catalog(
        table("users", "id", column("email", TEXT), unique=["email"]),
        table("posts", "id", "author_id", "title", foreign_keys=[references("author_id", "users")]),
        table("labels", "id", "name"),
        table(
            "post_labels",
            *("post_id", "label_id"),
            primary="post_id label_id",
            foreign_keys=[references("post_id", "posts"), references("label_id", "labels")],
        ),
        row_type("users"),
        function("users_greeting", RawArgument("u", USER_ROW), returns=TEXT),
        function("top_users", returns=USER_ROW, returns_set=True),
        function("now_playing", returns=TEXT),
    )
)


def seen(text: str, role: str = "anon") -> Model:
    """The model under these permissions."""
    return visible(MODEL, parse_permissions(text), role)


def outline(model: Model) -> dict[str, tuple[list[str], list[str]]]:
    """Columns and relation fields of each table."""
    return {
        item.name: ([one.name for one in item.columns], sorted([one.api_name for one in item.relations]))
        for item in model.tables
    }


ALL = "tables: {users: {anon: {select: {columns: '*'}}}, posts: {anon: {select: {columns: '*'}}}}"


def test_service_sees_all_and_nobody_else_anything() -> None:
    assert visible(MODEL, Permissions(), "service") is MODEL
    for role in ("anon", "member", "Service", "", "*"):
        model = visible(MODEL, Permissions(), role)
        assert (model.tables, model.functions) == ((), ())


def test_a_role_sees_what_it_was_given() -> None:
    assert outline(seen(ALL)) == {
        "users": (["id", "email"], ["posts"]),
        "posts": (["id", "author_id", "title"], ["author"]),
    }
    assert outline(seen(ALL, "member")) == {}


def test_a_relation_needs_the_columns_of_both_ends() -> None:
    without_source = "tables: {users: {anon: {select: {columns: '*'}}}, posts: {anon: {select: {columns: [id]}}}}"
    assert outline(seen(without_source)) == {"users": (["id", "email"], []), "posts": (["id"], [])}
    without_target = "tables: {users: {anon: {select: {columns: [email]}}}, posts: {anon: {select: {columns: '*'}}}}"
    assert outline(seen(without_target)) == {"users": (["email"], []), "posts": (["id", "author_id", "title"], [])}


def test_many_to_many_needs_the_junction() -> None:
    text = "tables: {posts: {anon: {select: {columns: [id]}}}, labels: {anon: {select: {columns: [id]}}}"
    assert outline(seen(text + "}"))["posts"] == (["id"], [])
    part = text + ", post_labels: {anon: {select: {columns: [post_id]}}}}"
    assert outline(seen(part))["posts"] == (["id"], ["postLabels"])
    whole = text + ", post_labels: {anon: {select: {columns: '*'}}}}"
    assert outline(seen(whole))["posts"] == (["id"], ["labels", "postLabels"])


def test_keys_of_hidden_columns_are_gone() -> None:
    users = seen("tables: {users: {anon: {select: {columns: [email]}}}}").table("users")
    assert users.primary_key is None
    assert [key.columns for key in users.unique_keys] == [("email",)]
    users = seen("tables: {users: {anon: {select: {columns: [id]}}}}").table("users")
    assert users.primary_key is not None
    assert users.unique_keys == ()


def test_functions_are_given_one_by_one() -> None:
    assert seen(ALL).functions == ()
    assert seen(ALL).table("users").computed == ()
    model = seen(ALL + "\nfunctions: {top_users: [anon], users_greeting: [anon]}")
    assert [item.name for item in model.functions] == ["top_users"]
    assert [item.name for item in model.table("users").computed] == ["users_greeting"]
    # Its rows are of a table that this role does not see.
    hidden = "tables: {labels: {anon: {select: {columns: '*'}}}}\nfunctions: {top_users: [anon], now_playing: [anon]}"
    assert [item.name for item in seen(hidden).functions] == ["now_playing"]


def test_unknown_columns_and_tables_give_nothing() -> None:
    assert (
        outline(seen("tables: {users: {anon: {select: {columns: [nothing]}}}, gone: {anon: {select: {columns: '*'}}}}"))
        == {}
    )


def test_limits_and_aggregates() -> None:
    text = "tables: {users: {anon: {select: {columns: '*', limit: 5, aggregate: false}}}}"
    users = seen(text).table("users")
    assert (users.row_limit, users.aggregate_allowed) == (5, False)
    users = seen(ALL).table("users")
    assert (users.row_limit, users.aggregate_allowed) == (None, True)


def _inherited(parent: str, child: str) -> tuple[list[str], int | None, bool]:
    text = (
        "roles: {parent: {}, child: {inherits: [parent]}}\n"
        f"tables: {{users: {{parent: {{select: {parent}}}, child: {{select: {child}}}}}}}"
    )
    users = seen(text, "child").table("users")
    return [item.name for item in users.columns], users.row_limit, users.aggregate_allowed


def test_inheritance_adds_up() -> None:
    assert _inherited("{columns: [id]}", "{columns: [email]}")[0] == ["id", "email"]
    # The wider rule's own limit holds, whichever end it stands on.
    assert _inherited("{columns: [id], limit: 1}", "{columns: '*', limit: 9}")[1] == 9
    assert _inherited("{columns: '*', limit: 9}", "{columns: [id], limit: 1}")[1] == 9
    assert _inherited("{columns: '*', limit: 9}", "{columns: [id]}")[1] == 9
    assert _inherited("{columns: '*', limit: 9}", "{columns: '*'}")[1] is None
    assert _inherited("{columns: '*', aggregate: false}", "{columns: '*'}")[2] is True


def test_inheritance_is_never_wider_than_its_parts() -> None:
    """Unlimited ids and nine e-mails are not unlimited e-mails; sums of ids are not sums of e-mails."""
    assert _inherited("{columns: [email], limit: 9}", "{columns: [id]}")[1] == 9
    assert _inherited("{columns: [email], aggregate: false}", "{columns: [id]}")[2] is False


_COLUMNS = st.one_of(st.none(), st.frozensets(st.sampled_from(["id", "author_id", "title", "gone"]), min_size=1))
_RULES = st.builds(SelectRule, _COLUMNS, aggregate=st.booleans(), limit=st.one_of(st.none(), st.integers(1, 9)))


@settings(deadline=None)
@given(st.dictionaries(st.tuples(st.sampled_from(["posts", "users", "gone"]), st.sampled_from("ab")), _RULES))
def test_what_is_inherited_some_parent_has(select: dict[tuple[str, str], SelectRule]) -> None:
    """Each column of the child is a parent's, with a limit no looser and aggregates no freer than some rule with it."""
    rules = {place: TableRules(select=rule) for place, rule in select.items()}
    permissions = Permissions({"a": (), "b": (), "child": ("a", "b")}, rules)
    child = visible(MODEL, permissions, "child")
    parents = [visible(MODEL, permissions, role) for role in "ab"]
    assert {item.name for item in child.tables} == {item.name for parent in parents for item in parent.tables}
    for item in child.tables:
        having = [one for parent in parents for one in parent.tables if one.name == item.name]
        assert set(item.columns) == {one for other in having for one in other.columns}
        for one in item.columns:
            with_it = [other for other in having if one in other.columns]
            assert item.aggregate_allowed <= max(other.aggregate_allowed for other in with_it)
            limits = [other.row_limit or 99 for other in with_it]
            assert (item.row_limit or 99) <= max(limits)


def test_validate_names_what_is_not_there() -> None:
    permissions = parse_permissions(
        "tables: {usres: {anon: {select: {columns: '*'}}}, users: {anon: {select: {columns: [id, mail, emial]}}}}\n"
        "functions: {top_user: [anon], users_greeting: [anon], now_playing: [anon]}"
    )
    assert validate(permissions, MODEL) == [
        Problem("tables.usres", "There is no table `usres`. Did you mean users?", 1),
        Problem("tables.users.anon.select.columns", "There is no column `emial`. Did you mean email?", 1),
        Problem("tables.users.anon.select.columns", "There is no column `mail`. Did you mean email?", 1),
        Problem("functions.top_user", "There is no function `top_user`. Did you mean top_users?", 2),
    ]
    assert validate(parse_permissions(ALL), MODEL) == []


CONDITIONS = """
roles: {a: {}, b: {}, child: {inherits: [a, b]}, broken: {}}
tables:
  posts:
    a: {select: {columns: [id, title], where: {title: {eq: 1}}}, update: {columns: [title], where: {id: {eq: $sub}}}}
    b: {select: {columns: [id, author_id], where: {title: {eq: 2}}}, insert: {columns: "*", set: {author_id: $sub}}}
    broken: {select: {columns: "*", where: {nothing: {eq: 1}}}, delete: {where: {title: {eq: 1, gone: 2}}}}
  users: {a: {select: {columns: "*"}}, b: {insert: {columns: [email]}}}
functions: {users_greeting: [a]}
"""


def guarded(role: str, name: str) -> GuardedTable:
    found = seen(CONDITIONS, role).table(name)
    assert isinstance(found, GuardedTable)
    return found


def test_conditions_travel_with_the_table() -> None:
    posts = guarded("a", "posts")
    assert posts.select[0].where == Compared(
        Operand(posts.column("title"), posts.column("title").type), Operator.EQ, Given(Literal("1"))
    )
    assert posts.select[0].source == RuleSource("posts", "a", "select", 5)
    assert [grant.columns for grant in posts.update] == [{"title"}]
    assert posts.whole == MODEL.table("posts")


def test_a_preset_column_is_not_the_callers() -> None:
    insert = guarded("b", "posts").insert[0]
    assert insert.columns == {"id", "title"}
    assert [(preset.column.name, type(preset.value)) for preset in insert.presets] == [("author_id", Claim)]


def test_cells_that_only_one_parent_shows_may_be_null() -> None:
    posts = guarded("child", "posts")
    assert {column.name: column.nullable for column in posts.columns} == {"id": False, "author_id": True, "title": True}
    assert posts.primary_key is not None
    assert [len(grants) for grants in (posts.select, posts.insert, posts.update, posts.delete)] == [2, 1, 1, 0]


def test_a_rule_that_does_not_fit_grants_nothing() -> None:
    assert outline(seen(CONDITIONS, "broken")) == {}
    assert seen(CONDITIONS, "broken").tables == ()


def test_a_table_that_may_only_be_written_has_no_columns() -> None:
    users = guarded("b", "users")
    assert (users.columns, users.relations, users.primary_key) == ((), (), None)
    assert users.insert[0].columns == {"email"}


def test_a_row_that_may_be_hidden_may_be_missing() -> None:
    text = "tables: {users: {anon: {select: {columns: '*', where: {email: {like: '%x'}}}}}, "
    text += "posts: {anon: {select: {columns: '*'}}}}"
    author = next(item for item in seen(text).table("posts").relations if item.api_name == "author")
    assert author.nullable


def test_a_computed_field_is_of_the_rows_that_a_role_with_the_function_sees() -> None:
    text = CONDITIONS.replace("b: {insert: {columns: [email]}}", "b: {select: {columns: [id], where: {id: {eq: 1}}}}")
    users = seen(text, "child").table("users")
    assert isinstance(users, GuardedTable)
    # a's grant shows all that b's does, and the function, too.
    assert [grant.computed for grant in users.select] == [{"users_greeting"}]
    users = seen(text.replace("users_greeting: [a]", "users_greeting: [b]"), "child").table("users")
    assert isinstance(users, GuardedTable)
    assert [grant.computed for grant in users.select] == [frozenset(), {"users_greeting"}]


def test_problems_have_places_and_lines() -> None:
    problems = validate(parse_permissions(CONDITIONS), MODEL)
    assert [(problem.path, problem.line) for problem in problems] == [
        ("tables.posts.broken.select.where", 7),
        ("tables.posts.broken.delete.where.title", 7),
    ]
    assert "nothing" in problems[0].message
