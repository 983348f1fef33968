"""Database names to API names: words, cases, English, and properties over names of any kind."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapok.catalog.types import Catalog, RawTable
from kapok.model import naming
from kapok.model.build import build
from kapok.model.build_tables import table_claims
from kapok.model.reserved import RESERVED
from kapok.model.types import Model
from tests.unit.catalogs import TEXT, catalog, column, enum, table

LEGAL = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*")

#: Anything Postgres takes as a name, with a taste for what meets.
_PIECES = st.sampled_from(
    [
        *("user", "User", "USER", "users", "post", "filter", "connection", "list", "query", "node", "and", "or", "not"),
        *("id", "type", "by", "aggregate", "string", "datum", "data", "create", "input", "s"),
        *("_", "__", "2", " ", "-", '"', "é", "城", "🏃"),
    ]
)
NAMES = st.one_of(
    st.lists(_PIECES, min_size=1, max_size=4).map("".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=15),
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("blog_posts", ["blog", "posts"]),
        ("blogPosts", ["blog", "posts"]),
        ("BlogPosts", ["blog", "posts"]),
        ("Blog Posts", ["blog", "posts"]),
        ("HTTPServer", ["http", "server"]),
        ("URL", ["url"]),
        ("address_2", ["address", "2"]),
        ("address2", ["address2"]),
        ("sha256sum", ["sha256sum"]),
        ("AlbumId", ["album", "id"]),
        ("_leading__and_trailing_", ["leading", "and", "trailing"]),
        ("Straße", ["strasse"]),
        ("Ærø", ["aero"]),
        ("cafe\u0301", ["cafe"]),
        ("ﬁn", ["fin"]),
        ("城市", ["u57ceu5e02"]),
        ("+", ["u2b"]),
        ("<=", ["u3c", "u3d"]),
        ("__", ["u5f", "u5f"]),
        ("", ["empty"]),
    ],
)
def test_words(name: str, words: list[str]) -> None:
    assert list(naming.words(name)) == words


def test_cases() -> None:
    assert naming.pascal("blog_posts") == "BlogPosts"
    assert naming.camel("blog_posts") == "blogPosts"
    assert naming.upper("in-progress") == "IN_PROGRESS"
    assert naming.upper("createdAt") == "CREATED_AT"
    assert naming.camel("2fa_code") == "_2faCode"
    assert naming.pascal("1st") == "_1st"
    assert naming.upper("1st") == "_1ST"


@pytest.mark.parametrize(
    ("singular", "plural"),
    [
        ("blog_post", "blog_posts"),
        ("category", "categories"),
        ("person", "people"),
        ("child", "children"),
        ("status", "statuses"),
        ("order_status", "order_statuses"),
        ("address", "addresses"),
        ("analysis", "analyses"),
        ("index", "indices"),
        ("bus", "buses"),
        ("canvas", "canvases"),
        ("campus", "campuses"),
        ("bonus", "bonuses"),
        ("virus", "viruses"),
        ("drive", "drives"),
        ("glove", "gloves"),
        ("leaf", "leaves"),
        ("cache", "caches"),
        ("cookie", "cookies"),
        ("movie", "movies"),
        ("criterion", "criteria"),
        ("base", "bases"),
        ("hero", "heroes"),
        ("photo", "photos"),
        ("process", "processes"),
        ("tax", "taxes"),
        ("sale", "sales"),
        ("genre", "genres"),
        ("schema", "schemas"),
        ("lens", "lenses"),
    ],
)
def test_english_both_ways(singular: str, plural: str) -> None:
    """The singular of either is the singular, and the plural of the singular is the plural."""
    assert "_".join(naming.singular(plural)) == singular
    assert "_".join(naming.singular(singular)) == singular
    assert "_".join(naming.plural(singular)) == plural


@pytest.mark.parametrize("word", ["news", "series", "media", "data", "metadata", "species", "sms", "dns", "staff"])
def test_words_without_a_plural_get_a_list_name(word: str) -> None:
    [made] = build(catalog(table(word, "id"))).tables
    assert (made.api_type, made.api_one, made.api_list) == (word.capitalize(), word, f"{word}List")


@given(st.text())
def test_any_text_becomes_a_legal_name(name: str) -> None:
    for cased in (naming.pascal, naming.camel, naming.upper):
        assert LEGAL.fullmatch(cased(name))


def _names(model: Model) -> dict[str, str]:
    """Every API name of a model by what it names."""
    names = {}
    for made in model.tables:
        names |= {
            f"{made.name} type": made.api_type,
            f"{made.name} one": made.api_one,
            f"{made.name} list": made.api_list,
        }
        names |= {f"{made.name}.{item.name}": item.api_name for item in made.columns}
        for item in made.columns:
            names |= {f"{made.name}.{item.name} {value.label}": value.api_name for value in item.type.values}
    return names


def _shuffled(made: Catalog, seed: int) -> Catalog:
    order = random.Random(seed)

    def mixed(item: RawTable) -> RawTable:
        columns = order.sample(item.columns, len(item.columns))
        return RawTable(item.name, item.kind, tuple(columns), item.keys, item.foreign_keys)

    return Catalog(tuple([mixed(item) for item in order.sample(made.tables, len(made.tables))]), made.types)


_TABLES = st.dictionaries(NAMES, st.lists(NAMES, min_size=1, max_size=6, unique=True), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(_TABLES, st.lists(NAMES, unique=True, min_size=1, max_size=8), st.integers(0, 1000))
def test_names_of_a_schema(tables: dict[str, list[str]], labels: list[str], seed: int) -> None:
    """Legal, distinct, never one that GraphQL or Kapok needs, and the same in whatever order the catalog comes."""
    mood = enum("mood", *labels)
    made = catalog(
        *[table(name, *columns, column("\x01mood", mood.name), primary="") for name, columns in tables.items()]
    )
    made = Catalog(made.tables, (*made.types, mood))
    model = build(made)
    names = _names(model)

    assert all(LEGAL.fullmatch(name) for name in names.values())
    claims = [claim for item in model.tables for claim in table_claims((item.api_type, item.api_one, item.api_list))]
    assert len(claims) == len(set(claims))
    assert RESERVED.isdisjoint(claims)
    for item in model.tables:
        fields = [one.api_name for one in item.columns]
        assert len(set(fields)) == len(fields)
        assert len({naming.upper(field) for field in fields}) == len(fields)
        assert {"and", "or", "not"}.isdisjoint(fields)
        values = [value.api_name for value in item.columns[-1].type.values]
        assert len(set(values)) == len(labels)
    assert _names(build(_shuffled(made, seed))) == names


def test_plain_names_win_and_others_are_numbered() -> None:
    model = build(catalog(*[table(name, "id") for name in ("User", "USERS", "users", "user")]))
    assert {item.name: item.api_type for item in model.tables} == {
        "user": "User",
        "users": "User_2",
        "USERS": "User_3",
        "User": "User_4",
    }
    assert {item.name: item.api_list for item in model.tables}["users"] == "users_2"


def test_a_helper_type_is_not_taken_by_another_table() -> None:
    model = build(catalog(table("post_filters", "id"), table("posts_connections", "id"), table("posts", "id")))
    assert {item.name: item.api_type for item in model.tables} == {
        "post_filters": "PostFilter_2",
        "posts_connections": "PostsConnection_2",
        "posts": "Post",
    }


@pytest.mark.parametrize(
    ("name", "api_type"),
    [
        ("query", "Query_"),
        ("nodes", "Node_"),
        ("strings", "String_"),
        ("ids", "Id"),
        ("json", "Json"),
        ("dates", "Date_"),
    ],
)
def test_names_that_graphql_needs(name: str, api_type: str) -> None:
    assert build(catalog(table(name, "id"))).tables[0].api_type == api_type


def test_filter_words_are_not_columns() -> None:
    [made] = build(catalog(table("a", "id", "and", "or", "not", "AND"))).tables
    assert [item.api_name for item in made.columns] == ["id", "and_", "or_", "not_", "and_2"]


def test_two_fields_never_share_an_enum_value() -> None:
    [made] = build(catalog(table("a", "foo_bar", "foo_b_a_r", "FOOBar", primary=""))).tables
    assert len({naming.upper(item.api_name) for item in made.columns}) == 3


def test_enum_values() -> None:
    mood = enum("mood", "in-progress", "In Progress", "true", "1st", "", "C", "C++", "C#", "+", "🏃", "ça", "ca")
    [made] = build(catalog(table("a", column("mood", mood.name), primary=""), mood)).tables
    assert {value.label: value.api_name for value in made.columns[0].type.values} == {
        "in-progress": "IN_PROGRESS_2",
        "In Progress": "IN_PROGRESS",
        "true": "TRUE",
        "1st": "_1ST",
        "": "EMPTY",
        "C": "C",
        "C++": "C_3",
        "C#": "C_2",
        "+": "U2B",
        "🏃": "U1F3C3",
        "ça": "CA_2",
        "ca": "CA",
    }


def test_enum_values_by_directive() -> None:
    lang = enum(
        "lang",
        "C",
        "C++",
        "C sharp",
        comment="Languages.\n@name programming_language\n@value CPP C++\n@value c C sharp",
    )
    [made] = build(catalog(table("a", column("lang", lang.name), column("t", TEXT), primary=""), lang)).tables
    pg_type = made.columns[0].type
    assert (pg_type.scalar, pg_type.comment) == ("ProgrammingLanguage", "Languages.")
    assert [value.api_name for value in pg_type.values] == ["C_2", "CPP", "C"]
