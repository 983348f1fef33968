"""permissions.yaml: what is understood, and that nothing else is let through."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapok.errors import KapokError
from kapok.permissions.rules import (
    DeleteRule,
    InsertRule,
    Permissions,
    SelectRule,
    TableRules,
    UpdateRule,
    parse_permissions,
)

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
    assert dict(permissions.rules) == {
        ("blog_posts", "anon"): TableRules(SelectRule(frozenset({"id", "title", "created_at"}), limit=50)),
        ("blog_posts", "member"): TableRules(SelectRule(None, aggregate=False)),
    }
    assert dict(permissions.functions) == {"search_posts": frozenset({"anon", "member"})}
    assert permissions.lineage("editor") == ("editor", "member")
    assert permissions.lineage("stranger") == ("stranger",)


@pytest.mark.parametrize(
    "text", ["", "\n", "# nothing\n", "null", "{}", "roles:\ntables:\nfunctions:\n", "tables: {a: }"]
)
def test_an_empty_file_permits_nothing(text: str) -> None:
    permissions = parse_permissions(text)
    assert (dict(permissions.rules), dict(permissions.functions)) == ({}, {})


def test_anon_need_not_be_declared_and_names_are_text() -> None:
    """`on`, `no` and 1 are truth values and numbers elsewhere in YAML; a name is a name."""
    permissions = parse_permissions("tables: {on: {anon: {select: {columns: [no, 1, null_, 'a b']}}}}")
    select = permissions.rules["on", "anon"].select
    assert select is not None and select.columns == {"no", "1", "null_", "a b"}


def test_inheritance_over_several_generations() -> None:
    permissions = parse_permissions("roles: {a: {}, b: {inherits: [a]}, c: {inherits: [a]}, d: {inherits: [c, b]}}")
    assert permissions.lineage("d") == ("d", "c", "b", "a")


def _select(rule: str) -> str:
    return f"tables:\n  posts:\n    anon:\n      select: {rule}\n"


@pytest.mark.parametrize(
    ("text", "line", "path", "said"),
    [
        (
            _select("{columns: '*', check: {a: {eq: 1}}}"),
            4,
            "tables.posts.anon.select.check",
            "`check` is not supported",
        ),
        (_select("{columns: '*', where: }"), 4, "tables.posts.anon.select.where", "write `{}` for all rows"),
        (_select("{columns: '*', where: mine}"), 4, "tables.posts.anon.select.where", "`name: value`"),
        (_select("{columns: '*', where: {a: {eq: 1, eq: 2}}}"), 4, "tables.posts.anon.select.where.a.eq", "twice"),
        (_select("{columns: '*', limits: 1}"), 4, "tables.posts.anon.select.limits", "Did you mean limit?"),
        ("tables: {posts: {anon: {upsert: {columns: '*'}}}}", 1, "tables.posts.anon.upsert", "`upsert` is not"),
        ("tables: {posts: {anon: {delete: }}}", 1, "tables.posts.anon.delete", "leave the operation out"),
        ("tables: {posts: {anon: {delete: {check: {}}}}}", 1, "tables.posts.anon.delete.check", "not supported"),
        ("tables: {posts: {anon: {insert: {}}}}", 1, "tables.posts.anon.insert", "`columns` is missing"),
        ("tables: {posts: {anon: {insert: {columns: [a], set: {a: 1}}}}}", 1, "tables.posts.anon.insert.set", "set by"),
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


WRITES = """
roles: {member: {}}
tables:
  posts:
    member:
      select:
        columns: [id]
        where: {or: [{status: {in: [PUBLISHED, 'true', no]}}, {authorId: {eq: $sub}}]}
      insert: {columns: [title], set: {author_id: $sub, rank: 1.5, "on": null}, check: {n: {lt: 10}, open: {eq: true}}}
      update: {columns: "*", where: {authorId: {eq: $claims.user.id}}}
      delete: {}
    anon: {}
"""


def test_every_operation_and_its_lines() -> None:
    permissions = parse_permissions(WRITES)
    entry = permissions.rules["posts", "member"]
    # What YAML 1.1 takes for truth values are texts here, as enum values are.
    either = [{"status": {"in": ["PUBLISHED", "true", "no"]}}, {"authorId": {"eq": "$sub"}}]
    assert entry.select == SelectRule(frozenset({"id"}), {"or": either})
    presets = {"author_id": "$sub", "rank": 1.5, "on": None}
    assert entry.insert == InsertRule(frozenset({"title"}), {"n": {"lt": 10}, "open": {"eq": True}}, presets)
    assert entry.update == UpdateRule(None, {"authorId": {"eq": "$claims.user.id"}})
    assert entry.delete == DeleteRule(None)
    assert permissions.rules["posts", "anon"] == TableRules()
    lines = [rule.line for rule in (entry.select, entry.insert, entry.update, entry.delete) if rule]
    assert lines == [7, 9, 10, 11]
    assert permissions.line_of("tables.posts.member.select.where.or.1.authorId.eq") == 8
    assert permissions.line_of("tables.posts.member.update.where.nothing.here") == 10
    assert permissions.line_of("elsewhere") is None


def test_every_problem_is_told() -> None:
    text = WRITES.replace("delete: {}", "delete: {were: {}}").replace("anon: {}", "anon: {insert: {columns: 1}}")
    with pytest.raises(KapokError) as caught:
        parse_permissions(text.replace("member: {}}", "member: {}}\nfunctions: {f: [nobody]}"))
    problems = caught.value.details["problems"]
    assert [(problem["line"], problem["path"]) for problem in problems] == [
        (3, "functions.f"),
        (12, "tables.posts.member.delete.were"),
        (13, "tables.posts.anon.insert.columns"),
    ]
    assert caught.value.message == problems[0]["message"]


OVERRIDE = """
roles: {partner: {inherits: [member]}}
tables:
  posts: {member: {}, partner: {delete: {where: {id: {eq: 1}}}}}
functions: {publish: [partner]}
"""


def test_a_tenants_own_rules_stand_in_place_of_its_projects() -> None:
    base = parse_permissions(WRITES + "  notes: {member: {delete: {}}}\nfunctions: {publish: [member], read: [anon]}")
    both = parse_permissions(OVERRIDE, base)
    assert both.rules["posts", "member"] == TableRules()
    assert both.rules["posts", "partner"].delete == DeleteRule({"id": {"eq": 1}})
    assert both.rules["notes", "member"] == base.rules["notes", "member"]
    assert (both.rules["posts", "partner"].own, both.rules["notes", "member"].own) == (True, False)
    assert dict(both.functions) == {"publish": frozenset({"partner"}), "read": frozenset({"anon"})}
    assert both.lineage("partner") == ("partner", "member")
    # Lines are those of the text a rule is from; what was replaced has none.
    assert both.line_of("tables.posts.partner.delete") == 4
    assert both.line_of("tables.notes.member.delete") == base.line_of("tables.notes.member.delete")
    assert "tables.posts.member.delete" not in both.lines
    assert parse_permissions("", base).rules == base.rules


@pytest.mark.parametrize("text", ["roles: {member: {inherits: [anon]}}", "roles: {x: {inherits: [nobody]}}"])
def test_a_tenants_own_rules_cannot_bend_its_projects_roles(text: str) -> None:
    with pytest.raises(KapokError, match="role"):
        parse_permissions(text, parse_permissions(WRITES))
