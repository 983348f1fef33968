"""What mutations mean: inputs to writes, and what is refused before anything reaches the database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from apps.graphql_api.compile.operation import WritePlan, write_plan
from apps.graphql_api.document import DocumentInvalid, coerce_variables, parse_document
from apps.graphql_api.schema.graphene_types import build_schema
from apps.graphql_api.schema.surface import build_surface
from kapok.errors import KapokError
from kapok.model.types import Model, Relation, RelationKind
from kapok.query.plan import ColumnRead
from kapok.query.writes import (
    CreateMany,
    CreateOne,
    DeleteOne,
    DeleteWhere,
    NestedToMany,
    NestedToOne,
    NewRow,
    NewRows,
    UpdateMany,
    UpdateOne,
    UpdateWhere,
    Upsert,
    Write,
)
from kapok.tenancy import Limits
from tests.unit.models import INT4, TEXT, UUID, blog, column, table, to_many, to_one

_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def notes() -> Model:
    """Authors with notes (which may have an editor), and a profile each; labels of notes."""
    authors = table(
        "authors",
        ("Author", "author", "authors"),
        [_defaulted("id", UUID), column("name", TEXT), column("age", INT4, nullable=True)],
        relations=(
            to_many("notes", "notes", "author_id"),
            Relation("profile", RelationKind.TO_ONE, "profiles", ("id",), ("author_id",), "profile_fkey"),
        ),
    )
    written = table(
        "notes",
        ("Note", "note", "notes"),
        [
            _defaulted("id", UUID),
            column("author_id", UUID, is_id=True),
            column("editor_id", UUID, nullable=True, is_id=True),
            column("slug", TEXT),
            column("text", TEXT, nullable=True),
        ],
        unique=(replace(blog().table("blog_posts").unique_keys[0], name="notes_slug_key", api_field="noteBySlug"),),
        relations=(to_one("author", "authors", "author_id"), to_one("editor", "authors", "editor_id", nullable=True)),
    )
    profiles = table(
        "profiles",
        ("Profile", "profile", "profiles"),
        [column("author_id", UUID, is_id=True), column("motto", TEXT)],
        key=("author_id",),
        relations=(to_one("author", "authors", "author_id"),),
    )
    return Model("notes", (authors, written, profiles))


def _defaulted(name: str, type_: Any) -> Any:
    return replace(column(name, type_, is_id=True), has_default=True)


SCHEMA = build_schema(build_surface(notes()))


def plan(text: str, variables: dict[str, Any] | None = None) -> WritePlan:
    document = parse_document(text, SCHEMA, Limits())
    operation = document.operation(None)
    return write_plan(SCHEMA, document, operation, coerce_variables(document, operation, variables or {}))


def write(text: str, variables: dict[str, Any] | None = None) -> Write:
    (root,) = plan(text, variables).roots
    return root.write


def refusal(text: str, variables: dict[str, Any] | None = None) -> KapokError:
    with pytest.raises(KapokError) as caught:
        plan(text, variables)
    return caught.value


def columns_of(row: NewRow) -> list[str]:
    return [value.column.name for value in row.values]


def values_of(row: NewRow, variables: dict[str, Any] | None = None) -> list[bytes | None]:
    return [value.value.reader()(variables or {}, 100, {}) for value in row.values]


def test_create_one() -> None:
    found = write(f'mutation {{ createNote(input: {{authorId: "{_ID}", slug: "s", text: null}}) {{ slug }} }}')
    assert isinstance(found, CreateOne)
    assert (found.table.name, found.required) == ("notes", True)
    assert columns_of(found.row) == ["author_id", "slug", "text"]
    assert values_of(found.row) == [_ID.encode(), b"s", None]
    assert found.row.path == ("createNote", "input")
    assert found.fields is not None
    assert isinstance(found.fields[0].read, ColumnRead)


def test_what_is_left_out_is_not_written() -> None:
    text = 'mutation ($t: String) { createNote(input: {authorId: 1, slug: "2", text: $t}) { id } }'
    left_out, null = write(text), write(text, {"t": None})
    assert isinstance(left_out, CreateOne) and isinstance(null, CreateOne)
    assert columns_of(left_out.row) == ["author_id", "slug"]
    assert columns_of(null.row) == ["author_id", "slug", "text"]


@pytest.mark.parametrize(
    "text",
    [
        'mutation ($x: NoteFilter = {slug: {eq: "a"}}) { deleteNotes(filter: $x) }',
        'mutation ($x: NoteFilter = {slug: {eq: "a"}}) { updateNotes(filter: $x, input: {slug: "b"}) { id } }',
        'mutation ($x: CreateAuthorInput = {name: "a"}) { createAuthor(input: $x) { id } }',
        'mutation ($x: CreateAuthorInput = {name: "a"}) { createAuthors(input: [$x]) { id } }',
        'mutation ($x: NoteKeyInput = {slug: "a"}) { updateNotesByKey(updates: [{key: $x, input: {}}]) { id } }',
        'mutation ($x: NoteConflict = SLUG) { upsertNote(input: {authorId: 1, slug: "a"}, onConflict: $x) { id } }',
    ],
)
def test_null_never_stands_for_a_default(text: str) -> None:
    """A nullable variable with a default may be given where null may not: null is no filter, it would be all rows."""
    plan(text)
    error = refusal(text, {"x": None})
    assert (error.code, error.details) == ("BAD_USER_INPUT", {"variable": "x", "path": ["x"]})


@pytest.mark.parametrize("field", ["deleteNotes(filter: F)", 'updateNotes(filter: F, input: {slug: "b"}) { id }'])
@pytest.mark.parametrize("given", ["{slug: {eq: $x, ne: $y}}", "{or: [{slug: {in: [$y]}}, {not: {slug: {eq: $x}}}]}"])
def test_a_filter_of_what_is_changed_needs_its_variables(field: str, given: str) -> None:
    """What was not given says nothing: `{slug: {eq: $x}}` would be all rows."""
    text = f'mutation ($x: String, $y: String! = "y") {{ {field.replace("F", given)} }}'
    plan(text, {"x": "a"})
    error = refusal(text)
    assert (error.code, error.details["argument"]) == ("BAD_USER_INPUT", "filter")
    assert "$x" in error.message


def test_rows_within_rows() -> None:
    found = write(
        """mutation { createAuthor(input: {name: "Ann", notes: {create: [
               {slug: "a", editor: {connect: {id: "e"}}}, {slug: "b", editor: {create: {name: "Ed"}}}],
               connect: {slug: "c"}},
             profile: {create: {motto: "m"}}}) { id } }"""
    )
    assert isinstance(found, CreateOne)
    many, one = found.row.nested
    assert isinstance(many, NestedToMany) and isinstance(one, NestedToOne)
    assert [columns_of(row) for row in many.create] == [["slug"], ["slug"]]
    first, second = (row.nested[0] for row in many.create)
    assert isinstance(first, NestedToOne) and isinstance(second, NestedToOne)
    assert first.connect is not None and second.create is not None
    assert second.create.path == ("createAuthor", "input", "notes", "create", 1, "editor", "create")
    assert many.connect[0].key.columns == ("slug",)
    assert one.create is not None and columns_of(one.create) == ["motto"]


@pytest.mark.parametrize(
    ("given", "argument", "words"),
    [
        ('{slug: "s"}', "input.authorId", "authorId or author"),
        ('{authorId: 1, author: {connect: {id: 1}}, slug: "s"}', "input.author", "together with authorId"),
        ('{author: {connect: {id: 1}, create: {name: "x"}}, slug: "s"}', "input.author", "one of"),
        ('{author: {}, slug: "s"}', "input.authorId", "authorId or author"),
        ('{author: null, slug: "s"}', "input.author", "must not be null"),
        ('{author: {connect: null}, slug: "s"}', "input.author.connect", "must not be null"),
        ('{authorId: null, slug: "s"}', "input.authorId", "must not be null"),
        ('{author: {create: {name: "x", notes: {create: [{slug: "y", authorId: 3}]}}}, slug: "s"}',
         "input.author.create.notes.create.0.authorId", "comes from the row around"),
        ('{author: {create: {name: "x", notes: {create: [{slug: "y", author: {connect: {id: 3}}}]}}}, slug: "s"}',
         "input.author.create.notes.create.0.author", "comes from the row around"),
        ('{author: {create: {name: "x", notes: {connect: [{}]}}}, slug: "s"}',
         "input.author.create.notes.connect.0", "exactly id or slug"),
        ('{author: {create: {name: "x", notes: {connect: [{id: 1, slug: "z"}]}}}, slug: "s"}',
         "input.author.create.notes.connect.0", "exactly id or slug"),
        ('{author: {create: {name: "x", notes: {connect: [{slug: null}]}}}, slug: "s"}',
         "input.author.create.notes.connect.0.slug", "must not be null"),
    ],
)  # fmt: skip
def test_inputs_that_contradict_themselves(given: str, argument: str, words: str) -> None:
    error = refusal(f"mutation {{ made: createNote(input: {given}) {{ id }} }}")
    assert (error.code, error.details) == ("BAD_USER_INPUT", {"path": ["made"], "argument": argument})
    assert words in error.message


@pytest.mark.parametrize(
    "given",
    [
        '{authorId: 1, slug: "s", nope: 1}',
        "{authorId: 1, slug: null}",
        "{authorId: 1}",
        "{authorId: 1, slug: 5.5}",
        '{authorId: 1, slug: ["s"]}',
        '{authorId: 1, slug: "s", author: {disconnect: true}}',
        '{authorId: 1, slug: "s", rowVersion: "1"}',
    ],
)
def test_inputs_the_schema_refuses(given: str) -> None:
    with pytest.raises(DocumentInvalid) as caught:
        plan(f"mutation {{ createNote(input: {given}) {{ id }} }}")
    assert caught.value.code == "GRAPHQL_VALIDATION_FAILED"


def test_equal_rows_in_a_variable_are_arrays() -> None:
    text = "mutation ($rows: [CreateAuthorInput!]!) { createAuthors(input: $rows) { id } }"
    rows = [{"name": 'A "b"', "age": 1}, {"name": "{c,d}", "age": None}]
    found = write(text, {"rows": rows})
    assert isinstance(found, CreateMany) and isinstance(found.rows, NewRows)
    names, ages = (value.value.reader() for value in found.rows.values)
    assert names({"rows": rows}, 100, {}) == b'{"A \\"b\\"","{c,d}"}'
    assert ages({"rows": rows}, 100, {}) == b'{"1",NULL}'
    with pytest.raises(KapokError) as too_many:
        names({"rows": rows}, 1, {})
    assert too_many.value.code == "QUERY_TOO_COMPLEX"


def test_null_in_one_of_many_equal_rows_is_told_by_its_place() -> None:
    text = "mutation ($rows: [CreateNoteInput!]!) { createNotes(input: $rows) { id } }"
    rows = [{"authorId": "1", "slug": "a"}, {"authorId": None, "slug": "b"}]
    found = write(text, {"rows": rows})
    assert isinstance(found, CreateMany) and isinstance(found.rows, NewRows)
    with pytest.raises(KapokError) as caught:
        found.rows.values[0].value.reader()({"rows": rows}, 100, {})
    assert caught.value.details["argument"] == "input.1.authorId"


def test_rows_that_differ_stay_rows() -> None:
    text = "mutation ($rows: [CreateAuthorInput!]!) { createAuthors(input: $rows) { id } }"
    found = write(text, {"rows": [{"name": "a"}, {"name": "b", "age": 1}]})
    assert isinstance(found, CreateMany) and isinstance(found.rows, tuple)
    assert [columns_of(row) for row in found.rows] == [["name"], ["name", "age"]]
    empty = plan(text, {"rows": []})
    assert (empty.roots, empty.segments) == ((), (b'{"createAuthors":[]', b"}"))


def test_update_one_and_its_version() -> None:
    given = '{slug: "s", editor: {disconnect: true}}'
    text = f'mutation ($v: String) {{ updateNote(id: "{_ID}", input: {given}, ifVersion: $v) {{ id }} }}'
    found = write(text, {"v": "12"})
    assert isinstance(found, UpdateOne)
    assert [value.reader()({}, 1, {}) for value in found.row.key.values] == [_ID.encode()]
    assert found.row.if_version is not None and found.row.if_version.reader()({"v": "12"}, 1, {}) == b"12"
    (nested,) = found.row.change.nested
    assert isinstance(nested, NestedToOne) and nested.disconnect
    for absent in (write(text), write(text, {"v": None})):
        assert isinstance(absent, UpdateOne) and absent.row.if_version is None


def test_disconnect_false_says_nothing() -> None:
    text = "mutation ($b: Boolean) { updateNote(id: 7, input: {editor: {disconnect: $b}}) { id } }"
    for value in (True, False):
        found = write(text, {"b": value})
        assert isinstance(found, UpdateOne) and bool(found.row.change.nested) is value


def test_update_by_key_by_filter_and_deletes() -> None:
    by_key = write(
        'mutation { updateNotesByKey(updates: [{key: {slug: "s"}, input: {text: "t"}, ifVersion: "1"}]) { id } }'
    )
    assert isinstance(by_key, UpdateMany)
    assert by_key.rows[0].key.key.columns == ("slug",)
    assert by_key.rows[0].change.path == ("updateNotesByKey", "updates", 0, "input")
    where = write('mutation { updateNotes(filter: {slug: {eq: "s"}}, input: {text: "t"}) { id } }')
    assert isinstance(where, UpdateWhere) and where.where is not None
    one, many = plan("mutation { deleteNote(id: 1) deleteNotes(filter: {}) }").roots
    assert isinstance(one.write, DeleteOne)
    assert isinstance(many.write, DeleteWhere) and many.write.where is None


def test_related_rows_of_a_filter_are_refused() -> None:
    error = refusal('mutation { updateAuthors(filter: {}, input: {notes: {create: [{slug: "x"}]}}) { id } }')
    assert error.details == {"path": ["updateAuthors"], "argument": "input.notes"}


def test_upsert_changes_what_is_given_but_the_key() -> None:
    start = 'mutation { upsertNote(input: {slug: "s", text: "t", author: {connect: {id: 1}}}, onConflict: SLUG'
    found = write(start + ") { id } }")
    assert isinstance(found, Upsert)
    assert found.conflict.columns == ("slug",)
    assert [column.name for column in found.update] == ["author_id", "text"]
    chosen, nothing = write(start + ", update: [TEXT, TEXT]) { id } }"), write(start + ", update: []) { id } }")
    assert isinstance(chosen, Upsert) and [column.name for column in chosen.update] == ["text"]
    assert isinstance(nothing, Upsert) and nothing.update == ()


def test_root_fields_keep_their_order_and_names() -> None:
    found = plan(
        """mutation ($no: Boolean!) { b: createAuthor(input: {name: "x"}) { id } __typename ...F
             c: deleteNote(id: 2) @skip(if: $no) } fragment F on Mutation { a: deleteNote(id: 1) }""",
        {"no": True},
    )
    assert [root.key for root in found.roots] == ["b", "a"]
    assert found.segments == (b'{"b":', 0, b',"__typename":"Mutation","a":', 1, b"}")


def test_rows_are_counted_wherever_they_stand() -> None:
    assert plan("mutation { a: deleteNote(id: 1) b: deleteNote(id: 2) }").rows == 2
    nested = '{name: "x", notes: {create: [{slug: "a"}, {slug: "b"}], connect: [{id: 1}]}}'
    assert plan(f"mutation {{ createAuthor(input: {nested}) {{ id }} }}").rows == 4


def test_rows_within_rows_have_an_end() -> None:
    given = '{name: "x"}'
    for _ in range(6):
        given = f'{{name: "x", notes: {{create: [{{slug: "s", editor: {{create: {given}}}}}]}}}}'
    assert refusal(f"mutation {{ createAuthor(input: {given}) {{ id }} }}").code == "QUERY_TOO_COMPLEX"


def test_rows_that_are_named_one_by_one_have_an_end() -> None:
    text = "mutation ($input: CreateAuthorInput!) { createAuthor(input: $input) { id } }"
    most = {"name": "x", "notes": {"create": [{"slug": "s"}] * 999}}
    assert plan(text, {"input": most}).rows == 1000
    most["notes"] = {"create": [{"slug": "s"}] * 1000}
    assert refusal(text, {"input": most}).code == "QUERY_TOO_COMPLEX"


def test_what_is_no_id_is_named_before_any_sql() -> None:
    found = write('mutation { createNote(input: {authorId: "no id", slug: "s"}) { slug } }')
    assert isinstance(found, CreateOne)
    with pytest.raises(KapokError, match="UUID") as caught:
        [item.value.reader()({}, 1, {}) for item in found.row.values]
    assert caught.value.details == {"path": ["createNote"], "argument": "input.authorId"}
    key = write('mutation { deleteNote(id: "no id") }')
    assert isinstance(key, DeleteOne)
    with pytest.raises(KapokError, match="UUID") as caught:
        key.key.values[0].reader()({}, 1, {})
    assert caught.value.details["argument"] == "id"
