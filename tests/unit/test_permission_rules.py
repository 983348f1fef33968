"""permissions.yaml: what is understood, and that nothing else is let through."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapok.errors import KapokError
from kapok.permissions.rules import Permissions, Select, parse_permissions

EXAMPLE = """
roles: {anon: {}, member: {}, editor: {inherits: [member]}}
tables:
  blog_posts:
    anon:   {select: {columns: [id, title, created_at], limit: 50}}
    member:
      select: {columns: "*", aggregate: false}
functions: {search_posts: [anon, member]}
"""


def test_a_file() -> None:
    permissions = parse_permissions(EXAMPLE)
    assert dict(permissions.roles) == {"anon": (), "member": (), "editor": ("member",)}
    assert dict(permissions.select) == {
        ("blog_posts", "anon"): Select(frozenset({"id", "title", "created_at"}), limit=50),
        ("blog_posts", "member"): Select(None, aggregate=False),
    }
    assert dict(permissions.functions) == {"search_posts": frozenset({"anon", "member"})}
    assert permissions.lineage("editor") == ("editor", "member")
    assert permissions.lineage("stranger") == ("stranger",)


@pytest.mark.parametrize(
    "text", ["", "\n", "# nothing\n", "null", "{}", "roles:\ntables:\nfunctions:\n", "tables: {a: }"]
)
def test_an_empty_file_permits_nothing(text: str) -> None:
    permissions = parse_permissions(text)
    assert (dict(permissions.select), dict(permissions.functions)) == ({}, {})


def test_anon_need_not_be_declared_and_names_are_text() -> None:
    """`on`, `no` and 1 are truth values and numbers elsewhere in YAML; a name is a name."""
    permissions = parse_permissions("tables: {on: {anon: {select: {columns: [no, 1, null_, 'a b']}}}}")
    assert permissions.select["on", "anon"].columns == {"no", "1", "null_", "a b"}


def test_inheritance_over_several_generations() -> None:
    permissions = parse_permissions("roles: {a: {}, b: {inherits: [a]}, c: {inherits: [a]}, d: {inherits: [c, b]}}")
    assert permissions.lineage("d") == ("d", "c", "b", "a")


def _select(rule: str) -> str:
    return f"tables:\n  posts:\n    anon:\n      select: {rule}\n"


@pytest.mark.parametrize(
    ("text", "line", "path", "said"),
    [
        (
            _select("{columns: '*', where: {a: {eq: 1}}}"),
            4,
            "tables.posts.anon.select.where",
            "`where` is not supported",
        ),
        (_select("{columns: '*', limits: 1}"), 4, "tables.posts.anon.select.limits", "Did you mean limit?"),
        ("tables: {posts: {anon: {insert: {columns: '*'}}}}", 1, "tables.posts.anon.insert", "`insert` is not"),
        ("tables: {posts: {anon: {select: {columns: '*'}, delete: }}}", 1, "tables.posts.anon.delete", "not supported"),
        ("rolls: {}", 1, "rolls", "Did you mean roles?"),
        ("roles: {a: {inherit: [b]}}", 1, "roles.a.inherit", "Did you mean inherits?"),
        ("roles: {a: {inherits: [b]}}", 1, "roles.a.inherits", "no role `b`"),
        ("roles: {a: {inherits: b}}", 1, "roles.a.inherits", "list of names"),
        ("roles: {a: {inherits: [a]}}", 1, "roles.a", "inherits from itself"),
        (
            "roles:\n  a: {inherits: [b]}\n  b: {inherits: [c]}\n  c: {inherits: [a]}",
            2,
            "roles.a",
            "inherits from itself",
        ),
        ("roles: {service: {}}", 1, "roles.service", "cannot be declared"),
        ("roles: {a: {inherits: [service]}}", 1, "roles.a.inherits", "nobody inherits"),
        ("roles: {'a b': {}}", 1, "roles.a b", "role's name"),
        ("roles: {'': {}}", 1, "roles.", "role's name"),
        ("roles: [a]", 1, "roles", "`name: value`"),
        ("tables: {posts: {service: {}}}", 1, "tables.posts.service", "sees everything"),
        ("tables: {posts: {member: {}}}", 1, "tables.posts.member", "no role `member`"),
        ("roles: {member: {}}\ntables: {posts: {memebr: {}}}", 2, "tables.posts.memebr", "Did you mean member?"),
        ("tables: {posts: {anon: [select]}}", 1, "tables.posts.anon", "`name: value`"),
        ("tables: {posts: {anon: {select: true}}}", 1, "tables.posts.anon.select", "`name: value`"),
        (_select("{limit: 1}"), 4, "tables.posts.anon.select", "`columns` is missing"),
        (_select("{}"), 4, "tables.posts.anon.select", "`columns` is missing"),
        (_select("{columns: }"), 4, "tables.posts.anon.select.columns", "name is expected"),
        (_select("{columns: []}"), 4, "tables.posts.anon.select.columns", "at least one"),
        (_select("{columns: [a, a]}"), 4, "tables.posts.anon.select.columns[1]", "twice"),
        (_select("{columns: [[a]]}"), 4, "tables.posts.anon.select.columns[0]", "name is expected"),
        (_select("{columns: [null]}"), 4, "tables.posts.anon.select.columns[0]", "name is expected"),
        (_select("{columns: id}"), 4, "tables.posts.anon.select.columns", 'or "*"'),
        (_select("{columns: '*', aggregate: yes}"), 4, "tables.posts.anon.select.aggregate", "true or false"),
        (_select("{columns: '*', aggregate: [true]}"), 4, "tables.posts.anon.select.aggregate", "true or false"),
        (_select("{columns: '*', limit: 0}"), 4, "tables.posts.anon.select.limit", "whole number"),
        (_select("{columns: '*', limit: -1}"), 4, "tables.posts.anon.select.limit", "whole number"),
        (_select("{columns: '*', limit: 1.5}"), 4, "tables.posts.anon.select.limit", "whole number"),
        (_select("{columns: '*', limit: ²}"), 4, "tables.posts.anon.select.limit", "whole number"),
        (_select("{columns: '*', limit: 99999999999}"), 4, "tables.posts.anon.select.limit", "whole number"),
        ("tables:\n  a: {}\n  a: {}", 3, "tables.a", "twice"),
        ("? [a]\n: b", 1, None, "name is expected"),
        ("functions: {f: anon}", 1, "functions.f", "list of names"),
        ("functions: {f: [member]}", 1, "functions.f", "no role `member`"),
        ("a: &x {}\nb: *x", 2, "", "aliases"),
        ("tables: {<<: {a: {}}}\n---\n{}", 2, "", "one document"),
        ("a: {", 2, "", "not valid YAML"),
        ("a: b: c", 1, "", "not valid YAML"),
        ("\tb", 1, "", "not valid YAML"),
        ("- a", 1, "", "`name: value`"),
        ("just text", 1, "", "`name: value`"),
        ("!!python/object/apply:os.system ['true']", 1, "", "`name: value`"),
        ("[" * 5000, 1, "", "nested too deeply"),
        ("a: " * 1 + "{a: " * 5000, 1, "", "nested too deeply"),
        ("\x00", None, "", "not valid YAML"),
        ("\ud800", None, "", "not valid YAML"),
        ("#" + "x" * 300_000, None, "", "larger than 256 KiB"),
    ],
)
def test_refusals_say_where_and_why(text: str, line: int | None, path: str | None, said: str) -> None:
    with pytest.raises(KapokError) as caught:
        parse_permissions(text)
    error = caught.value
    assert error.code == "PROJECT_INVALID"
    assert said in error.message
    assert error.details["line"] == line
    if path is not None:
        assert error.details["path"] == path
        assert path in error.message


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join([f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)])
    with pytest.raises(KapokError, match="aliases"):
        parse_permissions(bomb)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("rolestabcumn:*&!|>-?[]{},'\"#%@ \n\t~<1"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(parse_permissions(text), Permissions)
    except KapokError as exc:
        assert exc.code == "PROJECT_INVALID"
