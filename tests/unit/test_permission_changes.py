"""What a new permissions.yaml changes and widens; conditions compared by their text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapok.permissions.changes import Change, changes_between
from kapok.permissions.implication import is_implied
from kapok.permissions.matrix import Operation, callable_functions, matrix, needed
from kapok.permissions.rules import parse_permissions
from kapok.permissions.wording import grants_text


def condition(text: str) -> Any:
    """A condition as YAML reads it."""
    rules = parse_permissions(f"tables: {{t: {{anon: {{delete: {{where: {text}}}}}}}}}")
    rule = rules.rules["t", "anon"].delete
    assert rule is not None
    return rule.where


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("{a: {eq: 1}}", "{}"),
        ("{a: {eq: 1}}", "{a: {eq: 1}}"),
        ("{a: {eq: 1}, b: {eq: 2}}", "{a: {eq: 1}}"),
        ("{and: [{a: {eq: 1}}, {b: {eq: 2}}]}", "{b: {eq: 2}}"),
        ("{a: {gt: 1, lt: 5}}", "{a: {lt: 5}}"),
        ("{a: {eq: 1}}", "{a: {in: [1, 2]}}"),
        ("{a: {in: [2, 1]}}", "{a: {in: [1, 2, 3]}}"),
        ("{a: {eq: 1}}", "{or: [{a: {eq: 1}}, {b: {eq: 1}}]}"),
        ("{or: [{a: {eq: 1}}, {a: {eq: 2}}]}", "{a: {in: [1, 2]}}"),
        ("{or: []}", "{a: {eq: 1}}"),
        ("{a: {eq: 1}, or: [{b: {eq: 1}}, {c: {eq: 1}}]}", "{or: [{c: {eq: 1}}, {b: {eq: 1}}]}"),
        ("{author: {id: {eq: $sub}}, b: {eq: 1}}", "{author: {id: {eq: $sub}}}"),
        ("{not: {a: {eq: 1}}, b: {eq: 1}}", "{not: {a: {eq: 1}}}"),
    ],
)
def test_what_is_stricter(given_: str, wanted: str) -> None:
    assert is_implied(condition(wanted), condition(given_))


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("{}", "{a: {eq: 1}}"),
        ("{a: {eq: 1}}", "{a: {eq: '1'}}"),
        ("{a: {eq: true}}", "{a: {eq: 1}}"),
        ("{a: {in: [1, 4]}}", "{a: {in: [1, 2, 3]}}"),
        ("{or: [{a: {eq: 1}}, {b: {eq: 1}}]}", "{a: {eq: 1}}"),
        ("{a: {eq: 1}}", "{or: []}"),
        ("{a: {eq: 1}}", "{b: {in: [1]}}"),
        # An empty filter behind a relation asks whether there is such a row at all.
        ("{}", "{author: {}}"),
        ("{author: {id: {eq: 1}}}", "{author: {name: {eq: x}}}"),
        # Of another row of a to-many relation each.
        ("{posts: {some: {a: {eq: 1}}}, b: {eq: 1}}", "{posts: {some: {a: {eq: 1}, b: {eq: 1}}}}"),
        ("{not: {a: {eq: 1}, b: {eq: 1}}}", "{not: {a: {eq: 1}}}"),
    ],
)
def test_what_is_not_shown_to_be_stricter(given_: str, wanted: str) -> None:
    assert not is_implied(condition(wanted), condition(given_))


_ATOMS = st.builds(
    lambda name, operator, value: {name: {operator: [value] if operator == "in" else value}},
    st.sampled_from("abc"),
    st.sampled_from(["eq", "in"]),
    st.integers(0, 2),
)
_CONDITIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds(lambda items: {"and": items}, st.lists(inner, max_size=3)),
        st.builds(lambda items: {"or": items}, st.lists(inner, max_size=3)),
        st.builds(lambda item: {"not": item}, inner),
        st.builds(lambda one, other: {**one, **other}, inner, inner),
    ),
    max_leaves=6,
)
_ROWS = [{"a": a, "b": b, "c": c} for a in range(3) for b in range(3) for c in range(3)]


def holds(data: Any, row: dict[str, int]) -> bool:
    """A naive reading of a condition."""
    for key, value in data.items():
        if key == "and":
            met = all(holds(item, row) for item in value)
        elif key == "or":
            met = any(holds(item, row) for item in value)
        elif key == "not":
            met = not holds(value, row)
        else:
            met = all(row[key] in item if operator == "in" else row[key] == item for operator, item in value.items())
        if not met:
            return False
    return True


@given(_CONDITIONS, _CONDITIONS)
def test_an_implication_that_is_claimed_holds_for_every_row(strict: Any, loose: Any) -> None:
    if is_implied(loose, strict):
        assert all(holds(loose, row) for row in _ROWS if holds(strict, row)), json.dumps([strict, loose])


def test_a_question_that_is_too_long_is_not_shown() -> None:
    many = {"or": [{"a": {"eq": number}} for number in range(200)]}
    assert is_implied(many, many)
    assert not is_implied({"or": many["or"][1:]}, {"or": [*many["or"], {"b": {"eq": 1}}]})


BASE = """
roles: {member: {inherits: [anon]}}
tables:
  posts:
    anon: {select: {columns: [id, title], where: {status: {eq: PUBLISHED}}, limit: 10, aggregate: false}}
    member:
      insert: {columns: [title, body], set: {author_id: $sub}, check: {status: {eq: DRAFT}}}
      update: {columns: [title], where: {authorId: {eq: $sub}}, check: {authorId: {eq: $sub}}}
      delete: {where: {authorId: {eq: $sub}}}
