"""The introspection query on a real Postgres: everything in the zoo, read and built."""

from __future__ import annotations

import re

import pytest

from kapok.catalog.introspect import introspect
from kapok.catalog.parse import parse
from kapok.catalog.types import Catalog, RawTypeKind
from kapok.identifiers import QualifiedName
from kapok.model import naming
from kapok.model.build import build
from kapok.model.build_tables import table_claims
from kapok.model.types import Model, RelationKind, TypeKind
from tests.db.schemas import Connection, Schemas, column_names, read, relation_names, zoo_scripts

LEGAL = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*")


@pytest.fixture(scope="module")
def catalog(connection: Connection, zoo: str) -> Catalog:
    """The zoo's catalog."""
    return parse(introspect(connection, zoo))


@pytest.fixture(scope="module")
def model(catalog: Catalog) -> Model:
    """The zoo's model."""
    return build(catalog)


def test_all_tables_are_there_and_nothing_else(
    connection: Connection, zoo: str, catalog: Catalog, model: Model
) -> None:
    rows = connection.execute(
        "select relname from pg_class where relnamespace = %s::regnamespace and relkind in ('r','v','m','p','f')"
        " and not relispartition and relname not like 'kapok%%' and relname <> 'no_columns'",
        [zoo],
    ).fetchall()
    expected = {row[0] for row in rows}
    assert {table.name for table in catalog.tables} == expected
    assert {table.name for table in model.tables} == expected - {"hidden_table"}
    assert [table.name for table in catalog.tables] == sorted(expected)


def test_every_base_type_is_in_the_zoo(connection: Connection, zoo: str) -> None:
    """So that what reads the zoo has read everything a column can hold."""
    missing = connection.execute(
        "select t.typname from pg_type t where t.typtype in ('b', 'r', 'm')"
        " and t.typnamespace = 'pg_catalog'::regnamespace and t.typarray <> 0 and not exists ("
        " select from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where a.atttypid = t.oid and c.relnamespace = %s::regnamespace)",
        [zoo],
    ).fetchall()
    internal = {"pg_node_tree", "pg_ndistinct", "pg_dependencies", "pg_mcv_list", "gtsvector"}
    internal |= {"pg_brin_bloom_summary", "pg_brin_minmax_multi_summary"}
    assert {row[0] for row in missing} <= internal


def test_kinds(model: Model) -> None:
    kinds = {table.name: table.kind.value for table in model.tables}
    assert kinds["posts"] == "table"
    assert kinds["events"] == "partitioned"
    assert kinds["post_titles"] == "view"
    assert kinds["post_counts"] == "materialized_view"
    assert column_names(model, "dogs") == ["id", "name", "breed"]


@pytest.mark.parametrize(
    ("table", "scalars"),
    [
        (
            "every_number",
            "Int Boolean Int Int BigInt Float Float Decimal Decimal String BigInt BigInt BigInt BigInt",
        ),
        (
            "every_text",
            "Int String String String String String String String Bytes UUID JSON JSON String String String String",
        ),
        ("every_time", "Int Date Time Time TimeTz LocalDateTime DateTime DateTime Interval Interval"),
    ],
)
def test_scalars(model: Model, table: str, scalars: str) -> None:
    columns = model.table(table).columns
    assert [column.type.scalar for column in columns] == scalars.split()
    assert {column.type.kind for column in columns} == {TypeKind.SCALAR}


def test_other_scalars_are_strings(model: Model) -> None:
    own = {"a_inet": "Inet", "a_cidr": "Cidr", "a_macaddr": "MacAddr", "a_macaddr8": "MacAddr", "id": "Int"}
    for column in model.table("every_other").columns:
        assert (column.type.kind, column.type.scalar) == (TypeKind.SCALAR, own.get(column.name, "String"))


def test_built_types(zoo: str, model: Model) -> None:
    table = model.table("every_built_type")
    types = {column.name: column.type for column in table.columns}
    assert types["a_mood"].name == QualifiedName(None, "mood")
    assert types["a_mood"].comment == "How one feels."
    assert [(value.label, value.api_name) for value in types["a_mood"].values] == [
        *(("sad", "SAD"), ("ok", "CONTENT"), ("happy", "HAPPY"))
    ]
    assert [(part.name, part.api_name) for part in types["an_address"].attributes] == [
        *(("street", "street"), ("zip code", "zipCode"), ("mood", "mood"), ("Select", "select_2"), ("select", "select"))
    ]
    others = types["a_person"].attributes[2].type
    assert (others.kind, others.element) == (TypeKind.ARRAY, types["an_address"])
    for name, base in [
        *(("a_positive", "Int"), ("an_email", "String"), ("a_good_mood", "Mood"), ("some_tags", "String")),
        *(("a_home", "Address"), ("an_opening", "Int4Range"), ("a_big", "Decimal")),
    ]:
        assert (types[name].kind, types[name].scalar) == (TypeKind.DOMAIN, base)
    assert types["an_email"].comment == "An e-mail address."
    columns = {column.name: column for column in table.columns}
    assert [columns[name].nullable for name in ("a_required", "a_required_again", "a_positive")] == [False, False, True]
    assert [columns[name].has_default for name in ("a_required", "a_defaulted")] == [True, True]


