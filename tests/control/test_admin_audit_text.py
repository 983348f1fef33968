"""What the audit browser makes of values that anybody may have written: safe, readable, no more than a page holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from time import process_time

import pytest
from django.http import QueryDict

from apps.audit.actions import ACTIONS
from apps.audit.browse import Difference, Page, Value
from apps.audit.browse.filters import OPS
from apps.control.audit_pages.asked import Asked, field_of
from apps.control.audit_pages.paging import page_in_time
from apps.control.audit_pages.picks import picks_of
from apps.control.audit_pages.text import indented, visible
from apps.control.audit_pages.values import MAX_PAGE, MAX_VALUE, Budget, Shown, lines_of, shown
from kapok.errors import KapokError


def there(value: object) -> Value:
    return Value("there", json.dumps(value, ensure_ascii=False))


def pair(before: Value, after: Value, budget: Budget | None = None) -> tuple[Shown, Shown]:
    [line] = lines_of([Difference("c", before, after, before != after)], budget or Budget())
    return line.before, line.after


def test_markup_is_text_and_what_cannot_be_seen_is_named() -> None:
    assert visible("<b>&\"'") == "&lt;b&gt;&amp;&quot;&#x27;"
    for hidden, name in {
        "\u202e": "right-to-left override",
        "\x00": "control",
        "\u200b": "zero width",
        "\U000e0041": "tag",
    }.items():
        found = visible(f"a{hidden}<b")
        assert hidden not in found and f"U+{ord(hidden):04X}" in found and name in found and "&lt;b" in found
    # Letters of all scripts, emoji made of several, tabs and lines stay what they are.
    assert visible("שלום\tمرحبا\n👨‍👩‍👧 e\u0301") == "שלום\tمرحبا\n👨‍👩‍👧 e\u0301"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('{"a": 10.50, "b": [1, {}], "c": []}', '{\n  "a": 10.50,\n  "b": [\n    1,\n    {}\n  ],\n  "c": []\n}'),
        ('{"a, {b": "}]\\" :"}', '{\n  "a, {b": "}]\\" :"\n}'),
        ("12345678901234567890.100", "12345678901234567890.100"),
        ('{"a": "cut in the mid', '{\n  "a": "cut in the mid'),
        ('"\\', '"\\'),
        ("]]}}", "\n]\n]\n}\n}"),
    ],
)
def test_json_is_laid_out_and_numbers_stay_what_they_were(text: str, lines: str) -> None:
    assert indented(text) == lines


def test_brackets_do_not_make_a_page_grow_out_of_proportion() -> None:
    deep = "[" * 100_000
    part = shown(Value("there", deep + "]" * 100_000), Budget())
    assert part.is_cut and len(part.html) < 2 * MAX_VALUE


def test_only_what_differs_is_marked() -> None:
    before, after = pair(there("Prefers a quiet room."), there("Prefers a very <i>quiet</i> room."))
    assert before.html == "Prefers a <mark>quiet</mark> room."
    assert "<mark>very &lt;i&gt;quiet&lt;/i&gt;</mark>" in after.html
    before, after = pair(there({"a": 1, "b": [1, 2]}), there({"a": 2, "b": [1, 2]}))
    assert before.html.count("<mark>") == after.html.count("<mark>") == 1
    assert "<mark>  &quot;a&quot;: 2,\n</mark>" in after.html
    # Marks in what is short would only be noise.
    assert all("<mark>" not in one.html for one in pair(there(120.5), there(119.5)))
    assert all("<mark>" not in one.html for one in pair(there(None), there("x")))


def test_a_huge_value_is_shown_where_it_differs() -> None:
    text = "x" * 1_000_000
    before, after = pair(there(text), there(text[:900_000] + "<y>" + text[900_000:]))
    assert "<mark>&lt;y&gt;</mark>" in after.html and "<mark>&lt;y&gt;</mark>" in after.start
    assert after.is_cut and after.characters == 1_000_003 and after.since == 900_000 - 120
    assert max(len(before.html), len(after.html)) < MAX_VALUE + 100
    assert not before.html.startswith("x")


def test_a_page_of_huge_values_stays_a_page() -> None:
    budget = Budget()
    huge = [Difference(f"c{number}", Value("absent"), there("x" * 100_000), True) for number in range(1000)]
    lines = lines_of(huge, budget)
    assert sum(len(line.after.html) for line in lines) < MAX_PAGE + 1000 * 300
    assert all(line.after.html for line in lines)


def test_texts_made_to_be_slow_to_compare_are_not_compared_for_long() -> None:
    """The same line over and over takes the cube of its number: a page of such values took a quarter of an hour."""
    many = [Difference(f"c{n}", there("a\n" * 1000), there("a\nb\n" * 500), True) for n in range(20)]
    began = process_time()
    lines = lines_of(many, Budget())
    assert process_time() - began < 5
    assert all(line.after.html.count("a\n") == 500 for line in lines)
    # What is the same before and behind counts for nothing: an edit of such a text is marked.
    before, after = pair(there("a\n" * 1000), there("a\n" * 500 + "b\n" + "a\n" * 499))
    assert after.html.count("<mark>b\n</mark>") == 1 and before.html.count("<mark>a\n</mark>") == 1


def test_values_that_are_gone_say_so() -> None:
    states = [shown(Value(state), Budget()).state for state in ("absent", "erased", "redacted")]  # type: ignore[arg-type]
    assert states == ["absent", "erased", "redacted"]
    before, after = pair(Value("erased"), Value("erased"))
    assert (before.state, after.state, before.html) == ("erased", "erased", "")
    assert shown(there(None), Budget()).is_null
    assert shown(there(""), Budget()).html == ""
    assert shown(there("null"), Budget()).is_null is False


def test_a_page_of_rows_too_large_for_its_time_becomes_a_short_one() -> None:
    asked_for: list[int] = []

    def find(what: str, *, size: int, cursor: str) -> Page:
        asked_for.append(size)
        if size > 5:
            raise KapokError("TIMEOUT", "too long")
        assert (what, cursor) == ("w", "c")
        return Page(entries=())

    assert page_in_time(find, "w", size=50, cursor="c") == Page(entries=())
    assert asked_for == [50, 5]
    with pytest.raises(KapokError, match="wrong"):
        page_in_time(lambda **given: (_ for _ in ()).throw(KapokError("BAD_CURSOR", "wrong")), size=50, cursor="")


def asked(query: str) -> Asked:
    return Asked.of(QueryDict(query))


def test_the_address_is_the_filter_and_the_filter_the_address() -> None:
    one = asked(
        "who=%20ada%00&what=insert&what=user.signed_in&what=insert&table=guests&key=id%3D1&from=2026-11-21&nonsense=1"
    )
    assert one.query == {
        "who": "ada",
        "key": "id=1",
        "from": "2026-11-21",
        "what": ("insert", "user.signed_in"),
        "table": ("guests",),
    }
    wanted = one.filter("end_user:1")
    assert (wanted.who, wanted.ops, wanted.actions, wanted.key) == (
        "end_user:1",
        ("insert",),
        ("user.signed_in",),
        {"id": "1"},
    )
    assert one.without("what", "insert")["what"] == ("user.signed_in",)
    assert "key" not in one.without("table", "guests")
    assert len(asked("what=6xx").filter("").actions) > 20


def test_times() -> None:
    def since(text: str) -> object:
        return Asked({"from": text}).filter("").since

    assert since("2026-11-21T19:05:00Z") == since("2026-11-21T19:05") == datetime(2026, 11, 21, 19, 5, tzinfo=UTC)
    assert since("2026-11-21T21:05:00+02:00") == datetime(2026, 11, 21, 19, 5, tzinfo=UTC)
    # A day ends when it is over.
    assert Asked({"to": "2026-11-21"}).filter("").until == datetime(2026, 11, 22, tzinfo=UTC)
    fields = {"2026-11-21T21:05:00+02:00": "2026-11-21T19:05", "2026-11-21T21:05:07Z": "2026-11-21T21:05:07"}
    assert {text: field_of(text) for text in fields} == fields
    assert (field_of("x"), field_of("")) == ("x", "")
    for wrong in ("yesterday", "2026-13-01", "2026-02-30T00:00", "9999-12-31T23:59:59-23:59", "1"):
        with pytest.raises(KapokError, match="no time"):
            since(wrong)
    now = datetime(2026, 11, 21, 19, 5, 33, 7, tzinfo=UTC)
    assert asked("from=x&to=y&who=a").in_range("hour", now).query == {"who": "a", "from": "2026-11-21T18:05:00Z"}
    assert asked("from=x").in_range("today", now).query == {"from": "2026-11-21T00:00:00Z"}
    assert asked("from=x").in_range("all", now).query == {}


@pytest.mark.parametrize(
    "query",
    [
        "what=user.exploded",
        "what=0xx",
        "outcome=x",
        "source=x",
        "kind=x",
        "key=id%3D1",
        "table=a&key=id",
        "table=a&table=b&key=id%3D1",
    ],
)
def test_what_cannot_be_meant_is_refused(query: str) -> None:
    with pytest.raises(KapokError) as refused:
        asked(query).filter("")
    assert refused.value.code == "VALIDATION_FAILED"


def test_every_action_can_be_picked_and_what_is_unknown_stays_picked() -> None:
    what = picks_of(asked("what=gone.away&what=6xx"), [], changes=True)["what"]
    values = [choice.value for choice in what.choices]
    assert len(values) == len(set(values)) and {*ACTIONS, *OPS, "gone.away"} == set(values)
    assert [group.value for group in what.groups if group.picked] == ["6xx"]
    assert what.summary == "gone.away, End users"
    assert {choice.value for choice in picks_of(asked(""), [], changes=False)["what"].choices} == set(ACTIONS)
