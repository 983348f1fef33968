"""The GraphQL schema of a surface: valid, small, quick to build, and exactly what api.md shows."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from pathlib import Path
from types import FrameType

import graphene.types.enum
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    print_schema,
    print_type,
    validate_schema,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.graphql_api.schema.graphene_types import ApiSchema, build_schema
from apps.graphql_api.schema.scalars import GRAPHENE_SCALARS
from apps.graphql_api.schema.surface import build_surface
from kapok.identifiers import QualifiedName
from kapok.model.scalars import SCALARS
from kapok.model.types import Argument, EnumValue, Function, Model, PgType, TypeKind, Volatility
from kapok.query.families import OPERATORS, Family, family_of
from tests.unit.models import (
    ADDRESS,
    BOOL,
    BYTEA,
    INT4,
    INT8,
    JSON,
    JSONB,
    NUMERIC,
    POST_STATUS,
    TEXT,
    TIMESTAMPTZ,
    TSTZMULTIRANGE,
    TSTZRANGE,
    UUID,
    array,
    blog,
    column,
    table,
    wide,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "schema"
TYPES = [TEXT, INT4, INT8, NUMERIC, BOOL, JSON, JSONB, UUID, BYTEA, TIMESTAMPTZ, POST_STATUS, ADDRESS, TSTZRANGE]
TYPES += [TSTZMULTIRANGE, *[array(type_) for type_ in (TEXT, JSON, JSONB, ADDRESS, POST_STATUS, TSTZRANGE)]]


def schema_of(model: Model) -> ApiSchema:
    return build_schema(build_surface(model))


def problems(schema: GraphQLSchema) -> list[str]:
    # The schema is built on trust (assume_valid); a copy of it is not.
    copy = GraphQLSchema(schema.query_type, schema.mutation_type, types=schema.type_map.values())
    return [error.message for error in validate_schema(copy)]


def zoo() -> Model:
    """A table with a column of every kind of type, and a function with arguments of them."""
    columns = [column(f"c{place}", type_, nullable=place % 2 == 0) for place, type_ in enumerate(TYPES)]
    function = Function(
        "compute",
        "compute",
        Volatility.STABLE,
        tuple(Argument(f"a{place}", f"a{place}", type_, place % 2 == 0) for place, type_ in enumerate(TYPES)),
        array(ADDRESS),
        None,
        returns_set=True,
    )
    rows = Function(
        "rows", "rows", Volatility.STABLE, (Argument("limit", "limit", TEXT, False),), None, "zoo", returns_set=True
    )
    every = table("zoo", ("Zoo", "zoo", "zoos"), [column("id", TEXT, is_id=True), *columns], comment="All of them.")
    return Model("zoo", (every,), (function, rows))


@pytest.mark.parametrize(("name", "model"), [("blog", blog()), ("zoo", zoo()), ("empty", Model("empty", ()))])
def test_schema_is_valid_and_as_last_seen(name: str, model: Model, update_golden: bool) -> None:
    schema = schema_of(model).graphql
    assert problems(schema) == []
    text, golden = print_schema(schema) + "\n", GOLDEN / f"{name}.graphql"
    if update_golden:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def signature(schema: ApiSchema, type_name: str, field: str) -> str:
    type_ = schema.graphql.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    found = type_.fields[field]
    arguments = ", ".join(f"{name}: {argument.type}" for name, argument in found.args.items())
    return f"{field}({arguments}): {found.type}" if arguments else f"{field}: {found.type}"


LIST = "filter: {0}Filter, search: String, orderBy: [{0}OrderBy!], limit: Int, offset: Int, distinctOn: [{0}Column!]"
PAGE = "filter: {0}Filter, search: String, orderBy: [{0}OrderBy!], first: Int, after: String, last: Int, before: String"


@pytest.mark.parametrize(
    ("type_name", "expected"),
    [
        ("Query", "blogPost(id: ID!): BlogPost"),
        ("Query", "blogPostBySlug(slug: String!): BlogPost"),
        ("Query", f"blogPosts({LIST.format('BlogPost')}): [BlogPost!]!"),
        ("Query", f"blogPostsConnection({PAGE.format('BlogPost')}): BlogPostConnection!"),
        (
            "Query",
            "blogPostsAggregate(filter: BlogPostFilter, search: String, groupBy: [BlogPostColumn!]): "
            "[BlogPostAggregate!]!",
        ),
        ("Query", "node(id: ID!): Node"),
        ("BlogPost", "id: ID!"),
        ("BlogPost", "title: String!"),
        ("BlogPost", "status: PostStatus!"),
        ("BlogPost", "tags: [String!]"),
        ("BlogPost", "views: BigInt!"),
        ("BlogPost", "createdAt: DateTime!"),
        ("BlogPost", "authorId: ID!"),
        ("BlogPost", "author: User!"),
        ("BlogPost", f"comments({LIST.format('Comment')}): [Comment!]!"),
        ("BlogPost", f"labels({LIST.format('Label')}): [Label!]!"),
    ],
)
def test_api_md(type_name: str, expected: str) -> None:
    assert signature(schema_of(blog()), type_name, expected.partition("(")[0].partition(":")[0]) == expected


def test_every_family_has_its_operators_in_the_filters() -> None:
    schema = schema_of(zoo())
    zoo_filter = schema.graphql.type_map["ZooFilter"]
    assert isinstance(zoo_filter, GraphQLInputObjectType)
    seen: set[Family] = set()
    for place, type_ in enumerate(TYPES):
        family = family_of(type_)
        seen.add(family)
        operators = zoo_filter.fields[f"c{place}"].type
        assert isinstance(operators, GraphQLInputObjectType)
        expected = {"street", "zipCode", "isNull"} if family is Family.COMPOSITE else set(OPERATORS[family])
        assert set(operators.fields) == expected
    assert seen == set(Family)


def test_wire_types_of_aggregates() -> None:
    schema = schema_of(
        Model(
            "x",
            (
                table(
                    "t",
                    ("T", "t", "ts"),
                    [
                        column("id", INT8, is_id=True),
                        column("small", INT4),
                        column("big", INT8),
                        column("exact", NUMERIC),
                    ],
                ),
            ),
        )
    )
    assert print_type(schema.graphql.type_map["TAggregateSum"]) == (
        "type TAggregateSum {\n  small: BigInt\n  big: Decimal\n  exact: Decimal\n}"
    )
    assert print_type(schema.graphql.type_map["TAggregateAvg"]) == (
        "type TAggregateAvg {\n  small: Decimal\n  big: Decimal\n  exact: Decimal\n}"
    )
    assert print_type(schema.graphql.type_map["TAggregateMax"]) == (
        "type TAggregateMax {\n  id: ID\n  small: Int\n  big: BigInt\n  exact: Decimal\n}"
    )


def test_orders_take_exactly_one_key() -> None:
    order = schema_of(blog()).graphql.type_map["BlogPostOrderBy"]
    assert isinstance(order, GraphQLInputObjectType) and order.is_one_of


def test_enum_values_are_the_labels_of_the_database() -> None:
    status = schema_of(blog()).graphql.type_map["PostStatus"]
    assert isinstance(status, GraphQLEnumType)
    assert {name: value.value for name, value in status.values.items()} == {"DRAFT": "draft", "PUBLISHED": "published"}


def test_an_enum_of_any_name_leaves_graphene_alone() -> None:
    before = dict(vars(graphene.types.enum))
    hostile = PgType(TypeKind.ENUM, QualifiedName(None, "Enum"), "PyEnum", values=(EnumValue("a", "A"),))
    schema_of(Model("x", (table("t", ("Enum", "enum", "enums"), [column("id", INT4), column("e", hostile)]),)))
    assert dict(vars(graphene.types.enum)) == before


def test_every_scalar_of_the_model_has_a_graphql_scalar() -> None:
    assert set(SCALARS) <= set(GRAPHENE_SCALARS)


def test_scalars_are_shared_between_schemas_and_tables_share_their_filters() -> None:
    one, other = schema_of(blog()), schema_of(zoo())
    assert one.graphql.type_map["BigInt"] is other.graphql.type_map["BigInt"]
    user, comment = one.graphql.type_map["UserFilter"], one.graphql.type_map["CommentFilter"]
    assert isinstance(user, GraphQLInputObjectType) and isinstance(comment, GraphQLInputObjectType)
    assert user.fields["name"] is comment.fields["body"]


def test_thirty_tables_fit_the_budget() -> None:
    """At most 5 MB a shape of 30 tables. How long a cold first query takes is measured by `make bench`."""
    model = wide()
    schema_of(model)  # what is shared by all schemas is made once
    gc.collect()
    tracemalloc.start()
    try:
        kept = schema_of(model)
        gc.collect()
        size = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(kept.graphql.type_map) > 400
    assert size < 2_000_000


def test_thirty_tables_take_little_work() -> None:
    """Counted in calls of Python functions, 347,000 on Python 3.11, and fewer on later ones: the same however busy the
    machine is."""
    model = wide()
    schema_of(model)  # what is shared by all schemas is made once
    calls = 0

    def count(_frame: FrameType, event: str, _about: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        schema_of(model)
    finally:
        sys.setprofile(before)
    assert 100_000 < calls < 380_000


def test_nothing_of_graphene_stays_alive() -> None:
    schema = schema_of(blog())
    gc.collect()
    # type(): isinstance() would ask weak proxies, of which other tests leave dead ones.
    classes = [item for item in gc.get_objects() if issubclass(type(item), type)]
    assert not [item for item in classes if item.__name__ == "BlogPostFilter"]
    assert "BlogPostFilter" in schema.graphql.type_map


NAMES = st.sampled_from(["id", "and", "nodeId", "items", "itemsConnection", "itemsAggregate", "isNull", "post", "a"])
TYPE_NAMES = st.sampled_from(
    ["Post", "PostFilter", "PostConnection", "Node", "String", "StringFilter", "Query", "Address"]
)


@st.composite
def hostile_models(draw: st.DrawFn) -> Model:
    """Models whose names meet each other and the schema's own as often as possible."""
    tables = []
    for number in range(draw(st.integers(1, 5))):
        api = (draw(TYPE_NAMES), draw(NAMES), draw(NAMES))
        columns = [
            column(f"c{place}", draw(st.sampled_from(TYPES)), nullable=draw(st.booleans()))
            for place in range(draw(st.integers(1, 4)))
        ]
        renamed = [type(c)(c.name, draw(NAMES), c.type, c.nullable, is_id=draw(st.booleans())) for c in columns]
        tables.append(table(f"t{number}", api, renamed, key=("c0",) if draw(st.booleans()) else ()))
    return Model("hostile", tuple(tables))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(hostile_models())
def test_any_names_make_a_valid_schema(model: Model) -> None:
    schema = schema_of(model)
    assert problems(schema.graphql) == []
    assert set(schema.surface.rows) <= set(schema.graphql.type_map)