def test_hostile_labels(connection: Connection, zoo: str, model: Model) -> None:
    values = model.table("every_built_type").column("a_hostile").type.values
    names = [value.api_name for value in values]
    rows = connection.execute(
        "select enumlabel from pg_enum where enumtypid = %s::regtype order by enumsortorder", [f"{zoo}.hostile_label"]
    ).fetchall()
    assert [value.label for value in values] == [row[0] for row in rows]
    assert len(set(names)) == len(names)
    assert all(LEGAL.fullmatch(name) for name in names)


def test_ranges(model: Model) -> None:
    types = {column.name: column.type for column in model.table("every_range").columns}
    found = {name: (item.kind.value, item.scalar, item.element and item.element.scalar) for name, item in types.items()}
    assert found == {
        "id": ("scalar", "Int", None),
        "a_int4range": ("range", "Int4Range", "Int"),
        "an_int8range": ("range", "Int8Range", "BigInt"),
        "a_numrange": ("range", "NumRange", "Decimal"),
        "a_tsrange": ("range", "TsRange", "LocalDateTime"),
        "a_tstzrange": ("range", "TstzRange", "DateTime"),
        "a_daterange": ("range", "DateRange", "Date"),
        "a_float_range": ("range", "FloatRange", "Float"),
        "a_text_range": ("range", "TextRange", "String"),
        "an_int4multirange": ("multirange", "Int4Range", "Int"),
        "an_int8multirange": ("multirange", "Int8Range", "BigInt"),
        "a_nummultirange": ("multirange", "NumRange", "Decimal"),
        "a_tsmultirange": ("multirange", "TsRange", "LocalDateTime"),
        "a_tstzmultirange": ("multirange", "TstzRange", "DateTime"),
        "a_datemultirange": ("multirange", "DateRange", "Date"),
        "a_float_multirange": ("multirange", "FloatRange", "Float"),
        "many_ranges": ("array", "Int4Range", "Int4Range"),
        "many_multiranges": ("array", "Int4Range", "Int4Range"),
    }


def test_arrays(model: Model) -> None:
    for column in model.table("every_array").columns[1:]:
        assert column.type.kind is TypeKind.ARRAY
        assert column.type.element is not None
        assert column.type.scalar == column.type.element.scalar
        assert column.type.name.name == "_" + column.type.element.name.name


def test_columns_of_posts(model: Model) -> None:
    posts = model.table("posts")
    assert [(c.name, c.nullable, c.is_id, c.has_default, c.read_only) for c in posts.columns] == [
        ("id", False, True, False, True),
        ("number", False, False, True, False),
        ("author_id", False, True, False, False),
        ("reviewer_id", True, True, True, False),
        ("user_id", True, True, True, False),
        ("title", False, False, False, False),
        ("slug", False, False, False, False),
        ("locale", False, False, True, False),
        ("title_length", True, False, True, True),
    ]
    assert model.table("users").comment == "People who sign in.\nTwo lines."
    assert model.table("users").column("email").comment == 'Unique, and "quoted".'


def test_keys(model: Model) -> None:
    """Not of an expression, not of some rows, not of included columns, not twice over the same columns."""
    posts = model.table("posts")
    assert posts.primary_key is not None
    assert posts.primary_key.columns == ("id",)
    assert {key.columns for key in posts.unique_keys} == {("locale", "slug"), ("number",), ("author_id", "title")}
    assert [key.columns for key in model.table("post_counts").unique_keys] == [("author_id",)]
    readings = model.table("readings").primary_key
    assert readings is not None
    assert readings.columns == ("sensor_id", "at")
    assert model.table("no_key").primary_key is None
    half = model.table("half_hidden")
    assert [key.api_field for key in half.unique_keys] == ["theHalf"]