functions: {publish: [member]}
"""


def changed(*edits: tuple[str, str]) -> list[Change]:
    text = BASE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return changes_between(parse_permissions(BASE), parse_permissions(text))


def test_nothing_changes_by_itself_and_by_writing_it_differently() -> None:
    assert changed() == []
    assert changed(("{status: {eq: DRAFT}}", '{"status": {"eq": "DRAFT"}}'), ("[id, title]", "[title, id]")) == []


OTHER_VALUES = "rows can be inserted with other values"


@pytest.mark.parametrize(
    ("old", "new", "roles", "reason"),
    [
        ("[id, title]", "[id, title, body]", "anon member", "body can be read"),
        ("[id, title]", '"*"', "anon member", "all columns, later ones too, can be read"),
        ("where: {status: {eq: PUBLISHED}}, ", "", "anon member", "of other rows: where none"),
        ("{eq: PUBLISHED}", "{ne: DRAFT}", "anon member", "of other rows: where {status: {ne: DRAFT}}"),
        ("limit: 10, ", "", "anon member", "lists may be longer: limit 10 -> none"),
        (", aggregate: false", "", "anon member", "aggregates may be asked for"),
        ("[title, body]", "[title, body, views]", "member", "views can be given"),
        ("[title, body], set: {author_id: $sub},", "[title, body],", "member", OTHER_VALUES),
        ("set: {author_id: $sub}", "set: {author_id: $claims.x}", "member", OTHER_VALUES),
        ("set: {author_id: $sub}", "set: {author_id: $sub, vip: true}", "member", OTHER_VALUES),
        (", check: {status: {eq: DRAFT}}", "", "member", "other rows can be inserted: check none"),
        ("{columns: [title], where: {authorId: {eq: $sub}}, ", "{columns: [title], ", "member", "updated: where none"),
        ("delete: {where: {authorId: {eq: $sub}}}", "delete: {}", "member", "other rows can be deleted: where none"),
        ("publish: [member]", "publish: [anon]", "anon", "it can be called"),
        ("{member: {inherits: [anon]}}", "{member: {inherits: [anon]}, other: {inherits: [member]}}", "other", ""),
    ],
)  # fmt: skip
def test_what_widens(old: str, new: str, roles: str, reason: str) -> None:
    wider = [change for change in changed((old, new)) if change.widens]
    assert sorted({change.role for change in wider}) == roles.split()
    assert all(reason in "; ".join(change.reasons) for change in wider), wider


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[id, title]", "[id]"),
        ("where: {status: {eq: PUBLISHED}}", "where: {status: {eq: PUBLISHED}, hidden: {eq: false}}"),
        ("limit: 10", "limit: 5"),
        ("[title, body]", "[title]"),
        ("check: {status: {eq: DRAFT}}}", "check: {status: {eq: DRAFT}, views: {eq: 0}}}"),
        ("set: {author_id: $sub}", "set: {author_id: $sub, body: none}"),
        ("delete: {where: {authorId: {eq: $sub}}}", "delete: {where: {authorId: {eq: $sub}, locked: {eq: false}}}"),
        ("      delete: {where: {authorId: {eq: $sub}}}\n", ""),
        ("publish: [member]", "publish: []"),
        ("{member: {inherits: [anon]}}", "{member: {}}"),
    ],
)
def test_what_does_not_widen(old: str, new: str) -> None:
    edits = [(old, new)] if "body: none" not in new else [(old, new), ("[title, body]", "[title]")]
    changes = changed(*edits)
    assert changes and not [change for change in changes if change.widens]


def test_a_change_in_words() -> None:
    [anon, member] = changed(("[id, title], where: {status: {eq: PUBLISHED}}", "[id, body]"))
    assert (anon.role, anon.subject, anon.operation, anon.kind) == ("anon", "posts", "select", "changed")
    assert (anon.columns_added, anon.columns_removed) == (("body",), ("title",))
    assert anon.details == ("where: {status: {eq: PUBLISHED}} -> none",)
    assert anon.reasons == ("body can be read", "id of other rows: where none")
    assert member.reasons == anon.reasons


def test_the_matrix_includes_what_is_inherited() -> None:
    rules = parse_permissions(BASE)
    cells = matrix(rules)
    assert set(cells) == {
        ("anon", "posts", Operation.SELECT),
        *[("member", "posts", operation) for operation in Operation],
    }
    [grant] = cells["member", "posts", Operation.SELECT]
    assert (grant.role, grant.line) == ("anon", 5)
    assert callable_functions(rules) == {"anon": (), "member": ("publish",)}
    text = grants_text([grant])
    assert text == "id, title where {status: {eq: PUBLISHED}} limit 10 no aggregates"
    assert len(grants_text([grant], width=20)) == 20


def test_a_narrower_rule_beside_a_wider_one_is_left_out() -> None:
    rules = parse_permissions(
        "roles: {staff: {inherits: [anon]}}\n"
        "tables: {t: {staff: {select: {columns: '*'}}, anon: {select: {columns: [a], where: {b: {eq: 1}}}}}}"
    )
    grants = matrix(rules)["staff", "t", Operation.SELECT]
    assert len(grants) == 2 and [grant.role for grant in needed(grants)] == ["staff"]
    assert len(needed([grants[0], grants[0]])) == 1
