"""Columns, keys, functions and the shape; relations have a file of their own."""

from __future__ import annotations

import pickle
import tracemalloc
from dataclasses import replace

import pytest

from kapok.catalog.parse import parse
from kapok.catalog.types import Catalog, RawArgument, RawKey, RawTableKind, RawType, RawTypeKind
from kapok.identifiers import QualifiedName
from kapok.model.build import build
from kapok.model.shape import shape_of
from kapok.model.types import Function, Model, TypeKind, Volatility
from tests.unit.catalogs import INT4, RECORD, TEXT, VOID, catalog, column, enum, function, references, row_type, table

USERS = table("users", "id", column("email", TEXT), unique=["email"])
USER_ROW = row_type("users")


def own(name: str) -> QualifiedName:
    """A name in the tenant's schema."""
    return QualifiedName(None, name)


def only_function(made: Catalog) -> Function:
    """The one query or mutation function."""
    [found] = build(made).functions
    return found


def test_columns() -> None:
    required = RawType(own("required"), RawTypeKind.DOMAIN, element=TEXT, not_null=True)
    again = RawType(own("again"), RawTypeKind.DOMAIN, element=own("required"))
    made = table(
        "things",
        column("id", not_null=True, identity="a"),
        column("number", not_null=True, identity="d"),
        column("required", own("again")),
        column("computed", not_null=True, has_default=True, generated=True),
        column("plain", not_null=True, comment="Words.\n@name renamed"),
        column("secret", comment="@hidden"),
    )
    [things] = build(catalog(made, required, again)).tables
    assert [(c.api_name, c.nullable, c.is_id, c.has_default, c.read_only, c.comment) for c in things.columns] == [
        ("id", False, True, False, True, None),
        ("number", False, False, True, False, None),
        ("required", False, False, False, False, None),
        ("computed", False, False, True, True, None),
        ("renamed", False, False, False, False, "Words."),
    ]
    domain = things.column("required").type
    assert (domain.kind, domain.scalar, domain.not_null) == (TypeKind.DOMAIN, "String", True)


def test_a_view_says_what_is_not_null() -> None:
    domain = RawType(own("required"), RawTypeKind.DOMAIN, element=TEXT, not_null=True)
    view = table("v", column("a", own("required")), column("b", comment="@notNull"), primary="", kind=RawTableKind.VIEW)
    [made] = build(catalog(view, domain)).tables
    assert [item.nullable for item in made.columns] == [True, False]


def test_ids_are_keys_of_plain_scalars() -> None:
    """An enum or a date in a key says more than ID would."""
    mood = enum("mood", "ok")
    day = RawType(QualifiedName("pg_catalog", "date"), RawTypeKind.BASE)
    made = table(
        "a",
        *(column("id"), column("mood", mood.name), column("day", day.name), column("user_id"), column("n")),
        primary="id mood day",
        foreign_keys=[references("user_id", "users")],
    )
    model = build(catalog(USERS, made, mood, day))
    assert [item.name for item in model.table("a").columns if item.is_id] == ["id", "user_id"]


def test_unique_keys() -> None:
    keys = [
        RawKey("a_pkey", ("id",), primary=True),
        RawKey("z_again", ("y", "x")),
        RawKey("x_y", ("x", "y")),
        RawKey("id_again", ("id",)),
        RawKey("named", ("x",), comment="@name byTheX"),
        RawKey("hidden", ("y",), comment="@hidden"),
        RawKey("gone", ("nothing",)),
    ]
    [made] = build(catalog(replace(table("a", "id", "x", "y"), keys=tuple(keys)))).tables
    assert {key.name: key.api_field for key in made.unique_keys} == {"x_y": "aByXAndY", "named": "byTheX"}
    assert made.primary_key is not None
    assert made.primary_key.api_field == "a"


def test_shared_types_are_one_object() -> None:
    [made] = build(catalog(table("a", column("x", TEXT), column("y", TEXT), primary=""))).tables
    assert made.columns[0].type is made.columns[1].type


