"""Files of permission tests: what is understood, and that a mistake is told with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapok.errors import KapokError
from kapok.permissions.expectations import Expected, Person, parse_expectations

FILE = """
people:
  ada: {role: member, sub: "1", claims: {team: {id: 7}}}
  visitor: anon
setup: 'mutation { a }'
tests:
  - name: One
    as: ada
    query: "{ a }"
    variables: {x: 2026-01-31}
    expect: {data: {a: [1, no, null]}, rows: {a: 3}}
    setup: ['mutation { b }']
    then:
      - {as: visitor, mutation: "mutation { c }", expect: {denied: true}}
      - {as: {role: staff}, query: "{ d }", expect: {error: FORBIDDEN}}
"""


def test_a_file() -> None:
    [test] = parse_expectations(FILE, "tests/permissions/a.yaml")
    assert (test.name, test.file, test.line) == ("One", "tests/permissions/a.yaml", 7)
    assert test.setup == ("mutation { a }", "mutation { b }")
    first, second, third = test.steps
    assert first.person == Person("member", "1", {"team": {"id": 7}})
    # A date is what it is written as.
    assert (first.document, first.variables) == ("{ a }", {"x": "2026-01-31"})
    assert first.expected == Expected(data={"a": [1, False, None]}, rows={"a": 3})
    assert (second.person, second.expected) == (Person("anon"), Expected(denied=True))
    assert (third.person, third.expected) == (Person("staff"), Expected(error="FORBIDDEN"))


@pytest.mark.parametrize("text", ["", "# nothing", "tests:", "tests: []", "people: {}"])
def test_a_file_without_tests(text: str) -> None:
    assert parse_expectations(text, "a.yaml") == []


STEP = "as: anon, query: '{ a }', expect: {denied: true}"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("tests: 1", None, "tests: a list is expected"),
        ("test: []", 1, "`test` is not supported. Supported: people, setup, tests."),
        (f"tests: [{{{STEP}}}]", 1, "`name` is missing"),
        (
            f"tests:\n  - {{name: a, {STEP}}}\n  - {{name: b, {STEP}, when: now}}",
            3,
            "tests[1]: `when` is not supported",
        ),
        (f"tests: [{{name: a, {STEP}, mutation: 'mutation {{ a }}'}}]", 1, "one `query` or one `mutation`"),
        ("tests: [{name: a, query: '{ a }', expect: {denied: true}}]", 1, "`as` is missing"),
        ("tests: [{name: a, as: {sub: x}, query: '{ a }', expect: {denied: true}}]", 1, "`role` is missing"),
        ("tests: [{name: a, as: anon, query: '{ a }'}]", 1, "one of data, rows, denied, error is expected"),
        ("tests: [{name: a, as: anon, query: '{ a }', expect: {denied: true, rows: {a: 1}}}]", 1, "nothing beside it"),
        ("tests: [{name: a, as: anon, query: '{ a }', expect: {denied: perhaps}}]", 1, "true is expected"),
        ("tests: [{name: a, as: anon, query: '{ a }', expect: {rows: 1}}]", 1, "numbers by response key"),
        ("tests: [{name: a, as: anon, query: '{ a }', expect: {rows: {a: true}}}]", 1, "numbers by response key"),
        ("tests: [{name: a, as: anon, query: '{ a }', expect: {error: 403}}]", 1, "an error code is expected"),
        (f"tests: [{{name: a, {STEP}, then: now}}]", 1, "then: a list is expected"),
        (f"tests: [{{name: a, {STEP}, then: [{{name: b, {STEP}}}]}}]", 1, "`name` is not supported"),
        (f"tests: [{{name: a, {STEP}, setup: [1]}}]", None, "a list of mutations is expected"),
        ("people: {ada: {roles: [x]}}", 1, "`roles` is not supported"),
        ("tests:\n  - name: a\n    name: b", 2, "a key is given twice"),
        ("a: &x {}\nb: *x", 2, "aliases"),
        ("[" * 100, 1, "nested too deeply"),
        ("a: {", 2, "a.yaml"),
        ("tests: [7]", None, "tests[0]: `name: value` pairs are expected"),
        ("- a", None, "`name: value` pairs are expected"),
        ("#" + "x" * 300_000, None, "larger than 256 KiB"),
        ("!!python/object/apply:os.system ['true']", 1, "could not determine a constructor"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, line: int | None, said: str) -> None:
    with pytest.raises(KapokError) as caught:
        parse_expectations(text, "a.yaml")
    assert caught.value.code == "PROJECT_INVALID"
    assert said in caught.value.message and caught.value.message.startswith("a.yaml")
    assert caught.value.details["line"] == line


@given(st.text(st.sampled_from("testnamequry:*&!|>-?[]{},'\"#%@ \n\t~<1"), max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(parse_expectations(text, "a.yaml"), list)
    except KapokError as exc:
        assert exc.code == "PROJECT_INVALID"