def test_relations(model: Model) -> None:
    assert relation_names(model, "posts") == {
        *("author", "reviewer", "user", "users_2", "labels", "postLabels", "postLikes"),
    }
    assert {"postsByAuthor", "postsByReviewer", "postsByUser", "profile", "badge", "friends"} <= relation_names(
        model, "users"
    )
    kinds = {(table.name, item.api_name): item.kind for table in model.tables for item in table.relations}
    assert kinds["users", "profile"] is RelationKind.TO_ONE
    assert kinds["users", "badge"] is RelationKind.TO_ONE
    assert kinds["posts", "labels"] is RelationKind.MANY_TO_MANY
    assert kinds["regions", "others"] is RelationKind.MANY_TO_MANY
    assert kinds["labels", "posts"] is RelationKind.MANY_TO_MANY
    assert relation_names(model, "categories") == {"parent", "children"}
    assert relation_names(model, "employees") == {"reportsToEmployee", "employeesByReportsTo"}
    assert relation_names(model, "cities") == {"country", "region", "twin"}
    [event] = model.table("event_notes").relations
    assert (event.target, event.columns, event.target_columns) == ("events", ("event_id", "at"), ("id", "at"))
    [secret] = model.table("secret_notes").relations
    [label] = model.table("unchecked").relations
    assert (secret.nullable, label.nullable) == (True, True)
    assert model.table("half_hidden").relations == ()


def test_views(model: Model) -> None:
    titles = model.table("post_titles")
    assert titles.comment == "Titles only."
    assert [(c.name, c.nullable, c.read_only) for c in titles.columns] == [
        *(("id", False, True), ("title", False, True), ("author_id", True, True))
    ]
    assert relation_names(model, "post_titles") == {"author"}
    assert len([warning for warning in model.warnings if warning.startswith("broken_directives: @")]) == 4


def test_functions(model: Model) -> None:
    computed = {table.name: {item.api_name for item in table.computed} for table in model.tables if table.computed}
    assert computed == {"users": {"fullName", "usersEmail", "posts"}, "post_titles": {"bestPost"}}
    functions = {item.api_name: item for item in model.functions}
    assert set(functions) == {
        *(
            "searchPosts",
            "overloaded",
            "overloaded_2",
            "overloaded_3",
            "unnamed",
            "partlyNamed",
            "oneOut",
            "severalOut",
        ),
        *("returnsTable", "aSet", "currentLabel", "doesSomething", "createsLabel"),
    }
    search = functions["searchPosts"]
    assert [(item.api_name, item.has_default) for item in search.arguments] == [
        *(("query", False), ("limit_", True), ("tags", True))
    ]
    assert (search.returns_table, search.returns_set, search.positional) == ("posts", True, False)
    assert functions["partlyNamed"].positional
    several = functions["severalOut"].returns
    assert several is not None
    assert [part.name for part in several.attributes] == ["b", "c", "d"]
    assert [item.name for item in functions["severalOut"].arguments] == ["a", "d"]
    assert functions["currentLabel"].returns_table == "labels"
    assert not functions["currentLabel"].returns_set


def test_names_are_legal_and_distinct(model: Model) -> None:
    claims = [claim for item in model.tables for claim in table_claims((item.api_type, item.api_one, item.api_list))]
    assert len(claims) == len(set(claims))
    for table in model.tables:
        names = [table.api_type, table.api_one, table.api_list]
        fields = [item.api_name for item in (*table.columns, *table.relations, *table.computed)]
        assert all(LEGAL.fullmatch(name) for name in names + fields)
        assert len(set(fields)) == len(fields)
        assert len({naming.upper(column.api_name) for column in table.columns}) == len(table.columns)


def test_two_schemas_made_alike_have_one_shape(
    connection: Connection, schemas: Schemas, zoo: str, model: Model
) -> None:
    other = schemas.make(*zoo_scripts())
    document = introspect(connection, other)
    assert other.encode() not in document
    assert zoo.encode() not in document
    again = build(parse(document))
    assert again == model
    connection.execute(
        f"insert into {other}.labels select i, i::text from generate_series(10, 99) i; analyze {other}.labels"
    )
    counted = read(connection, other)
    assert counted.table("labels").estimated_rows == 92
    assert counted.shape == model.shape
    connection.execute(f"alter table {other}.labels add column x int")
    assert read(connection, other).shape != model.shape


def test_the_document_is_deterministic(connection: Connection, zoo: str) -> None:
    assert introspect(connection, zoo) == introspect(connection, zoo)


def test_types_in_use_only(catalog: Catalog) -> None:
    names = {item.name.name for item in catalog.types if item.kind is not RawTypeKind.PSEUDO}
    assert {"mood", "address", "person", "_address", "text_range", "posts"} <= names
    assert "kapok_change" in names  # of a function that build leaves out
    assert not names & {"_mood_unused", "trigger", "anyelement", "user"}