def test_types_in_types() -> None:
    int_range = RawType(own("int_range"), RawTypeKind.RANGE, element=INT4)
    multirange = RawType(own("int_multirange"), RawTypeKind.MULTIRANGE, element=own("int_range"))
    array = RawType(own("_int_multirange"), RawTypeKind.ARRAY, element=own("int_multirange"))
    over = RawType(own("over"), RawTypeKind.DOMAIN, element=own("_int_multirange"))
    [made] = build(catalog(table("a", column("x", own("over")), primary=""), int_range, multirange, array, over)).tables
    domain = made.columns[0].type
    assert domain.element is not None
    inner = domain.element.element
    assert inner is not None
    assert (domain.kind, domain.element.kind, inner.kind) == (TypeKind.DOMAIN, TypeKind.ARRAY, TypeKind.MULTIRANGE)
    assert inner.element is not None
    # A multirange is a list of its range's GraphQL type; its element is what the range is of.
    assert (inner.scalar, inner.element.scalar) == ("IntRange", "Int")


def test_a_type_does_not_take_a_tables_name() -> None:
    mood = enum("user", "ok")
    other = RawType(QualifiedName("extensions", "user"), RawTypeKind.ENUM, labels=("x",))
    made = table("a", column("x", mood.name), column("y", other.name), column("z", own("users")), primary="")
    model = build(catalog(USERS, made, mood, other, USER_ROW))
    assert [item.type.scalar for item in model.table("a").columns] == ["User_2", "User_3", "UserRow"]


def test_computed_fields() -> None:
    row = RawArgument("u", own("users"))
    model = build(
        catalog(
            *(USERS, USER_ROW),
            function("users_full_name", row, RawArgument("greeting", TEXT, has_default=True), returns=TEXT),
            function("user_friends", row, returns=own("users"), returns_set=True),
            function("age", row),
            function("users_email", row, returns=TEXT),
            function("users_touch", row, volatility="v"),
        )
    )
    [users] = model.tables
    assert {item.api_name: (item.name, item.row_of, item.returns_table) for item in users.computed} == {
        "fullName": ("users_full_name", "users", None),
        "friends": ("user_friends", "users", "users"),
        "age": ("age", "users", None),
        "usersEmail": ("users_email", "users", None),
    }
    [argument] = next(item for item in users.computed if item.name == "users_full_name").arguments
    assert (argument.api_name, argument.has_default) == ("greeting", True)
    assert [(item.api_name, item.volatility) for item in model.functions] == [("usersTouch", Volatility.VOLATILE)]


@pytest.mark.parametrize(
    ("arguments", "positional", "names"),
    [
        ([RawArgument("a", INT4), RawArgument("b_c", INT4)], False, ["a", "bC"]),
        ([RawArgument("", INT4), RawArgument("b", INT4)], True, ["arg1", "b"]),
        ([RawArgument("", INT4), RawArgument("arg1", INT4)], True, ["arg1_2", "arg1"]),
        ([RawArgument("b", INT4), RawArgument("B", INT4)], False, ["b", "b_2"]),
    ],
)
def test_arguments(arguments: list[RawArgument], positional: bool, names: list[str]) -> None:
    made = only_function(catalog(function("f", *arguments)))
    assert made.positional is positional
    assert [item.api_name for item in made.arguments] == names


def test_a_list_functions_arguments_leave_room_for_the_lists_own() -> None:
    made = build(
        catalog(
            *(USERS, USER_ROW),
            function("f", RawArgument("limit", INT4), RawArgument("q", TEXT), returns=own("users"), returns_set=True),
        )
    ).functions[0]
    assert [item.api_name for item in made.arguments] == ["limit_", "q"]


def test_several_results_are_an_object() -> None:
    outputs = [RawArgument("a", INT4), RawArgument("b c", TEXT, mode="t"), RawArgument("d", INT4, mode="b")]
    made = only_function(catalog(function("stats_of", *outputs, returns=RECORD, returns_set=True)))
    assert made.returns is not None
    assert (made.returns.kind, made.returns.scalar) == (TypeKind.COMPOSITE, "StatsOfResult")
    assert [(item.name, item.api_name) for item in made.returns.attributes] == [("b c", "bC"), ("d", "d")]
    assert [item.api_name for item in made.arguments] == ["a", "d"]


def test_one_result_is_a_value() -> None:
    made = only_function(catalog(function("f", RawArgument("a", INT4, mode="o"))))
    assert (made.arguments, made.returns and made.returns.scalar) == ((), "Int")


@pytest.mark.parametrize(
    "left_out",
    [
        function("any_record", returns=RECORD),
        function("unnamed_out", RawArgument("", INT4, mode="o"), RawArgument("b", INT4, mode="o"), returns=RECORD),
        function("nothing", returns=VOID),
        function("f", comment="@hidden"),
        function("rows_of_a_hidden_table", returns=own("hidden")),
        function("takes_a_hidden_row", RawArgument("h", own("hidden"))),
    ],
)
def test_functions_left_out(left_out: object) -> None:
    hidden = table("hidden", "id", comment="@hidden")
    model = build(catalog(USERS, hidden, USER_ROW, row_type("hidden"), left_out))  # type: ignore[arg-type]
    assert model.functions == ()
    assert not any(made.computed for made in model.tables)


def test_a_mutation_may_return_nothing() -> None:
    made = only_function(catalog(function("do_it", returns=VOID, volatility="v")))
    assert (made.api_name, made.returns, made.returns_table) == ("doIt", None, None)


def test_overloads_are_numbered_by_their_arguments() -> None:
    overloads = [function("f", RawArgument("a", TEXT)), function("f"), function("f", RawArgument("a", INT4))]
    assert [item.api_name for item in build(catalog(*overloads)).functions] == ["f_3", "f", "f_2"]


def test_a_function_does_not_take_a_root_field() -> None:
    names = ["users", "user", "users_aggregate", "user_by_email", "node", "create_user"]
    model = build(catalog(USERS, *[function(name) for name in names]))
    assert [item.api_name for item in model.functions] == [
        *("users_2", "user_2", "usersAggregate_2", "userByEmail_2", "node_", "createUser")
    ]
    volatile = build(catalog(USERS, function("create_user", volatility="v"))).functions
    assert [item.api_name for item in volatile] == ["createUser_2"]


def test_shape() -> None:
    """Equal for equal schemas whatever they hold and are called; another for anything that is made differently."""
    made = catalog(USERS)
    document = (
        b'{"tables": [{"name": "a", "kind": "r", "rows": %d, "columns": [{"name": "x", "type": %d}]}],'
        b' "types": [{"oid": %d, "schema": "pg_catalog", "name": "int4", "kind": "b"}]}'
    )
    assert shape_of(parse(document % (0, 23, 23))) == shape_of(parse(document % (1000, 99, 99)))
    others = [
        catalog(table("users", "id", column("email", TEXT))),
        catalog(replace(USERS, comment="x")),
        catalog(replace(USERS, row_security=True)),
        catalog(replace(USERS, columns=USERS.columns[::-1])),
        catalog(USERS, enum("mood", "a", "b")),
        catalog(USERS, enum("mood", "b", "a")),
        catalog(USERS, function("f")),
        catalog(USERS, function("f", strict=True)),
    ]
    shapes = {shape_of(item) for item in [made, *others]}
    assert len(shapes) == len(others) + 1
    assert build(made).shape == shape_of(made)


def test_a_model_is_a_value() -> None:
    made = catalog(USERS, USER_ROW, function("age", RawArgument("u", own("users"))))
    assert build(made) == build(made)
    assert hash(build(made)) == hash(build(made))
    assert pickle.loads(pickle.dumps(build(made))) == build(made)


def _thirty_tables() -> Catalog:
    columns = [f"column_{number}" for number in range(10)]
    first = table("table_0", "id", *columns)
    return catalog(
        first,
        *[
            table(f"table_{n}", "id", "parent_id", *columns, foreign_keys=[references("parent_id", f"table_{n - 1}")])
            for n in range(1, 30)
        ],
    )


def test_thirty_tables_are_small() -> None:
    """Well under 1 MB: one shape may have many roles."""
    made = _thirty_tables()
    build(made)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    model: Model = build(made)
    used = sum(item.size_diff for item in tracemalloc.take_snapshot().compare_to(before, "filename"))
    tracemalloc.stop()
    assert len(model.tables) == 30
    assert used < 250_000
